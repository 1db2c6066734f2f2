"""Who is on call. The screen, the pager and the CLI all ask this one function."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from whenever import PlainDateTime, TimeZoneNotFoundError

from relight.catalog.person import Schedule
from relight.kernel.faults import RelightError


class RotationBroken(RelightError):
    """A rotation cannot be worked out."""


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One person's turn, half-open, in aware UTC."""

    schedule: str
    person: str
    start: datetime
    end: datetime


def shift_at(schedule: Schedule, at: datetime) -> Shift:
    """Give the shift that covers a moment.

    Hand-offs stand at the same local time in the schedule's zone, so a week with a clock change is
    an hour longer or shorter. Before the rotation begins its first person is on call: nobody at all
    would be worse. Raises `RotationBroken`.
    """
    guess = int((at - _hand_off(schedule, 0)) / timedelta(days=schedule.every_days))
    turn = max(guess - 1, 0)
    while _hand_off(schedule, turn + 1) <= at:
        turn += 1
    return _shift(schedule, turn)


def shifts(schedule: Schedule, since: datetime) -> Iterator[Shift]:
    """Give the shift that covers a moment and all that follow, without end."""
    shift = shift_at(schedule, since)
    while True:
        yield shift
        shift = shift_at(schedule, shift.end)


def who_is_on_call(schedule: Schedule, at: datetime) -> str:
    """Name the person on call at a moment."""
    return shift_at(schedule, at).person


def _shift(schedule: Schedule, turn: int) -> Shift:
    return Shift(
        schedule=schedule.name,
        person=schedule.people[turn % len(schedule.people)],
        start=_hand_off(schedule, turn),
        end=_hand_off(schedule, turn + 1),
    )


def _hand_off(schedule: Schedule, turn: int) -> datetime:
    """Give the moment at which a turn begins; a local time that a clock change skips moves on."""
    try:
        local = PlainDateTime.parse_iso(schedule.starts).add(days=turn * schedule.every_days)
        moment = local.assume_tz(  # pyright: ignore[reportUnknownMemberType] - its own stub
            schedule.zone, disambiguation="compatible"
        )
    except (ValueError, TimeZoneNotFoundError) as error:
        msg = f"The rotation of `{schedule.name}` cannot be worked out: {error}"
        raise RotationBroken(msg) from error
    return datetime.fromtimestamp(moment.timestamp(), tz=UTC)
