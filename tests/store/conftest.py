"""Both engines for one suite: an SQLite file, and a schema of a real PostgreSQL, a fresh one a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from relight.store.engine import Database
from relight.store.schema import prepare
from tests.peers.postgres import schema

NewDatabase: TypeAlias = Callable[[], Database]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_database(
    request: pytest.FixtureRequest, tmp_path: Path, worker_id: str
) -> Iterator[NewDatabase]:
    """Opens one and the same empty database, each call anew, as another process would."""
    opened: list[Database] = []

    def using(open_one: Callable[[], Database]) -> NewDatabase:
        def new() -> Database:
            opened.append(open_one())
            return opened[-1]

        return new

    if request.param == "sqlite":
        yield using(lambda: Database.at(tmp_path / "state.db"))
        for each in opened:
            each.close()
    else:
        server: str = request.getfixturevalue("postgres")
        with schema(server, worker_id) as url:
            yield using(lambda: Database(url))
            for each in opened:
                each.close()


@pytest.fixture
def database(new_database: NewDatabase) -> Database:
    """A database with its tables."""
    made = new_database()
    prepare(made)
    return made
