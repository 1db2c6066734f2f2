"""Who is on call now, until when, who follows, and where nobody could be reached."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

import msgspec

from relight.catalog.catalog import Catalog
from relight.catalog.person import Person, Schedule
from relight.oncall.rota import Shift, shift_at, shifts

_NEXT = 4
_DAYS = 7


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule now: who, until when, who follows. `person` is None for a name nobody has."""

    schedule: Schedule
    shift: Shift
    person: Person | None
    upcoming: tuple[Shift, ...]


class DayOfWeek(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the strip: its start in UTC and who is on call in it, in order."""

    start: datetime
    people: tuple[str, ...]


class OnCall(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page says; without schedules `turns` is empty and everyone is called."""

    turns: tuple[Turn, ...]
    everyone: tuple[Person, ...]
    gaps: tuple[str, ...]
    week: tuple[tuple[str, tuple[DayOfWeek, ...]], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Name who is called first."""
        if self.turns:
            return tuple(dict.fromkeys(turn.shift.person for turn in self.turns))
        return tuple(person.name for person in self.everyone)


def on_call(catalog: Catalog, now: datetime) -> OnCall:
    """Look at every schedule at this moment."""
    turns = tuple(_turn(catalog, schedule, now) for schedule in catalog.oncall)
    return OnCall(
        turns=turns,
        everyone=catalog.people,
        gaps=tuple(_gaps(catalog, turns)),
        week=tuple((each.name, _week(each, now)) for each in catalog.oncall),
    )


def _turn(catalog: Catalog, schedule: Schedule, now: datetime) -> Turn:
    shift = shift_at(schedule, now)
    return Turn(
        schedule=schedule,
        shift=shift,
        person=catalog.person(shift.person),
        upcoming=tuple(islice(shifts(schedule, shift.end), _NEXT)),
    )


def _gaps(catalog: Catalog, turns: tuple[Turn, ...]) -> Iterator[str]:
    if not catalog.people:
        yield "Nobody is in `people`, so nobody is called."
    for turn in turns:
        if turn.person is None:
            yield f"{turn.shift.person} is on call in {turn.schedule.name} and is not in `people`."
    for person in catalog.people:
        if not person.contacts:
            yield f"{person.name} has no contact, so no page reaches them."


def _week(schedule: Schedule, now: datetime) -> tuple[DayOfWeek, ...]:
    first = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return tuple(_day(schedule, first + timedelta(days=n)) for n in range(_DAYS))


def _day(schedule: Schedule, start: datetime) -> DayOfWeek:
    end = start + timedelta(days=1)
    within = takewhile(lambda shift: shift.start < end, shifts(schedule, start))
    return DayOfWeek(start=start, people=tuple(dict.fromkeys(each.person for each in within)))
