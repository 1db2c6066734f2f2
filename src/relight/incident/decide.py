"""Decides what a command leads to. Pure: state, command and time in; events or a refusal out.

Refusals are exceptions named by the state that stands in the way (see `refusals`).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from relight.catalog.severity_matrix import SeverityRule
from relight.incident import commands as cmd
from relight.incident import events as ev
from relight.incident import paging
from relight.incident import refusals as no
from relight.incident.must import must_be_live, must_part, one_line, reason, words
from relight.incident.state import Incident
from relight.incident.status import Audience, Duty, Status
from relight.kernel.actor import Actor
from relight.kernel.ids import incident_slug

_EACH_BY_ITSELF = 3
"""As many alerts at once have an entry each; more are counted in one."""

_NAMED = 3
_BY_HAND = {Status.INVESTIGATING, Status.IDENTIFIED, Status.MONITORING}


def decide(
    incident: Incident | None, command: cmd.IncidentCommand, now: datetime, by: Actor
) -> Sequence[ev.IncidentEvent]:
    """Give the events that a command leads to; none where it changes nothing on purpose."""
    if isinstance(command, cmd.Declare):
        if incident is not None:
            raise no.AlreadyDeclared
        return tuple(_declare(command, now))
    if incident is None:
        raise no.NotDeclared
    return tuple(_decide(incident, command, now, by))


def _decide(  # noqa: PLR0915 - a line for each command
    incident: Incident,
    command: cmd.IncidentCommand,
    now: datetime,
    by: Actor,
) -> Iterator[ev.IncidentEvent]:
    match command:
        case cmd.Declare():
            raise no.AlreadyDeclared
        case cmd.JoinAlert():
            yield from _join_alert(incident, command, now)
        case cmd.ClearAlert():
            yield from _clear_alert(incident, command)
        case cmd.RecordFinding():
            yield from _record_finding(incident, command, now)
        case cmd.Retitle():
            yield from _retitle(incident, command)
        case cmd.ChangeSeverity():
            yield from _change_severity(incident, command, now)
        case cmd.ChangeStatus():
            yield from _change_status(incident, command)
        case cmd.RequestPages():
            yield from paging.request(incident, command)
        case cmd.RecordPageSent() | cmd.RecordPageFailed() | cmd.SuppressPage():
            yield paging.outcome(command)
        case cmd.Acknowledge():
            must_be_live(incident)
            yield from paging.acknowledge(incident, command)
        case cmd.TakeDuty():
            yield from _take_duty(incident, command)
        case cmd.LeaveDuty():
            yield from _leave_duty(incident, command)
        case cmd.AddNote():
            yield ev.NoteAdded(text=words(command.text))
        case cmd.PostUpdate():
            yield from _post_update(incident, command, now)
        case cmd.Resolve():
            yield from _resolve(incident, command, by)
        case cmd.Reopen():
            yield from _reopen(incident, reason(command.reason), command.policy)
            yield from _replan(incident, incident.rule, now)
        case cmd.Close():
            yield _close(incident, command)
        case cmd.Decline():
            must_be_live(incident)
            yield ev.Declined(reason=reason(command.reason))
            yield from paging.stop(incident, "The incident is declined.")
        case cmd.Merge():
            yield from _merge(incident, command)
        case cmd.MoveOut():
            yield from _move_out(incident, command)
        case cmd.Correct():
            yield from _correct(incident, command)
        case cmd.RecordPostmortem():
            if command.path != incident.postmortem:
                yield ev.PostmortemDrafted(path=command.path)
        case cmd.RecordClockStep():
            yield ev.ClockStepped(seconds=command.seconds)
        case _:
            assert_never(command)


def _declare(command: cmd.Declare, now: datetime) -> Iterator[ev.IncidentEvent]:
    title = one_line(command.title)
    yield ev.Declared(
        number=command.number,
        slug=incident_slug(title, now),
        title=title,
        severity=command.severity,
        severity_reason=command.severity_reason,
        rule=command.rule,
        services=tuple(dict.fromkeys(command.services)),
        cause=command.cause,
        drill=command.drill,
    )
    if command.alert:
        yield _joined(command.alert)
    yield from _joined_too(command.more)
    if command.finding:
        yield _found(command.finding)
    if command.policy:
        yield ev.PagingStarted(policy=command.policy)
    if command.first_notice:
        yield from _noticed(command.first_notice, command.rule, now)
    if command.rule.internal_update_s:
        yield _planned(Audience.INTERNAL, now, command.rule.internal_update_s)


def _join_alert(
    incident: Incident, command: cmd.JoinAlert, now: datetime
) -> Iterator[ev.IncidentEvent]:
    known = {alert.alert_id for alert in incident.alerts}
    fresh = [each for each in (command.alert, *command.more) if each.alert_id not in known]
    if not fresh:
        return
    again = command.alert.summary.strip() or f"{command.alert.check} fails again."
    worse = bool(command.severity and command.severity.worse_than(incident.severity))
    rule = command.rule if worse and command.rule else incident.rule
    reopens = incident.status is Status.RESOLVED
    relapses = incident.live and (
        incident.recovered_at is not None or incident.status is Status.MONITORING
    )
    if reopens:
        yield from _reopen(incident, again, command.policy)
    elif relapses:
        # Whoever had it may sleep by now: to fail again is to call people again.
        yield ev.Relapsed(reason=again)
        yield from paging.start_again(incident, command.policy)
    elif not incident.live:
        raise no.NotLive
    notice = command.notice if (reopens or relapses) and _needs_notice(incident) else ""
    if notice:
        yield from _noticed(notice, rule, now)
    if reopens:
        yield from _replan(incident, rule, now, noticed=bool(notice))
    yield _joined(fresh[0])
    yield from _joined_too(fresh[1:])
    yield from _found_anew(incident, command.finding)
    if command.title and command.title != incident.title:
        yield ev.Retitled(title=one_line(command.title))
    if command.severity and rule is not incident.rule:
        yield ev.SeverityChanged(
            severity=command.severity, reason=command.severity_reason, rule=rule
        )
        if not reopens:
            yield from _replan(incident, rule, now, noticed=bool(notice))
        if not (reopens or relapses):
            yield from paging.start_for_worse(incident, command.severity, command.policy)


def _record_finding(
    incident: Incident, command: cmd.RecordFinding, now: datetime
) -> Iterator[ev.IncidentEvent]:
    if not incident.live:
        return
    yield from _found_anew(incident, command.finding)
    if command.title and command.title != incident.title:
        yield ev.Retitled(title=one_line(command.title))
    if command.severity and command.rule and command.severity.worse_than(incident.severity):
        yield ev.SeverityChanged(
            severity=command.severity, reason=command.severity_reason, rule=command.rule
        )
        yield from _replan(incident, command.rule, now)
        yield from paging.start_for_worse(incident, command.severity, command.policy)


def _found_anew(incident: Incident, finding: cmd.Finding | None) -> Iterator[ev.IncidentEvent]:
    if finding and (incident.verdict is None or incident.verdict.differs_from(finding)):
        yield _found(finding)


def _clear_alert(incident: Incident, command: cmd.ClearAlert) -> Iterator[ev.IncidentEvent]:
    still_open = {alert.alert_id: alert.check for alert in incident.open_alerts}
    over = [each for each in (command.alert_id, *command.more) if each in still_open]
    if not over:
        return
    if command.alert_id in over:
        yield ev.AlertCleared(
            alert_id=command.alert_id,
            check=command.check,
            reason=command.reason,
            unwatched=command.unwatched,
        )
    more = [each for each in over if each != command.alert_id]
    if len(more) > _EACH_BY_ITSELF:
        yield ev.AlertsCleared(alert_ids=tuple(more))
    else:
        for each in more:
            yield ev.AlertCleared(alert_id=each, check=still_open[each])
    if incident.live and len(over) == len(still_open):
        yield ev.RecoveryObserved(stability_s=incident.rule.stability_s)
        yield from paging.stop(incident, _over(incident))


def _over(incident: Incident) -> str:
    if all(alert.source == "check" for alert in incident.alerts):
        return "Every check of it answers again."
    return "Every alert of it is over."


def _retitle(incident: Incident, command: cmd.Retitle) -> Iterator[ev.IncidentEvent]:
    must_be_live(incident)
    title = one_line(command.title)
    if title == incident.title:
        raise no.SameAsBefore
    yield ev.Retitled(title=title)


def _change_severity(
    incident: Incident, command: cmd.ChangeSeverity, now: datetime
) -> Iterator[ev.IncidentEvent]:
    must_be_live(incident)
    if command.severity is incident.severity:
        raise no.SameAsBefore
    yield ev.SeverityChanged(
        severity=command.severity, reason=reason(command.reason), rule=command.rule
    )
    yield from _replan(incident, command.rule, now)
    yield from paging.start_for_worse(incident, command.severity, command.policy)
    if incident.rule.pages and not command.rule.pages:
        yield from paging.stop(incident, f"{command.severity} does not page.")


def _change_status(incident: Incident, command: cmd.ChangeStatus) -> Iterator[ev.IncidentEvent]:
    must_be_live(incident)
    if command.status not in _BY_HAND:
        msg = f"An incident is not moved to {command.status} like this."
        raise no.NotLive(msg, hint="Use resolve, close, decline or merge.")
    if command.status is incident.status:
        raise no.SameAsBefore
    yield ev.StatusChanged(status=command.status, reason=command.reason)


def _take_duty(incident: Incident, command: cmd.TakeDuty) -> Iterator[ev.IncidentEvent]:
    must_be_live(incident)
    if not command.person.strip():
        raise no.PersonMissing
    before = incident.duties.get(command.duty, "")
    if before == command.person:
        raise no.SameAsBefore
    yield ev.DutyTaken(duty=command.duty, person=command.person, before=before)


def _leave_duty(incident: Incident, command: cmd.LeaveDuty) -> Iterator[ev.IncidentEvent]:
    must_be_live(incident)
    person = incident.duties.get(command.duty)
    if not person:
        raise no.NobodyHasDuty
    if command.duty is Duty.COMMANDER:
        raise no.CommanderMustHandOver
    yield ev.DutyLeft(duty=command.duty, person=person)


def _post_update(
    incident: Incident, command: cmd.PostUpdate, now: datetime
) -> Iterator[ev.IncidentEvent]:
    if command.next_at is not None and command.next_at <= now:
        raise no.NotLater
    if command.status and command.status is not incident.status:
        yield from _change_status(incident, cmd.ChangeStatus(status=command.status))
    yield ev.UpdatePosted(
        audience=command.audience,
        text=words(command.text),
        status=command.status or incident.status,
    )
    if not incident.live:
        return
    cadence_s = _cadence_s(incident.rule, command.audience)
    if command.next_at:
        yield ev.NextUpdatePlanned(audience=command.audience, at=command.next_at)
    elif cadence_s:
        yield _planned(command.audience, now, cadence_s)


def _resolve(incident: Incident, command: cmd.Resolve, by: Actor) -> Iterator[ev.IncidentEvent]:
    if incident.status in {Status.RESOLVED, Status.CLOSED}:
        raise no.AlreadyResolved
    must_be_live(incident)
    if not command.gate.passed and not (command.override_reason.strip() and by.is_human):
        sentences = " ".join(item.sentence for item in command.gate.failing)
        msg = f"{no.GateNotPassed.__doc__} {sentences}"
        raise no.GateNotPassed(msg)
    if incident.is_public and not command.last_word.strip():
        raise no.LastWordMissing
    if command.last_word.strip() and (incident.is_public or by.is_human):
        yield ev.UpdatePosted(
            audience=Audience.PUBLIC,
            text=words(command.last_word),
            status=Status.RESOLVED,
            neutral=not by.is_human,
        )
    yield ev.Resolved(
        gate=command.gate,
        override_reason="" if command.gate.passed else command.override_reason.strip(),
    )
    yield from paging.stop(incident, "The incident is resolved.")


def _reopen(
    incident: Incident,
    why: str,
    policy: ev.PagingPolicy | None,
) -> Iterator[ev.IncidentEvent]:
    if incident.live:
        msg = "This incident is live."
        raise no.SameAsBefore(msg)
    if incident.status is Status.MERGED:
        msg = "This incident was merged into another."
        raise no.NotLive(msg, hint="Work on the other one.")
    yield ev.Reopened(reason=why)
    yield from paging.start_again(incident, policy)


def _close(incident: Incident, command: cmd.Close) -> ev.Closed:
    if incident.live:
        raise no.NotEnded
    if incident.status is not Status.RESOLVED:
        msg = f"This incident is {incident.status} already."
        raise no.SameAsBefore(msg)
    return ev.Closed(reason=command.reason.strip())


def _merge(incident: Incident, command: cmd.Merge) -> Iterator[ev.IncidentEvent]:
    must_be_live(incident)
    if command.into == incident.id:
        raise no.MergeIntoItself
    yield ev.Merged(into=words(command.into), reason=command.reason.strip())
    yield from paging.stop(incident, "The incident is merged into another.")


def _move_out(incident: Incident, command: cmd.MoveOut) -> Iterator[ev.IncidentEvent]:
    must_part(incident, command.service)
    yield ev.ServiceMovedOut(
        service=command.service, into=command.into, reason=command.reason.strip()
    )
    left = [alert for alert in incident.open_alerts if alert.service != command.service]
    if incident.open_alerts and not left:
        yield ev.RecoveryObserved(stability_s=incident.rule.stability_s)
        yield from paging.stop(incident, _over(incident))


def _correct(incident: Incident, command: cmd.Correct) -> Iterator[ev.IncidentEvent]:
    if not 1 <= command.seq <= incident.seq:
        raise no.NoSuchEntry
    # Correcting the correction of an update corrects the update itself, wherever it is shown.
    seq = next(
        (each.seq for each in incident.updates if each.correction_seq == command.seq), command.seq
    )
    yield ev.Corrected(seq=seq, text=words(command.text), reason=reason(command.reason))


def _joined(alert: cmd.FirstAlert) -> ev.AlertJoined:
    return ev.AlertJoined(
        alert_id=alert.alert_id,
        check=alert.check,
        service=alert.service,
        source=alert.source,
        summary=alert.summary,
        reason=alert.reason,
    )


def _joined_too(alerts: Sequence[cmd.FirstAlert]) -> Iterator[ev.IncidentEvent]:
    if len(alerts) <= _EACH_BY_ITSELF:
        for each in alerts:
            yield _joined(each)
        return
    named = [each.check for each in alerts[:_NAMED]]
    reasons = dict.fromkeys(each.reason for each in alerts if each.reason)
    yield ev.AlertsJoined(
        alerts=tuple(
            ev.AlertRef(each.alert_id, each.check, each.service, each.source) for each in alerts
        ),
        summary=f"{len(alerts)} more alerts: {', '.join(named)} and"
        f" {len(alerts) - len(named)} others.",
        reason=" ".join([*reasons][:_NAMED]),
    )


def _found(finding: cmd.Finding) -> ev.VerdictReached:
    return ev.VerdictReached(
        domain=finding.domain,
        sentence=finding.sentence,
        certainty=finding.certainty,
        evidence=finding.evidence,
        others=finding.others,
        answer=finding.answer,
    )


def _noticed(notice: str, rule: SeverityRule, now: datetime) -> Iterator[ev.IncidentEvent]:
    yield ev.UpdatePosted(
        audience=Audience.PUBLIC, text=notice, status=Status.INVESTIGATING, neutral=True
    )
    if rule.public_update_s:
        yield _planned(Audience.PUBLIC, now, rule.public_update_s)


def _needs_notice(incident: Incident) -> bool:
    """Whether the public was last told something else than that it is being looked into."""
    told = incident.public_updates
    return bool(told) and told[-1].status is not Status.INVESTIGATING


def _planned(audience: Audience, now: datetime, cadence_s: int) -> ev.NextUpdatePlanned:
    return ev.NextUpdatePlanned(audience=audience, at=now + timedelta(seconds=cadence_s))


def _replan(
    incident: Incident, rule: SeverityRule, now: datetime, *, noticed: bool = False
) -> Iterator[ev.IncidentEvent]:
    """Bring the next words forward to a rule's cadence; a time that was promised never moves back.

    An ended incident has no times planned, so reopening plans them anew. Where the public was
    `noticed` just now, its next word is planned already.
    """
    for audience, planned_at in (
        (Audience.PUBLIC, incident.next_public_at),
        (Audience.INTERNAL, incident.next_internal_at),
    ):
        cadence_s = _cadence_s(rule, audience)
        if not cadence_s or (audience is Audience.PUBLIC and (noticed or not incident.is_public)):
            continue
        if planned_at is None or planned_at > now + timedelta(seconds=cadence_s):
            yield _planned(audience, now, cadence_s)


def _cadence_s(rule: SeverityRule, audience: Audience) -> int | None:
    return rule.public_update_s if audience is Audience.PUBLIC else rule.internal_update_s
