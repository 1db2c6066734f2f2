"""Folds one entry into the incident. Reads no configuration and covers every event."""

from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from relight.incident import events as ev
from relight.incident.state import Incident, JoinedAlert, Paging, Update, Verdict
from relight.incident.status import Audience, Duty, Status
from relight.kernel.actor import ActorKind
from relight.kernel.ledger import Entry, Unknown


def evolve(incident: Incident | None, entry: Entry[ev.IncidentEvent]) -> Incident:
    """Give the incident after this entry; the first entry is always `Declared`."""
    if incident is None:
        if not isinstance(entry.event, ev.Declared):
            msg = f"{entry.stream} begins with {type(entry.event).__name__}"
            raise TypeError(msg)
        return _declared(entry, entry.event)
    return replace(_fold(incident, entry), seq=entry.seq, changed_at=entry.recorded_at)


def _declared(entry: Entry[ev.IncidentEvent], event: ev.Declared) -> Incident:
    return Incident(
        id=entry.stream.partition("/")[2],
        seq=entry.seq,
        number=event.number,
        slug=event.slug,
        title=event.title,
        status=event.status,
        severity=event.severity,
        severity_reason=event.severity_reason,
        rule=event.rule,
        services=event.services,
        declared_at=entry.recorded_at,
        declared_by=str(entry.by),
        by_rule=entry.by.kind is ActorKind.RULE,
        changed_at=entry.recorded_at,
        began_at=entry.occurred_at,
        cause=event.cause,
        drill=event.drill,
    )


def _fold(now: Incident, entry: Entry[ev.IncidentEvent]) -> Incident:
    at, event = entry.recorded_at, entry.event
    match event:
        case ev.Declared() | ev.ClockStepped() | Unknown() | ev.NoteAdded():
            return now
        case ev.AlertJoined():
            return _with_alert(now, event, at)
        case ev.AlertsJoined():
            return _with_alerts(now, event, at)
        case ev.AlertCleared():
            return _cleared(now, {event.alert_id}, at)
        case ev.AlertsCleared():
            return _cleared(now, set(event.alert_ids), at)
        case ev.VerdictReached():
            verdict = Verdict(
                domain=event.domain,
                sentence=event.sentence,
                certainty=event.certainty,
                evidence=event.evidence,
                at=at,
                others=event.others,
                answer=event.answer,
            )
            return replace(now, verdict=verdict)
        case ev.Retitled():
            return replace(now, title=event.title)
        case ev.SeverityChanged():
            return replace(
                now,
                severity=event.severity,
                severity_reason=event.reason,
                rule=event.rule,
                graded_by_hand=entry.by.is_human,
            )
        case ev.StatusChanged():
            return replace(now, status=event.status)
        case ev.RecoveryObserved():
            return replace(now, status=Status.MONITORING, recovered_at=at)
        case ev.Relapsed():
            return replace(
                now,
                status=Status.INVESTIGATING,
                recovered_at=None,
                acknowledged_by="",
                acknowledged_at=None,
            )
        case ev.PagingStarted() | ev.PagingStopped() | ev.PageRequested() | ev.NobodyToPage():
            return replace(now, paging=_paging(now.paging, event, at))
        case ev.PageSent() | ev.PageFailed() | ev.PageSuppressed():
            return replace(now, paging=_counted(now.paging, event))
        case ev.Acknowledged():
            return replace(now, acknowledged_by=event.person, acknowledged_at=at)
        case ev.DutyTaken():
            return replace(now, duties={**now.duties, event.duty: event.person})
        case ev.DutyLeft():
            return replace(now, duties=_without(now.duties, event.duty))
        case ev.UpdatePosted():
            return _updated(now, entry.seq, event, at, str(entry.by))
        case ev.NextUpdatePlanned():
            if event.audience is Audience.PUBLIC:
                return replace(now, next_public_at=event.at)
            return replace(now, next_internal_at=event.at)
        case ev.Resolved():
            return replace(
                _ended(now, Status.RESOLVED),
                resolved_at=at,
                recovered_at=now.recovered_at or at,
                gate=event.gate,
                override_reason=event.override_reason,
            )
        case ev.Reopened():
            return replace(
                now,
                status=Status.INVESTIGATING,
                reopened_at=at,
                resolved_at=None,
                recovered_at=None,
                closed_at=None,
                gate=None,
                override_reason="",
                acknowledged_by="",
                acknowledged_at=None,
            )
        case ev.Closed():
            return replace(now, status=Status.CLOSED, closed_at=at)
        case ev.Declined():
            return replace(_ended(now, Status.DECLINED), closed_at=at)
        case ev.Merged():
            return replace(_ended(now, Status.MERGED), closed_at=at, merged_into=event.into)
        case ev.ServiceMovedOut():
            return replace(
                now,
                services=tuple(each for each in now.services if each != event.service),
                alerts=tuple(each for each in now.alerts if each.service != event.service),
                apart=(*now.apart, event.service),
            )
        case ev.Corrected():
            return _corrected(now, event, entry.seq)
        case ev.PostmortemDrafted():
            return replace(now, postmortem=event.path)
        case _:
            assert_never(event)


