"""The incident as its entries add up to it."""

from datetime import datetime, timedelta

import msgspec

from relight.catalog.severity_matrix import SeverityRule
from relight.incident.commands import Finding
from relight.incident.events import Evidence, PagingPolicy, Suspicion
from relight.incident.gate import Gate
from relight.incident.status import Audience, Duty, Status
from relight.kernel.severity import Severity


class JoinedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert of the incident; open until `cleared_at`."""

    alert_id: str
    check: str
    service: str
    source: str = "check"
    summary: str
    joined_at: datetime
    cleared_at: datetime | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The last verdict reached."""

    domain: str
    sentence: str
    certainty: str
    evidence: tuple[Evidence, ...]
    at: datetime
    others: tuple[Suspicion, ...] = ()
    answer: str = ""

    def differs_from(self, finding: Finding) -> bool:
        """Whether a finding is another answer, and not the same with other figures."""
        if self.answer and finding.answer:
            return self.answer != finding.answer
        return self.sentence != finding.sentence


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One word given; `text` is as last corrected, by the entry `correction_seq` (0 is none)."""

    seq: int
    at: datetime
    by: str
    audience: Audience
    text: str
    status: Status
    neutral: bool = False
    correction_seq: int = 0

    @property
    def corrected(self) -> bool:
        """Whether the text is not the one first given."""
        return self.correction_seq > 0


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """How the calling of people stands.

    `rounds` counts on over every start, and `first_round` is where this start began, so that the
    rounds of an incident that was reopened never mix with those before.
    """

    policy: PagingPolicy
    started_at: datetime
    first_round: int = 0
    rounds: int = 0
    sent: int = 0
    failed: int = 0
    stopped: str = ""


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident at its latest entry `seq`. All times aware UTC."""

    id: str
    seq: int
    number: int
    slug: str
    title: str
    status: Status
    severity: Severity
    severity_reason: str
    rule: SeverityRule
    services: tuple[str, ...]
    declared_at: datetime
    declared_by: str
    by_rule: bool
    changed_at: datetime
    began_at: datetime
    cause: str = ""
    drill: bool = False
    alerts: tuple[JoinedAlert, ...] = ()
    verdict: Verdict | None = None
    paging: Paging | None = None
    graded_by_hand: bool = False
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    duties: dict[Duty, str] = {}
    updates: tuple[Update, ...] = ()
    next_internal_at: datetime | None = None
    next_public_at: datetime | None = None
    recovered_at: datetime | None = None
    resolved_at: datetime | None = None
    reopened_at: datetime | None = None
    closed_at: datetime | None = None
    gate: Gate | None = None
    override_reason: str = ""
    merged_into: str = ""
    apart: tuple[str, ...] = ()
    postmortem: str = ""

    @property
    def name(self) -> str:
        """Name it for people: `INC-3`."""
        return f"INC-{self.number}"

    @property
    def live(self) -> bool:
        """Whether someone still has work to do on it."""
        return self.status.live

    @property
    def open_alerts(self) -> tuple[JoinedAlert, ...]:
        """The alerts that have not cleared."""
        return tuple(alert for alert in self.alerts if alert.cleared_at is None)

    @property
    def commander(self) -> str:
        """Who commands, or nobody."""
        return self.duties.get(Duty.COMMANDER, "")

    @property
    def public_updates(self) -> tuple[Update, ...]:
        """What the public has been told, oldest first."""
        return tuple(each for each in self.updates if each.audience is Audience.PUBLIC)

    @property
    def is_public(self) -> bool:
        """Whether the public page knows of it."""
        return bool(self.public_updates)

    @property
    def stable_at(self) -> datetime | None:
        """When the stability period will have passed, if nothing fails again."""
        if self.recovered_at is None:
            return None
        return self.recovered_at + timedelta(seconds=self.rule.stability_s)

    @property
    def is_paging(self) -> bool:
        """Whether people are being called right now."""
        return self.live and self.paging is not None and not self.paging.stopped

    @property
    def open_key(self) -> str | None:
        """What may be open only once: a rule declares one live incident a service."""
        return f"rule:{self.services[0]}" if self.live and self.by_rule and self.services else None
