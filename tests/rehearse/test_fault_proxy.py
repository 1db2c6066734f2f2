import asyncio
import contextlib
from collections.abc import AsyncGenerator

import pytest

from relight.rehearse.fault_proxy import Fault, FaultProxy, Mode, fault_proxy
from relight.rehearse.origin import origin


@pytest.fixture(name="edge")
async def _edge() -> AsyncGenerator[FaultProxy]:
    async with origin() as behind, fault_proxy(behind.port) as edge:
        yield edge


async def _ask(edge: FaultProxy, target: str = "/health", *, within_s: float = 5) -> bytes:
    port = int(edge.url.rpartition(":")[2])
    async with asyncio.timeout(within_s):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"GET {target} HTTP/1.1\r\nHost: edge\r\n\r\n".encode())
            return await reader.read()
        finally:
            writer.close()


async def test_passes_the_origin_on(edge: FaultProxy) -> None:
    answer = await _ask(edge)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b'{"status":"ok"}\n')
    assert (await _ask(edge, "/nowhere")).startswith(b"HTTP/1.1 404 ")


async def test_a_dead_edge_refuses_and_comes_back_on_the_same_port(edge: FaultProxy) -> None:
    url = edge.url
    for _ in range(5):
        await edge.switch(Fault(mode=Mode.DEAD))
        with pytest.raises(ConnectionRefusedError):
            await _ask(edge)
        await edge.switch(Fault(mode=Mode.CLEAR))
        assert (await _ask(edge)).startswith(b"HTTP/1.1 200 ")
    assert edge.url == url


async def test_dying_cuts_what_is_open(edge: FaultProxy) -> None:
    async with edge.broken(Fault(mode=Mode.HANG)):
        asking = asyncio.ensure_future(_ask(edge))
        done, _ = await asyncio.wait({asking}, timeout=0.05)
        assert not done
        await edge.switch(Fault(mode=Mode.DEAD))
        with contextlib.suppress(ConnectionError):
            assert await asking == b""


async def test_a_reset_is_heard_as_one(edge: FaultProxy) -> None:
    async with edge.broken(Fault(mode=Mode.RESET)):
        with pytest.raises(ConnectionResetError):
            await _ask(edge)


async def test_a_bad_gateway_says_so(edge: FaultProxy) -> None:
    async with edge.broken(Fault(mode=Mode.BAD_GATEWAY)):
        assert (await _ask(edge)).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")


async def test_a_slow_edge_answers_in_the_end(edge: FaultProxy) -> None:
    async with edge.broken(Fault(mode=Mode.SLOW, delay_s=0.2)):
        with pytest.raises(TimeoutError):
            await _ask(edge, within_s=0.05)
        assert (await _ask(edge)).startswith(b"HTTP/1.1 200 ")


async def test_a_hanging_edge_never_answers(edge: FaultProxy) -> None:
    async with edge.broken(Fault(mode=Mode.HANG)):
        with pytest.raises(TimeoutError):
            await _ask(edge, within_s=0.1)


@pytest.mark.parametrize(("ratio", "bad"), [(0.0, 0), (0.25, 5), (0.5, 10), (1.0, 20)])
async def test_a_flapping_edge_fails_its_share(edge: FaultProxy, ratio: float, bad: int) -> None:
    async with edge.broken(Fault(mode=Mode.FLAPPING, bad_ratio=ratio)):
        answers = [await _ask(edge) for _ in range(20)]
    assert sum(answer.startswith(b"HTTP/1.1 502 ") for answer in answers) == bad


async def test_it_rolls_back_however_the_block_ends(edge: FaultProxy) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        async with edge.broken(Fault(mode=Mode.DEAD)):
            raise RuntimeError("in the middle")
    assert (await _ask(edge)).startswith(b"HTTP/1.1 200 ")

    broken = asyncio.Event()

    async def break_it() -> None:
        async with edge.broken(Fault(mode=Mode.DEAD)):
            broken.set()
            await asyncio.Event().wait()

    breaking = asyncio.ensure_future(break_it())
    await broken.wait()
    breaking.cancel()
    await asyncio.gather(breaking, return_exceptions=True)
    assert (await _ask(edge)).startswith(b"HTTP/1.1 200 ")


async def test_an_edge_without_an_origin_answers_502() -> None:
    async with origin() as behind:
        gone = behind.port
    async with fault_proxy(gone) as edge:
        assert (await _ask(edge)).startswith(b"HTTP/1.1 502 ")


async def test_what_is_no_http_only_ends_its_own_connection(edge: FaultProxy) -> None:
    port = int(edge.url.rpartition(":")[2])
    for garbage in (b"\x16\x03\x01 hello\r\n\r\n", b"GET /health HTTP/1.1\r\n", b"\r\n" * 9):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(garbage)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
    assert (await _ask(edge)).startswith(b"HTTP/1.1 200 ")
