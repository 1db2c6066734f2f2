"""What traffic is usual at this hour of the week, and whether there is too little of it now.

Learnt from hours past: the median of the same hour in the weeks before, with its spread. While too
few weeks are known the same hour of the days before stands in; while there are too few of those
nothing is known, and nothing is said.
"""

import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from relight.detect.edge.sums import below_by_chance

_WEEKS = 6
_LEAST_WEEKS = 3
_DAYS = 14
_LEAST_DAYS = 5
_SPREAD = 3 * 1.4826  # three standard deviations, by the median absolute deviation
_CHANCE = 1e-6
_REST = 0.2
_BACK = 0.5
_HOUR = timedelta(hours=1)

SPANS_S = (60, 300, 900, 3600)
"""Over how long a look back traffic is compared, in seconds."""


class Expected(msgspec.Struct, frozen=True):
    """Loads in an hour: what is usual, and the least that is still to be expected."""

    usual: float
    low: float


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """Traffic is missing: so many loads in the last `span_s` seconds, where `usual` is usual."""

    span_s: int
    loads: int
    usual: float


def hours_asked(now: datetime) -> list[datetime]:
    """Name the hours that `expected` looks at, each by its beginning."""
    return sorted({hour for offset in (-1, 0, 1) for hour in _samples(_slot(now, offset))})


def expected(loads: Mapping[datetime, int], now: datetime) -> Expected | None:
    """Tell what to expect in the hour of `now`; None while that is not known yet.

    `loads` are by the beginning of an hour. Those without any may be left out, save before the
    first that is there: what was not counted yet is no zero.
    """
    if not loads:
        return None
    began = min(loads)
    around = [_slot_expected(loads, began, _slot(now, offset)) for offset in (-1, 0, 1)]
    here = around[1]
    if here is None:
        return None
    # Traffic climbs and falls within an hour, and summer time moves it by one.
    return Expected(here.usual, min(each.low for each in around if each))


def too_quiet(expects: Expected | None, seen: Mapping[int, int]) -> Quiet | None:
    """Say where so little came that chance does not explain it.

    `seen` are loads by span in seconds; a span that is not in it was not listened to as a whole.
    """
    if expects is None:
        return None
    for span_s in SPANS_S:
        least = expects.low * span_s / 3600
        loads = seen.get(span_s)
        if loads is None:
            continue
        if loads <= least * _REST and below_by_chance(loads, least) < _CHANCE:
            return Quiet(span_s=span_s, loads=loads, usual=expects.usual * span_s / 3600)
    return None


def is_back(expects: Expected | None, seen: Mapping[int, int]) -> bool:
    """Whether traffic is as it should be again, or nothing is to be expected any more."""
    if expects is None or expects.low <= 0:
        return True
    span_s = next((each for each in SPANS_S if expects.low * each / 3600 >= 5), SPANS_S[-1])
    return seen.get(span_s, 0) >= expects.low * span_s / 3600 * _BACK


def _slot(now: datetime, offset: int) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + offset * _HOUR


def _samples(slot: datetime) -> list[datetime]:
    return [
        *(slot - timedelta(weeks=n) for n in range(1, _WEEKS + 1)),
        *(slot - timedelta(days=n) for n in range(1, _DAYS + 1)),
    ]


def _slot_expected(
    loads: Mapping[datetime, int], began: datetime, slot: datetime
) -> Expected | None:
    hours = _samples(slot)
    known = [hour for hour in hours if hour >= began]
    weeks = [hour for hour in known if hour in hours[:_WEEKS]]
    days = [hour for hour in known if hour in hours[_WEEKS:]]
    if len(weeks) >= _LEAST_WEEKS:
        return _spread([loads.get(hour, 0) for hour in weeks])
    if len(days) >= _LEAST_DAYS:
        return _spread([loads.get(hour, 0) for hour in days])
    return None


def _spread(samples: Sequence[int]) -> Expected:
    middle = statistics.median(samples)
    deviation = statistics.median([abs(each - middle) for each in samples])
    low = min(float(min(samples)), middle - _SPREAD * deviation)
    return Expected(usual=float(middle), low=max(0.0, low))
