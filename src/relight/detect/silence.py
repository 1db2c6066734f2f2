"""Which silence an alert falls under, and until when; what is silenced is never lost.

An alert that is still open when its silence ends is looked at then, as if it had just been opened.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from whenever import Date, Time, TimeZoneNotFoundError

from relight.catalog.silence import Recurring, Silence
from relight.detect.alert import Alert
from relight.kernel.faults import RelightError

_WEEK = 7


class WindowBroken(RelightError):
    """A recurring window cannot be worked out."""


class Silenced(msgspec.Struct, frozen=True, kw_only=True):
    """A silence that lasts now, and the moment at which this turn of it ends."""

    silence: Silence
    until: datetime

    @property
    def sentence(self) -> str:
        """Say why nobody is called, for people."""
        what = "Under maintenance" if self.silence.maintenance else "Silenced"
        why = f": {self.silence.reason.rstrip('.')}" if self.silence.reason else ""
        return f"{what} until {self.until:%Y-%m-%d %H:%M} UTC by {self.silence.name}{why}."


def lasts_until(silence: Silence, now: datetime) -> datetime | None:
    """Give the end of the turn that lasts now; None where none does. Windows are half-open."""
    if silence.recurring is not None:
        return _turn_until(silence.recurring, now)
    begun = silence.starts is None or silence.starts <= now
    return silence.ends if begun and silence.ends is not None and now < silence.ends else None


def turns(recurring: Recurring, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Give the turns of a recurring window around now, the oldest first, in aware UTC.

    They stand at the same local time through changes of the clock, and each lasts its full length;
    a local time that is skipped moves on, one that comes twice is the first. Raises `WindowBroken`.
    """
    back = recurring.for_s // 86400 + 2
    utc = now.astimezone(UTC)
    today = Date(utc.year, utc.month, utc.day)
    for shift in range(-back, _WEEK + 2):
        day = today.add(days=shift)
        if recurring.on and day.day_of_week().value - 1 not in recurring.on:
            continue
        start = _at(day, recurring)
        yield start, start + timedelta(seconds=recurring.for_s)


def _turn_until(recurring: Recurring, now: datetime) -> datetime | None:
    # Turns may overlap where one is longer than the time to the next.
    ends = [end for start, end in turns(recurring, now) if start <= now < end]
    return max(ends, default=None)


def _at(day: Date, recurring: Recurring) -> datetime:
    try:
        local = day.at(Time.parse_iso(recurring.at))
        moment = local.assume_tz(  # pyright: ignore[reportUnknownMemberType] - its own stub
            recurring.zone, disambiguation="compatible"
        )
    except (ValueError, TimeZoneNotFoundError) as error:
        msg = f"A window at {recurring.at} in {recurring.zone} cannot be worked out: {error}"
        raise WindowBroken(msg) from error
    return datetime.fromtimestamp(moment.timestamp(), tz=UTC)


def matches(silence: Silence, alert: Alert) -> bool:
    """Whether an alert carries every label that the silence names.

    A severity that the source did not give matches no severity; one without any label matches all.
    """
    return (
        (not silence.services or alert.service in silence.services)
        and (not silence.checks or alert.key in silence.checks)
        and (not silence.sources or alert.source in silence.sources)
        and (not silence.routes or alert.route in silence.routes)
        and (not silence.severities or alert.severity in silence.severities)
    )


def silenced(alert: Alert, silences: Iterable[Silence], now: datetime) -> Silenced | None:
    """Give the silence that an alert falls under now, the one that lasts longest."""
    return _longest(each for each in _lasting(silences, now) if matches(each.silence, alert))


def maintained(service: str, silences: Iterable[Silence], now: datetime) -> Silenced | None:
    """Give the maintenance of a service that lasts now."""
    return _longest(
        each
        for each in _lasting(silences, now)
        if each.silence.maintenance and service in each.silence.services
    )


def _lasting(silences: Iterable[Silence], now: datetime) -> Iterator[Silenced]:
    for silence in silences:
        until = lasts_until(silence, now)
        if until is not None:
            yield Silenced(silence=silence, until=until)


def _longest(found: Iterable[Silenced]) -> Silenced | None:
    return max(found, key=lambda each: each.until, default=None)
