"""Every command that a person can give, and every question a page asks."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

import msgspec

from relight.catalog.catalog import Catalog
from relight.catalog.component import ComponentState
from relight.catalog.service import Route, Service
from relight.catalog.severity_matrix import SeverityRule
from relight.catalog.silence import Silence
from relight.communicate.status_page import ComponentStanding, StatusPage, build
from relight.communicate.update import last_word
from relight.desk.facts import Facts
from relight.desk.kit import Kit
from relight.desk.silencing import Silencing
from relight.detect.alert import Alert
from relight.detect.component import component_state
from relight.detect.judge import CheckState
from relight.detect.silence import silenced
from relight.detect.situation import Situation
from relight.incident import commands as cmd
from relight.incident.events import IncidentEvent, PagingPolicy
from relight.incident.gate import Gate
from relight.incident.must import must_part
from relight.incident.refusals import NotLive
from relight.incident.state import Incident
from relight.incident.status import Audience, Duty, Status
from relight.kernel.actor import Actor
from relight.kernel.clock import Clock
from relight.kernel.faults import NotFound
from relight.kernel.ids import made_at, uuid7
from relight.kernel.ledger import Claim, Entry, Ledger
from relight.kernel.severity import Severity
from relight.oncall.escalation import freeze
from relight.recover.criteria import gate, green_since

Incidents: TypeAlias = Ledger[Incident, cmd.IncidentCommand, IncidentEvent]

_HISTORY = 200
_CHANGES_S = 3600


class IncidentNotFound(NotFound):
    """There is no such incident."""

    hint = "`relight incident list` shows them all."


class ServiceNotFound(NotFound):
    """There is no such service."""


class PersonNotFound(NotFound):
    """There is no such person in `relight.yaml`."""


class Checks(Protocol):
    """What the desk asks of the detection records; `store.records.CheckRecords` serves it."""

    def states(self) -> dict[str, CheckState]:
        """Give the state of every check by its key."""
        ...


class Alerts(Protocol):
    """What the desk asks of the alerts; `store.alerts.AlertRecords` serves it."""

    def alerts(self, *, limit: int = 200, only_open: bool = False) -> list[Alert]:
        """Give the alerts, newest first."""
        ...

    def alert(self, id: str) -> Alert | None:  # noqa: A002 - the field's own word
        """Give one alert."""
        ...


class Numbers(Protocol):
    """Gives the numbers that people see."""

    def __call__(self, name: str) -> int:
        """Give the next one of a series."""
        ...


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one service stands, with the state of each of its checks by key."""

    service: Service
    state: ComponentState
    reason: str
    since: datetime
    checks: Mapping[str, CheckState]


