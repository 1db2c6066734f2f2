"""What a vantage point and the house say to each other: plain values, the same on both sides."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from relight.catalog.service import Check
from relight.detect.observation import Observation

MOST_SEEN = 500
"""So many results are handed over at once."""
SKEWED_S = 2.0
"""A clock that is off by more than this is shown to people."""
_LONGEST_REASON = 500
_LONGEST_VALUE = 300
_MOST_EVIDENCE = 20


class Joining(msgspec.Struct, frozen=True):
    """The one-time token that an owner handed over."""

    token: str


class Joined(msgspec.Struct, frozen=True):
    """Who the vantage point is from now on, and the key that proves it."""

    name: str
    key: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One look. `at` is aware UTC by the house's clock, as far as the vantage point knows it."""

    check: str
    at: datetime
    ok: bool
    took_s: float
    reason: str
    evidence: tuple[tuple[str, str], ...] = ()


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What a vantage point hands over in one exchange.

    `sent_at` is its own clock; `revision` that of the checks it has; `unable` says by check why it
    cannot look; `lost` counts results that had no more room; `skew_s` is how far its clock is off.
    """

    version: str
    sent_at: datetime
    revision: str = ""
    seen: tuple[Seen, ...] = ()
    unable: Mapping[str, str] = {}
    lost: int = 0
    skew_s: float = 0.0


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What it is told. `checks` is None where it has the newest; `look_now` names checks.

    Both times are the house's, for the vantage point to set its clock by.
    """

    received_at: datetime
    answered_at: datetime
    revision: str
    checks: tuple[Check, ...] | None = None
    look_now: tuple[str, ...] = ()


def observed(seen: Seen, vantage: str, now: datetime) -> Observation:
    """Take over a look as seen from there: never of later than now, and of bounded length."""
    return Observation(
        check=seen.check,
        vantage=vantage,
        at=min(seen.at, now),
        ok=seen.ok,
        took_s=min(max(seen.took_s, 0.0), 600.0),
        reason=seen.reason[:_LONGEST_REASON],
        evidence=tuple(
            (name[:_LONGEST_VALUE], value[:_LONGEST_VALUE])
            for name, value in seen.evidence[:_MOST_EVIDENCE]
        ),
    )


def offset_s(
    sent_at: datetime, received_at: datetime, answered_at: datetime, got_at: datetime
) -> float:
    """Tell by how much to move our clock to agree with theirs, from one exchange (RFC 5905, 8)."""
    there: timedelta = received_at - sent_at
    back: timedelta = answered_at - got_at
    return (there + back).total_seconds() / 2
