"""Whether a service fails on customers' pages, by what they reported in the last minutes.

A share counts only where chance does not explain it, over the shortest span that shows it. What
one customer's page does alone is told apart from what all of them see.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from relight.catalog.service import Service
from relight.detect.edge.quiet import Expected, Quiet, is_back, too_quiet
from relight.detect.edge.sums import (
    LOOK_BACK_S,
    NOTHING,
    SPANS_S,
    Bucket,
    Sums,
    above_by_chance,
    add_up,
    total,
)
from relight.detect.edge.tally import Counts
from relight.kernel.period import write_duration
from relight.kernel.severity import Severity

_FAST_S = SPANS_S
_SLOW_S = (60, 300)
_LEAST_LOADS = 5
_LEAST_LOADS_OF_THE_REST = 20
_LEAST_VISITORS = 3
_LEAST_VISITORS_OF_A_SITE = 2
_CHANCE = 1e-5
_ALONE_RATIO = 0.2
_MOST_SITES = 20
_HOUR_LOADS = 20
_LEAST_HOURS = 24


class Trouble(StrEnum):
    """What is wrong on the pages."""

    FAILING = "failing"
    SLOW = "slow"
    ERRORS = "errors"
    API = "api"
    QUIET = "quiet"


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """Usual shares of loads, from 0 to 1."""

    failed: float
    slow: float
    errors: float
    api_failed: float


class View(msgspec.Struct, frozen=True, kw_only=True):
    """All that judging one service looks at.

    `buckets` are of the last five minutes. `loads` counts those of each site by span in seconds,
    and `expects` what is usual there; the empty site is the service as a whole. `open_keys` are
    those of the alerts that are open.
    """

    service: Service
    now: datetime
    buckets: Sequence[Bucket]
    usual: Shares | None = None
    loads: Mapping[str, Mapping[int, int]] = {}
    expects: Mapping[str, Expected | None] = {}
    names: Mapping[str, str] = {}
    open_keys: frozenset[str] = frozenset()


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Something is wrong: an alert to raise. An empty `title` leaves it to triage."""

    key: str
    trouble: Trouble
    site: str = ""
    severity: Severity | None = None
    title: str = ""
    summary: str
    reason: str


class Judgement(msgspec.Struct, frozen=True):
    """Alerts to raise, and the keys of those to clear."""

    raised: tuple[Said, ...]
    cleared: tuple[str, ...]


