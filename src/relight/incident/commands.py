"""What one can ask of an incident: imperative, carrying the facts that the decision needs."""

from datetime import datetime
from typing import TypeAlias

import msgspec

from relight.catalog.severity_matrix import SeverityRule
from relight.incident.events import Evidence, PagingPolicy, Suspicion
from relight.incident.gate import Gate
from relight.incident.status import Audience, Duty, Status
from relight.kernel.plug import Plugged
from relight.kernel.severity import Severity


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all incident commands."""


class FirstAlert(msgspec.Struct, frozen=True, kw_only=True):
    """The alert that an incident is declared for, or that joins it; `check` is its source's key."""

    alert_id: str
    check: str
    service: str
    source: str = "check"
    summary: str
    reason: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What the judging of the evidence came to. `answer` stays while only figures change."""

    domain: str
    sentence: str
    certainty: str
    evidence: tuple[Evidence, ...] = ()
    others: tuple[Suspicion, ...] = ()
    answer: str = ""


class Declare(Command, frozen=True, kw_only=True):
    """Begin an incident. `first_notice` is the neutral public word, or empty for none.

    `more` are alerts that belong to it from the start, beside the first.
    """

    number: int
    title: str
    severity: Severity
    severity_reason: str
    rule: SeverityRule
    services: tuple[str, ...] = ()
    alert: FirstAlert | None = None
    more: tuple[FirstAlert, ...] = ()
    finding: Finding | None = None
    policy: PagingPolicy | None = None
    first_notice: str = ""
    cause: str = ""
    drill: bool = False


class JoinAlert(Command, frozen=True, kw_only=True):
    """Add an alert, and `more` with it.

    Reopens what was resolved, sends a monitored one back to investigating.

    `notice` is the neutral word for a public that was told that it is over; `title` is given where
    the one before was a rule's and no longer says enough. Empty changes nothing.
    """

    alert: FirstAlert
    more: tuple[FirstAlert, ...] = ()
    finding: Finding | None = None
    severity: Severity | None = None
    severity_reason: str = ""
    rule: SeverityRule | None = None
    policy: PagingPolicy | None = None
    notice: str = ""
    title: str = ""


class ClearAlert(Command, frozen=True, kw_only=True):
    """Take note that a check of the incident answers again, or is watched no longer.

    `more` are the ids of alerts that are over at the same time.
    """

    alert_id: str
    check: str
    reason: str = ""
    unwatched: bool = False
    more: tuple[str, ...] = ()


class RecordFinding(Command, frozen=True, kw_only=True):
    """Take the verdict as it is now, and a severity that became worse; the same changes nothing."""

    finding: Finding | None = None
    severity: Severity | None = None
    severity_reason: str = ""
    rule: SeverityRule | None = None
    policy: PagingPolicy | None = None
    title: str = ""


class Retitle(Command, frozen=True, kw_only=True):
    """Call it by better words."""

    title: str


class ChangeSeverity(Command, frozen=True, kw_only=True):
    """Override the severity with a reason."""

    severity: Severity
    reason: str
    rule: SeverityRule
    policy: PagingPolicy | None = None


class ChangeStatus(Command, frozen=True, kw_only=True):
    """Move a live incident on, or back."""

    status: Status
    reason: str = ""


class RequestPages(Command, frozen=True, kw_only=True):
    """Page the people of one round. `contacts` is who is on call now, with how to reach them."""

    round: int
    contacts: tuple["PageContact", ...]
    rule: str


class PageContact(msgspec.Struct, frozen=True, kw_only=True):
    """One way to reach one person; `address` is its name for people, without secrets."""

    person: str
    contact: Plugged
    address: str


class RecordPageSent(Command, frozen=True, kw_only=True):
    """Keep what the channel answered."""

    page: str
    attempt: int
    answer: str


class RecordPageFailed(Command, frozen=True, kw_only=True):
    """Keep why an attempt failed, and when it is tried again."""

    page: str
    attempt: int
    reason: str
    retry_at: datetime | None = None


class SuppressPage(Command, frozen=True, kw_only=True):
    """Keep why a page was not sent."""

    page: str
    reason: str


class Acknowledge(Command, frozen=True, kw_only=True):
    """Say that a person has it; who names nobody commander takes that too."""

    person: str
    via: str


class TakeDuty(Command, frozen=True, kw_only=True):
    """Take a duty, also over from another."""

    duty: Duty
    person: str


class LeaveDuty(Command, frozen=True, kw_only=True):
    """Lay a duty down. A commander hands over instead."""

    duty: Duty


class AddNote(Command, frozen=True, kw_only=True):
    """Write something down."""

    text: str


class PostUpdate(Command, frozen=True, kw_only=True):
    """Give word. `next_at` is when the next one follows; None takes the severity's cadence."""

    audience: Audience
    text: str
    status: Status | None = None
    next_at: datetime | None = None


class Resolve(Command, frozen=True, kw_only=True):
    """End it, with the gate's figures. A public incident needs a last public word."""

    gate: Gate
    override_reason: str = ""
    last_word: str = ""


class Reopen(Command, frozen=True, kw_only=True):
    """Say that it was not over."""

    reason: str
    policy: PagingPolicy | None = None


class Close(Command, frozen=True, kw_only=True):
    """Say that nothing is left to do."""

    reason: str = ""


class Decline(Command, frozen=True, kw_only=True):
    """Say that it was no incident."""

    reason: str


class Merge(Command, frozen=True, kw_only=True):
    """Say that another incident is the same."""

    into: str
    reason: str = ""


class MoveOut(Command, frozen=True, kw_only=True):
    """Say that one of its services is another matter; `into` is the name of that incident."""

    service: str
    into: str
    reason: str = ""


class Correct(Command, frozen=True, kw_only=True):
    """Put right what an earlier entry said."""

    seq: int
    text: str
    reason: str


class RecordPostmortem(Command, frozen=True, kw_only=True):
    """Keep where the draft lies."""

    path: str


class RecordClockStep(Command, frozen=True, kw_only=True):
    """Keep that the machine's clock was moved."""

    seconds: float


IncidentCommand: TypeAlias = (
    Declare
    | JoinAlert
    | ClearAlert
    | RecordFinding
    | Retitle
    | ChangeSeverity
    | ChangeStatus
    | RequestPages
    | RecordPageSent
    | RecordPageFailed
    | SuppressPage
    | Acknowledge
    | TakeDuty
    | LeaveDuty
    | AddNote
    | PostUpdate
    | Resolve
    | Reopen
    | Close
    | Decline
    | Merge
    | MoveOut
    | Correct
    | RecordPostmortem
    | RecordClockStep
)
