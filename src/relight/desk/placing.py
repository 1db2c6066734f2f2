"""Brings alerts to the incidents they belong to, many at a time.

A storm is one thing: a thousand alerts of many services are placed in one command, with one entry
that counts them, and one round of calls.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from relight.catalog.catalog import FirstNotice
from relight.catalog.service import Service
from relight.catalog.severity_matrix import SeverityRule
from relight.communicate.update import FIRST_NOTICE, first_notice
from relight.desk.desk import Desk
from relight.desk.verdicts import Verdicts
from relight.detect import triage
from relight.detect.alert import CHECK, UNWATCHED, Alert
from relight.detect.grouping import TOGETHER, OpenIncident
from relight.detect.judge import CheckState
from relight.incident import commands as cmd
from relight.incident.state import Incident
from relight.incident.status import Status
from relight.kernel.actor import rule
from relight.kernel.faults import RelightError
from relight.kernel.ids import uuid7
from relight.kernel.ledger import Claim
from relight.kernel.severity import Severity

_TRIAGE = rule("triage")
_RECENT = 50
_SILENCED_AGAIN_S = 60.0


class Waiting(msgspec.Struct, frozen=True):
    """An alert with the claim that asks for a look at it."""

    alert: Alert
    claim: Claim


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """What is left after placing: claims to look at again after seconds, and claims that are done.

    `error` is the first that a group met; its claims come back when their lease ends.
    """

    later: tuple[tuple[Claim, float], ...] = ()
    done: tuple[Claim, ...] = ()
    error: RelightError | None = None


class _Group(msgspec.Struct, frozen=True, kw_only=True):
    """The alerts of one service, or those of one source that name none; the oldest first."""

    service: Service | None
    waiting: tuple[Waiting, ...]
    began_at: datetime

    @property
    def first(self) -> Alert:
        return self.waiting[0].alert

    @property
    def ids(self) -> list[str]:
        return [each.alert.id for each in self.waiting]


class Placing:
    """Places alerts through the desk's ledger and records."""

    def __init__(self, desk: Desk, verdicts: Verdicts) -> None:
        """Take the desk, and who gives the verdict on what begins."""
        self._desk = desk
        self._verdicts = verdicts

    def place(self, waiting: Sequence[Waiting]) -> Placed:
        """Place what is open and clear what is over; each group stands alone when one fails."""
        desk, now = self._desk, self._desk.clock.now()
        states = desk.checks.states()
        later: list[tuple[Claim, float]] = []
        done: list[Claim] = []
        ready: list[Waiting] = []
        for each in waiting:
            if not each.alert.is_open:
                continue
            wait_s = self._waits_s(each.alert, states, now)
            if wait_s:
                later.append((each.claim, wait_s))
            else:
                ready.append(each)
        error: RelightError | None = None
        over = [each for each in waiting if not each.alert.is_open]
        try:
            done += self._clear(over)
        except RelightError as met:
            error = met
        try:
            done += self._open(ready, states)
        except RelightError as met:
            error = met
        return Placed(later=tuple(later), done=tuple(done), error=error)

    def _waits_s(self, alert: Alert, states: Mapping[str, CheckState], now: datetime) -> float:
        """Tell how soon to come back with an alert: it is silenced, or not clear yet; 0 is now."""
        silenced = self._desk.silences.silence(alert, self._desk.catalog, now)
        if silenced:
            left_s = (silenced.until - now).total_seconds()
            return min(max(left_s, 1.0), _SILENCED_AGAIN_S)
        catalog = self._desk.catalog
        service = catalog.service(alert.service)
        if service is None:
            return 0.0
        upstream = [each for name in service.depends_on if (each := catalog.service(name))]
        return triage.settles_in_s(alert, service, states, now, upstream=upstream)

    # ---- what is open

    def _open(self, ready: Sequence[Waiting], states: Mapping[str, CheckState]) -> list[Claim]:
        desk = self._desk
        if not ready:
            return []
        live = desk.incidents.all(live=True)
        recent = desk.incidents.all(limit=_RECENT, live=False)
        resolved = [self._view(each) for each in recent if each.status is Status.RESOLVED]
        views = {each.id: self._view(each) for each in live}
        groups = self._groups(ready, states)
        joins: dict[str, list[tuple[_Group, str]]] = {}
        done: list[Claim] = []
        for group in groups:
            proposal = self._propose(group, states, list(views.values()), resolved)
            match proposal:
                case triage.Declare():
                    incident = self._declare(group, groups, proposal, states)
                    views[incident.id] = self._view(incident)
                case triage.Join() | triage.Reopen():
                    joins.setdefault(proposal.incident_id, []).append((group, proposal.reason))
                case triage.Nothing():
                    done += [each.claim for each in group.waiting]
        for incident_id, joining in joins.items():
            self._join(incident_id, joining, states)
        return done

    def _groups(self, ready: Sequence[Waiting], states: Mapping[str, CheckState]) -> list[_Group]:
        """Sort by service, the worst first: it gives an incident its name and its severity."""
        found: dict[tuple[str, str], list[Waiting]] = {}
        for each in sorted(ready, key=lambda one: (one.alert.opened_at, one.alert.id)):
            service = self._desk.catalog.service(each.alert.service)
            key = (service.name, "") if service else ("", each.alert.source)
            found.setdefault(key, []).append(each)
        groups = [
            _Group(
                service=self._desk.catalog.service(name),
                waiting=tuple(each),
                began_at=min(_began_at(one.alert, states) for one in each),
            )
            for (name, _), each in found.items()
        ]
        return sorted(groups, key=lambda each: (self._grade(each, states).severity, each.began_at))

    def _grade(self, group: _Group, states: Mapping[str, CheckState]) -> triage.Classified:
        matrix = self._desk.catalog.severities
        graded = [
            triage.grade(each.alert, group.service, states, matrix, self._reach(group.service))
            for each in {one.alert.severity: one for one in group.waiting}.values()
        ]
        return min(graded, key=lambda each: each.severity)

    def _propose(
        self,
        group: _Group,
        states: Mapping[str, CheckState],
        live: Sequence[OpenIncident],
        resolved: Sequence[OpenIncident],
    ) -> triage.Proposal:
        desk, now = self._desk, self._desk.clock.now()
        placed = {alert for incident in live for alert in incident.alerts}
        fresh = next((each for each in group.waiting if each.alert.id not in placed), None)
        return triage.propose(
            (fresh or group.waiting[0]).alert,
            group.service,
            states,
            open_incidents=live,
            recently_resolved=resolved,
            matrix=desk.catalog.severities,
            now=now,
            reach=self._reach(group.service),
            began_at=group.began_at,
            vendors=self._troubled_vendors([group.service] if group.service else []),
        )

    def _reach(self, service: Service | None) -> triage.Reach | None:
        return self._desk.facts.reach(service, self._desk.clock.now()) if service else None

    def _declare(
        self,
        group: _Group,
        groups: Sequence[_Group],
        proposal: triage.Declare,
        states: Mapping[str, CheckState],
    ) -> Incident:
        desk, now = self._desk, self._desk.clock.now()
        graded = self._grade(group, states)
        severity_rule = desk.catalog.severities.rule(graded.severity)
        more = sum(
            1
            for each in groups
            if each is not group
            and each.service
            and abs(each.began_at - group.began_at) <= TOGETHER
        )
        title = proposal.title
        if group.service and more:
            others = "1 other service" if more == 1 else f"{more} other services"
            title = f"{group.service.title} and {others} are failing"
        first, *rest = [_alert(each.alert, "") for each in group.waiting]
        command = cmd.Declare(
            number=desk.next_number("incident"),
            title=title,
            severity=graded.severity,
            severity_reason=graded.reason,
            rule=severity_rule,
            services=proposal.services,
            alert=first,
            more=tuple(rest),
            finding=self._verdicts.finding(proposal.services, states),
            policy=desk.policy(severity_rule),
            first_notice=self._notice(proposal.services, severity_rule),
        )
        done = desk.incidents.execute(
            uuid7(now),
            command,
            by=_TRIAGE,
            now=now,
            command_id=_command_id("alert", group.ids),
            occurred_at=group.began_at,
            completes=[each.claim for each in group.waiting],
        )
        return done.state

    def _notice(self, services: tuple[str, ...], severity_rule: SeverityRule) -> str:
        """Give the neutral notice where the severity speaks to the public by itself."""
        desk = self._desk
        page, cadence_s = desk.catalog.status_page, severity_rule.public_update_s
        if (
            page.first_notice is not FirstNotice.AUTO
            or severity_rule.public_notice_s is None
            or not cadence_s
        ):
            return ""
        next_at = desk.clock.now() + timedelta(seconds=cadence_s)
        template = desk.template("first-notice") or FIRST_NOTICE
        return first_notice(desk.catalog, services, next_at, template=template)

    def _join(
        self,
        incident_id: str,
        joining: Sequence[tuple[_Group, str]],
        states: Mapping[str, CheckState],
    ) -> None:
        desk, now = self._desk, self._desk.clock.now()
        incident = desk.find(incident_id)
        worst = min((self._grade(group, states) for group, _ in joining), key=_severity)
        worse = triage.regrade(incident.severity, worst)
        severity_rule = desk.catalog.severities.rule(worse or incident.severity)
        named = [group.service.name for group, _ in joining if group.service]
        lead = next((group.service for group, _ in joining if group.service), None)
        alerts = [_alert(each.alert, why) for group, why in joining for each in group.waiting]
        command = cmd.JoinAlert(
            alert=alerts[0],
            more=tuple(alerts[1:]),
            finding=self._verdicts.finding([*incident.services, *named], states),
            severity=worse,
            severity_reason=worst.reason,
            rule=severity_rule,
            policy=desk.policy(severity_rule),
            notice=self._notice(incident.services, severity_rule),
            title=triage.better_title(incident.title, lead, states) if lead else "",
        )
        desk.incidents.execute(
            incident.id,
            command,
            by=_TRIAGE,
            now=now,
            command_id=_command_id("alert", [each.alert_id for each in alerts]),
            occurred_at=min(group.first.opened_at for group, _ in joining),
            completes=[each.claim for group, _ in joining for each in group.waiting],
        )

    # ---- what is over

    def _clear(self, over: Sequence[Waiting]) -> list[Claim]:
        """Clear alerts in their incidents, together where they are over together."""
        desk = self._desk
        if not over:
            return []
        left = {each.alert.id: each for each in over}
        for incident in (
            *desk.incidents.all(live=True),
            *desk.incidents.all(limit=_RECENT, live=False),
        ):
            open_here = {alert.alert_id for alert in incident.open_alerts}
            ours = [left.pop(alert) for alert in [*left] if alert in open_here]
            # What nobody watches any longer proves nothing and says so, each by itself.
            let_go = [each for each in ours if self._let_go(each.alert)]
            for each in let_go:
                self._clear_in(incident.id, [each], self._let_go(each.alert))
            if others := [each for each in ours if each not in let_go]:
                self._clear_in(incident.id, others, "")
        return [each.claim for each in left.values()]

    def _let_go(self, alert: Alert) -> str:
        if alert.source == CHECK and alert.key not in self._desk.catalog.checks():
            return "It was taken out of the kit."
        return dict(alert.details).get(UNWATCHED, "")

    def _clear_in(self, incident_id: str, over: Sequence[Waiting], let_go: str) -> None:
        desk, first = self._desk, over[0].alert
        command = cmd.ClearAlert(
            alert_id=first.id,
            check=first.key,
            reason=let_go,
            unwatched=bool(let_go),
            more=tuple(each.alert.id for each in over[1:]),
        )
        desk.incidents.execute(
            incident_id,
            command,
            by=_TRIAGE,
            now=desk.clock.now(),
            command_id=_command_id("clear", [each.alert.id for each in over]),
            occurred_at=first.cleared_at,
            completes=[each.claim for each in over],
        )

    # ---- what triage needs to know

    def _view(self, incident: Incident) -> OpenIncident:
        catalog = self._desk.catalog
        services = [each for name in incident.services if (each := catalog.service(name))]
        return OpenIncident(
            id=incident.id,
            services=tuple(each.name for each in services),
            status=incident.status,
            opened_at=incident.declared_at,
            began_at=incident.began_at,
            joined_at=incident.alerts[-1].joined_at if incident.alerts else None,
            resolved_at=incident.resolved_at,
            stability_s=incident.rule.stability_s,
            by_rule=incident.by_rule,
            alerts=tuple(alert.alert_id for alert in incident.alerts),
            sources=frozenset(alert.source for alert in incident.alerts),
            needs=frozenset(name for each in services for name in each.depends_on),
            vendors=self._troubled_vendors(services) if incident.live else frozenset(),
            apart=frozenset(incident.apart),
        )

    def _troubled_vendors(self, services: Iterable[Service]) -> frozenset[str]:
        now = self._desk.clock.now()
        return frozenset(
            notice.vendor
            for service in services
            for vendor in self._desk.facts.vendors(service, now)
            for notice in vendor.notices
            if notice.ended_at is None and notice.state.rank > 0
        )


def _began_at(alert: Alert, states: Mapping[str, CheckState]) -> datetime:
    own = states.get(alert.key) if alert.source == CHECK else None
    return (own.first_failure_at if own else None) or alert.opened_at


def _severity(graded: triage.Classified) -> Severity:
    return graded.severity


def _alert(alert: Alert, reason: str) -> cmd.FirstAlert:
    return cmd.FirstAlert(
        alert_id=alert.id,
        check=alert.key,
        service=alert.service,
        source=alert.source,
        summary=alert.summary,
        reason=reason,
    )


def _command_id(verb: str, ids: Sequence[str]) -> str:
    """Name a command by what it is about, so that it runs once."""
    if len(ids) == 1:
        return f"{verb}:{ids[0]}"
    return f"{verb}:{hashlib.sha256(' '.join(sorted(ids)).encode()).hexdigest()}"
