"""An edge in front of an origin that can be made to fail in the ways edges do."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from relight.rehearse.exchange import read_request, write_answer
from relight.rehearse.listener import LOOPBACK, Listener, Reader, Writer, reset

_CHUNK = 1 << 16


class Mode(StrEnum):
    """How the edge behaves."""

    CLEAR = "pass"
    DEAD = "dead"
    RESET = "reset"
    BAD_GATEWAY = "502"
    SLOW = "slow"
    HANG = "hang"
    FLAPPING = "flapping"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A behaviour with its figures.

    `dead` refuses connections and cuts the open ones, `reset` drops each with a reset, `502`
    answers so, `slow` waits `delay_s` before it passes a connection on, `hang` takes one and never
    answers, `flapping` answers 502 to `bad_ratio` of the connections, evenly spread, and passes
    the rest. But for `dead`, what is open already goes on as it began.
    """

    mode: Mode
    delay_s: Annotated[float, Meta(ge=0)] = 3.0
    bad_ratio: Annotated[float, Meta(ge=0, le=1)] = 0.5


CLEAR = Fault(mode=Mode.CLEAR)


class FaultProxy:
    """Passes connections on to an origin on loopback, or fails as its `fault` says."""

    def __init__(self, origin_port: int) -> None:
        """Take the origin's port; `fault_proxy` opens one and closes it again."""
        self._origin_port = origin_port
        self._listener = Listener(self._serve)
        self._fault = CLEAR
        self._owed = 0.0

    @property
    def url(self) -> str:
        """Where it can be called, as a URL without a path."""
        return self._listener.url

    @property
    def fault(self) -> Fault:
        """How it behaves now."""
        return self._fault

    async def switch(self, fault: Fault) -> None:
        """Behave so from now on."""
        self._fault, self._owed = fault, 0.0
        if fault.mode is Mode.DEAD:
            self._listener.refuse()
        else:
            await self._listener.listen()

    @contextlib.asynccontextmanager
    async def broken(self, fault: Fault) -> AsyncGenerator[None]:
        """Behave so within the block, and as before after it, however the block ends."""
        before = self._fault
        await self.switch(fault)
        try:
            yield
        finally:
            await self.switch(before)

    async def close(self) -> None:
        """Cut what is open and let go of the port."""
        await self._listener.close()

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        fault = self._fault
        match fault.mode:
            case Mode.CLEAR:
                await self._pass_on(reader, writer)
            case Mode.RESET | Mode.DEAD:  # Taken in the moment before it died.
                reset(writer)
            case Mode.BAD_GATEWAY:
                await _bad_gateway(reader, writer)
            case Mode.SLOW:
                await asyncio.sleep(fault.delay_s)
                await self._pass_on(reader, writer)
            case Mode.HANG:
                while await reader.read(_CHUNK):
                    pass
            case Mode.FLAPPING:
                if self._is_bad(fault.bad_ratio):
                    await _bad_gateway(reader, writer)
                else:
                    await self._pass_on(reader, writer)

    def _is_bad(self, ratio: float) -> bool:
        self._owed += ratio
        if self._owed < 1:
            return False
        self._owed -= 1
        return True

    async def _pass_on(self, reader: Reader, writer: Writer) -> None:
        try:
            answers, asks = await asyncio.open_connection(LOOPBACK, self._origin_port)
        except OSError:
            await _bad_gateway(reader, writer)
            return
        asking = asyncio.ensure_future(_pump(reader, asks))
        try:
            await _pump(answers, writer)
        finally:
            asks.close()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


async def _pump(reader: Reader, writer: Writer) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()


async def _bad_gateway(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    write_answer(writer, 502, b"The edge cannot reach the origin.\n")


@contextlib.asynccontextmanager
async def fault_proxy(origin_port: int) -> AsyncGenerator[FaultProxy]:
    """Stand in front of an origin for as long as the block lasts."""
    proxy = FaultProxy(origin_port)
    try:
        await proxy.switch(CLEAR)
        yield proxy
    finally:
        await proxy.close()
