from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import func, insert, select

from relight.kernel.actor import machine, operator, person
from relight.kernel.ledger import AlreadyOpen, LostRace, NeverDeclared, Unknown
from relight.store import tables as t
from relight.store.due import SqlDue
from relight.store.engine import Database
from relight.store.ledger import SqlLedger
from tests.store.counting import (
    COUNTER,
    NOW,
    Bell,
    Count,
    Counted,
    Counter,
    Event,
    Full,
    Label,
    Labelled,
)

REBECCA = person("rebecca")
Ledger = SqlLedger[Counter, Count | Label, Event]


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return SqlLedger(database, COUNTER)


def rows(database: Database, table: t.Table) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_command_writes_entries_state_and_intents(ledger: Ledger, database: Database):
    earlier = NOW - timedelta(minutes=3)
    done = ledger.execute(
        "a", Count((1, 2)), by=REBECCA, now=NOW, command_id="c1", occurred_at=earlier
    )
    assert (done.stream, done.first_seq, done.end_seq) == ("counter/a", 1, 3)
    assert not done.repeated
    assert done.state == Counter(seq=2, total=3) == ledger.read("a")
    entries = ledger.entries("a")
    assert [entry.seq for entry in entries] == [1, 2]
    assert [entry.event for entry in entries] == [Counted(1), Counted(2)]
    assert [(each.occurred_at, each.recorded_at, each.by) for each in entries] == [
        (earlier, NOW, REBECCA),
        (NOW, NOW, REBECCA),  # only the first was seen earlier; what follows from it is new
    ]
    claims = SqlDue(database).claim(["ring", "hum"], now=NOW, limit=10, lease_s=10)
    assert [(each.kind, each.key) for each in claims] == [
        ("ring", "counter/a/1/bells/0"),
        ("hum", "counter/a/1/bells/1"),
        ("ring", "counter/a/2/bells/0"),
        ("hum", "counter/a/2/bells/1"),
    ]
    assert [msgspec.json.decode(each.payload, type=Bell).total for each in claims] == [1, 1, 3, 3]


def test_a_refusal_leaves_no_trace(ledger: Ledger, database: Database):
    with pytest.raises(Full):
        ledger.execute("a", Count((10,)), by=REBECCA, now=NOW, command_id="c1")
    for table in (t.stream, t.entry, t.command, t.due):
        assert rows(database, table) == 0
    assert ledger.read("a") is None
    assert ledger.entries("a") == []


def test_a_repeated_command_gives_its_first_answer(ledger: Ledger):
    first = ledger.execute("a", Count((1, 1)), by=REBECCA, now=NOW, command_id="c1")
    ledger.execute("a", Count((3,)), by=REBECCA, now=NOW, command_id="c2")
    again = ledger.execute("a", Count((1, 1)), by=REBECCA, now=NOW, command_id="c1")
    assert again == msgspec.structs.replace(first, repeated=True)
    assert ledger.read("a") == Counter(seq=3, total=5)


def test_a_repeated_command_answers_even_where_it_would_now_be_refused(ledger: Ledger):
    ledger.execute("a", Count((9,)), by=REBECCA, now=NOW, command_id="c1")
    assert ledger.execute("a", Count((9,)), by=REBECCA, now=NOW, command_id="c1").repeated


def test_a_command_without_effect_is_remembered_too(ledger: Ledger, database: Database):
    ledger.execute("a", Count((1,)), by=REBECCA, now=NOW, command_id="c1")
    nothing = ledger.execute("a", Count(()), by=REBECCA, now=NOW, command_id="c2")
    assert (nothing.first_seq, nothing.end_seq) == (2, 2)
    again = ledger.execute("a", Count(()), by=REBECCA, now=NOW, command_id="c2")
    assert again == msgspec.structs.replace(nothing, repeated=True)


def test_nothing_done_to_nothing_is_refused(ledger: Ledger):
    with pytest.raises(NeverDeclared):
        ledger.execute("a", Count(()), by=REBECCA, now=NOW, command_id="c1")


def test_a_completed_claim_ends_with_the_command(ledger: Ledger, database: Database):
    due = SqlDue(database)
    ledger.execute("a", Count((1,)), by=REBECCA, now=NOW, command_id="c1")
    (claim,) = due.claim(["ring"], now=NOW, limit=1, lease_s=10)
    with pytest.raises(Full):
        ledger.execute("a", Count((9,)), by=REBECCA, now=NOW, command_id="c2", completes=claim)
    assert due.keys("ring") == {claim.key}
    ledger.execute("a", Count((1,)), by=REBECCA, now=NOW, command_id="c3", completes=claim)
    assert due.keys("ring") == {"counter/a/2/bells/0"}
    assert not due.complete(claim)


def test_threads_on_one_stream_leave_no_gap_and_no_duplicate(
    new_database: Callable[[], Database], database: Database
):
    def run(n: int) -> None:
        # Half over a database of their own, as another process would have.
        mine = SqlLedger(new_database() if n % 2 else database, COUNTER)
        for i in range(10):
            mine.execute(
                "a", Count((1,), most=1000), by=machine(f"{n}"), now=NOW, command_id=f"{n}.{i}"
            )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    ledger = SqlLedger(database, COUNTER)
    entries = ledger.entries("a")
    assert [entry.seq for entry in entries] == list(range(1, 41))
    assert ledger.read("a") == Counter(seq=40, total=40) == ledger.replay("a")
    assert len(SqlDue(database).keys("ring")) == 40


