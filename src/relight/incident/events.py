"""What can happen in an incident: a closed union, in the past tense.

An event carries all that deciding used, so that folding it later needs no configuration.
"""

from datetime import datetime
from typing import TypeAlias

import msgspec

from relight.catalog.severity_matrix import SeverityRule
from relight.incident.gate import Gate
from relight.incident.status import Audience, Duty, Status
from relight.kernel.ledger import Unknown
from relight.kernel.plug import Plugged
from relight.kernel.severity import Severity


class Event(
    msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="type", omit_defaults=True
):
    """Base of all incident events; the class name is the tag in the ledger."""


class PageStep(msgspec.Struct, frozen=True):
    """One step of a frozen paging policy: so long after the start, these schedules or people."""

    after_s: int
    targets: tuple[str, ...]


class PagingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Who is called and when, as it stood when paging began; `version` is the catalogue's.

    `repage_s` of 0 calls only once; `only` narrows the kinds of contact, empty means all.
    """

    steps: tuple[PageStep, ...]
    repage_s: int
    version: str
    only: tuple[str, ...] = ()


class Evidence(msgspec.Struct, frozen=True):
    """One figure that stands behind a verdict."""

    claim: str
    figure: str
    source: str
    at: datetime


class Suspicion(msgspec.Struct, frozen=True):
    """A domain that may have failed as well, after the first answer."""

    domain: str
    sentence: str
    certainty: str


class Declared(Event, frozen=True, kw_only=True):
    """An incident began."""

    number: int
    slug: str
    title: str
    severity: Severity
    severity_reason: str
    rule: SeverityRule
    services: tuple[str, ...]
    status: Status = Status.INVESTIGATING
    cause: str = ""
    drill: bool = False


class AlertJoined(Event, frozen=True, kw_only=True):
    """An alert was added to the incident; `check` is its key at its source."""

    alert_id: str
    check: str
    service: str
    source: str = "check"
    summary: str
    reason: str = ""


class AlertRef(msgspec.Struct, frozen=True, array_like=True):
    """One of many alerts: its id, its key at its source, its service and its source."""

    alert_id: str
    check: str
    service: str
    source: str


class AlertsJoined(Event, frozen=True, kw_only=True):
    """Many alerts at once were added to the incident: one entry, however many there are."""

    alerts: tuple[AlertRef, ...]
    summary: str
    reason: str = ""


class AlertsCleared(Event, frozen=True, kw_only=True):
    """Many alerts of the incident are over at once."""

    alert_ids: tuple[str, ...]


class AlertCleared(Event, frozen=True, kw_only=True):
    """A check of the incident answers again, or is watched no longer."""

    alert_id: str
    check: str
    reason: str = ""
    unwatched: bool = False


class VerdictReached(Event, frozen=True, kw_only=True):
    """The evidence points at a failing domain. `answer` stays while only figures change."""

    domain: str
    sentence: str
    certainty: str
    evidence: tuple[Evidence, ...] = ()
    others: tuple[Suspicion, ...] = ()
    answer: str = ""


class Retitled(Event, frozen=True, kw_only=True):
    """The title was changed."""

    title: str


class SeverityChanged(Event, frozen=True, kw_only=True):
    """The severity was changed, with the reason."""

    severity: Severity
    reason: str
    rule: SeverityRule


class StatusChanged(Event, frozen=True, kw_only=True):
    """The incident moved on."""

    status: Status
    reason: str = ""


class RecoveryObserved(Event, frozen=True, kw_only=True):
    """Every alert of the incident has cleared; the stability period begins."""

    stability_s: int


class Relapsed(Event, frozen=True, kw_only=True):
    """It failed again within the stability period, so the incident goes on."""

    reason: str


class PagingStarted(Event, frozen=True, kw_only=True):
    """People are being called, or told by mail only, by a policy frozen at this moment."""

    policy: PagingPolicy


class PagingStopped(Event, frozen=True, kw_only=True):
    """Nobody is called any more, and why."""

    reason: str


class PageRequested(Event, frozen=True, kw_only=True):
    """One person is to be reached by one contact."""

    page: str
    round: int
    person: str
    contact: Plugged
    address: str
    rule: str


class PageSent(Event, frozen=True, kw_only=True):
    """The channel took the page; its own answer is kept."""

    page: str
    attempt: int
    answer: str


class PageFailed(Event, frozen=True, kw_only=True):
    """An attempt to deliver a page failed."""

    page: str
    attempt: int
    reason: str
    retry_at: datetime | None = None


class PageSuppressed(Event, frozen=True, kw_only=True):
    """A page that was asked for was not sent, and why."""

    page: str
    reason: str


class NobodyToPage(Event, frozen=True, kw_only=True):
    """A step of the policy reached nobody."""

    round: int
    reason: str


class Acknowledged(Event, frozen=True, kw_only=True):
    """Someone has it."""

    person: str
    via: str


class DutyTaken(Event, frozen=True, kw_only=True):
    """A person took a duty, from another or freely."""

    duty: Duty
    person: str
    before: str = ""


class DutyLeft(Event, frozen=True, kw_only=True):
    """A person laid a duty down."""

    duty: Duty
    person: str


class NoteAdded(Event, frozen=True, kw_only=True):
    """Someone wrote something down."""

    text: str


class UpdatePosted(Event, frozen=True, kw_only=True):
    """Word was given, inside or to the public."""

    audience: Audience
    text: str
    status: Status
    neutral: bool = False


class NextUpdatePlanned(Event, frozen=True, kw_only=True):
    """When the next word is due."""

    audience: Audience
    at: datetime


class Resolved(Event, frozen=True, kw_only=True):
    """It is over; the gate's figures are kept, and the reason where a person overrode it."""

    gate: Gate
    override_reason: str = ""


class Reopened(Event, frozen=True, kw_only=True):
    """It was not over."""

    reason: str


class Closed(Event, frozen=True, kw_only=True):
    """Nothing is left to do on it."""

    reason: str = ""


class Declined(Event, frozen=True, kw_only=True):
    """It was no incident."""

    reason: str


class Merged(Event, frozen=True, kw_only=True):
    """It is the same as another, which goes on."""

    into: str
    reason: str = ""


class ServiceMovedOut(Event, frozen=True, kw_only=True):
    """A service with its alerts is an incident of its own now; `into` is that one's name."""

    service: str
    into: str
    reason: str


class Corrected(Event, frozen=True, kw_only=True):
    """An earlier entry was wrong; both stay, the right words beside it."""

    seq: int
    text: str
    reason: str


class PostmortemDrafted(Event, frozen=True, kw_only=True):
    """The draft lies in the kit folder."""

    path: str


class ClockStepped(Event, frozen=True, kw_only=True):
    """The machine's clock was moved; running delays keep their length."""

    seconds: float


IncidentEvent: TypeAlias = (
    Declared
    | AlertJoined
    | AlertsJoined
    | AlertsCleared
    | AlertCleared
    | VerdictReached
    | Retitled
    | SeverityChanged
    | StatusChanged
    | RecoveryObserved
    | Relapsed
    | PagingStarted
    | PagingStopped
    | PageRequested
    | PageSent
    | PageFailed
    | PageSuppressed
    | NobodyToPage
    | Acknowledged
    | DutyTaken
    | DutyLeft
    | NoteAdded
    | UpdatePosted
    | NextUpdatePlanned
    | Resolved
    | Reopened
    | Closed
    | Declined
    | Merged
    | ServiceMovedOut
    | Corrected
    | PostmortemDrafted
    | ClockStepped
    | Unknown
)
