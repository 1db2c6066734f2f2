"""What every channel keeps to, walked over the registry."""

import asyncio
import json
from typing import Any

import pytest

from relight.kernel.plug import Permanent, Transient
from relight.notify.channels import CHANNELS, Channel
from tests.contracts.plugs import (
    MARKER,
    check_plug,
    check_secrets_hidden,
    check_unknown_kind,
    example,
)
from tests.peers.http_sink import BAD, http_sink
from tests.peers.mail_sink import mail_sink
from tests.peers.messages import PAGE
from tests.peers.outside import dead_port, open_files, real_ports, settles

KINDS = CHANNELS.kinds()
# Apprise's process takes a second to start, so it meets each sort of trouble once; and what keeps
# tests on this machine does not reach into it, so it gets no redirect that leads away.
FEWER = {"apprise": ["silent", "drip", "reset", "busy", "404"]}
TROUBLE = [(kind, name) for kind in KINDS for name in FEWER.get(kind, [*BAD, "404", "500", "401"])]


def aimed(kind: str, host_port: str, name: str, patience_s: float) -> Channel:
    """Point a kind at a receiver, with a marker for each secret; a new kind says here how."""
    plug = CHANNELS.get(kind)
    secret = dict.fromkeys(plug.SECRETS, MARKER)
    services = f"json://{MARKER}:{MARKER}@{host_port}/{name}/?rto={patience_s}"
    where: dict[str, dict[str, Any]] = {
        "email": {"to": "rebecca@example.org"},
        "webhook": {"url": f"http://{host_port}/{name}/{MARKER}"},
        "ntfy": {"url": f"http://{host_port}/{name}/{MARKER}"},
        "apprise": {"url": services, "timeout_s": 4 if name == "drip" else 60},
    }
    made = example(plug, **{**secret, **where[kind]})
    assert isinstance(made, Channel)
    return made


async def delivered(kind: str, host_port: str, name: str, *, patience_s: float = 30) -> str:
    ports = real_ports(mail=host_port, timeout_s=patience_s)
    return await aimed(kind, host_port, name, patience_s).deliver(PAGE, ports)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_plug_in(kind: str) -> None:
    check_plug(CHANNELS.get(kind), Channel, "deliver")
    check_secrets_hidden(CHANNELS.get(kind))


def test_an_unknown_kind_names_the_nearest() -> None:
    check_unknown_kind(CHANNELS)


@pytest.mark.parametrize("kind", KINDS)
async def test_it_delivers_and_says_so_in_one_sentence(kind: str) -> None:
    if kind == "email":
        async with mail_sink() as mail:
            answer = await delivered(kind, mail.server, "")
        seen = mail.received[0].as_string()
    else:
        name = "ntfy" if kind == "ntfy" else "ok"
        async with http_sink() as sink:
            answer = await delivered(kind, f"127.0.0.1:{sink.port}", name)
        seen = json.dumps(json.loads(sink.received[0].body), ensure_ascii=False)
        assert "Überlast für <b>Phở</b>" in seen
    assert PAGE.acknowledge_url in seen
    assert "INC-3" in seen
    assert answer
    assert "\n" not in answer
    assert MARKER not in answer


@pytest.mark.parametrize("kind", KINDS)
async def test_a_dead_port_is_transient(kind: str) -> None:
    with pytest.raises(Transient) as caught:
        await delivered(kind, f"127.0.0.1:{dead_port()}", "ok")
    assert MARKER not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(("kind", "name"), TROUBLE)
async def test_only_the_two_named_failures_come_out(kind: str, name: str) -> None:
    async with http_sink() as sink:
        try:
            where = f"127.0.0.1:{sink.port}"
            answer = await delivered(kind, where, name, patience_s=0.4)
        except (Transient, Permanent) as error:
            answer = f"{error!r} {error.hint} {error}"
    assert answer.endswith((".", "4F2k"))
    assert MARKER not in answer


@pytest.mark.parametrize("kind", KINDS)
async def test_cancelling_leaves_nothing_open(kind: str) -> None:
    async with http_sink() as sink:
        await asyncio.gather(
            delivered(kind, f"127.0.0.1:{sink.port}", "500", patience_s=0.4),
            return_exceptions=True,
        )
        files, tasks = open_files(), len(asyncio.all_tasks())
        sending = asyncio.create_task(delivered(kind, f"127.0.0.1:{sink.port}", "silent"))
        assert await settles(lambda: sink.connections > 1)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert await settles(lambda: open_files() <= files)
        assert await settles(lambda: len(asyncio.all_tasks()) <= tasks)
