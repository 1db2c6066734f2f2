"""Shares over a length of time, in bounded memory: how many looks failed, or took too long.

The window moves in tenths of its length, so a share is over nine tenths to the whole of it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from relight.catalog.service import Window

Slot: TypeAlias = tuple[int, int, int]
"""A tenth of a window: its number since 1970, the looks in it, and how many of them were bad."""

_TENTHS = 10
_LEAST_BAD = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def counted(slots: Sequence[Slot], window: Window, at: datetime, *, bad: bool) -> tuple[Slot, ...]:
    """Count one look; what has left the window is forgotten."""
    width_s = window.over_s / _TENTHS
    number = int((at - _EPOCH).total_seconds() // width_s)
    kept = [slot for slot in slots if number - _TENTHS < slot[0] <= number]
    looks = failed = 0
    if kept and kept[-1][0] == number:
        _, looks, failed = kept.pop()
    kept.append((number, looks + 1, failed + int(bad)))
    return tuple(kept)


def is_over(slots: Sequence[Slot], share: float, *, already: bool) -> bool:
    """Whether more than this share of the looks was bad, two at least.

    What is over `already` stays so until the share is half of it, so that it does not flutter.
    """
    looks, bad = totals(slots)
    if already:
        return bad > looks * share / 2
    return bad >= _LEAST_BAD and bad > looks * share


def totals(slots: Sequence[Slot]) -> tuple[int, int]:
    """Give the looks of the window, and how many of them were bad."""
    return sum(slot[1] for slot in slots), sum(slot[2] for slot in slots)
