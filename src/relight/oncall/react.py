"""What the pager wants done when the timeline grows: the next round, and each page of a round."""

from collections.abc import Sequence

import msgspec

from relight.incident import events as ev
from relight.incident.state import Incident
from relight.kernel.ledger import Entry, Intent
from relight.oncall.escalation import round_of

ROUND = "page.round"
DELIVER = "page.deliver"


class CallRound(msgspec.Struct, frozen=True, kw_only=True):
    """Call the people of one round, if nobody has it by then."""

    incident: str
    round: int


class DeliverPage(msgspec.Struct, frozen=True, kw_only=True):
    """Deliver one page, if it is still wanted then."""

    incident: str
    request: ev.PageRequested


def react(entry: Entry[ev.IncidentEvent], incident: Incident) -> Sequence[Intent]:
    """Ask for the first round when paging starts, and for the next one when a round was called."""
    match entry.event:
        case ev.PagingStarted():
            return _next_round(incident)
        case ev.PageRequested() as request:
            deliver = Intent(
                kind=DELIVER,
                due_at=entry.recorded_at,
                payload=DeliverPage(incident=incident.id, request=request),
            )
            is_first = request.page.endswith(f".{request.round}.0")
            return (deliver, *_next_round(incident)) if is_first else (deliver,)
        case ev.NobodyToPage():
            return _next_round(incident)
        case _:
            return ()


def _next_round(incident: Incident) -> tuple[Intent, ...]:
    paging = incident.paging
    if paging is None:
        return ()
    upcoming = round_of(
        paging.policy,
        started_at=paging.started_at,
        turn=paging.rounds - paging.first_round,
        number=paging.rounds,
    )
    if upcoming is None:
        return ()
    payload = CallRound(incident=incident.id, round=upcoming.number)
    return (Intent(kind=ROUND, due_at=upcoming.due_at, payload=payload),)
