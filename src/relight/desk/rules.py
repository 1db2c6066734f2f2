"""What Relight does by itself: declares from alerts, calls people, and resolves on evidence.

Each rule is run for a claimed due row. It may run twice after a crash, so each of its commands has
an id made from what it is about.
"""

from datetime import datetime, timedelta

import msgspec

from relight.catalog.catalog import FirstNotice
from relight.catalog.service import Service
from relight.catalog.severity_matrix import SeverityRule
from relight.communicate.update import FIRST_NOTICE, first_notice, last_word
from relight.desk.desk import Desk
from relight.desk.verdicts import Verdicts
from relight.detect import triage
from relight.detect.alert import CHECK, UNWATCHED, Alert
from relight.detect.judge import CheckState
from relight.incident import commands as cmd
from relight.incident.refusals import AlreadyResolved, GateNotPassed, NotLive
from relight.incident.state import Incident
from relight.incident.status import Status
from relight.kernel.actor import rule
from relight.kernel.ids import uuid7
from relight.kernel.ledger import Claim
from relight.oncall.escalation import contacts, round_of
from relight.oncall.react import CallRound
from relight.recover.react import CheckStability
from relight.store.due import Asked

TRIAGE = "triage"

_TRIAGE = rule("triage")
_PAGER = rule("paging")
_GATE = rule("recovery")
_LOOK_AGAIN_S = 15.0
_RECENT = 50


class TriageAlert(msgspec.Struct, frozen=True, kw_only=True):
    """Look at an alert that was opened or cleared."""

    alert: str


def ask_triage(alert: str, now: datetime) -> Asked:
    """Ask for a look at an alert that was opened or cleared, in the transaction that writes it.

    One row an alert: two workers never hold the opening and the clearing at the same moment.
    """
    return Asked(kind=TRIAGE, key=alert, due_at=now, payload=TriageAlert(alert=alert))


