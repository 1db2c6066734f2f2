"""What follows from a delivery later: a word to its incident, a look whether reports went quiet."""

from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from relight.desk.desk import Desk
from relight.desk.rules import ask_triage
from relight.incident.state import Incident
from relight.kernel.actor import machine
from relight.kernel.faults import Refused
from relight.store.alerts import AlertRecords, clear_in
from relight.store.due import Asked, ask_in
from relight.store.engine import Database
from relight.store.intake import reports_in

INTAKE = "intake"
REPORTS = "reports"
"""The source of alerts that count customers' reports; their key is the service."""
NO_SERVICE = "any service"

_AGAIN_S = 1.0
_PATIENCE_S = 120.0


class Say(msgspec.Struct, frozen=True, kw_only=True, tag="say"):
    """Acknowledge the incident of an alert, or, where there is a `note`, write that down."""

    id: str
    alert: str
    sender: str
    at: datetime
    note: str = ""
    by: str = ""


class LookWhetherQuiet(msgspec.Struct, frozen=True, kw_only=True, tag="quiet"):
    """Clear the alert of a service's reports once none came for `window_s`."""

    service: str
    window_s: float


class Visit(msgspec.Struct, frozen=True, kw_only=True, tag="visit"):
    """Call an address that a sender named, where its format says that it is the sender's own."""

    source: str
    url: str


Task: TypeAlias = Say | LookWhetherQuiet | Visit


def report_key(service: str) -> str:
    """Name the alert of a service's reports."""
    return service or NO_SERVICE


class IntakeTasks:
    """Does them; what may be repeated after a crash has an id that makes it happen once."""

    def __init__(self, desk: Desk, database: Database, alerts: AlertRecords) -> None:
        """Work through the desk."""
        self._desk = desk
        self._database = database
        self._alerts = alerts

    def say(self, task: Say) -> float | None:
        """Pass a word on. Gives the seconds until it is worth trying again, or None when done.

        An alert may not have been placed yet; a word about one that never led to an incident ends
        when the alert does, or after two minutes.
        """
        desk, now = self._desk, self._desk.clock.now()
        incident = self._incident(task.alert)
        if incident is None:
            alert = self._alerts.alert(task.alert)
            waits = alert is not None and alert.is_open
            return _AGAIN_S if waits and (now - task.at).total_seconds() < _PATIENCE_S else None
        by, command_id = machine(task.sender), f"intake:{task.id}"
        try:
            if task.note:
                who = f"{task.by}: " if task.by else ""
                desk.note(
                    incident.id,
                    f"{who}{task.note}",
                    by=by,
                    command_id=command_id,
                    occurred_at=task.at,
                )
            else:
                name = f"{task.sender} (intake)"
                desk.acknowledge(
                    incident.id, person=name, via="intake", by=by, command_id=command_id
                )
        except Refused:
            return None  # Someone has it already, or it has ended: nothing is left to say.
        return None

    def _incident(self, alert: str) -> Incident | None:
        for incident in self._desk.incidents.all(live=True):
            if any(each.alert_id == alert for each in incident.alerts):
                return incident
        return None

    def look_whether_quiet(self, task: LookWhetherQuiet) -> None:
        """Clear the alert in the transaction that found no report; ask again where there are."""
        now = self._desk.clock.now()
        since = now - timedelta(seconds=task.window_s)
        with self._database.write() as tx:
            if reports_in(tx, task.service, since):
                ask_in(tx, ask_quiet(task, now))
                return
            cleared = clear_in(tx, REPORTS, report_key(task.service), now)
            if cleared is not None:
                ask_in(tx, ask_triage(cleared.id, now))


def ask_quiet(task: LookWhetherQuiet, now: datetime) -> Asked:
    """Ask for a look one window from now."""
    due_at = now + timedelta(seconds=task.window_s)
    return Asked(kind=INTAKE, key=f"quiet:{task.service}", due_at=due_at, payload=task)