def test_the_same_command_from_many_threads_happens_once(database: Database):
    ledger = SqlLedger(database, COUNTER)

    def run(_: int) -> tuple[int, int, bool]:
        done = ledger.execute("a", Count((9,)), by=REBECCA, now=NOW, command_id="only")
        return done.first_seq, done.end_seq, done.repeated

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(run, range(8)))
    assert sorted(answers) == [(1, 2, False), *[(1, 2, True)] * 7]
    assert len(ledger.entries("a")) == 1


def test_one_open_key_is_held_by_one_stream(ledger: Ledger):
    ledger.execute("a", Label("one", "rule:api"), by=REBECCA, now=NOW, command_id="c1")
    with pytest.raises(AlreadyOpen, match="one is open"):
        ledger.execute("b", Label("two", "rule:api"), by=REBECCA, now=NOW, command_id="c2")
    ledger.execute("a", Label("one"), by=REBECCA, now=NOW, command_id="c3")
    ledger.execute("b", Label("two", "rule:api"), by=REBECCA, now=NOW, command_id="c4")


def test_a_race_for_one_open_key_has_one_winner(database: Database):
    ledger = SqlLedger(database, COUNTER)

    def run(n: int) -> bool:
        try:
            ledger.execute(
                f"s{n}", Label(f"n{n}", "rule:api"), by=REBECCA, now=NOW, command_id=f"c{n}"
            )
        except AlreadyOpen:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(8))) == 1


def test_a_name_finds_its_stream_and_belongs_to_one(ledger: Ledger):
    ledger.execute("a", Label("INC-1"), by=REBECCA, now=NOW, command_id="c1")
    assert ledger.find("INC-1") == ledger.read("a")
    assert ledger.find("INC-2") is None
    with pytest.raises(LostRace):
        ledger.execute("b", Label("INC-1"), by=REBECCA, now=NOW, command_id="c2")


def test_all_lists_newest_first_and_by_work_left(ledger: Ledger):
    for n, total in enumerate((9, 1, 2)):
        at = NOW + timedelta(seconds=n)
        ledger.execute(f"s{n}", Count((total,)), by=REBECCA, now=at, command_id=f"c{n}")
    assert [each.total for each in ledger.all()] == [2, 1, 9]
    assert [each.total for each in ledger.all(live=True)] == [2, 1]
    assert [each.total for each in ledger.all(live=False)] == [9]
    assert [each.total for each in ledger.all(limit=1)] == [2]


def test_kinds_do_not_see_each_other(database: Database):
    other = SqlLedger(database, msgspec.structs.replace(COUNTER, name="meter"))
    mine = SqlLedger(database, COUNTER)
    mine.execute("a", Label("x", "key"), by=REBECCA, now=NOW, command_id="c1")
    other.execute("a", Label("x", "key"), by=REBECCA, now=NOW, command_id="c2")
    assert len(mine.all()) == len(other.all()) == 1
    assert mine.entries("a")[0].stream == "counter/a"


def test_entries_are_paged_in_order(ledger: Ledger):
    ledger.execute("a", Count((1,) * 7), by=operator("root"), now=NOW, command_id="c1")
    assert [each.seq for each in ledger.entries("a", limit=3)] == [1, 2, 3]
    assert [each.seq for each in ledger.entries("a", after=3, limit=3)] == [4, 5, 6]
    assert [each.seq for each in ledger.entries("a", after=6)] == [7]


def test_an_event_of_a_newer_version_is_shown_and_folded_to_nothing(
    ledger: Ledger, database: Database
):
    ledger.execute("a", Count((1,)), by=REBECCA, now=NOW, command_id="c1")
    with database.write() as tx:
        tx.execute(
            insert(t.entry).values(
                stream="counter/a",
                seq=2,
                occurred_at=NOW,
                recorded_at=NOW,
                actor_kind="person",
                actor_name="sam",
                type="Halved",
                version=2,
                body=b'{"type":"Halved","how":"down"}',
            )
        )
        tx.execute(t.stream.update().values(seq=2))
    unknown = ledger.entries("a")[1].event
    assert unknown == Unknown(tag="Halved", raw={"type": "Halved", "how": "down"})
    ledger.execute("a", Label("x"), by=REBECCA, now=NOW, command_id="c2")
    assert ledger.entries("a")[2].event == Labelled("x")
    assert ledger.replay("a") == Counter(seq=3, total=1, label="x", unknown=1)


def test_others_hear_of_each_commit_and_of_no_refusal(ledger: Ledger, database: Database):
    heard: list[str] = []
    database.on_commit.append(lambda: heard.append("written"))
    ledger.execute("a", Count((1,)), by=REBECCA, now=NOW, command_id="c1")
    with pytest.raises(Full):
        ledger.execute("a", Count((10,)), by=REBECCA, now=NOW, command_id="c2")
    ledger.read("a")
    assert heard == ["written"]


def test_heads_differ_once_a_stream_of_the_kind_has_grown(ledger: Ledger):
    assert ledger.heads() == (0, None)
    ledger.execute("a", Count((1, 1)), by=REBECCA, now=NOW, command_id="c1")
    assert ledger.heads() == (2, NOW)
    ledger.execute("a", Label("x"), by=REBECCA, now=NOW, command_id="c2")
    assert ledger.heads() == (3, NOW)