class Rules:
    """The rules, each taking the claim that it completes together with its command."""

    def __init__(self, desk: Desk) -> None:
        """Work through the desk's ledger and records."""
        self._desk = desk
        self._verdicts = Verdicts(desk)

    def settles_in_s(self, task: TriageAlert) -> float:
        """Tell how soon to come back with an alert, so that the first word is right; 0 is now."""
        desk = self._desk
        alert = desk.alerts.alert(task.alert)
        service = desk.catalog.service(alert.service) if alert else None
        if alert is None or service is None:
            return 0.0
        return triage.settles_in_s(alert, service, desk.checks.states(), desk.clock.now())

    def place_alert(self, task: TriageAlert, claim: Claim) -> bool:
        """Bring an alert to the incident it belongs to. True when the claim was completed."""
        alert = self._desk.alerts.alert(task.alert)
        if alert is None:
            return False
        if alert.cleared_at is not None:
            return self._clear(alert, claim)
        return self._open(alert, self._desk.catalog.service(alert.service), claim)

    def _open(self, alert: Alert, service: Service | None, claim: Claim) -> bool:
        desk = self._desk
        states = desk.checks.states()
        proposal = triage.propose(
            alert,
            service,
            states,
            open_incidents=[_view(each) for each in desk.incidents.all(live=True)],
            recently_resolved=[
                _view(each)
                for each in desk.incidents.all(limit=_RECENT, live=False)
                if each.status is Status.RESOLVED
            ],
            matrix=desk.catalog.severities,
            now=desk.clock.now(),
        )
        match proposal:
            case triage.Declare():
                self._declare(alert, service, proposal, states, claim)
            case triage.Join() | triage.Reopen():
                self._join(alert, service, proposal, states, claim)
            case triage.Nothing():
                return False
        return True

    def _declare(
        self,
        alert: Alert,
        service: Service | None,
        proposal: triage.Declare,
        states: dict[str, CheckState],
        claim: Claim,
    ) -> None:
        desk, now = self._desk, self._desk.clock.now()
        severity_rule = desk.catalog.severities.rule(proposal.severity)
        own = states.get(alert.key) if alert.source == CHECK else None
        began = (own.first_failure_at if own else None) or alert.opened_at
        command = cmd.Declare(
            number=desk.next_number("incident"),
            title=proposal.title,
            severity=proposal.severity,
            severity_reason=proposal.severity_reason,
            rule=severity_rule,
            services=proposal.services,
            alert=_first(alert, ""),
            finding=self._verdicts.finding(proposal.services, states),
            policy=desk.policy(severity_rule),
            first_notice=self._notice(proposal.services, severity_rule),
        )
        desk.incidents.execute(
            uuid7(now),
            command,
            by=_TRIAGE,
            now=now,
            command_id=f"alert:{alert.id}",
            occurred_at=began,
            completes=claim,
        )

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
        alert: Alert,
        service: Service | None,
        proposal: triage.Join | triage.Reopen,
        states: dict[str, CheckState],
        claim: Claim,
    ) -> None:
        desk, now = self._desk, self._desk.clock.now()
        incident = desk.find(proposal.incident_id)
        graded = triage.grade(alert, service, states, desk.catalog.severities, None)
        worse = triage.regrade(incident.severity, graded)
        severity_rule = desk.catalog.severities.rule(worse or incident.severity)
        command = cmd.JoinAlert(
            alert=_first(alert, proposal.reason),
            finding=self._verdicts.finding([alert.service, *incident.services], states),
            severity=worse,
            severity_reason=graded.reason,
            rule=severity_rule,
            policy=desk.policy(severity_rule),
            notice=self._notice(incident.services, severity_rule),
            title=triage.better_title(incident.title, service, states) if service else "",
        )
        desk.incidents.execute(
            incident.id,
            command,
            by=_TRIAGE,
            now=now,
            command_id=f"alert:{alert.id}",
            occurred_at=alert.opened_at,
            completes=claim,
        )

    def _clear(self, alert: Alert, claim: Claim) -> bool:
        desk = self._desk
        for incident in (
            *desk.incidents.all(live=True),
            *desk.incidents.all(limit=_RECENT, live=False),
        ):
            if any(each.alert_id == alert.id for each in incident.open_alerts):
                let_go = dict(alert.details).get(UNWATCHED, "")
                if alert.source == CHECK and alert.key not in desk.catalog.checks():
                    let_go = "It was taken out of the kit."
                command = cmd.ClearAlert(
                    alert_id=alert.id,
                    check=alert.key,
                    reason=let_go,
                    unwatched=bool(let_go),
                )
                desk.incidents.execute(
                    incident.id,
                    command,
                    by=_TRIAGE,
                    now=desk.clock.now(),
                    command_id=f"clear:{alert.id}",
                    occurred_at=alert.cleared_at,
                    completes=claim,
                )
                return True
        return False

    def call_round(self, task: CallRound, claim: Claim) -> bool:
        """Call whoever is on call for this round, if nobody has it by now."""
        desk, now = self._desk, self._desk.clock.now()
        incident = desk.incidents.read(task.incident)
        if incident is None or not incident.is_paging or incident.paging is None:
            return False
        paging = incident.paging
        upcoming = round_of(
            paging.policy,
            started_at=paging.started_at,
            turn=task.round - paging.first_round,
            number=task.round,
        )
        if upcoming is None or task.round < paging.rounds:
            return False
        found = contacts(upcoming.targets, desk.catalog, now, only=paging.policy.only)
        desk.incidents.execute(
            incident.id,
            cmd.RequestPages(round=task.round, contacts=found, rule=upcoming.rule),
            by=_PAGER,
            now=now,
            command_id=f"round:{incident.id}:{task.round}",
            completes=claim,
        )
        return True

    def check_stability(self, task: CheckStability, claim: Claim) -> float | None:
        """Resolve an incident that a rule declared once the gate passes.

        Gives the seconds until it is worth looking again, or None when there is nothing left to
        look at. What a person declared, a person resolves.
        """
        desk = self._desk
        incident = desk.incidents.read(task.incident)
        if incident is None or not incident.live or incident.recovered_at is None:
            return None
        if not incident.by_rule:
            return None
        now = desk.clock.now()
        word = ""
        if incident.is_public:
            template = desk.template("resolved")
            word = (
                last_word(desk.catalog, incident, now, template=template)
                if template
                else last_word(desk.catalog, incident, now)
            )
        try:
            desk.resolve(
                incident.id,
                by=_GATE,
                last_word=word,
                command_id=f"resolve:{incident.id}:{incident.recovered_at.isoformat()}",
                completes=claim,
            )
        except GateNotPassed:
            stable_at = incident.stable_at or now
            left_s = (stable_at - now).total_seconds()
            return left_s if left_s > 0 else min(_LOOK_AGAIN_S, incident.rule.stability_s or 1.0)
        except (AlreadyResolved, NotLive):
            return None
        return None


def _view(incident: Incident) -> triage.OpenIncident:
    return triage.OpenIncident(
        id=incident.id,
        services=incident.services,
        status=incident.status,
        opened_at=incident.declared_at,
        resolved_at=incident.resolved_at,
        stability_s=incident.rule.stability_s,
        alerts=tuple(alert.alert_id for alert in incident.alerts),
    )


def _first(alert: Alert, reason: str) -> cmd.FirstAlert:
    return cmd.FirstAlert(
        alert_id=alert.id,
        check=alert.key,
        service=alert.service,
        source=alert.source,
        summary=alert.summary,
        reason=reason,
    )
