"""One hour of one check as a few bytes, and the planning of what is read from where. Pure.

A pack is a column per field, so that like stands beside like, then deflated: the gaps between
results, whether each was fine, how long each took. Measured with jittered times and latencies,
a result takes four to five bytes.
"""

import sys
import zlib
from array import array
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

import msgspec

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_EPOCH_DAY = _EPOCH.date()
_WIDTH = 4
_LARGEST = (1 << 8 * _WIDTH) - 1


class Sample(NamedTuple):
    """One result of a check: milliseconds since 1970 UTC, fine or not, how many ms it took."""

    at_ms: int
    ok: bool
    took_ms: int


class Totals(NamedTuple):
    """What an hour or a day comes to."""

    n: int
    up: int
    ms_sum: int
    ms_max: int


class Span(NamedTuple):
    """A half-open span in milliseconds since 1970 UTC."""

    start_ms: int
    end_ms: int


class Reading(msgspec.Struct, frozen=True):
    """Where the counts of a span come from: whole days, whole hours, and odd ends row by row."""

    days: tuple[int, ...]
    hours: tuple[int, ...]
    spans: tuple[Span, ...]


def to_ms(at: datetime) -> int:
    """Write an aware time as milliseconds since 1970 UTC, rounded down."""
    return (at - _EPOCH) // _MS


def from_ms(at_ms: int) -> datetime:
    """Read an aware UTC time."""
    return _EPOCH + timedelta(milliseconds=at_ms)


def day_number(day: date) -> int:
    """Count the days since 1970."""
    return (day - _EPOCH_DAY).days


def day_date(number: int) -> date:
    """Read a count of days since 1970."""
    return _EPOCH_DAY + timedelta(days=number)


def pack(hour: int, samples: Sequence[Sample]) -> bytes:
    """Write the samples of one hour (hours since 1970), sorted by time, no two at the same."""
    start = hour * HOUR_MS
    times = [sample.at_ms - start for sample in samples]
    gaps = [now - before for before, now in zip([0, *times], times, strict=False)]
    took = [min(sample.took_ms, _LARGEST) for sample in samples]
    fine = bytes(sample.ok for sample in samples)
    return zlib.compress(_planes(gaps) + _planes(took) + fine, 9)


def unpack(hour: int, body: bytes) -> list[Sample]:
    """Read the samples of one hour again."""
    raw = zlib.decompress(body)
    n = len(raw) // (2 * _WIDTH + 1)
    gaps, took = _numbers(raw[: _WIDTH * n]), _numbers(raw[_WIDTH * n : 2 * _WIDTH * n])
    times = accumulate(gaps)
    start = hour * HOUR_MS
    return [
        Sample(start + at, bool(ok), ms)
        for at, ok, ms in zip(times, raw[2 * _WIDTH * n :], took, strict=True)
    ]


def merge(*parts: Iterable[Sample]) -> list[Sample]:
    """Join samples from several places, one a moment; the same moment counts once."""
    by_time: dict[int, Sample] = {}
    for part in parts:
        for sample in part:
            by_time.setdefault(sample.at_ms, sample)
    return sorted(by_time.values())


def totals(samples: Collection[Sample]) -> Totals:
    """Add up."""
    took = [sample.took_ms for sample in samples]
    return Totals(len(took), sum(sample.ok for sample in samples), sum(took), max(took, default=0))


def plan(span: Span, *, raw_days: Collection[int], packed: Collection[int]) -> Reading:
    """Split a span by where its counts are cheapest and still exact.

    A whole day without a raw table is read from its rollup, a whole hour in `packed` from its
    packs, everything else sample by sample.
    """
    days: list[int] = []
    hours: list[int] = []
    spans: list[Span] = []
    at = span.start_ms
    while at < span.end_ms:
        day, hour = at // DAY_MS, at // HOUR_MS
        if at % DAY_MS == 0 and at + DAY_MS <= span.end_ms and day not in raw_days:
            days.append(day)
            at += DAY_MS
        elif at % HOUR_MS == 0 and at + HOUR_MS <= span.end_ms and hour in packed:
            hours.append(hour)
            at += HOUR_MS
        else:
            end = min((hour + 1) * HOUR_MS, span.end_ms)
            spans.append(Span(at, end))
            at = end
    return Reading(tuple(days), tuple(hours), tuple(spans))


def _planes(numbers: list[int]) -> bytes:
    """Write numbers as four planes of bytes: the high ones are nearly all zero and vanish."""
    column = array("I", numbers)
    if sys.byteorder == "big":
        column.byteswap()
    raw = column.tobytes()
    return b"".join(raw[plane::_WIDTH] for plane in range(_WIDTH))


def _numbers(planes: bytes) -> list[int]:
    n = len(planes) // _WIDTH
    raw = bytearray(len(planes))
    for plane in range(_WIDTH):
        raw[plane::_WIDTH] = planes[plane * n : (plane + 1) * n]
    column = array("I", bytes(raw))
    if sys.byteorder == "big":
        column.byteswap()
    return column.tolist()
