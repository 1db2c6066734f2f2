"""What an incident still owes, and by when: the timers that its page counts down."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from relight.incident.state import Incident
from relight.incident.status import Audience


class What(StrEnum):
    """The things that the severity's rule asks for in time."""

    ACKNOWLEDGE = "acknowledge"
    FIRST_NOTICE = "first_notice"
    INTERNAL_UPDATE = "internal_update"
    PUBLIC_UPDATE = "public_update"
    POSTMORTEM = "postmortem"


_LABELS = {
    What.ACKNOWLEDGE: "Acknowledge",
    What.FIRST_NOTICE: "First public notice",
    What.INTERNAL_UPDATE: "Next internal update",
    What.PUBLIC_UPDATE: "Next public update",
    What.POSTMORTEM: "Postmortem",
}


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """One timer from `started_at` to `due_at`; `overdue` while it is late and not done."""

    what: What
    label: str
    started_at: datetime
    due_at: datetime
    done_at: datetime | None = None
    overdue: bool = False


def owed(incident: Incident, now: datetime) -> tuple[Owed, ...]:
    """Give the incident's timers in the order they run out first when it is declared.

    While it is live: acknowledging, the words inside and outside. Once it has ended: the
    postmortem, done when the incident is closed. A drill owes the public nothing. What has been
    done stays in the list with its time, so that the page can show it was in time.
    """
    timers = _while_live(incident) if incident.live else _after(incident)
    return tuple(
        Owed(
            what=what,
            label=_LABELS[what],
            started_at=started_at,
            due_at=due_at,
            done_at=done_at,
            overdue=done_at is None and now >= due_at,
        )
        for what, started_at, due_at, done_at in timers
    )


_Timer = tuple[What, datetime, datetime, datetime | None]


def _while_live(incident: Incident) -> Iterator[_Timer]:
    rule = incident.rule
    if rule.acknowledge_s is not None:
        # Paging begins anew when it is reopened or becomes severe, and acknowledging with it.
        start = incident.paging.started_at if incident.paging else incident.declared_at
        due = start + timedelta(seconds=rule.acknowledge_s)
        yield What.ACKNOWLEDGE, start, due, incident.acknowledged_at
    if rule.public_notice_s is not None and not incident.drill:
        start = incident.declared_at
        due = start + timedelta(seconds=rule.public_notice_s)
        first = incident.public_updates[0].at if incident.is_public else None
        yield What.FIRST_NOTICE, start, due, first
    if incident.next_internal_at is not None:
        start = _last_word_at(incident, Audience.INTERNAL)
        yield What.INTERNAL_UPDATE, start, incident.next_internal_at, None
    if incident.next_public_at is not None and not incident.drill:
        start = _last_word_at(incident, Audience.PUBLIC)
        yield What.PUBLIC_UPDATE, start, incident.next_public_at, None


def _after(incident: Incident) -> Iterator[_Timer]:
    length_s = incident.rule.postmortem_s
    if incident.resolved_at is not None and length_s is not None:
        due = incident.resolved_at + timedelta(seconds=length_s)
        yield What.POSTMORTEM, incident.resolved_at, due, incident.closed_at


def _last_word_at(incident: Incident, audience: Audience) -> datetime:
    given = [each.at for each in incident.updates if each.audience is audience]
    return given[-1] if given else incident.declared_at
