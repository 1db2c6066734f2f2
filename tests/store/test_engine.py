from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import StatementError

from relight.kernel.actor import rule
from relight.store import tables as t
from relight.store.counts import answers
from relight.store.engine import (
    Database,
    DatabaseBroken,
    DataFolderNotWritable,
    DiskFull,
    Pulse,
    StoreUnavailable,
)
from relight.store.ledger import SqlLedger
from relight.store.schema import prepare
from tests.store.counting import COUNTER, NOW, Count, Label

NOBODY = 65534


def write(database: Database, value: str = "x") -> None:
    with database.write() as tx:
        tx.execute(t.instance.delete())
        tx.execute(insert(t.instance).values(name="name", value=value))


def test_a_write_that_raises_leaves_no_trace(database: Database):
    def fail() -> None:
        with database.write() as tx:
            tx.execute(insert(t.instance).values(name="name", value="x"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.read() as tx:
        assert tx.execute(select(t.instance)).all() == []


def test_a_read_sees_one_moment(new_database: Callable[[], Database], database: Database):
    write(database, "before")
    with database.read() as tx:
        value = select(t.instance.c.value)
        assert tx.execute(value).scalar_one() == "before"
        write(new_database(), "after")
        assert tx.execute(value).scalar_one() == "before"
    with database.read() as tx:
        assert tx.execute(value).scalar_one() == "after"


def test_reading_writes_nothing_on_postgres_and_then_writing_works(database: Database):
    with database.read() as tx:
        tx.execute(select(t.instance)).all()
    write(database)


def test_naive_times_are_refused(database: Database):
    naive = NOW.replace(tzinfo=None)
    link = insert(t.sign_in_link).values(digest="d", person="p", expires_at=naive)
    with pytest.raises(StatementError, match="aware"), database.write() as tx:
        tx.execute(link)


def test_pulse_beats_when_anyone_has_written(
    new_database: Callable[[], Database], database: Database
):
    pulse = Pulse(database)
    assert pulse.changed()
    write(database)
    assert pulse.changed()
    write(new_database())
    assert pulse.changed()
    if database.is_sqlite:  # PostgreSQL may say so too often
        assert not pulse.changed()
    with database.read() as tx:
        tx.execute(select(t.instance)).all()
    if database.is_sqlite:
        assert not pulse.changed()
    write(database)
    assert pulse.changed()
    pulse.close()


def test_pulse_hears_of_an_older_transaction_that_ends_last(
    new_database: Callable[[], Database], database: Database
):
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    pulse = Pulse(database)
    with database.write() as slow:
        slow.execute(insert(t.instance).values(name="slow", value="x"))
        with new_database().write() as fast:
            fast.execute(insert(t.instance).values(name="fast", value="x"))
        assert pulse.changed()
    assert pulse.changed()
    pulse.close()


def test_what_was_written_shows_in_no_error(database: Database):
    with pytest.raises(StoreUnavailable) as error, database.write() as tx:
        tx.execute(text("INSERT INTO nowhere (value) VALUES (:value)"), {"value": "s3cret"})
    cause = error.value.__cause__
    assert "s3cret" not in f"{error.value} {cause}"
    assert "nowhere" in str(error.value)


def test_no_server_is_a_sentence():
    database = Database("postgresql://relight:s3cret@127.0.0.1:1/relight")
    with pytest.raises(StoreUnavailable) as error:
        prepare(database)
    assert error.value.hint
    assert "s3cret" not in f"{error.value} {error.value.__cause__}"
    database.close()


def test_a_full_disk_is_a_sentence_and_nothing_is_half_written(tmp_path: Path):
    database = Database.at(tmp_path / "state.db")
    prepare(database)
    ledger = SqlLedger(database, COUNTER)
    ledger.execute("a", Count((1,)), by=rule("test"), now=NOW, command_id="c1")
    with database.read() as tx:
        pages = tx.execute(text("PRAGMA page_count")).scalar_one()
    database.close()

    def bound(connection: sqlite3.Connection, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    event.listen(database.engine, "connect", bound)

    def fill() -> None:
        for n in range(100):
            ledger.execute("a", Label("x" * 4000), by=rule("test"), now=NOW, command_id=f"big{n}")

    with pytest.raises(DiskFull, match="disk is full") as error:
        fill()
    assert error.value.hint
    # Reading still works, and yet whoever asks after Relight's health hears of it.
    with pytest.raises(DiskFull):
        answers(database)
    entries = ledger.entries("a")
    assert ledger.read("a") == ledger.replay("a")
    assert [each.seq for each in entries] == list(range(1, len(entries) + 1))
    # With space again, it goes on by itself.
    event.remove(database.engine, "connect", bound)
    database.close()
    done = ledger.execute("a", Label("y" * 9000), by=rule("test"), now=NOW, command_id="after")
    assert done.first_seq == len(entries) + 1
    database.close()


@pytest.fixture
def foreign_folder() -> Iterator[Path]:
    """A folder that anyone may enter and only its owner may write to."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_that_is_not_ours_is_a_sentence(foreign_folder: Path, exists: bool):
    file = foreign_folder / "state.db"
    if exists:
        mine = Database.at(file)
        prepare(mine)
        mine.close()
    database = Database.at(file)
    euid = os.geteuid()
    foreign_folder.chmod(0o555)
    if euid == 0:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(DataFolderNotWritable) as error:
            write(database)
    finally:
        os.seteuid(euid)
        foreign_folder.chmod(0o755)
    assert "cannot be written to" in str(error.value)
    database.close()


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path):
    database = Database.at(tmp_path / "nowhere" / "state.db")
    with pytest.raises(DataFolderNotWritable):
        prepare(database)


def test_a_torn_file_is_a_sentence(tmp_path: Path):
    file = tmp_path / "state.db"
    database = Database.at(file)
    prepare(database)
    database.close()
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(DatabaseBroken) as error:
        SqlLedger(database, COUNTER).read("a")
    assert error.value.hint
    database.close()


def test_an_answered_write_survives_a_power_cut(tmp_path: Path):
    database = Database.at(tmp_path / "state.db")
    with database.read() as tx:
        assert tx.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert tx.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    database.close()


def test_many_may_open_a_new_file_at_once(tmp_path: Path):
    def begin(n: int) -> int:
        database = Database.at(tmp_path / f"{n // 8}.db")
        with database.read() as tx:
            found = int(tx.execute(text("SELECT 1")).scalar_one())
        database.close()
        return found

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(begin, range(160))) == [1] * 160
