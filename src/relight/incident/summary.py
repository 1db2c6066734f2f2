"""The one sentence on top of an incident, and what to do next."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import msgspec

from relight.incident.state import Incident
from relight.incident.status import Status
from relight.kernel.period import write_duration

StepId: TypeAlias = Literal[
    "acknowledge",
    "take-command",
    "post-public-update",
    "post-update",
    "resolve",
    "draft-postmortem",
    "close",
    "reopen",
]

_MOST_STEPS = 3
_DROPPED_FIRST: tuple[StepId, ...] = ("take-command", "post-update")


class Step(msgspec.Struct, frozen=True):
    """Something to do next: its id for the doors, and the button's words."""

    id: StepId
    label: str


def plain_sentence(incident: Incident, now: datetime) -> str:
    """Say what is broken, since when, what the evidence says and who has it. Times in UTC."""
    text = " ".join(_sentences(incident, now))
    return f"Drill. {text}" if incident.drill else text


def _sentences(incident: Incident, now: datetime) -> Iterator[str]:
    title = _title(incident)
    match incident.status:
        case Status.RESOLVED | Status.CLOSED:
            yield from _over(incident, title, now)
        case Status.DECLINED:
            yield f"{title}: it was no incident."
        case Status.MERGED:
            yield f"{title}: merged into another incident, which goes on."
        case Status.MONITORING if incident.recovered_at:
            yield f"{title}: every check answers again since {_at(incident.recovered_at, now)}."
            yield from _watched(incident, now)
            yield _who(incident)
        case Status.TRIAGE | Status.INVESTIGATING | Status.IDENTIFIED | Status.MONITORING:
            yield f"{title} since {_at(incident.began_at, now)}."
            if incident.reopened_at:
                yield f"It seemed over and was reopened at {_at(incident.reopened_at, now)}."
            if incident.recovered_at:
                yield f"Every check answers again since {_at(incident.recovered_at, now)}."
            elif incident.verdict:
                yield incident.verdict.sentence
            elif incident.status is not Status.IDENTIFIED:
                yield "The cause is not known yet."
            yield _who(incident)


def _over(incident: Incident, title: str, now: datetime) -> Iterator[str]:
    if incident.resolved_at is None:
        yield f"{title}: {incident.status}."
        return
    took = write_duration((incident.resolved_at - incident.began_at).total_seconds())
    yield f"{title}: resolved at {_at(incident.resolved_at, now)}, {took} after it began."
    if incident.override_reason:
        yield "A person decided so before the data showed recovery."


def _watched(incident: Incident, now: datetime) -> Iterator[str]:
    stable_at = incident.stable_at
    if stable_at is None or not incident.rule.stability_s:
        return
    if now < stable_at:
        yield f"It is watched until {_at(stable_at, now)}."
    else:
        yield f"It has held for {write_duration(incident.rule.stability_s)}."


def _who(incident: Incident) -> str:
    if incident.acknowledged_by:
        return f"{incident.commander or incident.acknowledged_by} has it."
    if incident.commander:
        return f"{incident.commander} is commander; nobody has acknowledged yet."
    return "Nobody has it yet."


def next_steps(incident: Incident, person: str | None, now: datetime) -> tuple[Step, ...]:
    """Give at most three things to do, the safest first.

    `person` is who looks; None is somebody who cannot take a duty, like the operator at the shell.
    """
    steps = list(_live_steps(incident, person, now) if incident.live else _end_steps(incident))
    for step_id in _DROPPED_FIRST:
        if len(steps) > _MOST_STEPS:
            steps = [step for step in steps if step.id != step_id]
    return tuple(steps[:_MOST_STEPS])


def _live_steps(incident: Incident, person: str | None, now: datetime) -> Iterator[Step]:
    if person and not incident.acknowledged_by:
        yield Step("acknowledge", "Acknowledge incident")
    if person and incident.commander and incident.commander != person:
        yield Step("take-command", "Take command")
    if not incident.drill and (incident.is_public or incident.rule.public_notice_s is not None):
        yield Step("post-public-update", "Post a public update")
    yield Step("post-update", "Post an internal update")
    if may_resolve(incident, now):
        yield Step("resolve", "Resolve incident")


def _end_steps(incident: Incident) -> Iterator[Step]:
    if incident.status in {Status.RESOLVED, Status.CLOSED} and not incident.postmortem:
        yield Step("draft-postmortem", "Draft a postmortem")
    if incident.status is Status.RESOLVED:
        yield Step("close", "Close incident")
    if incident.status is not Status.MERGED:
        yield Step("reopen", "Reopen incident")


def may_resolve(incident: Incident, now: datetime) -> bool:
    """Whether the gate may pass, as far as the incident itself can tell; the gate has the figures.

    Alerts that are open, or a stability period that still runs, say no.
    """
    if incident.open_alerts:
        return False
    return incident.stable_at is None or now >= incident.stable_at


def _title(incident: Incident) -> str:
    title = " ".join(incident.title.split()).rstrip(".!?… ")
    return title[:1].upper() + title[1:]


def _at(at: datetime, now: datetime) -> str:
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    day = "" if at.date() == now.date() else f"{at:%Y-%m-%d} "
    return f"{day}{at:%H:%M} UTC"
