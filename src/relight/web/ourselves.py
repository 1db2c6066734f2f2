"""How Relight itself is: `/health`, `/ready` and `/metrics`, as raw ASGI beside the app."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping

import msgspec
from anyio import to_thread
from litestar.types import HTTPScope, Receive, Send
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

import relight
from relight.kernel.faults import RelightError
from relight.store.counts import answers, counts, entries_by_type
from relight.web.access import account_behind
from relight.web.headers import Headers, is_loopback
from relight.web.house import House
from relight.web.memory import Answer, FilesInMemory

_LOOP_LATE_S = 30.0
_DATABASE_S = 2.0
_FORWARDED = {b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"}
_PAGES = ("PageSent", "PageFailed")


class Readiness(msgspec.Struct, frozen=True):
    """Whether requests should come here; reasons keep them away, warnings do not."""

    ready: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


class Ourselves:
    """Answers for this process. `loops` gives the seconds since each loop of the worker turned."""

    def __init__(
        self,
        house: House,
        site: FilesInMemory,
        headers: Headers,
        loops: Callable[[], Mapping[str, float]],
    ) -> None:
        """Take what is asked about; `requests` counts answers of the app by status class."""
        self._house = house
        self._site = site
        self._headers = [*headers, (b"cache-control", b"no-store")]
        self._loops = loops
        self.requests: Counter[str] = Counter()
        self._lags: deque[float] = deque(maxlen=60)
        self._pages: tuple[int, dict[str, int]] = (-1, {})
        self._registry = CollectorRegistry()
        self._registry.register(_Families(self._families))
        ProcessCollector(registry=self._registry)

    async def measure_lag(self) -> None:
        """Note each second how late this loop is, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(1)
            self._lags.append(max(0.0, loop.time() - before - 1))

    async def health(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Say that the process is up."""
        await self._json(200, {"status": "up"}).send(scope, send)

    async def ready(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Say whether requests should come here, and in words why not."""
        found = await self.readiness()
        await self._json(200 if found.ready else 503, found).send(scope, send)

    async def readiness(self) -> Readiness:
        """Look at database, loops and public page. A faulty newer kit is a warning alone."""
        reasons: list[str] = []
        try:
            async with asyncio.timeout(_DATABASE_S):
                await to_thread.run_sync(answers, self._house.database, abandon_on_cancel=True)
        except TimeoutError:
            reasons.append("The database does not answer.")
        except RelightError as error:
            reasons.append(self._house.masker.mask(str(error)))
        for name, idle_s in self._loops().items():
            if idle_s > _LOOP_LATE_S:
                reasons.append(f"The loop `{name}` has not turned for {idle_s:.0f} s.")
        if not self._site.ready:
            reasons.append("The public page has not been drawn yet.")
        warnings = [f"{name}: {why}" for name, why in sorted(self._house.failing.items())]
        if self._house.kit.loaded.refused:
            warnings.append("The newest relight.yaml is faulty; the one before it is in force.")
        return Readiness(not reasons, tuple(reasons), tuple(warnings))

    async def metrics(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Give the numbers, to this machine or to whoever has an API token."""
        if not await self._may_read(scope):
            problem = {"error": "sign_in_needed", "sentence": "Send an API token."}
            await self._json(401, problem).send(scope, send)
            return
        text = await to_thread.run_sync(generate_latest, self._registry)
        kind = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
        await Answer(200, [*self._headers, kind], text).send(scope, send)

    async def _may_read(self, scope: HTTPScope) -> bool:
        headers = dict(scope["headers"])
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        if authorization:
            account = await to_thread.run_sync(account_behind, self._house, "", authorization)
            return account is not None
        client = scope["client"]
        return is_loopback(client[0] if client else "") and not _FORWARDED & headers.keys()

    def _json(self, status: int, content: object) -> Answer:
        kind = (b"content-type", b"application/json")
        return Answer(status, [*self._headers, kind], msgspec.json.encode(content))

    def _families(self) -> Iterable[Metric]:
        house = self._house
        info = InfoMetricFamily("relight_build", "Which Relight this is.")
        info.add_metric([], {"version": relight.__version__, "instance": house.instance.id})
        yield info
        requests = CounterMetricFamily(
            "relight_http_requests", "Answers of pages and API.", labels=["code"]
        )
        for code, count in sorted(self.requests.items()):
            requests.add_metric([code], count)
        yield requests
        yield CounterMetricFamily(
            "relight_public_requests", "Requests for the public page.", value=self._site.served
        )
        left_out = CounterMetricFamily(
            "relight_edge_left_out", "Reports of pages that were not counted.", labels=["reason"]
        )
        for reason, count in sorted(house.edge.left_out.items()):
            left_out.add_metric([reason], count)
        yield left_out
        yield GaugeMetricFamily(
            "relight_loop_lag_seconds",
            "How late the event loop was at worst in the last minute.",
            value=max(self._lags, default=0.0),
        )
        idle = GaugeMetricFamily(
            "relight_loop_idle_seconds", "Since a loop of the worker last turned.", labels=["loop"]
        )
        for name, idle_s in sorted(self._loops().items()):
            idle.add_metric([name], idle_s)
        yield idle
        if house.kit.catalog.watchdog is not None:
            yield GaugeMetricFamily(
                "relight_watchdog_failing",
                "1 while the watchdog is not pinged, or does not take the ping.",
                value=float("watchdog" in house.failing),
            )
        faults = GaugeMetricFamily(
            "relight_kit_faults", "Faults in the newest reading of the kit.", labels=["level"]
        )
        _count(faults, (each.level for each in house.kit.loaded.faults))
        yield faults
        yield from self._stored()

    def _stored(self) -> Iterable[Metric]:
        house, now = self._house, self._house.clock.now()
        found = counts(house.database, now)
        yield CounterMetricFamily(
            "relight_incidents_declared", "Incidents ever declared.", value=found.incidents
        )
        live = GaugeMetricFamily("relight_incidents", "Live incidents.", labels=["status"])
        _count(live, (each.status for each in house.desk.incidents.all(live=True)))
        yield live
        yield GaugeMetricFamily("relight_alerts_open", "Open alerts.", value=found.open_alerts)
        checks = GaugeMetricFamily("relight_checks", "Checks by how they stand.", labels=["status"])
        _count(checks, (each.status for each in house.desk.checks.states().values()))
        yield checks
        late = GaugeMetricFamily("relight_due_rows", "Rows past their time.", labels=["kind"])
        oldest = GaugeMetricFamily(
            "relight_due_oldest_seconds", "How long the oldest of them waits.", labels=["kind"]
        )
        for kind, (count, since) in sorted(found.due.items()):
            late.add_metric([kind], count)
            oldest.add_metric([kind], max(0.0, (now - since).total_seconds()))
        yield late
        yield oldest
        pages = CounterMetricFamily("relight_pages", "Attempts to page.", labels=["outcome"])
        sent = self._page_attempts()
        pages.add_metric(["sent"], sent["PageSent"])
        pages.add_metric(["failed"], sent["PageFailed"])
        yield pages

    def _page_attempts(self) -> dict[str, int]:
        """Count anew only when something was written since the last look."""
        version = self._house.changes.version
        if self._pages[0] != version:
            self._pages = (version, entries_by_type(self._house.database, _PAGES))
        return self._pages[1]


def _count(family: GaugeMetricFamily, words: Iterable[str]) -> None:
    """Give how often each word comes up."""
    for word, count in Counter(words).items():
        family.add_metric([word], count)


class _Families(Collector):
    """Lets the registry ask at each scrape."""

    def __init__(self, ask: Callable[[], Iterable[Metric]]) -> None:
        self._ask = ask

    def collect(self) -> Iterable[Metric]:
        return self._ask()

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand; otherwise registering would already collect."""
        return ()
