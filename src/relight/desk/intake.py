"""Takes in what senders outside hand over: what is answered is on disk with all that follows.

Reading is pure and can be done by anybody; `write` is one transaction for as many deliveries as
have gathered: alerts with their triage, words for incidents, changes, reports, and the delivery
itself as it came.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from relight.catalog.catalog import Catalog
from relight.catalog.intake import IntakeSource
from relight.desk.desk import Desk
from relight.desk.intake_tasks import (
    INTAKE,
    REPORTS,
    LookWhetherQuiet,
    Say,
    Visit,
    ask_quiet,
    report_key,
)
from relight.desk.intake_terms import Sender, Taken, refused, routing_key, understood
from relight.desk.rules import ask_triage
from relight.detect.alert import Alert
from relight.detect.handed import Answer, Handed, NotGenuine, NotServed, NotTaken, TooLarge
from relight.detect.intake import Format
from relight.detect.intake.email import EmailFormat
from relight.detect.intake.report import ReportFormat
from relight.kernel.faults import NotFound, RelightError, did_you_mean
from relight.kernel.ids import uuid7
from relight.kernel.secret import Masker
from relight.store.alert_batch import AlertBatch
from relight.store.alerts import raise_in
from relight.store.changes import ChangeRecords, record_all_in
from relight.store.due import Asked, ask_in
from relight.store.engine import Collided, Database
from relight.store.intake import (
    IntakeRecords,
    ReportRow,
    first_seen_in,
    keep_in,
    prune_in,
    report_in,
    reports_in,
)

ALONE = 100
"""So many new alerts of one source and service in a minute go their own way; the rest as one."""
_MINUTE = timedelta(minutes=1)
_PRUNE_EVERY = 50
_NONE = "no service"
_ATTEMPTS = 4
_SEEN_KEPT = timedelta(days=3)
_KEPT = timedelta(days=90)
MANY = "/many"
"""What follows a source's name in the alert that counts what came beyond `ALONE`."""


class SourceNotFound(NotFound):
    """There is no such intake source."""


