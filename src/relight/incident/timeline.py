"""Puts every entry into words, once, for the pages, the command line, chats and the postmortem.

`sentence` knows one event; `rows` knows its neighbours too, so it can say whose page it was, what
alert is over and which entries were put right later.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias, assert_never

import msgspec

from relight.incident import events as ev
from relight.incident.details import Detail, details, shortened
from relight.incident.status import Audience, Duty
from relight.kernel.ledger import Entry, Unknown
from relight.kernel.period import write_duration

Weight: TypeAlias = Literal["key", "normal", "quiet"]
Pages: TypeAlias = Mapping[str, ev.PageRequested]
Told: TypeAlias = Mapping[str, str]
"""What alerts that come from no check say, by alert id."""

_DUTY = {
    Duty.COMMANDER: "command",
    Duty.OPERATIONS: "operations",
    Duty.COMMUNICATIONS: "communications",
    Duty.SCRIBE: "the record",
}


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """The right words for an entry, where they stand, and why they were needed."""

    seq: int
    at: datetime
    by: str
    text: str
    reason: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the timeline.

    `at` is when it happened, `recorded_at` when it was written down; aware UTC. `kind` is the
    event's tag. `corrected` strikes the row: its sentence was wrong, these are the right words.
    """

    seq: int
    at: datetime
    recorded_at: datetime
    by: str
    kind: str
    sentence: str
    detail: tuple[Detail, ...] = ()
    corrected: Correction | None = None
    weight: Weight = "normal"


def rows(entries: Sequence[Entry[ev.IncidentEvent]]) -> tuple[Row, ...]:
    """Word entries in their order. Pages are named where their request is among the entries."""
    pages = {e.event.page: e.event for e in entries if isinstance(e.event, ev.PageRequested)}
    told = dict(_told(entries))
    corrections = _corrections(entries)
    return tuple(
        Row(
            seq=entry.seq,
            at=entry.occurred_at,
            recorded_at=entry.recorded_at,
            by=str(entry.by),
            kind=entry.event.tag
            if isinstance(entry.event, Unknown)
            else type(entry.event).__name__,
            sentence=sentence(entry.event, pages, told),
            detail=details(entry.event, pages),
            corrected=corrections.get(entry.seq),
            weight=weight(entry.event),
        )
        for entry in entries
    )


