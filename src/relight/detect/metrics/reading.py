"""One value of one series at one moment, and many of them in order."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

Labels = tuple[tuple[str, str], ...]
"""Labels by name, sorted, so that one series is written in one way."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A value as it came in. `at` is aware UTC."""

    name: str
    labels: Labels
    at: datetime
    value: float


class Point(msgspec.Struct, frozen=True):
    """A kept value: milliseconds since 1970, and the number."""

    at_ms: int
    value: float


class History(msgspec.Struct, frozen=True):
    """The points of one series, oldest first."""

    labels: Labels
    points: Sequence[Point]


def labels_of(pairs: dict[str, str]) -> Labels:
    """Sort labels; those with an empty value are as good as not there."""
    return tuple(sorted((name, value) for name, value in pairs.items() if value))
