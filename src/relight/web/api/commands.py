"""What one can ask of an incident, each answered with the incident as it stands after."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from relight.incident import commands as cmd
from relight.incident.status import Audience, Duty, Status
from relight.kernel.severity import Severity
from relight.web.account import responder
from relight.web.api.calling import (
    Body,
    Moment,
    Name,
    Reason,
    TheCaller,
    Words,
    happened,
    refusals,
)
from relight.web.api.shapes import IncidentShape, incident_shape
from relight.web.house import TheHouse


class Acknowledgement(Body, frozen=True, kw_only=True):
    """Nothing but, for a token, who has it."""


class NewSeverity(Body, frozen=True, kw_only=True):
    """The severity, and why."""

    severity: Severity
    reason: Reason


class NewStatus(Body, frozen=True, kw_only=True):
    """Where a live incident stands: investigating, identified or monitoring."""

    status: Status
    reason: Reason = ""


class Note(Body, frozen=True, kw_only=True):
    """Something to write down, also afterwards with the time it happened."""

    text: Words
    occurred_at: Moment | None = None


class NewUpdate(Body, frozen=True, kw_only=True):
    """Word to give. Without `next_in_s` the severity's cadence says when the next one follows."""

    audience: Audience
    text: Words
    status: Status | None = None
    next_in_s: Annotated[float, msgspec.Meta(gt=0, le=604_800)] | None = None


class NewDuty(Body, frozen=True, kw_only=True):
    """Who takes which duty."""

    duty: Duty
    person: Name


class Resolution(Body, frozen=True, kw_only=True):
    """How it ends: a reason where the gate has not passed, a last word where the public knows."""

    override_reason: Reason = ""
    last_word: Annotated[str, msgspec.Meta(max_length=20_000)] = ""


class WithReason(Body, frozen=True, kw_only=True):
    """Why."""

    reason: Reason


class Closing(Body, frozen=True, kw_only=True):
    """Why, if there is something to say."""

    reason: Reason = ""


class Merging(Body, frozen=True, kw_only=True):
    """The incident that goes on."""

    into: Name
    reason: Reason = ""


class MovingOut(Body, frozen=True, kw_only=True):
    """The service that is another matter."""

    service: Name
    reason: Reason = ""


class Correction(Body, frozen=True, kw_only=True):
    """The right words for an entry. Both stay."""

    seq: Annotated[int, msgspec.Meta(ge=1, le=2**31)]
    text: Words
    reason: Reason


def _command(verb: str, summary: str) -> HTTPRouteHandler:
    return post(
        f"/incidents/{{ref:str}}/{verb}",
        guards=[responder],
        sync_to_thread=True,
        status_code=200,
        summary=summary,
        responses=refusals(400, 404, 409),
    )


@_command("acknowledge", "Say that someone has it")
def acknowledge(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[Acknowledgement]
) -> IncidentShape:
    """Acknowledge; nobody is called any more. A token names the person with `as`."""
    done = house.desk.acknowledge(
        ref,
        person=caller.person(house, data),
        via="api",
        by=caller.actor(house, data),
        command_id=caller.command_id,
    )
    return incident_shape(house, done)


@_command("severity", "Change the severity")
def severity(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[NewSeverity]
) -> IncidentShape:
    """Override the severity with a reason; a worse one may begin to page."""
    by = caller.actor(house, data)
    done = house.desk.set_severity(
        ref, data.severity, reason=data.reason, by=by, command_id=caller.command_id
    )
    return incident_shape(house, done)


@_command("status", "Move it on, or back")
def status(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[NewStatus]
) -> IncidentShape:
    """Move a live incident on, or back."""
    by = caller.actor(house, data)
    done = house.desk.set_status(
        ref, data.status, by=by, reason=data.reason, command_id=caller.command_id
    )
    return incident_shape(house, done)


@_command("notes", "Write something down")
def notes(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[Note]
) -> IncidentShape:
    """Add a note to the timeline."""
    done = house.desk.note(
        ref,
        data.text,
        by=caller.actor(house, data),
        command_id=caller.command_id,
        occurred_at=happened(data.occurred_at, house.clock.now()),
    )
    return incident_shape(house, done)


@_command("updates", "Give word, inside or to the public")
def updates(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[NewUpdate]
) -> IncidentShape:
    """Post an update and plan the next one."""
    done = house.desk.update(
        ref,
        data.text,
        audience=data.audience,
        by=caller.actor(house, data),
        status=data.status,
        next_in_s=data.next_in_s,
        command_id=caller.command_id,
    )
    return incident_shape(house, done)


@_command("duties", "Take a duty")
def duties(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[NewDuty]
) -> IncidentShape:
    """Give a duty to a person, also over from another."""
    by = caller.actor(house, data)
    done = house.desk.take_duty(
        ref, data.duty, person=data.person, by=by, command_id=caller.command_id
    )
    return incident_shape(house, done)


@_command("resolve", "Resolve it")
def resolve(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[Resolution]
) -> IncidentShape:
    """End it with the gate's figures as they are now."""
    done = house.desk.resolve(
        ref,
        by=caller.actor(house, data),
        override_reason=data.override_reason,
        last_word=data.last_word,
        command_id=caller.command_id,
    )
    return incident_shape(house, done)


@_command("reopen", "Reopen it")
def reopen(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[WithReason]
) -> IncidentShape:
    """Say that it was not over; people are called again."""
    by = caller.actor(house, data)
    done = house.desk.reopen(ref, reason=data.reason, by=by, command_id=caller.command_id)
    return incident_shape(house, done)


@_command("close", "Close it")
def close(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[Closing]
) -> IncidentShape:
    """Say that nothing is left to do."""
    by = caller.actor(house, data)
    done = house.desk.run(ref, cmd.Close(reason=data.reason), by, caller.command_id)
    return incident_shape(house, done)


@_command("decline", "Decline it")
def decline(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[WithReason]
) -> IncidentShape:
    """Say that it was no incident."""
    by = caller.actor(house, data)
    done = house.desk.run(ref, cmd.Decline(reason=data.reason), by, caller.command_id)
    return incident_shape(house, done)


@_command("merge", "Merge it into another")
def merge(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[Merging]
) -> IncidentShape:
    """Say that another incident is the same and goes on."""
    by = caller.actor(house, data)
    done = house.desk.merge(
        ref, into=data.into, by=by, reason=data.reason, command_id=caller.command_id
    )
    return incident_shape(house, done)


@_command("move-out", "Make an incident of its own of one service")
def move_out(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[MovingOut]
) -> IncidentShape:
    """Say that one of its services is another matter; gives the new incident."""
    by = caller.actor(house, data)
    made = house.desk.move_out(
        ref, data.service, by=by, reason=data.reason, command_id=caller.command_id
    )
    return incident_shape(house, made)


@_command("corrections", "Put an entry right")
def corrections(
    house: TheHouse, caller: TheCaller, ref: FromPath[str], data: JSONBody[Correction]
) -> IncidentShape:
    """Put right what an earlier entry said; both stay."""
    command = cmd.Correct(seq=data.seq, text=data.text, reason=data.reason)
    done = house.desk.run(ref, command, caller.actor(house, data), caller.command_id)
    return incident_shape(house, done)


HANDLERS: tuple[HTTPRouteHandler, ...] = (
    acknowledge,
    severity,
    status,
    notes,
    updates,
    duties,
    resolve,
    reopen,
    close,
    decline,
    merge,
    move_out,
    corrections,
)
