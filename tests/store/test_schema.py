from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from relight.store import tables
from relight.store.engine import Database, DatabaseBroken
from relight.store.schema import DatabaseTooNew, known_versions, prepare


def test_the_history_ends_in_the_tables_that_the_code_uses(database: Database):
    with database.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_constraints_carry_the_same_names_on_both_engines(database: Database):
    with database.read() as tx:
        unique = {each["name"] for each in inspect(tx).get_unique_constraints("due")}
    assert unique == {"uq_due_kind_key"}


def test_preparing_twice_changes_nothing(database: Database):
    with database.write() as tx:
        tx.execute(tables.instance.insert().values(name="id", value="one"))
    prepare(database)
    with database.read() as tx:
        assert tx.execute(text("SELECT value FROM instance")).scalar_one() == "one"
        version = tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert version == known_versions()[-1]


def test_several_may_prepare_at_once(new_database: Callable[[], Database]):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(prepare, [new_database() for _ in range(4)]))


def test_several_processes_may_prepare_one_file(tmp_path: Path):
    program = (
        "import sys, pathlib\n"
        "from relight.store.engine import Database\n"
        "from relight.store.schema import prepare\n"
        "prepare(Database.at(pathlib.Path(sys.argv[1])))\n"
    )
    file = tmp_path / "state.db"
    both = [
        subprocess.Popen([sys.executable, "-c", program, str(file)], stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in both:
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()


def test_a_newer_database_is_left_alone(database: Database):
    with database.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match="written by a newer Relight") as refusal:
        prepare(database)
    assert refusal.value.hint


def test_tables_of_another_program_are_left_alone(new_database: Callable[[], Database]):
    database = new_database()
    with database.write() as tx:
        tx.execute(text("CREATE TABLE stream (name TEXT)"))
    with pytest.raises(DatabaseBroken, match="of another program: stream"):
        prepare(database)


def test_any_foreign_sqlite_file_is_left_alone(tmp_path: Path):
    file = tmp_path / "state.db"
    foreign = sqlite3.connect(file)
    foreign.execute("CREATE TABLE photos (id)")
    foreign.close()
    database = Database.at(file)
    with pytest.raises(DatabaseBroken, match=r"state\.db holds tables of another program: photos"):
        prepare(database)
    database.close()


def test_a_file_that_is_no_database_says_so(tmp_path: Path):
    file = tmp_path / "state.db"
    file.write_text("name: Where2Eat\n" * 100)
    database = Database.at(file)
    with pytest.raises(DatabaseBroken, match="damaged or is no Relight database"):
        prepare(database)
    database.close()


def test_a_prepared_database_needs_no_alembic(tmp_path: Path):
    file = tmp_path / "state.db"
    first = Database.at(file)
    prepare(first)
    first.close()
    program = (
        "import sys, pathlib\n"
        "from relight.store.engine import Database\n"
        "from relight.store.schema import prepare\n"
        "prepare(Database.at(pathlib.Path(sys.argv[1])))\n"
        "assert 'alembic' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, str(file)], check=True)
