"""Opens a database and gives transactions: SQLite with one writer at a time, or PostgreSQL.

SQLite: WAL, `synchronous=FULL` (an answered write survives a power cut), `BEGIN IMMEDIATE`, and a
lock so that the threads of one process wait for each other instead of polling the file lock.
PostgreSQL: READ COMMITTED for writes, where unique keys and `SKIP LOCKED` do the rest; one
snapshot (REPEATABLE READ, read only) for reads.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Engine, create_engine, event, exc, text
from sqlalchemy.engine import URL, make_url

from relight.kernel.faults import RelightError, Unavailable

_BUSY_MS = 5000
_WAL_AGAIN_MS = 20
_FULL_FOR_S = 10.0
_WRITE = "relight_write"
_WRITING: dict[str, Any] = {_WRITE: True}
_SNAPSHOT: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
# PostgreSQL's own codes (appendix A of its manual): serialization failure, deadlock; disk full.
_COLLISIONS = frozenset({"40001", "40P01"})
_DISK_FULL = "53100"


class StoreUnavailable(Unavailable):
    """The database cannot be used."""


class DataFolderNotWritable(StoreUnavailable):
    """The data folder cannot be written to."""

    hint = "Give its owner the right to write there, or choose another with --data."


class DiskFull(StoreUnavailable):
    """The disk is full."""

    hint = "Free some space; Relight goes on by itself. Nothing that was answered is lost."


class DatabaseBroken(StoreUnavailable):
    """The database file is damaged or is no Relight database."""

    hint = "Restore it from a backup, or move it away to begin anew."


class Collided(StoreUnavailable):
    """Others wrote the same rows at the same moment."""

    hint = "Try again."


class NotPostgres(RelightError):
    """The database is not given as the URL of a PostgreSQL."""

    hint = "Write one like postgresql://relight@db.example.org/relight, or leave --database out."


Synchronous: TypeAlias = Literal["FULL", "NORMAL"]


class Database:
    """One database with its transactions. `on_commit` callbacks run after each committed write.

    `synchronous` is SQLite's: NORMAL may lose the last seconds in a power cut, never the file.
    """

    def __init__(self, url: str | URL, *, synchronous: Synchronous = "FULL") -> None:
        """Prepare the engine; nothing is opened before the first transaction."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.on_commit: list[Callable[[], None]] = []
        self._writing = threading.Lock()
        self._full_at: float | None = None
        self._reading = {} if self.is_sqlite else _SNAPSHOT
        self.engine = _sqlite(self.url, synchronous) if self.is_sqlite else _postgres(self.url)

    @classmethod
    def at(cls, file: Path, *, synchronous: Synchronous = "FULL") -> "Database":
        """Open an SQLite file; its folder must exist."""
        return cls(URL.create("sqlite", database=str(file)), synchronous=synchronous)

    @contextmanager
    def write(self, *, quiet: bool = False) -> Generator[Connection]:
        """Give a transaction that commits at the end, or leaves no trace when anything raises.

        A `quiet` one calls nobody: it changes nothing that people see or that falls due sooner.
        """
        try:
            with translated():
                if self.is_sqlite:
                    with self._writing, self._begin(write=True) as connection:
                        yield connection
                else:
                    with self._begin(write=True) as connection:
                        yield connection
        except DiskFull:
            self._full_at = time.monotonic()
            raise
        if not quiet:
            for callback in self.on_commit:
                callback()

    @property
    def is_full(self) -> bool:
        """Whether a write found the disk full in the last seconds. A full one can still be read."""
        return self._full_at is not None and time.monotonic() - self._full_at < _FULL_FOR_S

    @contextmanager
    def read(self) -> Generator[Connection]:
        """Give a consistent view that writes nothing."""
        with translated(), self._begin(write=False) as connection:
            yield connection

    @contextmanager
    def _begin(self, *, write: bool) -> Generator[Connection]:
        with self.engine.connect() as connection:
            marked = connection.execution_options(**(_WRITING if write else self._reading))
            with marked.begin():
                yield marked

    def close(self) -> None:
        """Close every connection; on SQLite this also folds the write-ahead log in."""
        self.engine.dispose()


def postgres_url(written: str) -> URL:
    """Read the URL of a PostgreSQL. Raises `NotPostgres`, without the words, for any other form."""
    try:
        url = make_url(written)
    except (exc.ArgumentError, ValueError):
        raise NotPostgres from None
    if url.drivername.partition("+")[0] not in {"postgresql", "postgres"}:
        raise NotPostgres
    return url


@contextmanager
def translated() -> Generator[None]:
    """Turn the database's own errors into sentences; integrity errors pass, callers expect them."""
    try:
        yield
    except exc.IntegrityError:
        raise
    except exc.DBAPIError as error:
        raise _sentence(error) from error


def _sentence(error: exc.DBAPIError) -> StoreUnavailable:
    """Name the trouble by PostgreSQL's code or SQLite's words (sqlite.org/rescode.html)."""
    words, code = str(error.orig), getattr(error.orig, "sqlstate", None)
    if code in _COLLISIONS:
        return Collided()
    if code == _DISK_FULL:
        return DiskFull()
    for sign, kind in (
        ("disk is full", DiskFull),
        ("readonly database", DataFolderNotWritable),
        ("unable to open database", DataFolderNotWritable),
        ("malformed", DatabaseBroken),
        ("not a database", DatabaseBroken),
    ):
        if sign in words:
            return kind()
    first = words.strip().splitlines()[0] if words.strip() else type(error.orig).__name__
    msg = f"{StoreUnavailable.__doc__} {first}"
    return StoreUnavailable(msg, hint="Look at the database, then try again.")


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL. SQLite does not wait when two open a new file at once, so we do."""
    for _ in range(_BUSY_MS // _WAL_AGAIN_MS):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(_WAL_AGAIN_MS / 1000)
        else:
            return
    connection.execute("PRAGMA journal_mode=WAL")


def _sqlite(url: URL, synchronous: Synchronous) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=8,
        max_overflow=8,
        connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000},
    )

    def on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        _enter_wal(connection)
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")

    def on_begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(_WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


def _postgres(url: URL) -> Engine:
    driven = url.set(drivername="postgresql+psycopg")
    return create_engine(
        driven, hide_parameters=True, pool_size=8, max_overflow=8, pool_pre_ping=True
    )


class Pulse:
    """Tells cheaply whether any process has written since the last look. May say so too often."""

    def __init__(self, database: Database) -> None:
        """Watch one database; on SQLite over a connection of its own, as `data_version` asks."""
        self._database = database
        self._connection: sqlite3.Connection | None = None
        self._last: object = None

    @property
    def instant(self) -> bool:
        """Whether looking takes microseconds and waits for nobody, so that it needs no thread."""
        return self._database.is_sqlite

    def changed(self) -> bool:
        """Whether something may have been written since the last call; the first call says yes."""
        now = self._version() if self._database.is_sqlite else self._snapshot()
        changed, self._last = now != self._last, now
        return changed

    def _version(self) -> object:
        # Four times a second, for ever: the driver alone costs a tenth of what SQLAlchemy adds.
        try:
            if self._connection is None:
                file = self._database.url.database or ""
                self._connection = sqlite3.connect(file, check_same_thread=False)
            return self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error as error:
            msg = f"{StoreUnavailable.__doc__} {error}"
            raise StoreUnavailable(msg) from error

    def _snapshot(self) -> object:
        # The whole snapshot: its upper end alone stands still when an older transaction ends last.
        with self._database.read() as tx:
            return tx.execute(text("SELECT pg_current_snapshot()::text")).scalar_one()

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
