"""Readings of vendors' feeds, with the alerts that they lead to, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from relight.desk.rules import TRIAGE, ask_triage
from relight.detect.alert import Alert
from relight.detect.vendor import VendorReading
from relight.kernel.ids import uuid7
from relight.kernel.ledger import Claim
from relight.store.alerts import AlertRecords
from relight.store.due import SqlDue
from relight.store.engine import Database
from relight.store.vendors import VENDOR, VendorDue, VendorRecords, alert_key

NOW = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=2)


def an_alert(service: str) -> Alert:
    return Alert(
        id=uuid7(NOW),
        source=VENDOR,
        key=alert_key("cdn", service),
        service=service,
        opened_at=NOW,
        summary="The CDN has trouble",
        reason="Errors",
    )


def claimed(due: SqlDue) -> Claim:
    due.schedule(VENDOR, "cdn", due_at=NOW, payload=VendorDue(name="cdn"))
    (claim,) = due.claim([VENDOR], now=LATER + timedelta(days=1), limit=1, lease_s=60)
    return claim


def test_a_reading_its_alerts_and_the_next_are_written_together(database: Database):
    due, alerts = SqlDue(database), AlertRecords(database)
    records = VendorRecords(database, ask_triage=ask_triage)
    reading = VendorReading(vendor="cdn", feed="f", tried_at=NOW, read_at=NOW)
    both = [an_alert("web"), an_alert("api")]

    assert records.save(reading, claim=claimed(due), again_at=LATER, troubled=both)
    assert records.all() == {"cdn": reading}
    assert due.next_due([VENDOR]) == LATER
    assert {each.service for each in alerts.alerts(only_open=True)} == {"web", "api"}
    assert due.keys(TRIAGE) == {each.id for each in both}

    # The same again opens nothing; what cannot be read leaves them as they stand.
    for troubled in ([an_alert("web"), an_alert("api")], None):
        assert records.save(reading, claim=claimed(due), again_at=LATER, troubled=troubled)
        assert {each.id for each in alerts.alerts(only_open=True)} == {each.id for each in both}

    assert records.save(reading, claim=claimed(due), again_at=LATER, troubled=[an_alert("web")])
    assert [each.service for each in alerts.alerts(only_open=True)] == ["web"]
    records.forget("cdn", LATER)
    assert records.all() == {}
    assert alerts.alerts(only_open=True) == []


def test_a_claim_that_was_lost_writes_nothing(database: Database):
    due = SqlDue(database)
    records = VendorRecords(database, ask_triage=ask_triage)
    claim = claimed(due)
    due.complete(claim)
    reading = VendorReading(vendor="cdn", feed="f", tried_at=NOW)
    assert not records.save(reading, claim=claim, again_at=LATER, troubled=[an_alert("web")])
    assert records.all() == {}
    assert AlertRecords(database).alerts() == []
