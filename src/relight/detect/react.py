"""What an incident asks of detection: to look again at what failed, as long as it runs."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from relight.incident import events as ev
from relight.incident.state import Incident
from relight.kernel.ledger import Entry, Intent

VERDICT = "verdict"
_FIRST_LOOK = timedelta(seconds=2)


class RefreshVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """See whether the evidence points elsewhere by now."""

    incident: str


def react(entry: Entry[ev.IncidentEvent], incident: Incident) -> Sequence[Intent]:
    """Ask for another look at the evidence when an incident begins, or goes on after all."""
    if not isinstance(entry.event, ev.Declared | ev.Reopened | ev.Relapsed):
        return ()
    due_at = entry.recorded_at + _FIRST_LOOK
    return (Intent(kind=VERDICT, due_at=due_at, payload=RefreshVerdict(incident=incident.id)),)
