"""When each check is looked at next: a list in memory, made anew at every start.

A look costs no row of the database. What a restart needs is in the checks' stored states: when each
was last looked at, and how it stood.
"""

import heapq
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from relight.catalog.service import Check
from relight.detect.judge import CheckState, CheckStatus

_APART_S = 0.2


class Timetable:
    """The moments of all checks. Every method may be called from any thread.

    A check that is being looked at has no moment until that look ends, so there is one look at a
    time; what is asked for meanwhile is done right after it.
    """

    def __init__(self, on_sooner: Callable[[], None] = lambda: None) -> None:
        """Begin without a check; `on_sooner` is called when a moment comes up before all others."""
        self._on_sooner = on_sooner
        self._lock = threading.Lock()
        self._heap: list[tuple[datetime, str]] = []
        self._at: dict[str, datetime] = {}
        self._looking: dict[str, datetime | None] = {}

    def keys(self) -> set[str]:
        """Name the checks that have a moment, or are being looked at."""
        with self._lock:
            return self._at.keys() | self._looking.keys()

    def no_later(self, key: str, at: datetime) -> None:
        """Make sure that a check is looked at by then."""
        with self._lock:
            if key in self._looking:
                asked = self._looking[key]
                self._looking[key] = at if asked is None else min(asked, at)
                return
            if key in self._at and self._at[key] <= at:
                return
            self._put(key, at)
            first = self._heap[0][1] == key
        if first:
            self._on_sooner()

    def next_at(self) -> datetime | None:
        """Tell when the next check is due."""
        with self._lock:
            while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
                heapq.heappop(self._heap)  # it was moved, or is gone
            return self._heap[0][0] if self._heap else None

    def take(self, now: datetime, most: int = sys.maxsize) -> list[tuple[str, datetime]]:
        """Take the checks that are due with their moments, first come; `ended` gives each back."""
        due: list[tuple[str, datetime]] = []
        with self._lock:
            while self._heap and self._heap[0][0] <= now and len(due) < most:
                at, key = heapq.heappop(self._heap)
                if self._at.get(key) == at:
                    del self._at[key]
                    self._looking[key] = None
                    due.append((key, at))
        return due

    def ended(self, key: str, again_at: datetime) -> None:
        """Say that a look has ended, and when to look again unless it was asked for sooner."""
        with self._lock:
            if key not in self._looking:
                return  # no longer declared
            asked = self._looking.pop(key)
            self._put(key, again_at if asked is None else min(asked, again_at))
            first = self._heap[0][1] == key
        if first:
            self._on_sooner()

    def forget(self, key: str) -> None:
        """Take a check out; a look under way at it leads to no other."""
        with self._lock:
            self._at.pop(key, None)
            self._looking.pop(key, None)

    def clear(self) -> None:
        """Take all checks out."""
        with self._lock:
            self._heap.clear()
            self._at.clear()
            self._looking.clear()

    def shift(self, by: timedelta) -> None:
        """Move every moment as the clock was moved, so that running delays keep their length."""
        with self._lock:
            self._at = {key: at + by for key, at in self._at.items()}
            self._looking = {key: at and at + by for key, at in self._looking.items()}
            self._heap = [(at, key) for key, at in self._at.items()]
            heapq.heapify(self._heap)

    def _put(self, key: str, at: datetime) -> None:
        self._at[key] = at
        heapq.heappush(self._heap, (at, key))


def first_looks(
    checks: Mapping[str, Check], states: Mapping[str, CheckState], now: datetime
) -> dict[str, datetime]:
    """Spread the first looks at some checks, each within its own interval.

    One that was up when it was last looked at, not too long ago, keeps its rhythm; one that was in
    trouble is looked at now. Pure.
    """
    found: dict[str, datetime] = {}
    n = 0
    for key in sorted(checks):
        check, state = checks[key], states.get(key)
        every = timedelta(seconds=check.every_s)
        if state is not None and state.last_at is not None:
            following = state.last_at + every
            if state.status is not CheckStatus.UP:
                found[key] = now
                continue
            if now < following <= now + every:
                found[key] = following
                continue
        apart_s = min(_APART_S, check.every_s / len(checks))
        found[key] = now + timedelta(seconds=n * apart_s)
        n += 1
    return found


def again_at(due_at: datetime, next_in_s: float, every_s: float, now: datetime) -> datetime:
    """Tell when to look again after a look that was due at `due_at` and ended now. Pure.

    A check in its usual rhythm keeps it, however long its look took; one whose look took longer
    than its interval is looked at again at once. All else counts from the end of the look.
    """
    if next_in_s != every_s:
        return now + timedelta(seconds=next_in_s)
    return max(now, due_at + timedelta(seconds=every_s))
