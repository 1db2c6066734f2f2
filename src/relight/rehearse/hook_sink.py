"""A webhook receiver on loopback that checks each signature and keeps what it is sent."""

import contextlib
import hashlib
import hmac
from collections.abc import AsyncGenerator
from datetime import datetime

import msgspec

from relight.kernel.clock import Clock
from relight.rehearse.arrivals import Arrivals
from relight.rehearse.exchange import Request, read_request, write_answer
from relight.rehearse.listener import Reader, Writer, listening

_OLDEST_S = 300


class HookBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver reads of the JSON; the rest is left alone."""

    delivery_id: str
    kind: str
    title: str
    url: str = ""
    acknowledge_url: str = ""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call: when it came, the key that makes repeats known, and what it said."""

    at: datetime
    idempotency_key: str
    body: HookBody


class HookSink:
    """Keeps the calls that are signed with `key`; the others are refused and counted."""

    def __init__(self, clock: Clock, key: str) -> None:
        """Take the clock that stamps what comes in, and the key shared with the sender."""
        self._clock = clock
        self._key = key
        self.calls: Arrivals[Call] = Arrivals()
        self.refused = 0

    async def serve(self, reader: Reader, writer: Writer) -> None:
        """Answer one call: 204 where it was kept, 401 or 400 where not."""
        request = await read_request(reader)
        now = self._clock.now()
        if not is_signed(request, self._key, now):
            self.refused += 1
            write_answer(writer, 401, b"The signature does not fit.\n")
            return
        try:
            body = msgspec.json.decode(request.body, type=HookBody)
        except msgspec.DecodeError:
            self.refused += 1
            write_answer(writer, 400, b"That is not a page.\n")
            return
        key = request.headers.get("idempotency-key", "")
        write_answer(writer, 204)
        self.calls.add(Call(at=now, idempotency_key=key, body=body))


def is_signed(request: Request, key: str, now: datetime) -> bool:
    """Check a signature as the webhook's manual page tells a receiver to."""
    stamp = request.headers.get("relight-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit()) or abs(now.timestamp() - int(stamp)) > _OLDEST_S:
        return False
    mac = hmac.new(key.encode(), stamp.encode() + b"." + request.body, hashlib.sha256)
    given = request.headers.get("relight-signature", "")
    return hmac.compare_digest(given.encode(), f"v1={mac.hexdigest()}".encode())


class OpenHookSink(msgspec.Struct, frozen=True):
    """A webhook receiver with its URL."""

    sink: HookSink
    url: str


@contextlib.asynccontextmanager
async def hook_sink(clock: Clock, key: str) -> AsyncGenerator[OpenHookSink]:
    """Take calls for as long as the block lasts."""
    sink = HookSink(clock, key)
    async with listening(sink.serve) as listener:
        yield OpenHookSink(sink, f"{listener.url}/pages")
