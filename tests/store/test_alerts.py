from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy.exc import IntegrityError

from relight.detect.alert import Alert
from relight.kernel.severity import Severity
from relight.store.alerts import AlertRecords, clear_in, raise_in, write_in
from relight.store.due import Asked, SqlDue
from relight.store.engine import Database

NOW = datetime(2026, 1, 16, 2, 0, tzinfo=UTC)


class Look(msgspec.Struct):
    alert: str


def an_alert(id: str = "a1", **changes: object) -> Alert:  # noqa: A002
    usual = Alert(
        id=id,
        source="intake/prometheus",
        key="high-latency",
        severity=Severity.S3,
        opened_at=NOW,
        summary="p95 is above 2 s",
        reason="firing",
    )
    return msgspec.structs.replace(usual, **changes)


def ask_for(alert: Alert) -> Asked:
    return Asked(kind="triage", key=alert.id, due_at=NOW, payload=Look(alert.id))


def said(database: Database, alert: Alert) -> tuple[Alert, bool]:
    with database.write() as tx:
        return raise_in(tx, alert, [ask_for(alert)])


def test_the_same_key_is_open_once_and_counts_up(database: Database):
    later = NOW + timedelta(minutes=1)
    assert said(database, an_alert()) == (an_alert(), True)
    again, new = said(database, an_alert("a2", opened_at=later, summary="p95 is above 3 s"))
    assert not new
    assert (again.id, again.count, again.last_at) == ("a1", 2, later)
    assert again.summary == "p95 is above 3 s"
    assert AlertRecords(database).alerts() == [again]
    assert SqlDue(database).keys("triage") == {"a1"}


def test_a_worse_severity_is_asked_about_and_a_milder_one_is_not_kept(database: Database):
    said(database, an_alert())
    due = SqlDue(database)
    (claim,) = due.claim(["triage"], now=NOW, limit=9, lease_s=9)
    assert due.complete(claim)
    worse, _ = said(database, an_alert("a2", severity=Severity.S1))
    assert worse.severity is Severity.S1
    assert due.keys("triage") == {"a1"}
    milder, _ = said(database, an_alert("a3", severity=Severity.S4))
    assert milder.severity is Severity.S1


def test_other_sources_and_other_keys_are_other_alerts(database: Database):
    said(database, an_alert("a1"))
    assert said(database, an_alert("a2", source="heartbeat"))[1]
    assert said(database, an_alert("a3", key="disk-full"))[1]
    assert len(AlertRecords(database).alerts(only_open=True)) == 3


def test_after_clearing_it_may_open_again(database: Database):
    said(database, an_alert())
    at = NOW + timedelta(minutes=5)
    with database.write() as tx:
        cleared = clear_in(tx, "intake/prometheus", "high-latency", at)
        assert cleared is not None
        assert cleared.cleared_at == at
        assert clear_in(tx, "intake/prometheus", "high-latency", at) is None
    assert said(database, an_alert("a2", opened_at=at))[1]
    kept = AlertRecords(database)
    open_one = kept.find_open("intake/prometheus", "high-latency")
    assert open_one is not None
    assert open_one.id == "a2"
    assert kept.find_open("intake/prometheus", "other") is None


def test_the_table_itself_refuses_a_second_open_one(database: Database):
    said(database, an_alert())
    with pytest.raises(IntegrityError), database.write() as tx:
        write_in(tx, an_alert("a2"))
