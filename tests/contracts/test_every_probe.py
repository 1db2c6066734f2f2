"""What every probe keeps to, walked over the registry."""

import asyncio
from typing import Any

import msgspec
import pytest

from relight.detect.probes import PROBES, Probe, Result
from relight.egress.policy import NotAllowed
from relight.kernel.plug import Permanent, Transient
from tests.contracts.plugs import check_plug, check_secrets_hidden, check_unknown_kind, example
from tests.peers.http_sink import BAD, HttpSink, http_sink
from tests.peers.outside import dead_port, open_files, real_ports, settles

KINDS = PROBES.kinds()


def aimed(kind: str, host_port: str, path: str = "/ok") -> Probe:
    """Point a kind at a target; a new kind says here how."""
    plug = PROBES.get(kind)
    where: dict[str, dict[str, Any]] = {
        "http": {"url": f"http://{host_port}{path}", "status": "2xx", "body": ""},
        "tcp": {"address": host_port},
    }
    made = example(plug, **where[kind], timeout_s=0.3)
    assert isinstance(made, Probe)
    return made


def at(sink: HttpSink) -> str:
    return f"127.0.0.1:{sink.port}"


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_plug_in(kind: str) -> None:
    check_plug(PROBES.get(kind), Probe, "observe")
    check_secrets_hidden(PROBES.get(kind))


def test_an_unknown_kind_names_the_nearest() -> None:
    check_unknown_kind(PROBES)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_target_that_works_is_ok(kind: str) -> None:
    async with http_sink() as sink:
        result = await aimed(kind, at(sink)).observe(real_ports())
    assert result.ok
    assert result.took_s >= 0
    assert dict(result.evidence)["address"] == "127.0.0.1"
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result) == result


@pytest.mark.parametrize("kind", KINDS)
async def test_a_dead_port_is_a_result(kind: str) -> None:
    result = await aimed(kind, f"127.0.0.1:{dead_port()}").observe(real_ports())
    assert not result.ok
    assert "refused" in result.reason
    assert not result.reason.endswith(".")


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unknown_name_is_a_result(kind: str) -> None:
    result = await aimed(kind, "nobody.invalid:80").observe(real_ports())
    assert not result.ok
    assert "nobody.invalid does not exist" in result.reason


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", BAD)
async def test_bad_behaviour_is_a_result_with_a_reason(kind: str, name: str) -> None:
    async with http_sink() as sink:
        result = await aimed(kind, at(sink), f"/{name}").observe(real_ports(timeout_s=0.3))
    assert result.reason
    if not result.ok:
        assert dict(result.evidence)["fault"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_forbidden_address_says_nothing_about_the_target(kind: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        await aimed(kind, "169.254.169.254:80").observe(real_ports())
    assert isinstance(caught.value, (Transient, Permanent))


@pytest.mark.parametrize("kind", KINDS)
async def test_cancelling_leaves_nothing_open(kind: str) -> None:
    ports = real_ports()
    async with http_sink() as sink:
        await aimed(kind, at(sink)).observe(ports)
        files, tasks = open_files(), len(asyncio.all_tasks())
        looking = asyncio.create_task(aimed(kind, at(sink), "/silent").observe(ports))
        await asyncio.sleep(0)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        assert await settles(lambda: open_files() <= files)
        assert await settles(lambda: len(asyncio.all_tasks()) <= tasks)
