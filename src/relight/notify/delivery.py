"""When a message that did not get through is tried again, and when to say that it will not."""

from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from relight.kernel.period import write_duration
from relight.kernel.plug import Permanent, PlugFailed, Transient

QUICK_S = (5, 15, 30, 60)
"""Waits after the first attempts: most trouble of a provider is over in two minutes."""
STEADY_S = 120
MOST_ATTEMPTS = 30
"""About an hour in all; by then the next step of the page has long been taken."""
LONGEST_WAIT_S = 600
"""A provider may ask for more; a page cannot wait that long."""


class Retry(msgspec.Struct, frozen=True):
    """Try again at that time."""

    at: datetime
    reason: str


class GiveUp(msgspec.Struct, frozen=True):
    """Stop trying; the reason belongs on the timeline, so that somebody sees it."""

    reason: str


Next: TypeAlias = Retry | GiveUp


def next_attempt(attempt: int, failure: PlugFailed, now: datetime) -> Next:
    """Decide what follows the failed attempt number `attempt`, the first being 1.

    A wait that the provider asked for is kept where it is longer than ours, up to a bound.
    """
    if isinstance(failure, Permanent):
        return GiveUp(str(failure))
    if attempt >= MOST_ATTEMPTS:
        return GiveUp(f"Not delivered in {attempt} attempts. The last one: {failure}")
    wait_s: float = QUICK_S[attempt - 1] if attempt <= len(QUICK_S) else STEADY_S
    if isinstance(failure, Transient) and failure.retry_after_s is not None:
        wait_s = max(wait_s, min(failure.retry_after_s, LONGEST_WAIT_S))
    return Retry(now + timedelta(seconds=wait_s), f"{failure} Again in {write_duration(wait_s)}.")
