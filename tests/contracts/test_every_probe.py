"""What every probe keeps to, walked over the registry; each kind's `AIM` says how it is pointed."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from relight.detect.probes import PROBES, Probe, Result
from relight.egress.policy import NotAllowed
from tests.contracts.aim import aim_of, aims
from tests.contracts.plugs import check_plug, check_secrets_hidden, check_unknown_kind
from tests.peers.hostile import BEHAVIOURS, hostile
from tests.peers.http_sink import BAD, http_sink
from tests.peers.outside import dead_port, open_files, real_ports, settles

KINDS = PROBES.kinds()


AIMS = aims(KINDS)


def dialling(*ways: str) -> list[str]:
    """Give the kinds that call an address in one of these ways."""
    return [kind for kind, aim in AIMS.items() if aim.dials in ways]


@pytest.mark.parametrize("kind", KINDS)
def test_its_own_test_module_says_how_it_is_pointed(kind: str) -> None:
    assert aim_of(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_plug_in(kind: str) -> None:
    check_plug(PROBES.get(kind), Probe, "observe")
    check_secrets_hidden(PROBES.get(kind))


def test_an_unknown_kind_names_the_nearest() -> None:
    check_unknown_kind(PROBES)


@pytest.mark.parametrize("kind", AIMS)
async def test_a_target_that_works_is_ok(
    kind: str, tmp_path: Path, require_peer: Callable[[str, bool], None]
) -> None:
    aim = AIMS[kind]
    if aim.peer:
        require_peer(aim.peer, shutil.which(aim.peer) is not None)
    async with aim.working(tmp_path) as probe:
        result = await probe.observe(real_ports())
    assert result.ok, result.reason
    assert result.took_s >= 0
    if aim.dials != "nothing":
        assert dict(result.evidence)["address"] == "127.0.0.1"
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result) == result


@pytest.mark.parametrize("kind", dialling("tcp", "udp"))
async def test_a_dead_port_is_a_result(kind: str) -> None:
    result = await AIMS[kind].aimed(f"127.0.0.1:{dead_port()}").observe(real_ports())
    assert not result.ok
    assert "refused" in result.reason
    assert not result.reason.endswith(".")
    assert dict(result.evidence)["fault"]


@pytest.mark.parametrize("kind", dialling("tcp", "udp", "host"))
async def test_an_unknown_name_is_a_result(kind: str) -> None:
    result = await AIMS[kind].aimed("nobody.invalid:80").observe(real_ports())
    assert not result.ok
    assert "nobody.invalid does not exist" in result.reason


@pytest.mark.parametrize("kind", dialling("tcp"))
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_bad_behaviour_is_a_result_with_a_reason(kind: str, behaviour: str) -> None:
    async with hostile(behaviour) as host_port:
        result = await AIMS[kind].aimed(host_port).observe(real_ports())
    assert result.reason
    assert not result.reason.endswith(".")
    if not result.ok:
        assert dict(result.evidence)["fault"]


@pytest.mark.parametrize("kind", [kind for kind, aim in AIMS.items() if aim.url])
@pytest.mark.parametrize("name", BAD)
async def test_a_bad_web_server_is_a_result_with_a_reason(kind: str, name: str) -> None:
    aimed = AIMS[kind].url
    assert aimed is not None
    async with http_sink() as sink:
        result = await aimed(sink.url(f"/{name}")).observe(real_ports(timeout_s=0.3))
    assert result.reason
    if not result.ok:
        assert dict(result.evidence)["fault"]


@pytest.mark.parametrize("kind", dialling("tcp", "udp", "host"))
async def test_a_forbidden_address_says_nothing_about_the_target(kind: str) -> None:
    with pytest.raises(NotAllowed):
        await AIMS[kind].aimed("169.254.169.254:80").observe(real_ports())


@pytest.mark.parametrize("kind", dialling("tcp"))
async def test_cancelling_leaves_nothing_open(kind: str) -> None:
    ports, aim = real_ports(), AIMS[kind]
    async with hostile("silent") as silent, hostile("closed") as closed:
        await aim.aimed(closed).observe(ports)
        files, tasks = open_files(), len(asyncio.all_tasks())
        looking = asyncio.create_task(aim.aimed(silent).observe(ports))
        await asyncio.sleep(0)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        assert await settles(lambda: open_files() <= files)
        assert await settles(lambda: len(asyncio.all_tasks()) <= tasks)
