"""The dns probe before a real BIND: every kind of record, and every way not to get one."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.detect.probes import Probe, Result
from relight.detect.probes.dns import DnsProbe
from tests.contracts.aim import PATIENCE_S, Aim
from tests.peers.named import Names, named
from tests.peers.outside import real_ports

pytestmark = pytest.mark.peer("named")


def at(host_port: str) -> DnsProbe:
    return DnsProbe(domain="widget.test", resolver=host_port, timeout_s=PATIENCE_S)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    with named(folder) as names:
        yield DnsProbe(domain="widget.test", resolver=f"127.0.0.1:{names.authority}")


AIM = Aim(working, at=at, dials="udp", peer="named")


@pytest.fixture(scope="module", name="names")
def _names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Names]:
    with named(tmp_path_factory.mktemp("named")) as names:
        yield names


async def look(port: int, **settings: object) -> Result:
    written = {"domain": "widget.test", "resolver": f"127.0.0.1:{port}", **settings}
    return await msgspec.convert(written, DnsProbe).observe(real_ports())


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"values": ["203.0.113.8", "203.0.113.7"]}, "answered 203.0.113.7, 203.0.113.8"),
        ({"contains": "203.0.113.8"}, "answered 203.0.113.7, 203.0.113.8"),
        ({"type": "AAAA", "values": "2001:DB8:0::7"}, "answered 2001:db8::7"),
        ({"type": "MX", "values": "10 mail.widget.test."}, "answered 10 Mail.widget.test"),
        ({"type": "NS", "values": "ns.widget.test"}, "answered ns.widget.test"),
        ({"type": "TXT", "values": "v=spf1 -all. second"}, "answered v=spf1 -all. second"),
        (
            {"type": "CAA", "values": "0 issue letsencrypt.org"},
            'answered 0 issue "letsencrypt.org"',
        ),
        (
            {"domain": "_sip._tcp.widget.test", "type": "SRV"},
            "answered 5 0 5060 sip.widget.test",
        ),
        (
            {"domain": "www.widget.test", "type": "CNAME", "values": "WIDGET.test"},
            "answered widget.test",
        ),
        ({"domain": "www.widget.test"}, "answered 203.0.113.7, 203.0.113.8"),
        ({"domain": "203.0.113.7", "type": "PTR"}, "answered www.widget.test"),
    ],
)
async def test_it_reads_every_kind_of_record(
    names: Names, settings: dict[str, Any], reason: str
) -> None:
    result = await look(names.authority, **settings)
    # A server may turn the records round.
    assert result.ok, result.reason
    assert sorted(result.reason.replace(",", "").split()) == sorted(reason.replace(",", "").split())


async def test_the_start_of_authority_holds_a_serial(names: Names) -> None:
    result = await look(names.authority, type="SOA")
    assert result.reason == "answered ns.widget.test admin.widget.test 7 3600 600 86400 60"
    assert dict(result.evidence)["ttl"] == "60 s"


@pytest.mark.parametrize(
    ("settings", "fault", "words"),
    [
        ({"domain": "no.widget.test"}, "nxdomain", "no.widget.test does not exist (NXDOMAIN)"),
        ({"domain": "broken.test"}, "servfail", "127.0.0.1 could not find out (SERVFAIL)"),
        ({"domain": "private.test"}, "refused", "127.0.0.1 refuses to answer (REFUSED)"),
        ({"domain": "elsewhere.test"}, "refused", "127.0.0.1 refuses to answer (REFUSED)"),
        ({"domain": "ns.widget.test", "type": "MX"}, "empty", "ns.widget.test has no MX record"),
        ({"type": "NS", "values": ["ns2.widget.test"]}, "value", "wanted ns2.widget.test"),
        ({"type": "NS", "contains": "ns2.widget.test"}, "value", "ns2.widget.test among them"),
        ({"values": ["203.0.113.7"]}, "value", ", wanted 203.0.113.7"),
        ({"type": "NS", "dnssec": True}, "dnssec", "no AD bit"),
    ],
)
async def test_it_tells_apart_why_there_is_no_good_answer(
    names: Names, settings: dict[str, Any], fault: str, words: str
) -> None:
    result = await look(names.authority, **settings)
    assert not result.ok
    assert dict(result.evidence)["fault"] == fault
    assert words in result.reason


async def test_signatures_are_checked_by_the_resolver(names: Names) -> None:
    signed = await look(names.resolver, domain="signed.test", dnssec=True)
    bogus = await look(names.resolver, domain="bogus.test", dnssec=True)
    assert signed.ok, signed.reason
    assert dict(signed.evidence)["authenticated"] == "yes"
    assert dict(bogus.evidence)["fault"] == "dnssec"
    assert bogus.reason.startswith("bogus.test is not signed rightly (SERVFAIL): the name server")


async def test_an_answer_that_does_not_fit_comes_over_tcp(names: Names) -> None:
    answer = await real_ports().dns.ask(
        "many.widget.test", "TXT", server=f"127.0.0.1:{names.authority}", timeout_s=5
    )
    assert answer.over_tcp
    assert len(answer.records) == 40
    result = await look(names.authority, domain="many.widget.test", type="TXT")
    assert result.reason.endswith("and 34 more")


async def test_a_record_cannot_steer_a_terminal(names: Names) -> None:
    result = await look(names.authority, domain="odd.widget.test", type="TXT")
    assert result.reason == "answered red  [31m"


async def test_silence_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        result = await at(f"127.0.0.1:{silent.getsockname()[1]}").observe(real_ports())
    assert result.reason == "The name server 127.0.0.1 did not answer within 0.3 s"


async def test_what_is_no_answer_to_the_question_is_not_taken() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        aimed = at(f"127.0.0.1:{server.getsockname()[1]}")
        looking = asyncio.create_task(aimed.observe(real_ports()))
        question, asker = await loop.sock_recvfrom(server, 512)
        forged = bytes([question[0] ^ 1, question[1], 0x81, 0x80]) + question[4:]
        for answer in (b"", b"garbage", question, forged):
            await loop.sock_sendto(server, answer, asker)
        result = await looking
    assert "did not answer" in result.reason


@given(st.binary(max_size=200))
def test_a_record_of_any_bytes_is_no_accident(data: bytes) -> None:
    from relight.egress.dns import _parsed  # pyright: ignore[reportPrivateUsage]

    _parsed(data)


@pytest.mark.parametrize(
    "settings",
    [
        {"domain": "https://x.test/"},
        {"domain": ""},
        {"domain": "a..b"},
        {"domain": f"{'x' * 64}.test"},
        {"domain": "x.test", "resolver": "1.2.3.4:0"},
        {"domain": "x.test", "type": "ANY"},
    ],
)
def test_what_cannot_be_asked_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(settings, DnsProbe)