class Intake:
    """The senders of the kit in force, and the one way in which what they say is written."""

    def __init__(
        self,
        *,
        desk: Desk,
        database: Database,
        records: IntakeRecords,
        instance_key: bytes,
        masker: Masker,
        format_of: Callable[[IntakeSource], Format],
    ) -> None:
        """Take the parts that wiring built."""
        self._desk = desk
        self._database = database
        self._records = records
        self._changes = ChangeRecords(database)
        self._instance_key = instance_key
        self._masker = masker
        self._format_of = format_of
        self._known: _Known | None = None
        self._new: dict[tuple[str, str], tuple[datetime, int]] = {}
        self._kept: Counter[str] = Counter()

    def senders(self) -> dict[str, Sender]:
        """Give every sender by name, but for those whose secret cannot be read."""
        return self._look_up().by_name

    def _look_up(self) -> "_Known":
        catalog, known = self._desk.catalog, self._known
        if known is None or known.catalog is not catalog:
            by_name: dict[str, Sender] = {}
            missing: dict[str, RelightError] = {}
            for source in catalog.intake:
                key = routing_key(self._instance_key, source.name)
                try:
                    built = self._format_of(source)
                except RelightError as error:
                    missing[source.name] = error
                else:
                    by_name[source.name] = Sender(source=source, format=built, key=key)
            by_key = {_digest(each.key): each for each in by_name.values()}
            known = _Known(catalog, by_name, by_key, missing)
            # A secret that is not there yet is looked for again.
            self._known = None if missing else known
        return known

    def sender(self, name: str, key: str) -> Sender:
        """Find a sender by name and key. Raises `NotServed` for either, told apart by nobody.

        With the right key, raises why its secret cannot be read.
        """
        known = self._look_up()
        wanted = routing_key(self._instance_key, name)
        right = hmac.compare_digest(key.encode("utf-8", "replace"), wanted.encode())
        if right and name in known.missing:
            raise known.missing[name]
        if not right or name not in known.by_name:
            raise NotServed
        return known.by_name[name]

    def named(self, name: str) -> Sender:
        """Find a sender by name. Raises `SourceNotFound`, or why its secret cannot be read."""
        known = self._look_up()
        if name in known.missing:
            raise known.missing[name]
        if name not in known.by_name:
            msg = f"There is no intake source `{name}`."
            raise SourceNotFound(msg, hint=did_you_mean(name, known.by_name))
        return known.by_name[name]

    def sender_by_key(self, key: str, kind: type[Format]) -> Sender:
        """Find the sender of a format by its key alone. Raises `NotGenuine`."""
        found = self._look_up().by_key.get(_digest(key))
        if found is None or not isinstance(found.format, kind):
            msg = "The key is not known."
            raise NotGenuine(msg)
        return found

    def read(self, sender: Sender, handed: Handed) -> Taken:
        """Say what a delivery means, or why it is not taken; either way it is kept."""
        try:
            if len(handed.body) > sender.format.LARGEST:
                raise TooLarge
            received = sender.format.read(handed)
        except NotTaken as error:
            return self.refuse(sender, handed, error)
        return understood(sender, handed, received, self._desk.catalog, self._masker)

    def refuse(self, sender: Sender, handed: Handed, error: NotTaken) -> Taken:
        """Keep what is not taken, with why, for the sender's page."""
        answer = sender.format.refusal(error, handed)
        return refused(sender, handed, answer, str(error), self._masker)

    def trial(self, sender: Sender, handed: Handed) -> Taken:
        """Say what a person's sample would become; nothing is written. Raises `NotTaken`."""
        by_mail = isinstance(sender.format, EmailFormat)
        sample = msgspec.structs.replace(handed, trial=True, by_mail=by_mail)
        received = sender.format.read(sample)
        return understood(sender, sample, received, self._desk.catalog, self._masker)

    def write(self, batch: Sequence[Taken]) -> list[Answer]:
        """Write deliveries in one transaction and give their answers in order."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._write(batch)
            except (IntegrityError, Collided):
                continue  # Another process opened one of these keys; it is read anew.
        return self._write(batch)

    def _write(self, batch: Sequence[Taken]) -> list[Answer]:
        # Most of what comes says again what is known: that wakes nobody.
        loud = any(each.changes or each.reports or each.visit for each in batch)
        with self._database.write(quiet=True) as tx:
            fresh = [each for each in batch if self._is_fresh(tx, each)]
            loud |= self._write_alerts(tx, fresh)
            for taken in fresh:
                record_all_in(tx, taken.changes)
                self._write_reports(tx, taken)
                if taken.visit:
                    task = Visit(source=taken.sender.source.name, url=taken.visit)
                    key = f"visit:{taken.request}"
                    ask_in(tx, Asked(kind=INTAKE, key=key, due_at=taken.at, payload=task))
            self._keep(tx, batch)
        if loud:
            for callback in self._database.on_commit:
                callback()
        return [self._answer(each) for each in batch]

    @staticmethod
    def _is_fresh(tx: Connection, taken: Taken) -> bool:
        source = taken.sender.source.key
        if taken.told:
            first_seen_in(tx, source, f"request:{taken.request}", taken.at, taken.told)
        return not taken.delivery or first_seen_in(tx, source, taken.delivery, taken.at)

    def _write_alerts(self, tx: Connection, batch: Sequence[Taken]) -> bool:
        """Write the alerts with what they ask for; True where anything fell due."""
        wanted = {(each.sender.source.key, key) for each in batch for key in each.keys}
        if not wanted:
            return False
        said = False
        alerts, asks = AlertBatch(tx, wanted), dict[str, Asked]()
        many = AlertBatch(tx, self._counted_keys(batch, alerts))
        ended: set[tuple[str, str, datetime]] = set()
        for taken in batch:
            source = taken.sender.source
            for alert in taken.alerts:
                before = alerts.find(source.key, alert.key)
                stands = alerts.raise_(alert)
                if before is not None and stands.severity is before.severity:
                    continue
                if before is None and self._is_many(source, alert, taken.at):
                    stands = many.raise_(_counted(source, alert))
                asks[stands.id] = ask_triage(stands.id, taken.at)
            for key in taken.cleared:
                cleared = alerts.clear(source.key, key, taken.at)
                if cleared is not None:
                    asks[cleared.id] = ask_triage(cleared.id, taken.at)
                    ended.add((source.key, cleared.service, taken.at))
            said |= self._say(tx, taken, alerts)
        alerts.write()
        for source_key, service, at in ended:
            found = many.find(source_key + MANY, service or _NONE)
            if found and not many.open_of(source_key, service):
                many.clear(source_key + MANY, found.key, at)
                asks[found.id] = ask_triage(found.id, at)
        many.write()
        for ask in asks.values():
            ask_in(tx, ask)
        return said or bool(asks)

    def _is_many(self, source: IntakeSource, alert: Alert, at: datetime) -> bool:
        """Count a new alert, and tell whether it goes with the many of this minute."""
        began, count = self._new.get((source.key, alert.service), (at, 0))
        if at - began >= _MINUTE:
            began, count = at, 0
        self._new[source.key, alert.service] = (began, count + 1)
        return count >= ALONE

    def _counted_keys(self, batch: Sequence[Taken], alerts: AlertBatch) -> set[tuple[str, str]]:
        """Name the counting alerts that a batch may touch, one for each source and service."""
        coming = sum(len(each.alerts) for each in batch)
        found: set[tuple[str, str]] = set()
        for taken in batch:
            source = taken.sender.source.key
            for alert in taken.alerts:
                _, count = self._new.get((source, alert.service), (taken.at, 0))
                if count + coming > ALONE:
                    found.add((source + MANY, alert.service or _NONE))
            known = (alerts.find(source, key) for key in taken.cleared)
            found |= {(source + MANY, alert.service or _NONE) for alert in known if alert}
        return found

    @staticmethod
    def _say(tx: Connection, taken: Taken, alerts: AlertBatch) -> bool:
        source, said = taken.sender.source, False
        words = [(key, "", "") for key in taken.acknowledged]
        words += [(each.key, each.text, each.by) for each in taken.notes]
        for n, (key, text, by) in enumerate(words):
            alert = alerts.find(source.key, key)
            if alert is None:
                continue  # Dropped as their senders' own services drop it: nothing is open by it.
            name = f"{taken.request}:{n}"
            task = Say(id=name, alert=alert.id, sender=source.name, at=taken.at, note=text, by=by)
            ask_in(tx, Asked(kind=INTAKE, key=f"say:{name}", due_at=taken.at, payload=task))
            said = True
        return said

    @staticmethod
    def _write_reports(tx: Connection, taken: Taken) -> None:
        form = taken.sender.format
        if not isinstance(form, ReportFormat):
            return
        for report in taken.reports:
            row = ReportRow(
                id=uuid7(taken.at), source=taken.sender.source.name, at=taken.at, report=report
            )
            report_in(tx, row)
            since = taken.at - timedelta(seconds=form.window_s)
            count = reports_in(tx, report.service, since)
            if count < form.threshold:
                continue
            about = f" with {report.service}" if report.service else ""
            alert = Alert(
                id=uuid7(taken.at),
                source=REPORTS,
                key=report_key(report.service),
                service=report.service,
                severity=taken.sender.source.severity.get("report"),
                opened_at=taken.at,
                title=f"Customers report trouble{about}",
                summary=f"{count} customers report trouble{about}",
                reason=report.text,
            )
            raise_in(tx, alert, [ask_triage(alert.id, taken.at)])
            task = LookWhetherQuiet(service=report.service, window_s=form.window_s)
            ask_in(tx, ask_quiet(task, taken.at))

    def _keep(self, tx: Connection, batch: Sequence[Taken]) -> None:
        keep_in(tx, [(each.sender.source.name, each.raw) for each in batch if not each.ask])
        self._kept.update(each.sender.source.name for each in batch)
        for name, count in list(self._kept.items()):
            if count >= _PRUNE_EVERY:
                prune_in(tx, name)
                del self._kept[name]

    def _answer(self, taken: Taken) -> Answer:
        if not taken.ask:
            return taken.answer
        told = self._records.told(taken.sender.source.key, f"request:{taken.ask}")
        return Answer(body=told) if told else taken.answer

    def forget(self, now: datetime) -> None:
        """Drop what is too old to be repeated or read."""
        self._records.forget(seen_before=now - _SEEN_KEPT, reports_before=now - _KEPT)
        self._changes.forget(now - _KEPT)


class _Known(NamedTuple):
    """The senders of one catalogue, and why some cannot be served."""

    catalog: Catalog
    by_name: dict[str, Sender]
    by_key: dict[bytes, Sender]
    missing: dict[str, RelightError]


def _counted(source: IntakeSource, alert: Alert) -> Alert:
    """Make the alert that counts those beyond the first hundred of a minute."""
    return msgspec.structs.replace(
        alert,
        id=uuid7(alert.opened_at),
        source=source.key + MANY,
        key=alert.service or _NONE,
        title=f"Many alerts from {source.name}",
        summary=f"{source.name} sends more than {ALONE} new alerts a minute",
        reason=f"The newest is: {alert.summary}",
        details=(),
    )


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