def _with_alert(now: Incident, event: ev.AlertJoined, at: datetime) -> Incident:
    alert = JoinedAlert(
        alert_id=event.alert_id,
        check=event.check,
        service=event.service,
        source=event.source,
        summary=event.summary,
        joined_at=at,
    )
    services = now.services
    if event.service and event.service not in services:
        services = (*services, event.service)
    return replace(now, alerts=(*now.alerts, alert), services=services)


def _with_alerts(now: Incident, event: ev.AlertsJoined, at: datetime) -> Incident:
    more = tuple(
        JoinedAlert(
            alert_id=each.alert_id,
            check=each.check,
            service=each.service,
            source=each.source,
            summary="",
            joined_at=at,
        )
        for each in event.alerts
    )
    services = dict.fromkeys(now.services) | dict.fromkeys(
        each.service for each in event.alerts if each.service
    )
    return replace(now, alerts=now.alerts + more, services=tuple(services))


def _cleared(now: Incident, ids: set[str], at: datetime) -> Incident:
    return replace(
        now,
        alerts=tuple(
            replace(alert, cleared_at=at)
            if alert.alert_id in ids and alert.cleared_at is None
            else alert
            for alert in now.alerts
        ),
    )


def _paging(
    paging: Paging | None,
    event: ev.PagingStarted | ev.PagingStopped | ev.PageRequested | ev.NobodyToPage,
    at: datetime,
) -> Paging | None:
    match event:
        case ev.PagingStarted():
            before = paging.rounds if paging else 0
            return Paging(policy=event.policy, started_at=at, first_round=before, rounds=before)
        case ev.PagingStopped():
            return paging and replace(paging, stopped=event.reason)
        case ev.PageRequested() | ev.NobodyToPage():
            return paging and replace(paging, rounds=max(paging.rounds, event.round + 1))
        case _:
            assert_never(event)


def _counted(
    paging: Paging | None, event: ev.PageSent | ev.PageFailed | ev.PageSuppressed
) -> Paging | None:
    if paging is None:
        return None
    match event:
        case ev.PageSent():
            return replace(paging, sent=paging.sent + 1)
        case ev.PageFailed():
            return replace(paging, failed=paging.failed + 1)
        case ev.PageSuppressed():
            return paging
        case _:
            assert_never(event)


def _updated(now: Incident, seq: int, event: ev.UpdatePosted, at: datetime, by: str) -> Incident:
    update = Update(
        seq=seq,
        at=at,
        by=by,
        audience=event.audience,
        text=event.text,
        status=event.status,
        neutral=event.neutral,
    )
    return replace(now, updates=(*now.updates, update))


def _corrected(now: Incident, event: ev.Corrected, seq: int) -> Incident:
    updates = tuple(
        replace(update, text=event.text, correction_seq=seq) if update.seq == event.seq else update
        for update in now.updates
    )
    return replace(now, updates=updates)


def _ended(now: Incident, status: Status) -> Incident:
    return replace(now, status=status, next_internal_at=None, next_public_at=None)


def _without(duties: dict[Duty, str], duty: Duty) -> dict[Duty, str]:
    return {each: person for each, person in duties.items() if each is not duty}