def _told(entries: Sequence[Entry[ev.IncidentEvent]]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        match entry.event:
            case ev.AlertJoined() as one if one.source != "check":
                yield one.alert_id, one.summary or one.check
            case ev.AlertsJoined() as many:
                yield from (
                    (each.alert_id, each.check) for each in many.alerts if each.source != "check"
                )
            case _:
                pass


def _corrections(entries: Sequence[Entry[ev.IncidentEvent]]) -> dict[int, Correction]:
    """Give the last right words by entry; correcting a correction also reaches what it was for."""
    found: dict[int, Correction] = {}
    was_for: dict[int, int] = {}
    for entry in entries:
        event = entry.event
        if not isinstance(event, ev.Corrected):
            continue
        was_for[entry.seq] = event.seq
        right = Correction(
            seq=entry.seq,
            at=entry.recorded_at,
            by=str(entry.by),
            text=event.text,
            reason=event.reason,
        )
        target: int | None = event.seq
        while target is not None:
            found[target] = right
            # An entry can only put right an earlier one, so this ends.
            earlier = was_for.get(target)
            target = earlier if earlier is not None and earlier < target else None
    return found


def sentence(event: ev.IncidentEvent, pages: Pages | None = None, told: Told | None = None) -> str:
    """Say in one short plain sentence, on one line, what an event means; times are in UTC."""
    return " ".join(_say(event, pages or {}, told or {}).split())


def _say(event: ev.IncidentEvent, pages: Pages, told: Told) -> str:
    match event:
        case ev.Declared():
            drill = "Drill declared" if event.drill else "Declared"
            return f"{drill} as {event.severity}: {_end(event.title)}"
        case ev.AlertJoined():
            return _end(event.summary or f"{event.check} fails")
        case ev.AlertsJoined():
            return _end(event.summary)
        case ev.AlertsCleared():
            return f"{len(event.alert_ids)} alerts of it are over."
        case ev.AlertCleared():
            if event.alert_id in told and not event.unwatched:
                return f"Over: {_end(told[event.alert_id])}"
            ends = "is no longer watched" if event.unwatched else "answers again"
            return f"{event.check} {ends}."
        case ev.VerdictReached():
            return _end(event.sentence)
        case ev.Retitled():
            return f"The title is now: {_end(event.title)}"
        case ev.SeverityChanged():
            return f"The severity is now {event.severity}: {_end(event.reason)}"
        case ev.StatusChanged():
            return _because(f"The status is now {event.status}", event.reason)
        case ev.RecoveryObserved():
            over = "Every alert is over" if told else "Every check answers again"
            if not event.stability_s:
                return f"{over}."
            return f"{over}; now watched for {write_duration(event.stability_s)}."
        case ev.Relapsed():
            return _because("Not over yet", event.reason)
        case ev.PagingStarted():
            only = event.policy.only
            if only:
                return f"Everyone is told by {' and '.join(only)}."
            return "People are being called."
        case ev.PagingStopped():
            return _because("Nobody is called any more", event.reason)
        case ev.PageRequested() | ev.PageSent() | ev.PageFailed() | ev.PageSuppressed():
            return _page(event, pages)
        case ev.NobodyToPage():
            return _because("There is nobody to call", event.reason)
        case ev.Acknowledged():
            return f"{event.person} has it."
        case ev.DutyTaken():
            before = f" from {event.before}" if event.before else ""
            return f"{event.person} takes {_DUTY[event.duty]}{before}."
        case ev.DutyLeft():
            return f"{event.person} lays down {_DUTY[event.duty]}."
        case ev.NoteAdded():
            return shortened(event.text)
        case ev.UpdatePosted():
            whom = "Public" if event.audience is Audience.PUBLIC else "Internal"
            return f"{whom} update: {shortened(event.text)}"
        case ev.NextUpdatePlanned():
            at = event.at.astimezone(UTC)
            return f"The next {event.audience} update is due at {at:%H:%M} UTC."
        case ev.Resolved():
            return _resolved(event)
        case ev.Reopened():
            return _because("Reopened", event.reason)
        case ev.Closed():
            return _because("Closed", event.reason)
        case ev.Declined():
            return _because("Declined, it was no incident", event.reason)
        case ev.Merged():
            return _because("Merged into another incident, which goes on", event.reason)
        case ev.ServiceMovedOut():
            return _because(f"{event.service} is {event.into} now", event.reason)
        case ev.Corrected():
            return f"Entry #{event.seq} is corrected: {shortened(event.text)}"
        case ev.PostmortemDrafted():
            return f"The postmortem draft lies in {shortened(event.path)}."
        case ev.ClockStepped():
            ahead = "ahead" if event.seconds > 0 else "back"
            return f"The machine's clock was moved {ahead} by {abs(event.seconds):.1f} s."
        case Unknown():
            return f"A newer version wrote this entry ({shortened(event.tag)})."
        case _:
            assert_never(event)


def weight(event: ev.IncidentEvent) -> Weight:
    """Tell how much a row matters to someone who reads quickly."""
    match event:
        case (
            ev.Declared()
            | ev.VerdictReached()
            | ev.SeverityChanged()
            | ev.StatusChanged()
            | ev.RecoveryObserved()
            | ev.Relapsed()
            | ev.NobodyToPage()
            | ev.Acknowledged()
            | ev.Resolved()
            | ev.Reopened()
            | ev.Closed()
            | ev.Declined()
            | ev.Merged()
            | ev.ServiceMovedOut()
        ):
            return "key"
        case ev.UpdatePosted():
            return "key" if event.audience is Audience.PUBLIC else "normal"
        case (
            ev.AlertJoined()
            | ev.AlertsJoined()
            | ev.AlertsCleared()
            | ev.AlertCleared()
            | ev.Retitled()
            | ev.PagingStarted()
            | ev.PageSent()
            | ev.PageFailed()
            | ev.PageSuppressed()
            | ev.DutyTaken()
            | ev.DutyLeft()
            | ev.NoteAdded()
            | ev.Corrected()
            | ev.PostmortemDrafted()
        ):
            return "normal"
        case (
            ev.PagingStopped()
            | ev.PageRequested()
            | ev.NextUpdatePlanned()
            | ev.ClockStepped()
            | Unknown()
        ):
            return "quiet"
        case _:
            assert_never(event)


def _page(
    event: ev.PageRequested | ev.PageSent | ev.PageFailed | ev.PageSuppressed, pages: Pages
) -> str:
    known = event if isinstance(event, ev.PageRequested) else pages.get(event.page)
    which = f"page to {known.person} by {known.contact.kind}" if known else "page"
    match event:
        case ev.PageRequested():
            return f"A {which} is on its way."
        case ev.PageSent():
            return f"A {which} was taken."
        case ev.PageFailed():
            then = "It is tried again." if event.retry_at else "It is not tried again."
            return f"{_because(f'A {which} failed', event.reason)} {then}"
        case ev.PageSuppressed():
            return _because(f"A {which} was not sent", event.reason)
        case _:
            assert_never(event)


def _resolved(event: ev.Resolved) -> str:
    if event.override_reason:
        count = len(event.gate.failing)
        return _because(
            f"Resolved by a person with {count} of {len(event.gate.items)} criteria not met",
            event.override_reason,
        )
    return "Resolved; every criterion of the gate is met." if event.gate.items else "Resolved."


def _because(what: str, reason: str) -> str:
    return f"{what}: {_end(reason)}" if reason.strip() else f"{what}."


def _end(text: str) -> str:
    line = shortened(text)
    return line if line.endswith((".", "!", "?", "…")) else f"{line}."