class _Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One share: how it is counted, from where on it matters, what is taken for usual."""

    trouble: Trouble
    count: Callable[[Counts], int]
    usual: Callable[[Shares], float]
    least_ratio: float
    cold_ratio: float
    floor_ratio: float
    spans_s: tuple[int, ...]
    least_loads: int
    verb: str
    title: str = ""


_RULES = (
    _Rule(
        trouble=Trouble.FAILING,
        count=lambda each: each.failed,
        usual=lambda usual: usual.failed,
        least_ratio=0.10,
        cold_ratio=0.05,
        floor_ratio=0.02,
        spans_s=_FAST_S,
        least_loads=_LEAST_LOADS,
        verb="do not load",
    ),
    _Rule(
        trouble=Trouble.SLOW,
        count=lambda each: each.slow,
        usual=lambda usual: usual.slow,
        least_ratio=0.30,
        cold_ratio=0.20,
        floor_ratio=0.05,
        spans_s=_SLOW_S,
        least_loads=_LEAST_LOADS_OF_THE_REST,
        verb="are slow",
        title="{} is slow on customers’ pages",
    ),
    _Rule(
        trouble=Trouble.ERRORS,
        count=lambda each: each.errors,
        usual=lambda usual: usual.errors,
        least_ratio=0.20,
        cold_ratio=0.10,
        floor_ratio=0.05,
        spans_s=_SLOW_S,
        least_loads=_LEAST_LOADS_OF_THE_REST,
        verb="meet a JavaScript error",
        title="{} meets errors on customers’ pages",
    ),
    _Rule(
        trouble=Trouble.API,
        count=lambda each: each.api_failed,
        usual=lambda usual: usual.api_failed,
        least_ratio=0.20,
        cold_ratio=0.10,
        floor_ratio=0.05,
        spans_s=_SLOW_S,
        least_loads=_LEAST_LOADS_OF_THE_REST,
        verb="meet a failed API call",
        title="Calls of {} fail on customers’ pages",
    ),
)


class _Finding(msgspec.Struct, frozen=True):
    span_s: int
    count: int
    loads: int

    @property
    def words(self) -> str:
        """Give the figures."""
        share = f"{self.count / self.loads * 100:.3g} %"
        return f"{share} of loads ({self.count} of {self.loads} in {write_duration(self.span_s)})"


def key_of(service: str, trouble: Trouble, site: str = "") -> str:
    """Name an alert: `widget`, `widget/slow`, `widget/quiet`, `widget/site/acme`."""
    parts = [service]
    if trouble is not Trouble.FAILING:
        parts.append(trouble.value)
    if site:
        parts += ["site", site]
    return "/".join(parts)


def judge(view: View) -> Judgement:
    """Say what to raise and what to clear. What is open and goes on is neither."""
    raised: list[Said] = []
    cleared: list[str] = []
    all_sums = add_up(view.buckets, view.now)
    whole = all_sums.pop("", NOTHING)
    for rule in _RULES:
        key = key_of(view.service.name, rule.trouble)
        if key in view.open_keys:
            if _is_over(rule, whole, view.usual):
                cleared.append(key)
        elif said := _service_wide(rule, key, view, whole, all_sums):
            raised.append(said)
    wide = key_of(view.service.name, Trouble.FAILING)
    everywhere = wide in view.open_keys or any(each.key == wide for each in raised)
    _judge_sites(view, all_sums, raised, cleared, everywhere=everywhere)
    _judge_quiet(view, raised, cleared)
    return Judgement(tuple(raised), tuple(cleared))


def usual_shares(hours: Iterable[Counts]) -> Shares | None:
    """Learn what is usual from past hours of a service; None while too few are known."""
    full = [each for each in hours if each.loads >= _HOUR_LOADS]
    if len(full) < _LEAST_HOURS:
        return None

    def middle(count: Callable[[Counts], int]) -> float:
        ratios = sorted(count(each) / each.loads for each in full)
        return ratios[len(ratios) // 2]

    failed, slow, errors, api = (middle(rule.count) for rule in _RULES)
    return Shares(failed=failed, slow=slow, errors=errors, api_failed=api)


def _service_wide(
    rule: _Rule, key: str, view: View, whole: Sums, sites: Mapping[str, Sums]
) -> Said | None:
    finding = _found(rule, whole, view.usual)
    if finding is None:
        return None
    if rule.trouble is Trouble.FAILING and (
        whole[LOOK_BACK_S].visitors < _LEAST_VISITORS
        or _only_some(rule, finding.span_s, sites, view.usual)
    ):
        return None
    title = view.service.title
    return Said(
        key=key,
        trouble=rule.trouble,
        title=rule.title.format(title) if rule.title else "",
        summary=f"{title}: {finding.words} {rule.verb} on customers’ pages",
        reason=f"{finding.words} {rule.verb}; {_usual_words(rule, view.usual)}.",
    )


def _only_some(rule: _Rule, span_s: int, sites: Mapping[str, Sums], usual: Shares | None) -> bool:
    """Whether a few sites fail while the others do well: then it is theirs, not the service's."""
    failing = {site for site, sums in sites.items() if _found(rule, sums, usual)}
    if not 0 < len(failing) <= max(1, int(len(sites) * _ALONE_RATIO)):
        return False
    others = {
        span: total(sums[span] for site, sums in sites.items() if site not in failing)
        for span in _FAST_S
    }
    return others[span_s].loads >= _LEAST_LOADS and _found(rule, others, usual) is None


