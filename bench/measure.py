"""What every measurement shares: taking turns, medians, and figures with a target."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the report. `target` is a bound on ours; `better` says on which side it lies."""

    what: str
    unit: str
    ours: float
    better: Literal["less", "more"]
    target: float | None = None
    peer: float | None = None
    peer_name: str = ""

    @property
    def missed(self) -> bool:
        """Whether ours lies on the wrong side of the target."""
        if self.target is None:
            return False
        return self.ours > self.target if self.better == "less" else self.ours < self.target

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer ours is; below one it is worse."""
        if not self.peer or not self.ours:
            return None
        return self.peer / self.ours if self.better == "less" else self.ours / self.peer


@dataclass(frozen=True)
class Section:
    """What one measurement came to, with a few sentences on how it was taken."""

    title: str
    how: str
    figures: Sequence[Figure]
    load: float = 0.0  # what else wanted the cores when it began: the machine's one-minute load


class NotMeasured(Exception):
    """Something that the measurement needs is not there, or did not do its part."""


def in_turn(*sides: Callable[[], float], rounds: int, warm_up: int = 1) -> list[float]:
    """Run each side once a round, one after the other, and give the median of each."""
    taken: list[list[float]] = [[] for _ in sides]
    for n in range(warm_up + rounds):
        # Who goes first changes, so that neither always meets the machine in the same state.
        order = range(len(sides)) if n % 2 else reversed(range(len(sides)))
        for side in order:
            value = sides[side]()
            if n >= warm_up:
                taken[side].append(value)
    return [statistics.median(each) for each in taken]
