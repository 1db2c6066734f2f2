"""Streams: what is read, what is bounded, how each trouble is named, and TLS on top."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from relight.egress.dialer import GuardedDialer
from relight.egress.policy import Egress, NotAllowed
from relight.egress.resolver import SystemResolver
from relight.kernel.clock import SystemClock
from relight.kernel.plug import NoAnswer, Permanent, Transient
from relight.kernel.ports import CertificateRefused, Stream, TlsWanted
from tests.peers.chain import NAME, World
from tests.peers.hostile import hostile
from tests.peers.outside import open_files, real_ports, settles

Writer = asyncio.StreamWriter
Reader = asyncio.StreamReader

WORLD = World()


@asynccontextmanager
async def serving(
    answer: Callable[[Reader, Writer], Awaitable[None]],
    *,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> AsyncGenerator[int]:
    """Serve each connection so, and close it."""

    async def serve(reader: Reader, writer: Writer) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _echo(reader: Reader, writer: Writer) -> None:
    with suppress(ConnectionError):
        await _echoed(reader, writer)


async def _echoed(reader: Reader, writer: Writer) -> None:
    while data := await reader.read(1000):
        writer.write(data)
        await writer.drain()


async def opened(port: int, *, timeout_s: float = 5, tls: TlsWanted | None = None) -> Stream:
    return await real_ports().dialer.open("127.0.0.1", port, timeout_s=timeout_s, tls=tls)


def port_of(host_port: str) -> int:
    return int(host_port.partition(":")[2])


async def test_what_is_sent_comes_back_as_it_is_asked_for() -> None:
    async with serving(_echo) as port, await opened(port) as stream:
        await stream.write(b"one\r\ntwo\r\nthree")
        assert await stream.read_until(b"\r\n", most=100) == b"one\r\n"
        assert await stream.read_exactly(2) == b"tw"
        assert await stream.read_until(b"\r\n", most=100) == b"o\r\n"
        assert await stream.read(3) == b"thr"
        assert await stream.read() == b"ee"
        phases = stream.phases()
    assert stream.address == "127.0.0.1"
    assert (phases.resolve, phases.tls) == (None, None)
    assert phases.connect is not None
    assert phases.first_byte is not None
    assert phases.connect + phases.first_byte <= phases.total


async def test_a_host_of_only_one_family_is_reached() -> None:
    async with serving(_echo, host="::1") as port:
        families = await real_ports().resolver.addresses("localhost", port)
        async with await real_ports().dialer.open("::1", port, timeout_s=5) as stream:
            assert (stream.address, stream.phases().resolve) == ("::1", None)
        if "::1" in families:
            async with await real_ports().dialer.open("localhost", port, timeout_s=5) as stream:
                assert stream.address == "::1"


async def test_the_lookup_of_a_name_is_a_phase() -> None:
    dialer = real_ports().dialer
    async with (
        serving(_echo) as port,
        await dialer.open("localhost", port, timeout_s=5) as stream,
    ):
        assert stream.phases().resolve is not None


async def test_a_silent_name_server_says_nothing_about_the_target() -> None:
    release = threading.Event()

    def lookup(host: str, port: int) -> list[str]:
        release.wait(10)
        return ["127.0.0.1"]

    clock = SystemClock()
    resolver = SystemResolver(Egress.OWNER, lookup=lookup)
    try:
        with pytest.raises(Transient, match="did not answer for widget") as caught:
            await GuardedDialer(Egress.OWNER, resolver, clock).open("widget.test", 9, timeout_s=0.1)
    finally:
        release.set()
    assert not isinstance(caught.value, NoAnswer)


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        ("silent", "127.0.0.1 said nothing within 0.3 s."),
        ("closed", "127.0.0.1 closed the connection without an answer."),
        ("reset", "127.0.0.1: the connection was reset."),
        ("drip", "127.0.0.1 did not finish its answer within 0.3 s."),
        ("flood", "127.0.0.1 sent 500 bytes without an end to its answer."),
    ],
)
async def test_trouble_is_named(behaviour: str, sentence: str) -> None:
    patience_s = 0.3 if "within" in sentence else 10
    async with hostile(behaviour) as at, await opened(port_of(at), timeout_s=patience_s) as stream:
        with pytest.raises(NoAnswer) as caught:
            await stream.read_until(b"\n", most=500)
    assert str(caught.value) == sentence


async def test_the_time_counts_from_the_opening_and_for_writing_too() -> None:
    async with hostile("silent") as at, await opened(port_of(at), timeout_s=0.3) as stream:
        for read in (stream.read(), stream.read_exactly(1)):
            with pytest.raises(NoAnswer, match="said nothing"):
                await read
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        async with await opened(deaf.getsockname()[1], timeout_s=0.3) as stream:
            with pytest.raises(NoAnswer, match="said nothing within"):
                await stream.write(b"x" * (64 << 20))


async def test_tls_from_the_start_and_later(tmp_path: Path) -> None:
    context = WORLD.serving(tmp_path, "right", WORLD.leaf, WORLD.between)
    wanted = TlsWanted(name=NAME, roots=WORLD.roots)
    async with serving(_echo, tls=context) as port:
        async with await opened(port, tls=wanted) as stream:
            await stream.write(b"x" * 100_000)
            assert await stream.read_exactly(100_000) == b"x" * 100_000
            seen = stream.tls
        async with await opened(port) as plain:
            assert plain.tls is None
            await plain.start_tls(wanted)
            assert plain.tls is not None
            assert plain.phases().tls is not None
    assert seen is not None
    assert seen.version == "TLSv1.3"
    assert seen.chain == (WORLD.leaf.der(), WORLD.between.der())


@pytest.mark.parametrize(("name", "code"), [("somebody-else.test", 62), ("127.0.0.2", 64), ("", 0)])
async def test_another_name_is_refused(tmp_path: Path, name: str, code: int) -> None:
    context = WORLD.serving(tmp_path, "right", WORLD.leaf, WORLD.between)
    async with serving(_echo, tls=context) as port:
        if not name:
            with pytest.raises(Permanent, match="a name to ask for"):
                await opened(port, tls=TlsWanted(name=name, roots=WORLD.roots))
            return
        with pytest.raises(CertificateRefused) as caught:
            await opened(port, tls=TlsWanted(name=name, roots=WORLD.roots))
        wanted = TlsWanted(name=name, roots=WORLD.roots, check_name=False)
        async with await opened(port, tls=wanted) as stream:
            assert stream.tls is not None
    assert caught.value.code == code


async def test_what_comes_ahead_of_tls_is_not_taken_for_what_comes_after() -> None:
    async def injects(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 go ahead\r\n250 injected\r\n")
        await reader.read()

    async with serving(injects) as port, await opened(port) as stream:
        await stream.read_until(b"\r\n", most=100)
        with pytest.raises(NoAnswer, match="more than its answer before TLS"):
            await stream.start_tls(TlsWanted(name=NAME))


async def test_a_forbidden_address_is_not_dialled() -> None:
    with pytest.raises(NotAllowed):
        await real_ports(egress=Egress.PUBLIC).dialer.open("127.0.0.1", 80, timeout_s=1)


async def test_nothing_is_left_open(tmp_path: Path) -> None:
    context = WORLD.serving(tmp_path, "right", WORLD.leaf, WORLD.between)
    async with serving(_echo, tls=context) as port:
        files = open_files()
        for wanted in (TlsWanted(name=NAME), TlsWanted(name=NAME, roots="not PEM")):
            with pytest.raises((CertificateRefused, Permanent)):
                await opened(port, tls=wanted)
        assert await settles(lambda: open_files() <= files)
