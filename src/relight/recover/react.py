"""What recovery asks for: a look at the gate once the stability period has passed."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from relight.incident import events as ev
from relight.incident.state import Incident
from relight.kernel.ledger import Entry, Intent

STABILITY = "stability"


class CheckStability(msgspec.Struct, frozen=True, kw_only=True):
    """See whether an incident has been stable long enough to resolve."""

    incident: str


def react(entry: Entry[ev.IncidentEvent], incident: Incident) -> Sequence[Intent]:
    """Ask to look at the gate when the stability period that begins here will be over."""
    if not isinstance(entry.event, ev.RecoveryObserved):
        return ()
    due_at = entry.recorded_at + timedelta(seconds=entry.event.stability_s)
    return (Intent(kind=STABILITY, due_at=due_at, payload=CheckStability(incident=incident.id)),)