def _judge_sites(
    view: View,
    sites: Mapping[str, Sums],
    raised: list[Said],
    cleared: list[str],
    *,
    everywhere: bool,
) -> None:
    rule, service = _RULES[0], view.service
    found = {site: _found(rule, sums, view.usual) for site, sums in sites.items()}
    failing = sum(each is not None for each in found.values())
    room = _MOST_SITES - sum("/site/" in key for key in view.open_keys)
    for site, finding in sorted(found.items()):
        key, sums = key_of(service.name, Trouble.FAILING, site), sites[site]
        if key in view.open_keys:
            if _is_over(rule, sums, view.usual):
                cleared.append(key)
        elif (
            finding is not None
            and not everywhere
            and len(sites) > 1
            and sums[LOOK_BACK_S].visitors >= _LEAST_VISITORS_OF_A_SITE
            and room > 0
        ):
            room -= 1
            name = view.names.get(site, site)
            raised.append(
                Said(
                    key=key,
                    trouble=rule.trouble,
                    site=site,
                    severity=Severity.S3,
                    title=f"{service.title} does not load at {name}",
                    summary=f"{service.title}: {finding.words} {rule.verb} at {name}",
                    reason=f"{finding.words} {rule.verb} at {name}; "
                    f"{failing} of {len(sites)} sites fail.",
                )
            )


def _judge_quiet(view: View, raised: list[Said], cleared: list[str]) -> None:
    whole = key_of(view.service.name, Trouble.QUIET)
    found = too_quiet(view.expects.get(""), view.loads.get("", {}))
    if whole in view.open_keys:
        if is_back(view.expects.get(""), view.loads.get("", {})):
            cleared.append(whole)
    elif found:
        raised.append(_quiet(view, whole, "", found))
    silent = found is not None or whole in view.open_keys
    already = sum("/site/" in key for key in view.open_keys)
    for site, expects in view.expects.items():
        if not site:
            continue
        key, seen = key_of(view.service.name, Trouble.QUIET, site), view.loads.get(site, {})
        if key in view.open_keys:
            if is_back(expects, seen):
                cleared.append(key)
        elif not silent and already < _MOST_SITES and (quiet := too_quiet(expects, seen)):
            already += 1
            raised.append(_quiet(view, key, site, quiet))


def _quiet(view: View, key: str, site: str, found: Quiet) -> Said:
    where = f"{view.names.get(site, site)} has" if site else "Customers’ pages have"
    span = write_duration(found.span_s)
    title = view.service.title
    figures = f"{found.loads} loads in {span}, where {found.usual:.3g} are usual at this hour"
    return Said(
        key=key,
        trouble=Trouble.QUIET,
        site=site,
        severity=Severity.S3 if site else None,
        title=f"{where} gone quiet about {title}",
        summary=f"{title}: {figures}",
        reason=f"{figures}.",
    )


def _found(rule: _Rule, sums: Sums, usual: Shares | None) -> _Finding | None:
    """Give the shortest span in which the share is too high to be chance."""
    usual_ratio = _usual_ratio(rule, usual)
    least = max(rule.least_ratio, 3 * usual_ratio if usual else 0.0)
    for span_s in rule.spans_s:
        each = sums[span_s]
        count = min(rule.count(each), each.loads)
        if (
            each.loads >= rule.least_loads
            # Five minutes still show what the last one has got over.
            and not (span_s == LOOK_BACK_S and _is_over(rule, sums, usual))
            and count >= least * each.loads
            and above_by_chance(count, each.loads, min(2 * usual_ratio, 0.5)) < _CHANCE
        ):
            return _Finding(span_s, count, each.loads)
    return None


def _is_over(rule: _Rule, sums: Sums, usual: Shares | None) -> bool:
    """Whether the share has come down to half of what raises it; too few loads say nothing."""
    limit = max(rule.least_ratio, 3 * _usual_ratio(rule, usual) if usual else 0.0) / 2
    for span_s in _SLOW_S:
        each = sums[span_s]
        if each.loads >= rule.least_loads:
            return rule.count(each) < limit * each.loads
    return False


def _usual_ratio(rule: _Rule, usual: Shares | None) -> float:
    return max(rule.usual(usual), rule.floor_ratio / 2) if usual else rule.cold_ratio / 2


def _usual_words(rule: _Rule, usual: Shares | None) -> str:
    if usual is None:
        return "what is usual is not known yet"
    return f"{rule.usual(usual) * 100:.2g} % are usual"
