"""Who was called by what, and what came of it: one line a page, from the incident's entries."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from relight.incident import events as ev
from relight.kernel.ledger import Entry


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `outcome` is the last word on it, `state` the mark that goes with it."""

    person: str
    address: str
    at: datetime
    rule: str
    attempts: int
    state: str
    outcome: str


def calls(entries: Sequence[Entry[ev.IncidentEvent]]) -> tuple[Call, ...]:
    """Give the pages newest first, each with its last outcome."""
    found: dict[str, Call] = {}
    for entry in entries:
        event = entry.event
        if isinstance(event, ev.PageRequested):
            found[event.page] = Call(
                person=event.person,
                address=event.address or event.contact.label(),
                at=entry.recorded_at,
                rule=event.rule,
                attempts=0,
                state="unknown",
                outcome="on its way",
            )
        elif isinstance(event, ev.PageSent | ev.PageFailed | ev.PageSuppressed):
            known = found.get(event.page)
            if known is not None:
                found[event.page] = _after(known, event)
    return tuple(reversed(found.values()))


def _after(call: Call, event: ev.PageSent | ev.PageFailed | ev.PageSuppressed) -> Call:
    match event:
        case ev.PageSent():
            state, outcome, attempts = "operational", f"taken: {event.answer}", event.attempt
        case ev.PageFailed():
            then = "tried again" if event.retry_at else "not tried again"
            state, outcome, attempts = "major", f"failed, {then}: {event.reason}", event.attempt
        case ev.PageSuppressed():
            state, outcome, attempts = "unknown", f"not sent: {event.reason}", call.attempts
    return msgspec.structs.replace(
        call, state=state, outcome=outcome.rstrip(": "), attempts=attempts
    )
