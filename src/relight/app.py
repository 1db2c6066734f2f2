"""For your own app: `/health` and `/ready` as ASGI or WSGI, and a small circuit breaker.

    from relight.app import Health

    health = Health(checks={"database": ping_database, "queue": queue_depth_is_fine})
    app.mount("/ops", health.asgi)      # Starlette, Litestar, FastAPI: /ops/health, /ops/ready
    application = health.wsgi           # or any WSGI server

It needs the standard library alone and imports nothing else of Relight, so an app can carry it.
`/health` says that the process answers; `/ready` asks what the app depends on, each check within
its time-out and no more often than the cache allows, and answers 503 with the reason where one
fails.
"""

import asyncio
import inspect
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = ["Breaker", "Health", "Open", "Report"]

T = TypeVar("T")
Check = Callable[[], object] | Callable[[], Awaitable[object]]
"""Looks at one thing the app needs. Raising, or giving False, says that it does not work."""

_Send = Callable[[dict[str, Any]], Awaitable[None]]
_LONGEST_REASON = 200
_NOT_FOUND = "Ask for /health or /ready."


@dataclass(frozen=True)
class Report:
    """What one check said. `reason` is empty where it is well; `took_s` and `at_s` are seconds."""

    ok: bool
    reason: str
    took_s: float
    at_s: float


@dataclass
class Health:
    """Answers for an app. Safe to ask from many threads and tasks at once.

    `timeout_s` is how long one check may take, `cache_s` how long its answer counts. The checks run
    side by side, each in a thread of its own; one that is a coroutine runs in the app's own loop
    where ASGI asks. A check that hangs is not started a second time until it has ended.
    """

    checks: Mapping[str, Check]
    timeout_s: float = 2.0
    cache_s: float = 5.0
    now_s: Callable[[], float] = time.monotonic
    _known: dict[str, Report] = field(default_factory=dict[str, Report], init=False)
    _running: dict[str, "Future[Report]"] = field(
        default_factory=dict[str, "Future[Report]"], init=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)

    def ready(self) -> dict[str, Report]:
        """Ask every check whose answer is too old, and give all answers by name."""
        ends_s = self.now_s() + self.timeout_s
        asked = {name: self._ask(name) for name in self.checks}
        return {name: self._answer(name, each, ends_s) for name, each in asked.items()}

    def _ask(self, name: str) -> "Future[Report] | Report":
        with self._lock:
            known = self._known.get(name)
            if known is not None and self.now_s() - known.at_s < self.cache_s:
                return known
            running = self._running.get(name)
            if running is None or running.done():
                running = Future[Report]()
                self._running[name] = running
                # A daemon: a check that hangs must not keep the app from ending.
                threading.Thread(target=self._look, args=(name, running), daemon=True).start()
            return running

    def _look(self, name: str, told: "Future[Report]") -> None:
        began_s = self.now_s()
        try:
            said = self.checks[name]()
            if inspect.isawaitable(said):
                said = self._awaited(said)
            ok, reason = said is not False, "" if said is not False else "It says no."
        except Exception as error:  # noqa: BLE001 - whatever it is, the app is not ready
            ok, reason = False, f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
        ended_s = self.now_s()
        report = Report(ok=ok, reason=reason, took_s=ended_s - began_s, at_s=ended_s)
        with self._lock:
            self._known[name] = report
        told.set_result(report)

    def _awaited(self, said: Awaitable[object]) -> object:
        async def wait() -> object:
            return await said

        if self._loop is None or not self._loop.is_running():
            return asyncio.run(wait())
        # What an app keeps open (pools, clients) belongs to its own loop.
        return asyncio.run_coroutine_threadsafe(wait(), self._loop).result(self.timeout_s)

    def _answer(self, name: str, asked: "Future[Report] | Report", ends_s: float) -> Report:
        if isinstance(asked, Report):
            return asked
        try:
            return asked.result(max(0.0, ends_s - self.now_s()))
        except TimeoutError:
            reason = f"No answer within {self.timeout_s:g} s."
            return Report(ok=False, reason=reason, took_s=self.timeout_s, at_s=self.now_s())

    # ---- answers

    def answer(self, path: str) -> tuple[int, bytes]:
        """Give status and JSON for a path that ends in `/health` or `/ready`."""
        last = path.rstrip("/").rpartition("/")[2]
        if last == "health":
            return 200, _json({"status": "up"})
        if last != "ready":
            return 404, _json({"error": _NOT_FOUND})
        reports = self.ready()
        well = all(each.ok for each in reports.values())
        checks = {
            name: {"ok": each.ok, "reason": each.reason, "took_s": round(each.took_s, 4)}
            for name, each in reports.items()
        }
        return (200 if well else 503), _json({"ready": well, "checks": checks})

    async def asgi(self, scope: Mapping[str, Any], receive: Any, send: _Send) -> None:  # noqa: ANN401 - the server's own
        """Answer as an ASGI app; the checks run in threads, so the loop is never held up."""
        del receive
        if scope["type"] != "http":
            return
        self._loop = asyncio.get_running_loop()
        status, body = await asyncio.to_thread(self.answer, str(scope["path"]))
        headers = [(name.encode(), value.encode()) for name, value in _headers(body)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def wsgi(
        self, environ: Mapping[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        """Answer as a WSGI app."""
        status, body = self.answer(str(environ.get("PATH_INFO", "")))
        words = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}
        start_response(f"{status} {words[status]}", _headers(body))
        return [body]


class Open(Exception):
    """The breaker is open: what it guards failed lately and is not asked now."""


@dataclass
class Breaker:
    """Stops asking what does not answer, and tries again by itself. Safe in many threads.

    Closed it passes every call; `failures` in a row open it. Open it refuses at once with `Open`,
    for `again_s`. Then one call is let through: if it works the breaker closes, else it opens anew.
    """

    failures: int = 5
    again_s: float = 30.0
    now_s: Callable[[], float] = time.monotonic
    _in_row: int = field(default=0, init=False)
    _opened_s: float | None = field(default=None, init=False)
    _trying: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def state(self) -> str:
        """Say `closed`, `open` or `half-open`."""
        with self._lock:
            if self._opened_s is None:
                return "closed"
            return "half-open" if self.now_s() - self._opened_s >= self.again_s else "open"

    def call(self, work: Callable[[], T]) -> T:
        """Do the work, or refuse. Raises `Open`, and what the work raises."""
        self._enter()
        try:
            done = work()
        except BaseException:
            self._left(ok=False)
            raise
        self._left(ok=True)
        return done

    async def acall(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work of a coroutine function, or refuse; as `call`."""
        self._enter()
        try:
            done = await work()
        except BaseException:
            self._left(ok=False)
            raise
        self._left(ok=True)
        return done

    def _enter(self) -> None:
        with self._lock:
            if self._opened_s is None:
                return
            if self._trying or self.now_s() - self._opened_s < self.again_s:
                raise Open(Open.__doc__)
            self._trying = True

    def _left(self, *, ok: bool) -> None:
        with self._lock:
            self._trying = False
            self._in_row = 0 if ok else self._in_row + 1
            if ok:
                self._opened_s = None
            elif self._opened_s is not None or self._in_row >= self.failures:
                self._opened_s = self.now_s()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _headers(body: bytes) -> list[tuple[str, str]]:
    return [
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("cache-control", "no-store"),
    ]
