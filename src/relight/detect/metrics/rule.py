"""Says of a bound whether it is kept, from the points alone: a restart forgets nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from relight.catalog.metric import MetricRule
from relight.detect.bounds import compared, shown
from relight.detect.exposition import read_selector
from relight.detect.metrics.expression import Expression, reckon
from relight.detect.metrics.reading import History, Labels
from relight.kernel.period import write_duration

STEP_S = 15
_CLEAR_MOST_S = 120
_UNITS = {"_seconds": " s", "_bytes": " B"}


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """How one group of a rule stands.

    `kept` is True where the bound was kept long enough for an alert to be over, False where it was
    broken long enough for one, and None where it cannot be told, which changes nothing.
    """

    group: Labels
    kept: bool | None
    value: float | None
    reason: str


def expression_of(rule: MetricRule) -> Expression:
    """Give what a rule reckons."""
    return Expression(
        selector=read_selector(rule.metric),
        rate_s=rule.rate_s,
        quantile=rule.quantile,
        by=rule.by,
        combine=rule.combine,
    )


def reach_s(rule: MetricRule) -> int:
    """Tell how far back a rule has to read."""
    return expression_of(rule).reach_s + max(rule.for_s, STEP_S)


def stands(rule: MetricRule, histories: Sequence[History], now: datetime) -> tuple[Stand, ...]:
    """Judge every group of a rule.

    Broken means beyond the bound at every step of `for_s` that has a figure, the first and the
    newest among them. Kept means within it at every step of as long, at most two minutes.
    """
    expression = expression_of(rule)
    steps = max(1, -(-rule.for_s // STEP_S))
    moments = [now - timedelta(seconds=STEP_S * n) for n in range(steps, -1, -1)]
    figures = [reckon(expression, histories, moment) for moment in moments]
    groups = sorted({group for each in figures for group in each})
    back = min(steps, _CLEAR_MOST_S // STEP_S)
    return tuple(
        _stand(rule, group, [each.get(group) for each in figures], back) for group in groups
    )


def _stand(rule: MetricRule, group: Labels, values: Sequence[float | None], back: int) -> Stand:
    newest = values[-1]
    if newest is None:
        return Stand(group=group, kept=None, value=None, reason="There is no new figure.")
    broken = [None if each is None else not _within(rule, each) for each in values]
    _, said = compared(named(rule), newest, above=rule.above, below=rule.below, unit=unit(rule))
    lasts = write_duration(rule.for_s)
    if broken[0] and all(each is not False for each in broken):
        reason = f"{said}, for {lasts}" if rule.for_s else said
        return Stand(group=group, kept=False, value=newest, reason=reason)
    if all(each is False for each in broken[-back - 1 :]):
        return Stand(group=group, kept=True, value=newest, reason=said)
    return Stand(group=group, kept=None, value=newest, reason=f"{said}; not yet for {lasts}")


def _within(rule: MetricRule, value: float) -> bool:
    return compared("", value, above=rule.above, below=rule.below)[0]


def named(rule: MetricRule) -> str:
    """Name the figure of a rule for people."""
    if rule.quantile is not None:
        return f"p{shown(rule.quantile * 100)} of {rule.metric}"
    return rule.metric


def unit(rule: MetricRule) -> str:
    """Give the unit that follows the figure, as the metric's name tells it."""
    name = read_selector(rule.metric).name.removesuffix("_bucket").removesuffix("_total")
    plain = next((each for end, each in _UNITS.items() if name.endswith(end)), "")
    return f"{plain}/s" if rule.rate_s and rule.quantile is None else plain
