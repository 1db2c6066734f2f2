"""What Relight does by itself: declares from alerts, calls people, and resolves on evidence.

Each rule is run for a claimed due row. It may run twice after a crash, so each of its commands has
an id made from what it is about.
"""

from datetime import datetime

import msgspec

from relight.communicate.update import last_word
from relight.desk.desk import Desk
from relight.incident import commands as cmd
from relight.incident.refusals import AlreadyResolved, GateNotPassed, NotLive
from relight.kernel.actor import rule
from relight.kernel.ledger import Claim
from relight.oncall.escalation import contacts, round_of
from relight.oncall.react import CallRound
from relight.recover.react import CheckStability
from relight.store.due import Asked

TRIAGE = "triage"

_PAGER = rule("paging")
_GATE = rule("recovery")
_LOOK_AGAIN_S = 15.0


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
