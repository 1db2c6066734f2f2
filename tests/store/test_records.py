"""Rows beside the ledger: who we are, numbers for people, checks with their alerts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import func, insert, select

from relight.catalog.service import Check
from relight.detect.alert import open_alert
from relight.detect.judge import CheckState, CheckStatus
from relight.kernel.ledger import Claim
from relight.kernel.plug import Plugged
from relight.store import tables as t
from relight.store.alerts import AlertRecords
from relight.store.due import Asked, SqlDue
from relight.store.engine import Database
from relight.store.records import (
    CheckRecords,
    LeaseLost,
    Outcome,
    admins,
    forget_commands,
    load_instance,
    make_admin,
    next_number,
)

NOW = datetime(2026, 5, 2, 2, 3, tzinfo=UTC)
CHECK = Check(service="widget", name="through", probe=Plugged("tcp", {"address": "127.0.0.1:9"}))


class Look(msgspec.Struct, frozen=True):
    """What the due row of a check carries here."""

    check: str


def test_an_installation_is_made_up_once(database: Database):
    first = load_instance(database, NOW)
    assert load_instance(database, NOW + timedelta(days=1)) == first
    assert len(first.key) == 32


def test_numbers_never_repeat_whoever_asks(database: Database):
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(next_number, database, "incident") for _ in range(20)]
    assert sorted(each.result() for each in asked) == list(range(1, 21))


def test_an_admin_stays_one(database: Database):
    make_admin(database, "rebecca")
    make_admin(database, "rebecca")
    assert admins(database) == {"rebecca"}


LATER = NOW + timedelta(seconds=15)


def records(database: Database) -> CheckRecords:
    kept = CheckRecords(database)
    kept.hold()
    return kept


def lease(database: Database) -> Claim:
    due = SqlDue(database)
    due.schedule("checks", "checks", due_at=NOW, payload=Look(""))
    (claim,) = due.claim(["checks"], now=NOW + timedelta(hours=1), limit=1, lease_s=10)
    return claim


def outcome(**changes: object) -> Outcome:
    usual = Outcome(check=CHECK.key, state=CheckState.fresh(CHECK.key), at=NOW)
    return msgspec.structs.replace(usual, **changes)


def up(seconds: float) -> Outcome:
    """A check that goes on being up."""
    state = msgspec.structs.replace(
        CheckState.fresh(CHECK.key),
        status=CheckStatus.UP,
        last_at=NOW + timedelta(seconds=seconds),
    )
    return outcome(state=state, lasting=False)


def test_an_outcome_is_written_whole(database: Database):
    alert = open_alert(CheckState.fresh(CHECK.key), CHECK, NOW, "a1")
    ask = Asked(kind="triage", key="a1", due_at=NOW, payload=Look("a1"))
    held = lease(database)
    records(database).save([outcome(alert=alert, asks=(ask,))], held, until=LATER)
    assert CheckRecords(database).states() == {CHECK.key: CheckState.fresh(CHECK.key)}
    assert AlertRecords(database).alerts(only_open=True) == [alert]
    due = SqlDue(database)
    assert due.keys("triage") == {"a1"}
    assert due.next_due(["checks"]) == LATER


def test_an_alert_is_cleared_once_and_another_may_open(database: Database):
    first = open_alert(CheckState.fresh(CHECK.key), CHECK, NOW, "a1")
    second = open_alert(CheckState.fresh(CHECK.key), CHECK, NOW + timedelta(hours=2), "a2")
    kept, held = records(database), lease(database)
    kept.save([outcome(alert=first)], held, until=LATER)
    over = outcome(clears="a1", at=NOW + timedelta(minutes=5))
    kept.save([over, outcome(alert=second)], held, until=LATER)
    cleared = AlertRecords(database).alert("a1")
    assert cleared is not None
    assert cleared.cleared_at == NOW + timedelta(minutes=5)
    assert [each.id for each in AlertRecords(database).alerts(only_open=True)] == ["a2"]
    assert [each.id for each in AlertRecords(database).alerts()] == ["a2", "a1"]


def test_an_outcome_whose_lease_was_lost_leaves_no_trace(database: Database):
    late = lease(database)
    SqlDue(database).claim(["checks"], now=NOW + timedelta(hours=2), limit=1, lease_s=10)
    with pytest.raises(LeaseLost):
        records(database).save([outcome()], late, until=LATER)
    assert CheckRecords(database).states() == {}


def test_what_goes_on_being_up_is_written_every_ten_seconds(database: Database):
    kept, held = records(database), lease(database)
    seen: list[datetime | None] = []
    for seconds in range(0, 25, 5):
        one = up(seconds)
        kept.put(one.state)
        kept.save([one], held, until=LATER)
        assert kept.states()[CHECK.key] == one.state
        seen.append(CheckRecords(database).states()[CHECK.key].last_at)
    assert seen == [NOW + timedelta(seconds=each) for each in (0, 0, 10, 10, 20)]


def test_a_check_that_is_no_longer_declared_takes_its_alert_along(database: Database):
    kept = records(database)
    alert = open_alert(CheckState.fresh(CHECK.key), CHECK, NOW, "a1")
    kept.save([outcome(alert=alert)], lease(database), until=LATER)
    ask = Asked(kind="triage", key="a1", due_at=NOW, payload=Look("a1"))
    kept.forget([CHECK.key], NOW, ask=lambda _alert: ask)
    assert kept.states() == {}
    assert SqlDue(database).keys("triage") == {"a1"}
    assert AlertRecords(database).alerts(only_open=True) == []


def test_old_answers_to_commands_are_dropped(database: Database):
    with database.write() as tx:
        for n, at in enumerate((NOW - timedelta(days=40), NOW)):
            row = {"id": f"c{n}", "stream": "incident/x", "first_seq": 1, "end_seq": 2, "at": at}
            tx.execute(insert(t.command).values(row))
    forget_commands(database, before=NOW - timedelta(days=30))
    with database.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.command)).scalar_one() == 1
