"""The one place that asks the machine what time it is."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the doors get `now` from. The core takes it as an argument instead."""

    def now(self) -> datetime:
        """Give the aware UTC time."""
        ...

    def monotonic_s(self) -> float:
        """Give seconds that never go back; only differences mean anything."""
        ...


class SystemClock:
    """The wall clock at the start plus monotonic time since: running delays keep their length.

    A step of the machine's wall clock (NTP, suspend, an operator) does not move `now`; `step_s`
    tells how far the two have drifted apart and `follow` adopts the wall clock again. The
    worker calls it and records an entry when the step is larger than two seconds.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the two clocks of the machine; tests hand in their own."""
        self._wall = wall
        self._monotonic = monotonic
        self._offset_s = wall() - monotonic()

    def now(self) -> datetime:
        """Give the aware UTC time."""
        return datetime.fromtimestamp(self._monotonic() + self._offset_s, tz=UTC)

    def monotonic_s(self) -> float:
        """Give seconds that never go back."""
        return self._monotonic()

    def step_s(self) -> float:
        """Tell how far the wall clock has moved from ours, in seconds; positive is ahead."""
        return self._wall() - (self._monotonic() + self._offset_s)

    def follow(self) -> float:
        """Adopt the wall clock and give the step that was taken, in seconds."""
        step_s = self.step_s()
        self._offset_s += step_s
        return step_s


class JumpingClock:
    """A clock that stands still until told to jump, for tests and replays."""

    def __init__(self, start: datetime) -> None:
        """Start at an aware time."""
        if start.tzinfo is None:
            msg = "a clock needs an aware time"
            raise ValueError(msg)
        self._now = start.astimezone(UTC)
        self._monotonic_s = 0.0

    def now(self) -> datetime:
        """Give the time it stands at."""
        return self._now

    def monotonic_s(self) -> float:
        """Give the seconds jumped so far."""
        return self._monotonic_s

    def jump(self, seconds: float) -> datetime:
        """Go forward and give the new time."""
        if seconds < 0:
            msg = "time only goes forward"
            raise ValueError(msg)
        self._now += timedelta(seconds=seconds)
        self._monotonic_s += seconds
        return self._now
