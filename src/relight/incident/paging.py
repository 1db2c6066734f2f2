"""Decides about calling people: when it starts and stops, whom a round reaches, who has it."""

from collections.abc import Iterator
from typing import assert_never

from relight.incident import commands as cmd
from relight.incident import events as ev
from relight.incident import refusals as no
from relight.incident.state import Incident
from relight.incident.status import Duty
from relight.kernel.severity import Severity


def request(incident: Incident, command: cmd.RequestPages) -> Iterator[ev.IncidentEvent]:
    """Page once a round, and only while nobody has it: a late or repeated claim changes nothing."""
    if not incident.is_paging or incident.paging is None or command.round < incident.paging.rounds:
        return
    if not command.contacts:
        yield ev.NobodyToPage(round=command.round, reason=command.rule)
    for n, each in enumerate(command.contacts):
        yield ev.PageRequested(
            page=f"{incident.id}.{command.round}.{n}",
            round=command.round,
            person=each.person,
            contact=each.contact,
            address=each.address,
            rule=command.rule,
        )


def outcome(
    command: cmd.RecordPageSent | cmd.RecordPageFailed | cmd.SuppressPage,
) -> ev.IncidentEvent:
    """Keep what became of a page, whatever has come of the incident meanwhile."""
    match command:
        case cmd.RecordPageSent():
            return ev.PageSent(page=command.page, attempt=command.attempt, answer=command.answer)
        case cmd.RecordPageFailed():
            return ev.PageFailed(
                page=command.page,
                attempt=command.attempt,
                reason=command.reason,
                retry_at=command.retry_at,
            )
        case cmd.SuppressPage():
            return ev.PageSuppressed(page=command.page, reason=command.reason)
        case _:
            assert_never(command)


def acknowledge(incident: Incident, command: cmd.Acknowledge) -> Iterator[ev.IncidentEvent]:
    """Let the first person have it; the next is told who has it, and may take command."""
    if not command.person.strip():
        raise no.PersonMissing
    if incident.acknowledged_by == command.person:
        raise no.AlreadyAcknowledged
    if incident.acknowledged_by:
        msg = f"{incident.acknowledged_by} has it already."
        raise no.AlreadyAcknowledged(msg, hint="Take command if you are to have it.")
    yield ev.Acknowledged(person=command.person, via=command.via)
    yield from stop(incident, f"{command.person} has it.")
    if not incident.commander:
        yield ev.DutyTaken(duty=Duty.COMMANDER, person=command.person)


def start_for_worse(
    incident: Incident, severity: Severity, policy: ev.PagingPolicy | None
) -> Iterator[ev.IncidentEvent]:
    """Call people when it has become worse, unless someone has it or is being called already."""
    urgent_already = incident.is_paging and incident.rule.pages
    worse = severity.worse_than(incident.severity)
    if policy and worse and not urgent_already and not incident.acknowledged_by:
        yield ev.PagingStarted(policy=policy)


def start_again(incident: Incident, policy: ev.PagingPolicy | None) -> Iterator[ev.IncidentEvent]:
    """Call people anew when it was not over, by the given policy or else by the one before."""
    before = incident.paging.policy if incident.paging else None
    if policy is None and before and (incident.rule.pages or before.only):
        policy = before
    if policy:
        yield ev.PagingStarted(policy=policy)


def stop(incident: Incident, why: str) -> Iterator[ev.IncidentEvent]:
    """Say that nobody is called any more, where somebody was."""
    if incident.is_paging:
        yield ev.PagingStopped(reason=why)
