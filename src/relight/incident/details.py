"""What folds out below a row of the timeline: labelled values, in the order people ask for them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeAlias, assert_never

from relight.incident import events as ev
from relight.incident.gate import Gate
from relight.kernel.ledger import Unknown
from relight.kernel.period import write_duration

Detail: TypeAlias = tuple[str, str]

_LONGEST = 240


def details(
    event: ev.IncidentEvent, pages: Mapping[str, ev.PageRequested] | None = None
) -> tuple[Detail, ...]:
    """Give label and value of what the sentence leaves out; empty values are dropped."""
    return tuple((label, value) for label, value in _details(event, pages or {}) if value)


def _details(event: ev.IncidentEvent, pages: Mapping[str, ev.PageRequested]) -> Iterator[Detail]:
    match event:
        case ev.Declared():
            yield "Severity", f"{event.severity}: {event.severity_reason}"
            yield "Services", ", ".join(event.services)
            yield "Cause", event.cause
        case ev.AlertJoined():
            yield "Check", event.check
            yield "Service", event.service
            yield "Reason", event.reason
        case ev.AlertsJoined():
            yield "Services", ", ".join(sorted({each.service for each in event.alerts}))
            yield "Reason", event.reason
        case ev.AlertsCleared():
            yield "Alerts", str(len(event.alert_ids))
        case ev.AlertCleared():
            yield "Reason", event.reason
        case ev.VerdictReached():
            yield "Domain", event.domain
            yield "Certainty", event.certainty
            for each in event.evidence:
                yield each.claim, f"{each.figure} ({each.source}, {_at(each.at)})"
        case ev.PagingStarted():
            yield from _policy(event.policy)
        case ev.PageRequested() | ev.PageSent() | ev.PageFailed() | ev.PageSuppressed():
            yield from _page(event, pages)
        case ev.NobodyToPage():
            yield "Round", str(event.round + 1)
        case ev.Acknowledged():
            yield "By way of", event.via
        case ev.NoteAdded():
            yield "Text", _whole(event.text)
        case ev.UpdatePosted():
            yield "Status", event.status
            yield "Text", _whole(event.text)
        case ev.NextUpdatePlanned():
            yield "Due", _at(event.at)
        case ev.Resolved():
            yield from _gate(event.gate)
        case ev.Merged():
            yield "Into", event.into
        case ev.ServiceMovedOut():
            yield "Into", event.into
            yield "Reason", event.reason
        case ev.Corrected():
            yield "Text", _whole(event.text)
            yield "Reason", event.reason
        case Unknown():
            for name, value in event.raw.items():
                yield name, str(value)
        case (
            ev.Retitled()
            | ev.SeverityChanged()
            | ev.StatusChanged()
            | ev.RecoveryObserved()
            | ev.Relapsed()
            | ev.PagingStopped()
            | ev.DutyTaken()
            | ev.DutyLeft()
            | ev.Reopened()
            | ev.Closed()
            | ev.Declined()
            | ev.PostmortemDrafted()
            | ev.ClockStepped()
        ):
            return
        case _:
            assert_never(event)


def _policy(policy: ev.PagingPolicy) -> Iterator[Detail]:
    for step in policy.steps:
        yield f"After {write_duration(step.after_s)}", ", ".join(step.targets)
    if policy.repage_s:
        yield "Then again every", write_duration(policy.repage_s)
    yield "Only by", ", ".join(policy.only)


def _page(
    event: ev.PageRequested | ev.PageSent | ev.PageFailed | ev.PageSuppressed,
    pages: Mapping[str, ev.PageRequested],
) -> Iterator[Detail]:
    request = event if isinstance(event, ev.PageRequested) else pages.get(event.page)
    if request:
        yield "To", f"{request.person}, {request.address or request.contact.label()}"
    match event:
        case ev.PageRequested():
            yield "Rule", event.rule
        case ev.PageSent():
            yield "Attempt", str(event.attempt)
            yield "Answer", event.answer
        case ev.PageFailed():
            yield "Attempt", str(event.attempt)
            yield "Tried again at", _at(event.retry_at) if event.retry_at else ""
        case ev.PageSuppressed():
            pass
        case _:
            assert_never(event)
    yield "Page", event.page


def _gate(gate: Gate) -> Iterator[Detail]:
    for item in gate.items:
        yield item.name, f"{'met' if item.ok else 'not met'}: {item.sentence}"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def shortened(text: str) -> str:
    """Give a text as one line; what is too long for a sentence is cut and stands in the details."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"


def _whole(text: str) -> str:
    return "" if shortened(text) == text else text
