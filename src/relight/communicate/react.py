"""Which entries of an incident change what the public reads."""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from relight.incident import events as ev
from relight.incident.state import Incident
from relight.incident.status import Audience
from relight.kernel.ledger import Entry, Intent, Unknown

PUBLISH = "publish"


class Publish(msgspec.Struct, frozen=True):
    """Bring every copy of the public page up to date; there is nothing else to know."""


def react(entry: Entry[ev.IncidentEvent], incident: Incident) -> Sequence[Intent]:
    """Ask for publishing where the entry changes the public page; drills never do."""
    if incident.drill or not incident.is_public or not _shows(entry.event, incident):
        return ()
    moments = [entry.recorded_at]
    if isinstance(entry.event, ev.NextUpdatePlanned) and entry.event.at > entry.recorded_at:
        moments.append(entry.event.at)  # a word that has not come by then is late, and says so
    return [Intent(kind=PUBLISH, due_at=at, payload=Publish()) for at in moments]


def _shows(event: ev.IncidentEvent, incident: Incident) -> bool:
    match event:
        case ev.UpdatePosted() | ev.NextUpdatePlanned():
            return event.audience is Audience.PUBLIC
        case ev.Corrected():
            return any(each.seq == event.seq for each in incident.public_updates)
        case (
            ev.AlertJoined()
            | ev.AlertsJoined()
            | ev.Retitled()
            | ev.SeverityChanged()
            | ev.StatusChanged()
            | ev.RecoveryObserved()
            | ev.Relapsed()
            | ev.Resolved()
            | ev.Reopened()
            | ev.Declined()
            | ev.Merged()
            | ev.ServiceMovedOut()
        ):
            return True
        case (
            ev.Declared()
            | ev.AlertCleared()
            | ev.AlertsCleared()
            | ev.VerdictReached()
            | ev.PagingStarted()
            | ev.PagingStopped()
            | ev.PageRequested()
            | ev.PageSent()
            | ev.PageFailed()
            | ev.PageSuppressed()
            | ev.NobodyToPage()
            | ev.Acknowledged()
            | ev.DutyTaken()
            | ev.DutyLeft()
            | ev.NoteAdded()
            | ev.Closed()
            | ev.PostmortemDrafted()
            | ev.ClockStepped()
            | Unknown()
        ):
            return False
        case _:
            assert_never(event)