class Desk:
    """The one body of each command. Synchronous: async doors call it in threads.

    `command_id` makes a repeat give the first answer; without one the command is new.
    """

    def __init__(
        self,
        *,
        kit: Kit,
        incidents: Incidents,
        checks: Checks,
        alerts: Alerts,
        facts: Facts,
        silences: Silencing,
        numbers: Numbers,
        clock: Clock,
        instance_id: str,
    ) -> None:
        """Take the parts that wiring built."""
        self.kit = kit
        self.incidents = incidents
        self.checks = checks
        self.alerts = alerts
        self.facts = facts
        self.silences = silences
        self.clock = clock
        self.instance_id = instance_id
        self._numbers = numbers

    @property
    def catalog(self) -> Catalog:
        """The catalogue in force."""
        return self.kit.catalog

    def next_number(self, name: str) -> int:
        """Give the next number of a series that people see."""
        return self._numbers(name)

    def policy(self, rule: SeverityRule) -> PagingPolicy | None:
        """Freeze who is called for a severity as the catalogue stands."""
        return freeze(self.catalog, rule)

    def template(self, name: str) -> str:
        """Give the kit's own template by its file stem, or nothing."""
        return self.kit.loaded.templates.get(name, "")

    # ---- questions

    def find(self, reference: str) -> Incident:
        """Find an incident by `INC-3`, `3` or its id. Raises `IncidentNotFound`."""
        wanted = reference.strip()
        name = f"INC-{wanted}" if wanted.isdigit() else wanted.upper()
        incident = self.incidents.find(name) or self.incidents.read(wanted)
        if incident is None:
            msg = f"There is no incident `{reference}`."
            raise IncidentNotFound(msg)
        return incident

    def timeline(self, incident: Incident, *, after: int = 0) -> list[Entry[IncidentEvent]]:
        """Give all entries of an incident after a sequence number."""
        found: list[Entry[IncidentEvent]] = []
        while page := self.incidents.entries(incident.id, after=after):
            found += page
            after = page[-1].seq
        return found

    def standings(self) -> list[Standing]:
        """Tell how every service stands, in the order written."""
        states = self.checks.states()
        return [self._standing(service, states) for service in self.catalog.services]

    def _standing(self, service: Service, states: Mapping[str, CheckState]) -> Standing:
        own = {check.key: states[check.key] for check in service.checks if check.key in states}
        state, reason = component_state(service, own, None)
        worked_on = self.silences.maintenance(service.name, self.catalog, self.clock.now())
        if worked_on:
            state, reason = ComponentState.UNDER_MAINTENANCE, worked_on.sentence
        changes = [each.since for each in own.values() if each.since]
        return Standing(
            service=service,
            state=state,
            reason=reason,
            since=max(changes, default=made_at(self.instance_id)),
            checks=own,
        )

    def situation(self, service: Service, states: Mapping[str, CheckState]) -> Situation:
        """Gather all that the verdict may weigh of a service now."""
        now = self.clock.now()
        upstream = [self.catalog.service(name) for name in service.depends_on]
        return Situation(
            service=service,
            now=now,
            states=states,
            vendors=self.facts.vendors(service, now),
            dependencies={
                each.name: component_state(each, states, None)[0] for each in upstream if each
            },
            changes=self.facts.changes(now - timedelta(seconds=_CHANGES_S), now),
            edge=self.facts.edge(service, now),
        )

    def alerts_shown(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Give alerts with the silence that each open one falls under now."""
        silences, now = self.silences.all(self.catalog, self.clock.now()), self.clock.now()
        held = {each.id: silenced(each, silences, now) for each in alerts if each.is_open}
        return [
            msgspec.structs.replace(each, silenced=found.sentence)
            if (found := held.get(each.id))
            else each
            for each in alerts
        ]

    def maintained(self) -> frozenset[str]:
        """Name the services that are under maintenance now."""
        catalog, now = self.catalog, self.clock.now()
        return frozenset(
            each.name
            for each in catalog.services
            if self.silences.maintenance(each.name, catalog, now)
        )

    def status_page(self) -> StatusPage:
        """Build the public page as it should read now."""
        components = [
            ComponentStanding(service=each.service.name, state=each.state, since=each.since)
            for each in self.standings()
        ]
        incidents = [
            *self.incidents.all(live=True),
            *self.incidents.all(limit=_HISTORY, live=False),
        ]
        return build(self.catalog, self.instance_id, components, incidents, self.clock.now())

    def gate(self, incident: Incident) -> Gate:
        """Tell what speaks for and against calling it resolved, with figures."""
        states = self.checks.states()
        checks = [
            check for check in self.catalog.checks().values() if check.service in incident.services
        ]
        own = {check.key: states[check.key] for check in checks if check.key in states}
        return gate(
            own,
            checks,
            green_since(own) if len(own) == len(checks) else None,
            incident.rule.stability_s,
            self.clock.now(),
            services=incident.services,
            alerts=incident.alerts,
        )

    # ---- commands

    def declare(
        self,
        title: str,
        *,
        by: Actor,
        severity: Severity | None = None,
        services: Sequence[str] = (),
        reason: str = "",
        command_id: str | None = None,
        occurred_at: datetime | None = None,
    ) -> Incident:
        """Declare by hand. Without a severity it is S2: unknown reach never lowers it."""
        for name in services:
            self._must_know(name)
        chosen = severity or Severity.S2
        rule = self.catalog.severities.rule(chosen)
        why = reason.strip() or (
            f"Set by {by}." if severity else "Nobody said how bad it is; reach unknown."
        )
        now = self.clock.now()
        command = cmd.Declare(
            number=self.next_number("incident"),
            title=title,
            severity=chosen,
            severity_reason=why,
            rule=rule,
            services=tuple(services),
            policy=self.policy(rule),
        )
        done = self.incidents.execute(
            uuid7(now),
            command,
            by=by,
            now=now,
            command_id=command_id or uuid.uuid4().hex,
            occurred_at=occurred_at,
        )
        return done.state

    def acknowledge(
        self, reference: str, *, person: str, via: str, by: Actor, command_id: str | None = None
    ) -> Incident:
        """Say that a person has it."""
        return self.run(reference, cmd.Acknowledge(person=person, via=via), by, command_id)

    def note(
        self,
        reference: str,
        text: str,
        *,
        by: Actor,
        command_id: str | None = None,
        occurred_at: datetime | None = None,
    ) -> Incident:
        """Write something down, also afterwards with the time it happened."""
        return self.run(reference, cmd.AddNote(text=text), by, command_id, occurred_at)

    def update(
        self,
        reference: str,
        text: str,
        *,
        audience: Audience,
        by: Actor,
        status: Status | None = None,
        next_in_s: float | None = None,
        command_id: str | None = None,
    ) -> Incident:
        """Give word inside or to the public, and say when the next one follows."""
        next_at = self.clock.now() + timedelta(seconds=next_in_s) if next_in_s else None
        command = cmd.PostUpdate(audience=audience, text=text, status=status, next_at=next_at)
        return self.run(reference, command, by, command_id)

    def set_severity(
        self,
        reference: str,
        severity: Severity,
        *,
        reason: str,
        by: Actor,
        command_id: str | None = None,
    ) -> Incident:
        """Override the severity with a reason; a worse one may begin to page."""
        rule = self.catalog.severities.rule(severity)
        command = cmd.ChangeSeverity(
            severity=severity, reason=reason, rule=rule, policy=self.policy(rule)
        )
        return self.run(reference, command, by, command_id)

    def set_status(
        self,
        reference: str,
        status: Status,
        *,
        by: Actor,
        reason: str = "",
        command_id: str | None = None,
    ) -> Incident:
        """Move a live incident on, or back."""
        return self.run(reference, cmd.ChangeStatus(status=status, reason=reason), by, command_id)

    def take_duty(
        self, reference: str, duty: Duty, *, person: str, by: Actor, command_id: str | None = None
    ) -> Incident:
        """Give a duty to a person of the catalogue, also over from another."""
        if self.catalog.person(person) is None:
            msg = f"There is no `{person}` in `relight.yaml`."
            raise PersonNotFound(msg)
        return self.run(reference, cmd.TakeDuty(duty=duty, person=person), by, command_id)

    def resolve(
        self,
        reference: str,
        *,
        by: Actor,
        override_reason: str = "",
        last_word: str = "",
        command_id: str | None = None,
        completes: Claim | None = None,
    ) -> Incident:
        """End it with the gate's figures as they are now."""
        incident = self.find(reference)
        command = cmd.Resolve(
            gate=self.gate(incident), override_reason=override_reason, last_word=last_word
        )
        return self.run(incident.id, command, by, command_id, completes=completes)

    def reopen(
        self, reference: str, *, reason: str, by: Actor, command_id: str | None = None
    ) -> Incident:
        """Say that it was not over; people are called again."""
        incident = self.find(reference)
        command = cmd.Reopen(reason=reason, policy=self.policy(incident.rule))
        return self.run(incident.id, command, by, command_id)

    def merge(
        self,
        reference: str,
        *,
        into: str,
        by: Actor,
        reason: str = "",
        command_id: str | None = None,
    ) -> Incident:
        """Say that another incident is the same and goes on."""
        other = self.find(into)
        if not other.live:
            msg = f"{other.name} has ended."
            raise NotLive(msg, hint="Merge into an incident that goes on.")
        return self.run(reference, cmd.Merge(into=other.id, reason=reason), by, command_id)

    def move_out(
        self,
        reference: str,
        service: str,
        *,
        by: Actor,
        reason: str = "",
        command_id: str | None = None,
    ) -> Incident:
        """Make an incident of its own of one service and its alerts; give that one.

        Whoever has the old one is not called again for the new one. Raises `NotItsService` or
        `OnlyItsService`.
        """
        incident, now = self.find(reference), self.clock.now()
        command_id = command_id or uuid.uuid4().hex
        alerts = [each for each in incident.alerts if each.service == service]
        must_part(incident, service)
        moved = tuple(
            cmd.FirstAlert(
                alert_id=each.alert_id,
                check=each.check,
                service=each.service,
                source=each.source,
                summary=each.summary,
                reason=f"It was part of {incident.name}.",
            )
            for each in alerts
        )
        found = self.catalog.service(service)
        made = self.incidents.execute(
            uuid7(now),
            cmd.Declare(
                number=self.next_number("incident"),
                title=f"{found.title if found else service} fails",
                severity=incident.severity,
                severity_reason=f"As {incident.name}, which it was part of.",
                rule=incident.rule,
                services=(service,),
                alert=moved[0] if moved else None,
                more=moved[1:],
                policy=None if incident.acknowledged_by else self.policy(incident.rule),
            ),
            by=by,
            now=now,
            command_id=f"{command_id}:out",
        ).state
        self.run(
            incident.id,
            cmd.MoveOut(service=service, into=made.name, reason=reason),
            by,
            command_id,
        )
        return made

    def silence(
        self,
        *,
        for_s: float,
        by: Actor,
        name: str = "",
        reason: str = "",
        services: Sequence[str] = (),
        checks: Sequence[str] = (),
        sources: Sequence[str] = (),
        routes: Sequence[Route] = (),
        severities: Sequence[Severity] = (),
    ) -> Silence:
        """Begin a silence now. Raises `SilenceTooWide`, `SilenceTaken` or `ServiceNotFound`."""
        for service in services:
            self._must_know(service)
        wanted = Silence(
            name=name,
            reason=reason,
            services=tuple(services),
            checks=tuple(checks),
            sources=tuple(sources),
            routes=tuple(routes),
            severities=tuple(severities),
        )
        return self.silences.make(
            wanted, for_s=for_s, by=by, now=self.clock.now(), catalog=self.catalog
        )

    def end_silence(self, name: str) -> None:
        """End a silence that somebody made. Raises `SilenceFromKit` or `SilenceNotFound`."""
        self.silences.end(name, self.catalog, self.clock.now())

    def run(
        self,
        reference: str,
        command: cmd.IncidentCommand,
        by: Actor,
        command_id: str | None = None,
        occurred_at: datetime | None = None,
        *,
        completes: Claim | None = None,
    ) -> Incident:
        """Give any command that needs no further facts. Raises a `Refused` by its name."""
        incident = self.find(reference)
        done = self.incidents.execute(
            incident.id,
            command,
            by=by,
            now=self.clock.now(),
            command_id=command_id or uuid.uuid4().hex,
            occurred_at=occurred_at,
            completes=completes,
        )
        return done.state

    def suggested_last_word(self, incident: Incident) -> str:
        """Draft the closing public word from the record, for a person to confirm."""
        return last_word(self.catalog, incident, self.clock.now())

    def _must_know(self, service: str) -> None:
        if self.catalog.service(service) is None:
            known = ", ".join(each.name for each in self.catalog.services)
            msg = f"There is no service `{service}`."
            raise ServiceNotFound(msg, hint=f"Known: {known}." if known else "")
