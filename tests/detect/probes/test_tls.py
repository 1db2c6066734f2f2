"""The tls probe before a real nginx: what it takes for good, and what it says is wrong."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.detect.probes import Probe, Result
from relight.detect.probes._certificate import Certificate, faults, read_certificate
from relight.detect.probes.tls import TlsProbe
from tests.contracts.aim import PATIENCE_S, Aim
from tests.peers.chain import NAME, World, issue
from tests.peers.hostile import hostile
from tests.peers.http_sink import http_sink
from tests.peers.mail_sink import mail_sink
from tests.peers.nginx import nginx
from tests.peers.outside import real_ports
from tests.peers.programs import free_port

pytestmark = pytest.mark.peer("nginx")


def at(host_port: str) -> TlsProbe:
    return TlsProbe(address=host_port, timeout_s=PATIENCE_S)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    world = World()
    async with http_sink(world.serving(folder, "right", world.leaf, world.between)) as sink:
        yield TlsProbe(address=f"127.0.0.1:{sink.port}", roots=world.roots)


AIM = Aim(working, at=at)

WORLD = World()
SENT = {
    "right": (WORLD.leaf, WORLD.between),
    "expired": (WORLD.expired, WORLD.between),
    "early": (WORLD.early, WORLD.between),
    "other": (WORLD.other, WORLD.between),
    "wrong": (WORLD.wrong, WORLD.between),
    "leaf_only": (WORLD.leaf,),
    "wrong_alone": (WORLD.wrong,),
    "alone": (WORLD.alone,),
}


@pytest.fixture(scope="module", name="ports_of")
def _ports_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """Run one nginx that sends each of the chains, and give its port for each."""
    folder = tmp_path_factory.mktemp("nginx")
    ports = {name: free_port() for name in SENT}
    servers: list[str] = []
    for name, sent in SENT.items():
        pem, key = WORLD.write(folder, name, *sent)
        servers.append(
            f"server {{ listen 127.0.0.1:{ports[name]} ssl; "
            f"ssl_certificate {pem}; ssl_certificate_key {key}; return 200 'fine'; }}"
        )
    with nginx(folder, "\n".join(servers), port=ports["right"]):
        yield ports


async def look(port: int, *, roots: str = WORLD.roots, name: str = NAME, days: int = 14) -> Result:
    probe = TlsProbe(address=f"127.0.0.1:{port}", server_name=name, roots=roots, days=days)
    return await probe.observe(real_ports())


async def test_a_certificate_that_holds_is_good(ports_of: dict[str, int]) -> None:
    result = await look(ports_of["right"])
    told = dict(result.evidence)
    assert result.ok
    assert result.reason.endswith(", 29 days")
    assert told["issuer"] == "Relight test authority"
    assert told["names"] == "relight.test, *.relight.test, 127.0.0.1"
    assert told["tls"].startswith("TLSv1.")
    assert result.phases is not None
    assert result.phases.tls is not None


async def test_it_may_be_for_a_star_or_an_address(ports_of: dict[str, int]) -> None:
    assert (await look(ports_of["right"], name=f"www.{NAME}")).ok
    assert (await look(ports_of["right"], name="127.0.0.1")).ok


async def test_too_few_days_left_is_a_failure(ports_of: dict[str, int]) -> None:
    result = await look(ports_of["right"], days=45)
    assert not result.ok
    assert "29 days; wanted 45 days" in result.reason
    assert dict(result.evidence)["fault"] == "ending"


@pytest.mark.parametrize(
    ("sent", "fault", "words"),
    [
        ("expired", "expired", ["ended on "]),
        ("early", "early", ["holds only from "]),
        ("other", "name", ["is for somebody-else.test, not for relight.test"]),
        ("wrong", "expired", ["ended on ", "is for somebody-else.test, not for relight.test"]),
        ("leaf_only", "chain", ["does not send the certificate of its issuer `Relight test autho"]),
        ("wrong_alone", "chain", ["does not send", "ended on", "not for relight.test"]),
        ("alone", "chain", ["signed by itself and not trusted"]),
    ],
)
async def test_it_says_all_that_is_wrong(
    ports_of: dict[str, int], sent: str, fault: str, words: list[str]
) -> None:
    result = await look(ports_of[sent])
    assert not result.ok
    assert dict(result.evidence)["fault"] == fault
    assert all(each in result.reason for each in words), result.reason
    assert dict(result.evidence)["holds until"].endswith("UTC")


async def test_an_authority_that_nobody_trusts_is_named(ports_of: dict[str, int]) -> None:
    result = await look(ports_of["right"], roots="")
    assert result.reason == "the authority `Relight test root` is not trusted"


async def test_plain_text_where_tls_is_wanted_is_said() -> None:
    async with hostile("lines") as host_port:
        result = await TlsProbe(address=host_port).observe(real_ports())
    assert (result.ok, result.reason) == (False, "127.0.0.1: TLS failed (wrong version number)")


async def test_a_mail_server_is_asked_for_tls_first(tmp_path: Path) -> None:
    tls = WORLD.serving(tmp_path, "mail", WORLD.leaf, WORLD.between)
    async with mail_sink(tls=tls) as offers, mail_sink() as lacks:
        good, bad = [
            await TlsProbe(
                address=each.server, server_name=NAME, roots=WORLD.roots, starttls="smtp"
            ).observe(real_ports())
            for each in (offers, lacks)
        ]
    assert good.ok
    assert (bad.ok, bad.reason) == (False, "offers no STARTTLS")


def test_every_expired_certificate_of_a_chain_is_named() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    leaf = Certificate(
        subject=NAME,
        issuer="between",
        names=(NAME,),
        begins=now - timedelta(days=1),
        ends=now + timedelta(days=1),
        self_signed=False,
    )
    between = Certificate(
        subject="between",
        issuer="root",
        names=(),
        begins=now - timedelta(days=9),
        ends=now - timedelta(days=1),
        self_signed=False,
    )
    found = faults([leaf, between], NAME, code=10, why="certificate has expired", now=now)
    assert found == [("expired", "the certificate of `between` ended on 2026-11-20 00:00 UTC")]


def test_a_certificate_cannot_steer_a_terminal() -> None:
    made = issue("a\x1b[31m\nb" * 6, names=["\x1b[31m.test"])
    found = read_certificate(made.der())
    assert found is not None
    assert found.subject.isprintable()
    assert found.shown_names().isprintable()


def test_a_name_is_compared_as_clients_do() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    held = Certificate(
        subject="",
        issuer="",
        names=("xn--mnchen-3ya.test", "*.widget.test", "2001:db8::1"),
        begins=now,
        ends=now,
        self_signed=False,
    )
    for host in ("MÜNCHEN.test", "a.widget.test.", "2001:DB8:0::1"):
        assert held.is_for(host)
    for host in ("widget.test", "a.b.widget.test", "2001:db8::2", ""):
        assert not held.is_for(host)


@given(st.binary(max_size=400))
def test_whatever_is_sent_as_a_certificate_is_read_or_not(der: bytes) -> None:
    assert read_certificate(der) is None


@given(st.integers(0, 2000), st.integers(0, 255))
def test_a_spoilt_certificate_is_read_or_not(place: int, byte: int) -> None:
    der = bytearray(WORLD.leaf.der())
    der[place % len(der)] = byte
    found = read_certificate(bytes(der))
    assert found is None or isinstance(found, Certificate)
