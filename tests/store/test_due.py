from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import msgspec
import pytest

from relight.kernel.ledger import Claim
from relight.store.counts import counts
from relight.store.due import SqlDue
from relight.store.engine import Database
from tests.store.counting import NOW, Bell


@pytest.fixture
def due(database: Database) -> SqlDue:
    return SqlDue(database)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def take(due: SqlDue, now: datetime = NOW, limit: int = 10) -> list[Claim]:
    return due.claim(["ring"], now=now, limit=limit, lease_s=30)


def ask(due: SqlDue, key: str, at: datetime = NOW, total: int = 0) -> None:
    due.schedule("ring", key, due_at=at, payload=Bell(total))


def test_rows_are_claimed_oldest_first_and_only_when_due(due: SqlDue):
    for key, seconds in (("c", 0), ("a", -20), ("b", -10), ("later", 1)):
        ask(due, key, later(seconds))
    due.schedule("hum", "x", due_at=NOW, payload=Bell(0))
    assert [each.key for each in take(due, limit=2)] == ["a", "b"]
    assert [each.key for each in take(due)] == ["c"]
    assert take(due) == []
    assert [each.key for each in take(due, later(1))] == ["later"]


def test_a_row_that_is_worked_on_does_not_count_as_waiting(due: SqlDue, database: Database):
    for key, seconds in (("a", -20), ("b", -10)):
        ask(due, key, later(seconds))
    take(due, limit=1)
    assert counts(database, NOW).due == {"ring": (1, later(-10))}
    assert counts(database, later(30)).due == {"ring": (2, later(-20))}


def test_a_claim_carries_what_was_scheduled(due: SqlDue):
    ask(due, "a", total=7)
    (claim,) = take(due)
    assert (claim.kind, claim.key, claim.due_at, claim.attempts) == ("ring", "a", NOW, 0)
    assert msgspec.json.decode(claim.payload, type=Bell) == Bell(7)


def test_a_completed_row_is_gone(due: SqlDue):
    ask(due, "a")
    (claim,) = take(due)
    assert due.complete(claim)
    assert not due.complete(claim)
    assert due.keys("ring") == set()


def test_a_deferred_row_comes_again_and_counts_its_attempts(due: SqlDue):
    ask(due, "a")
    (claim,) = take(due)
    assert due.defer(claim, due_at=later(5))
    assert take(due) == []
    (claim,) = take(due, later(5))
    assert claim.attempts == 1
    assert due.defer(claim, due_at=later(9), attempts=0)
    (claim,) = take(due, later(9))
    assert claim.attempts == 0


def test_a_lease_that_ends_lets_another_take_over_and_fences_the_first(due: SqlDue):
    ask(due, "a")
    (asleep,) = take(due)
    assert take(due, later(29)) == []
    (awake,) = take(due, later(30))
    assert awake.token != asleep.token
    assert not due.complete(asleep)
    assert not due.defer(asleep, due_at=later(60))
    assert due.complete(awake)


def test_scheduling_only_moves_a_row_earlier(due: SqlDue):
    ask(due, "a", later(10), total=1)
    ask(due, "a", later(20), total=2)
    assert due.next_due(["ring"]) == later(10)
    ask(due, "a", later(5), total=3)
    assert due.next_due(["ring"]) == later(5)
    (claim,) = take(due, later(5))
    assert msgspec.json.decode(claim.payload, type=Bell) == Bell(1)


def test_what_is_scheduled_while_the_row_is_held_is_not_lost(due: SqlDue):
    ask(due, "a")
    (claim,) = take(due)
    ask(due, "a", later(7))
    ask(due, "a", later(3))
    ask(due, "a", later(5))
    assert take(due, later(5)) == []
    assert due.complete(claim)
    (again,) = take(due, later(3))
    assert (again.key, again.due_at, again.attempts) == ("a", later(3), 0)
    assert due.complete(again)
    assert due.keys("ring") == set()


def test_a_held_row_that_is_deferred_comes_at_the_earlier_time(due: SqlDue):
    ask(due, "a")
    (claim,) = take(due)
    ask(due, "a", later(3))
    assert due.defer(claim, due_at=later(60))
    assert due.next_due(["ring"]) == later(3)
    (claim,) = take(due, later(3))
    ask(due, "a", later(99))
    assert due.defer(claim, due_at=later(60))
    assert due.next_due(["ring"]) == later(60)


def test_a_taken_over_row_has_met_what_was_asked_meanwhile(due: SqlDue):
    ask(due, "a")
    take(due)
    ask(due, "a", later(3))
    (over,) = take(due, later(30))
    assert due.complete(over)
    assert due.keys("ring") == set()


def test_a_cancelled_row_is_gone_even_when_held(due: SqlDue):
    ask(due, "a")
    ask(due, "b")
    (claim,) = take(due, limit=1)
    due.cancel("ring", claim.key)
    assert not due.complete(claim)
    due.cancel("ring", "never there")
    assert due.keys("ring") == {"a", "b"} - {claim.key}


def test_next_due_looks_at_times_leases_and_kinds(due: SqlDue):
    assert due.next_due(["ring"]) is None
    ask(due, "a", later(100))
    due.schedule("hum", "b", due_at=later(50), payload=Bell(0))
    assert due.next_due(["ring"]) == later(100)
    assert due.next_due(["ring", "hum"]) == later(50)
    ask(due, "c")
    take(due)
    assert due.next_due(["ring"]) == later(30)


def test_no_row_is_claimed_twice_by_many(
    new_database: Callable[[], Database], database: Database, due: SqlDue
):
    for n in range(60):
        ask(due, f"{n}", later(-n))

    def drain(n: int) -> list[str]:
        mine = SqlDue(new_database() if n % 2 else database)
        taken: list[str] = []
        while claims := take(mine, limit=7):
            assert len(claims) <= 7
            taken += [each.key for each in claims]
            assert all(mine.complete(each) for each in claims[::2])
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [key for keys in pool.map(drain, range(4)) for key in keys]
    assert Counter(taken) == Counter({f"{n}": 1 for n in range(60)})


def test_many_may_schedule_one_row_at_once(database: Database, due: SqlDue):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(partial(ask, due, "a"), [later(n) for n in range(20)]))
    assert due.next_due(["ring"]) == NOW
    assert len(take(due, later(99))) == 1


def test_when_the_clock_was_moved_every_time_moves_with_it(due: SqlDue):
    ask(due, "held")
    (claim,) = take(due)
    ask(due, "held", later(100))
    ask(due, "waits", later(200))
    due.shift(timedelta(hours=-1))
    assert due.next_due(["ring"]) == later(30 - 3600)
    assert due.complete(claim)
    assert [each.due_at for each in take(due, later(999))] == [later(-3500), later(-3400)]


def test_what_the_dead_held_is_free_at_once_and_their_claims_are_void(database: Database):
    due = SqlDue(database, owner="kit")
    ask(due, "a")
    (lost,) = take(due)
    assert take(due) == []
    due.release()
    (found,) = take(due)
    assert (found.key, found.attempts) == ("a", 0)
    assert not due.complete(lost)
    assert due.complete(found)


def test_what_others_hold_stays_theirs(database: Database):
    ask(SqlDue(database), "a")
    (theirs,) = take(SqlDue(database, owner="other"))
    SqlDue(database, owner="kit").release()
    assert take(SqlDue(database)) == []
    assert SqlDue(database).complete(theirs)
