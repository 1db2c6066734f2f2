"""Who is on call."""

from datetime import datetime
from itertools import islice

import msgspec
from litestar import get

from relight.catalog.person import Schedule
from relight.oncall.rota import shifts
from relight.web.account import viewer
from relight.web.api.calling import refusals
from relight.web.house import TheHouse


class NextShape(msgspec.Struct, frozen=True):
    """Who follows, and from when."""

    person: str
    since: datetime


class ScheduleShape(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule: who has it until when, and who follows."""

    name: str
    on_call: tuple[str, ...]
    until: datetime
    next: tuple[NextShape, ...]


class OnCallShape(msgspec.Struct, frozen=True):
    """Everyone on call at a moment. Without schedules everyone in `people` is called."""

    at: datetime
    schedules: tuple[ScheduleShape, ...]


@get(
    "/oncall",
    guards=[viewer],
    sync_to_thread=True,
    summary="See who is on call",
    responses=refusals(409),
)
def on_call(house: TheHouse) -> OnCallShape:
    """Give who is on call now, until when, and who is next."""
    now = house.clock.now()
    return OnCallShape(now, tuple(_shape(each, now) for each in house.kit.catalog.oncall))


def _shape(schedule: Schedule, now: datetime) -> ScheduleShape:
    current, *following = islice(shifts(schedule, now), 3)
    return ScheduleShape(
        name=schedule.name,
        on_call=(current.person,),
        until=current.end,
        next=tuple(NextShape(each.person, each.start) for each in following),
    )


HANDLERS = (on_call,)
