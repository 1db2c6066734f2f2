"""What learning wants done when the timeline grows: a draft, as soon as it is over."""

from collections.abc import Sequence

import msgspec

from relight.incident import events as ev
from relight.incident.state import Incident
from relight.kernel.ledger import Entry, Intent

POSTMORTEM = "postmortem"


class DraftPostmortem(msgspec.Struct, frozen=True):
    """Draft the postmortem of an incident, or say that the one there is tells only a part."""

    incident: str


def react(entry: Entry[ev.IncidentEvent], incident: Incident) -> Sequence[Intent]:
    """Ask for a draft when an incident is resolved whose severity wants one."""
    if not isinstance(entry.event, ev.Resolved) or incident.rule.postmortem_s is None:
        return ()
    payload = DraftPostmortem(incident.id)
    return (Intent(kind=POSTMORTEM, due_at=entry.recorded_at, payload=payload),)
