"""Asks for the verdict on an incident: when it begins, when it grows, and again while it runs."""

from collections.abc import Mapping, Sequence

from relight.catalog.service import Service
from relight.desk.desk import Desk
from relight.detect import triage
from relight.detect.judge import CheckState
from relight.detect.react import RefreshVerdict
from relight.detect.standing import standing
from relight.detect.verdict import Verdict, verdict
from relight.detect.verdict_rules import Domain
from relight.incident import commands as cmd
from relight.incident.events import Suspicion
from relight.incident.state import Incident
from relight.kernel.actor import rule
from relight.kernel.ledger import Claim

_VERDICT = rule("verdict")
_MOST_SERVICES = 12
_SOON_S = 60.0
_OFTEN_S, _SELDOM_S = 5.0, 60.0


class Verdicts:
    """The rule that keeps verdicts up to date, and the words of one."""

    def __init__(self, desk: Desk) -> None:
        """Work through the desk's ledger and records."""
        self._desk = desk

    def finding(
        self, services: Sequence[str], states: Mapping[str, CheckState]
    ) -> cmd.Finding | None:
        """Give the heaviest verdict on these services; None where none of them is known."""
        found = self._heaviest(services, states)
        return _finding(found) if found else None

    def _heaviest(
        self, services: Sequence[str], states: Mapping[str, CheckState]
    ) -> Verdict | None:
        known = [each for name in services if (each := self._desk.catalog.service(name))]
        failing = [each for each in known if standing(each.checks, states).some_fail]
        weighed = [
            verdict(self._desk.situation(each, states))
            for each in (failing or known)[:_MOST_SERVICES]
        ]
        return max(weighed, key=lambda each: each.weight, default=None)

    def refresh(self, task: RefreshVerdict, claim: Claim) -> float | None:
        """Look again at a running incident; it is told only when the answer or severity changes.

        Gives the seconds until the next look, or None when there is nothing left to look at. An
        answer is never taken back for want of evidence: what was seen was seen.
        """
        desk = self._desk
        incident = desk.incidents.read(task.incident)
        if incident is None or not incident.live or incident.recovered_at or not incident.services:
            return None
        states = desk.checks.states()
        command = self._command(incident, states)
        now = desk.clock.now()
        if command is not None:
            desk.incidents.execute(
                incident.id,
                command,
                by=_VERDICT,
                now=now,
                command_id=f"verdict:{incident.id}:{claim.id}:{incident.seq}",
            )
        age_s = (now - incident.declared_at).total_seconds()
        return _OFTEN_S if age_s < _SOON_S else _SELDOM_S

    def _command(
        self, incident: Incident, states: Mapping[str, CheckState]
    ) -> cmd.RecordFinding | None:
        found = self._heaviest(incident.services, states)
        finding = _finding(found) if found and found.domain is not Domain.UNCLEAR else None
        if finding and incident.verdict and not incident.verdict.differs_from(finding):
            finding = None
        worse = (
            None
            if incident.graded_by_hand or not incident.by_rule
            else self._worse(incident, states)
        )
        title = self._title(incident, states)
        if finding is None and worse is None and not title:
            return None
        rule_of = self._desk.catalog.severities.rule
        return cmd.RecordFinding(
            finding=finding,
            severity=worse.severity if worse else None,
            severity_reason=worse.reason if worse else "",
            rule=rule_of(worse.severity) if worse else None,
            policy=self._desk.policy(rule_of(worse.severity)) if worse else None,
            title=title,
        )

    def _worse(
        self, incident: Incident, states: Mapping[str, CheckState]
    ) -> triage.Classified | None:
        """Give a worse severity that the checks of a failing service ask for by now."""
        worst: triage.Classified | None = None
        matrix = self._desk.catalog.severities
        for service in self._services(incident):
            if not standing(service.checks, states).some_fail:
                continue
            reach = self._desk.facts.reach(service, self._desk.clock.now())
            graded = triage.severity_of(service, states, matrix, reach)
            limit = worst.severity if worst else incident.severity
            if graded.severity.worse_than(limit):
                worst = graded
        return worst

    def _title(self, incident: Incident, states: Mapping[str, CheckState]) -> str:
        services = self._services(incident)
        return triage.better_title(incident.title, services[0], states) if services else ""

    def _services(self, incident: Incident) -> list[Service]:
        return [each for name in incident.services if (each := self._desk.catalog.service(name))]


def _finding(found: Verdict) -> cmd.Finding:
    return cmd.Finding(
        domain=found.domain,
        sentence=found.sentence,
        certainty=found.certainty,
        evidence=found.evidence,
        others=tuple(
            Suspicion(each.domain, each.sentence, each.certainty) for each in found.others
        ),
        answer=found.answer,
    )
