"""What the API answers with. Times are RFC 3339 in UTC."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from relight.incident.events import IncidentEvent, PageRequested
from relight.incident.gate import Gate
from relight.incident.state import Incident, JoinedAlert, Update, Verdict
from relight.incident.status import Duty, Status
from relight.incident.timeline import rows
from relight.kernel.ledger import Entry, Unknown
from relight.kernel.severity import Severity
from relight.web.house import House


class PagingShape(msgspec.Struct, frozen=True, kw_only=True):
    """How the calling of people stands; `stopped` says why it ended."""

    active: bool
    started_at: datetime
    rounds: int
    sent: int
    failed: int
    stopped: str


class IncidentShape(msgspec.Struct, frozen=True, kw_only=True):
    """One incident at its latest entry `seq`."""

    id: str
    name: str
    number: int
    slug: str
    url: str
    seq: int
    title: str
    status: Status
    live: bool
    severity: Severity
    severity_reason: str
    services: tuple[str, ...]
    declared_at: datetime
    declared_by: str
    by_rule: bool
    began_at: datetime
    changed_at: datetime
    cause: str
    drill: bool
    alerts: tuple[JoinedAlert, ...]
    verdict: Verdict | None
    paging: PagingShape | None
    acknowledged_by: str
    acknowledged_at: datetime | None
    duties: Mapping[Duty, str]
    updates: tuple[Update, ...]
    next_internal_at: datetime | None
    next_public_at: datetime | None
    recovered_at: datetime | None
    stable_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    gate: Gate | None
    override_reason: str
    merged_into: str
    postmortem: str


class GateShape(msgspec.Struct, frozen=True):
    """The close gate as it stands now."""

    passed: bool
    gate: Gate


class EntryShape(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the timeline: in words, and as data. Contacts show only their kind."""

    seq: int
    occurred_at: datetime
    recorded_at: datetime
    by: str
    by_kind: str
    type: str
    sentence: str
    data: Mapping[str, object]


def incident_shape(house: House, incident: Incident) -> IncidentShape:
    """Give an incident as the API shows it."""
    shown = {
        name: getattr(incident, name)
        for name in IncidentShape.__struct_fields__
        if name not in {"url", "paging"}
    }
    url = f"{house.base_url}/incidents/{incident.name}"
    return IncidentShape(**shown, url=url, paging=_paging_shape(incident))


def _paging_shape(incident: Incident) -> PagingShape | None:
    paging = incident.paging
    if paging is None:
        return None
    return PagingShape(
        active=incident.is_paging,
        started_at=paging.started_at,
        rounds=paging.rounds,
        sent=paging.sent,
        failed=paging.failed,
        stopped=paging.stopped,
    )


def entry_shapes(entries: list[Entry[IncidentEvent]]) -> list[EntryShape]:
    """Give entries as the API shows them, in their order."""
    return [
        EntryShape(
            seq=entry.seq,
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
            by=str(entry.by),
            by_kind=entry.by.kind,
            type=row.kind,
            sentence=row.sentence,
            data=_data(entry.event),
        )
        for entry, row in zip(entries, rows(entries), strict=True)
    ]


def _data(event: IncidentEvent) -> dict[str, object]:
    if isinstance(event, Unknown):
        return event.raw
    fields: dict[str, object] = msgspec.to_builtins(event)
    del fields["type"]
    if isinstance(event, PageRequested):
        # An address may hold a secret; `address` names the contact for people.
        fields["contact"] = event.contact.kind
    return fields
