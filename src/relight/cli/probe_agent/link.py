"""The one outgoing connection: joins once, then hands over what was seen and hears what to do."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import msgspec

from relight import __version__
from relight.cli.probe_agent.buffer import Buffer
from relight.cli.probe_agent.looker import Looker
from relight.detect.vantage import MOST_SEEN, Handed, Joined, Joining, Seen, Told, offset_s
from relight.kernel.clock import Clock
from relight.kernel.faults import RelightError
from relight.kernel.plug import PlugFailed
from relight.kernel.ports import Http, HttpAnswer, HttpRequest
from relight.store.files import write_whole

_TIMEOUT_S = 15.0
_AGAIN_S = 1.0
_AGAIN_MOST_S = 15.0
_STEADY_S = 0.2
_KEEP_S = 1.0


class NotAdmitted(RelightError):
    """The house does not admit this vantage point."""


class NotNow(RelightError):
    """The house cannot be spoken to now."""


class Link:
    """Speaks to one house. `said` hears of every change between well and cut off."""

    def __init__(
        self,
        *,
        http: Http,
        clock: Clock,
        url: str,
        buffer: Buffer,
        known: Path,
        said: Callable[[str], None],
    ) -> None:
        """Take the way out, where the house is, where results wait, and a file for the checks."""
        self._http = http
        self._clock = clock
        self._url = url.rstrip("/")
        self._buffer = buffer
        self._known = known
        self._said = said
        self._fresh: list[Seen] = []
        self._offset_s = 0.0
        self._revision = ""
        self._fault: str | None = None

    def take(self, seen: Seen) -> None:
        """Have a result handed over with the next exchange."""
        self._fresh.append(seen)

    async def join(self, token: str) -> Joined:
        """Trade the one-time token for a key. Raises `NotAdmitted` or `NotNow`."""
        body = await self._post("/vantage/join", Joining(token), "")
        return msgspec.json.decode(body, type=Joined)

    async def run(self, key: str, looker: Looker) -> None:
        """Exchange until cancelled. Raises `NotAdmitted` where the key counts no longer."""
        self._recall(looker)
        wait_s = _AGAIN_S
        while True:
            await self.keep()
            try:
                full = await self._exchange(key, looker)
            except NotNow as error:
                self._tell(f"{error} Results are kept on disk until it does.")
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, _AGAIN_MOST_S)
            else:
                self._tell("")
                wait_s = _AGAIN_S
                if not full:
                    await asyncio.sleep(_STEADY_S)

    async def keep_steadily(self) -> None:
        """Write down what was seen, every second, also while nobody answers."""
        while True:
            await asyncio.sleep(_KEEP_S)
            await self.keep()

    async def keep(self) -> None:
        """Write down what was seen since: from here on a kill loses nothing of it."""
        fresh, self._fresh = self._fresh, []
        if fresh:
            await asyncio.to_thread(self._buffer.add, fresh)

    def _recall(self, looker: Looker) -> None:
        """Look at what the house last asked for, until it can be spoken to."""
        with suppress(OSError, msgspec.DecodeError):
            told = msgspec.json.decode(self._known.read_bytes(), type=Told)
            looker.follow(told.checks or ())

    async def _exchange(self, key: str, looker: Looker) -> bool:
        """Hand over the oldest results; tell whether there are more."""
        mark, waiting = await asyncio.to_thread(self._buffer.oldest, MOST_SEEN)
        sent_at = self._clock.now()
        by = timedelta(seconds=self._offset_s)
        handed = Handed(
            version=__version__,
            sent_at=sent_at,
            revision=self._revision,
            seen=tuple(msgspec.structs.replace(each, at=each.at + by) for each in waiting),
            unable=looker.unable,
            lost=self._buffer.lost,
            skew_s=round(-self._offset_s, 3),
        )
        body = await self._post("/vantage/exchange", handed, key)
        told = msgspec.json.decode(body, type=Told)
        self._offset_s = offset_s(sent_at, told.received_at, told.answered_at, self._clock.now())
        if mark:
            await asyncio.to_thread(self._buffer.drop, mark)
        if told.checks is not None:
            looker.follow(told.checks)
            await asyncio.to_thread(write_whole, self._known, body)
            self._revision = told.revision
        looker.look_now(told.look_now)
        return len(waiting) == MOST_SEEN

    async def _post(self, path: str, value: msgspec.Struct, key: str) -> bytes:
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        request = HttpRequest(
            method="POST",
            url=f"{self._url}{path}",
            headers=headers,
            body=msgspec.json.encode(value),
            timeout_s=_TIMEOUT_S,
            longest_body=16 << 20,
        )
        try:
            answer = await self._http.request(request)
        except PlugFailed as error:
            raise NotNow(str(error)) from error
        return _body_of(answer)

    def _tell(self, fault: str) -> None:
        if fault != self._fault:
            self._said(fault or f"Exchanging with {self._url}.")
        self._fault = fault


class _Refusal(msgspec.Struct):
    error: str = ""


def _body_of(answer: HttpAnswer) -> bytes:
    if answer.status == 200:
        return answer.body
    try:
        sentence = msgspec.json.decode(answer.body, type=_Refusal).error
    except msgspec.DecodeError:
        sentence = ""
    if answer.status == 403:
        raise NotAdmitted(sentence or NotAdmitted.__doc__ or "")
    raise NotNow(sentence or f"It answered {answer.status}.")
