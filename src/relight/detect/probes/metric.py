"""Reads one number from a page of metrics, or from JSON, and compares it."""

import asyncio
import math
from typing import Annotated, Any, ClassVar

import jmespath
import msgspec
from jmespath.exceptions import JMESPathError
from msgspec import Meta

from relight.detect.bounds import compared
from relight.detect.exposition import (
    Sample,
    Selector,
    Unreadable,
    names_in,
    read_selector,
    samples_of,
)
from relight.detect.histogram import buckets_of, grown, quantile
from relight.detect.probes import Probe, Result, failed, unanswered
from relight.kernel.faults import nearest
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import HttpAnswer, HttpRequest, Ports
from relight.kernel.url import check_web_url

_LONGEST_PAGE = 4 << 20
_TEXT = "text/plain;version=0.0.4,*/*;q=0.1"
_UNITS = {"_seconds": " s", "_bytes": " B"}


class _Unfit(Exception):
    """The answer holds no such number; `fault` says in a word why, and `reason` in words."""

    def __init__(self, fault: str, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason


class MetricProbe(Probe, frozen=True, kw_only=True):
    """Read one number from a page of metrics and say whether it is within bounds.

    `url` is asked for Prometheus text, of which `metric` names the series that are meant, like
    `http_requests_total{code=~"5.."}`; where it means several, they are added up. Or `url` answers
    JSON, and `json` is the JMESPath of a number in it. With neither, it is good that there are
    metrics. The number has to be `above` and `below` the bounds given; it is kept as evidence.

    `quantile: 0.95` takes the p95 of the histogram `metric`, reckoned as Prometheus does. What is
    added up is everything since that process began, unless `window` is given: then the page is
    asked twice, so far apart, and what counts is what came between. Without a quantile, `window`
    makes of a counter its rate per second.

    A series that is not there is a failure; `absent_is_zero` takes it for 0, as for an error that
    has not happened yet. `bearer` is sent as a token, by secret reference. `connect_to`,
    `timeout_s` and `verify_tls` are those of `http`, for each of the answers.
    """

    url: str
    metric: str = ""
    json: str = ""
    above: float | None = None
    below: float | None = None
    quantile: Annotated[float, Meta(gt=0, lt=1)] | None = None
    window_s: Annotated[float, Meta(ge=0, le=30)] = 0.0
    absent_is_zero: bool = False
    bearer: str = ""
    connect_to: str = ""
    timeout_s: Annotated[float, Meta(gt=0, le=15)] = 10.0
    verify_tls: bool = True

    SECRETS: ClassVar[frozenset[str]] = frozenset({"bearer"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "url": "https://where2eat.example/metrics",
        "metric": "http_request_duration_seconds",
        "quantile": 0.95,
        "window_s": 10,
        "below": 1,
    }

    def __post_init__(self) -> None:
        """Refuse what could never be read, with a sentence that says what is wrong."""
        check_web_url(self.url)
        if self.metric and self.json:
            raise ValueError("`metric` is for Prometheus text and `json` for JSON. Keep one.")
        if self.metric:
            read_selector(self.metric)
        elif self.quantile is not None:
            raise ValueError("`quantile` needs the histogram's name in `metric`.")
        if self.json:
            try:
                jmespath.compile(self.json)
            except JMESPathError:
                msg = f"`{self.json}` is not a JMESPath. Write one like queue.depth."
                raise ValueError(msg) from None
        if not (self.metric or self.json) and (self.above, self.below) != (None, None):
            raise ValueError("`above` and `below` need a number: name it with `metric` or `json`.")

    async def observe(self, ports: Ports) -> Result:
        """Ask once, or twice where a window is wanted."""
        began_s = ports.clock.monotonic_s()
        try:
            answers = [await ports.http.request(self._request())]
            if self.window_s and (self.metric or self.json):
                await asyncio.sleep(self.window_s)
                answers.append(await ports.http.request(self._request()))
            # A long page takes its time to read, and other checks go on meanwhile.
            return await asyncio.to_thread(self._judge, answers)
        except NoAnswer as error:
            return unanswered(error, took_s=ports.clock.monotonic_s() - began_s)
        except _Unfit as error:
            took_s = ports.clock.monotonic_s() - began_s
            return failed(error.fault, error.reason, took_s=took_s)

    def _request(self) -> HttpRequest:
        headers = {"Accept": "application/json" if self.json else _TEXT}
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer}"
        return HttpRequest(
            url=self.url,
            headers=headers,
            timeout_s=self.timeout_s,
            connect_to=self.connect_to or None,
            verify_tls=self.verify_tls,
            longest_body=_LONGEST_PAGE,
        )

    def _judge(self, answers: list[HttpAnswer]) -> Result:
        pages = [_page(answer) for answer in answers]
        last = answers[-1]
        took_s, phases, at = last.took_s, last.phases, ("address", last.address)
        if not (self.metric or self.json):
            reason = f"has {len(_names(pages[-1]))} metrics"
            return Result(ok=True, took_s=took_s, reason=reason, evidence=(at,), phases=phases)
        value = self._quantile(pages) if self.quantile else self._number(pages)
        ok, reason = self._compared(value)
        evidence = (at,) if math.isnan(value) else (("value", f"{value:.12g}"), at)
        if not ok:
            return failed("value", reason, took_s=took_s, evidence=evidence, phases=phases)
        return Result(ok=True, took_s=took_s, reason=reason, evidence=evidence, phases=phases)

    def _number(self, pages: list[str]) -> float:
        values = [self._in_json(page) if self.json else self._in_text(page) for page in pages]
        before, after = values[0], values[-1]
        if not self.window_s:
            return after
        # A counter that fell began anew.
        return (after - before if after >= before else after) / self.window_s

    def _in_text(self, page: str) -> float:
        samples = self._samples(page, read_selector(self.metric))
        return sum((sample.value for sample in samples), 0.0)

    def _in_json(self, page: str) -> float:
        try:
            found: object = jmespath.search(self.json, msgspec.json.decode(page))
        except (msgspec.DecodeError, RecursionError):
            raise _Unfit("format", "the answer is not JSON") from None
        except JMESPathError as error:
            raise _Unfit("format", f"{self.json} does not fit the answer: {error}") from None
        if found is None and self.absent_is_zero:
            return 0.0
        if found is None:
            raise _Unfit("missing", f"there is no {self.json} in the answer")
        try:
            return float(found) if isinstance(found, int | float | str) else math.nan
        except (ValueError, OverflowError):
            return math.nan

    def _quantile(self, pages: list[str]) -> float:
        selector = read_selector(self.metric)
        name = f"{selector.name.removesuffix('_bucket')}_bucket"
        wanted = msgspec.structs.replace(selector, name=name)
        looks = [buckets_of(self._samples(page, wanted)) for page in pages]
        return quantile(self.quantile or 0.0, grown(*looks) if self.window_s else looks[-1])

    def _samples(self, page: str, selector: Selector) -> list[Sample]:
        try:
            found = samples_of(page, selector)
        except Unreadable as error:
            raise _Unfit("format", str(error)) from None
        if not found and not self.absent_is_zero:
            raise _Unfit("missing", _missing(selector, _names(page)))
        return found

    def _compared(self, value: float) -> tuple[bool, str]:
        """Say whether it is good, and what was found in words."""
        what, unit = self._called()
        if math.isnan(value) and self.quantile:
            since = f"in {self.window_s:g} s" if self.window_s else "since its process began"
            return True, f"{what}: nothing was measured {since}"
        return compared(what, value, above=self.above, below=self.below, unit=unit)

    def _called(self) -> tuple[str, str]:
        """Name the number, with its unit where the metric's name tells it."""
        if self.json:
            return self.json, "/s" if self.window_s else ""
        selector = read_selector(self.metric)
        unit = next((u for end, u in _UNITS.items() if selector.name.endswith(end)), "")
        if self.quantile:
            return f"p{self.quantile * 100:.6g} of {selector}", unit
        return str(selector), f"{unit}/s" if self.window_s else unit


def _page(answer: HttpAnswer) -> str:
    if not 200 <= answer.status < 300:
        raise _Unfit("status", f"answered {answer.status}, wanted 2xx with metrics")
    if answer.cut:
        msg = f"the page is longer than {_LONGEST_PAGE >> 20} MB, which is more than is read"
        raise _Unfit("length", msg)
    return answer.body.decode("utf-8", errors="replace")


def _names(page: str) -> frozenset[str]:
    names = names_in(page)
    if not names:
        raise _Unfit("format", "the answer is not a page of metrics")
    return names


def _missing(selector: Selector, names: frozenset[str]) -> str:
    if selector.name in names:
        return f"there is no series {selector}; others of that name are there"
    near = nearest(selector.name, names, most=1)
    among = f"there is no {selector.name} among {len(names)} metrics"
    return f"{among}; the nearest is {near[0]}" if near else among


PLUGIN: type[Probe] = MetricProbe
