"""The tables of the series, the same on both engines. Times are milliseconds since 1970, UTC.

`raw_YYYYMMDD` holds a day's results as they came; `pack` an hour of one check; `day` what a day of
one check comes to. `raw_day` lists the raw tables in use, `packed` the hours whose packs hold all.
`metric` names every series of figures, `metric_point` holds their values as they came and
`metric_span` what five minutes of them come to.
"""

import re
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
    text,
    update,
)

from relight.store.engine import Database
from relight.store.schema import DatabaseTooNew
from relight.store.series_pack import day_date

VERSION = 2
_LOCK = 0x53455249
_RAW = re.compile(r"raw_\d{8}")
_ID = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

version = Table("series_version", metadata, Column("version", Integer, primary_key=True))

check = Table(
    "series_check",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
)

raw_day = Table("raw_day", metadata, Column("day", Integer, primary_key=True, autoincrement=False))

packed = Table("packed", metadata, Column("hour", Integer, primary_key=True, autoincrement=False))

pack = Table(
    "pack",
    metadata,
    Column("check", _ID, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("up", Integer, nullable=False),
    Column("ms_sum", BigInteger, nullable=False),
    Column("ms_max", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

day = Table(
    "day",
    metadata,
    Column("check", _ID, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("up", Integer, nullable=False),
    Column("ms_sum", BigInteger, nullable=False),
    Column("ms_max", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)


metric = Table(
    "metric",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False, index=True),
    Column("labels", Text, nullable=False),
    UniqueConstraint("source", "name", "labels"),
)

metric_point = Table(
    "metric_point",
    metadata,
    Column("metric", _ID, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("value", Double, nullable=False),
    sqlite_with_rowid=False,
)

metric_span = Table(
    "metric_span",
    metadata,
    Column("metric", _ID, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("last", Double, nullable=False),
    sqlite_with_rowid=False,
)


def raw_name(number: int) -> str:
    """Name the raw table of a day (days since 1970)."""
    return f"raw_{day_date(number):%Y%m%d}"


@lru_cache(maxsize=16)
def raw(number: int) -> Table:
    """Give the raw table of a day: clustered by check, one result a moment."""
    return Table(
        raw_name(number),
        MetaData(),
        Column("check", _ID, primary_key=True),
        Column("at", BigInteger, primary_key=True),
        Column("ok", Integer, nullable=False),
        Column("took", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def prepare(database: Database) -> None:
    """Make the tables where there are none. Raises `DatabaseTooNew`."""
    with database.read() as tx:
        found = _version(tx)
    if found is None:
        with database.write() as tx:
            lock(tx)
            metadata.create_all(tx)
            if _version(tx) is None:
                tx.execute(insert(version).values(version=VERSION))
    elif found < VERSION:
        with database.write() as tx:
            lock(tx)
            metadata.create_all(tx)  # version 2 only brought tables
            tx.execute(update(version).values(version=VERSION))
    elif found > VERSION:
        raise DatabaseTooNew


def lock(tx: Connection, *, shared: bool = False) -> None:
    """Keep appending and compacting apart until this transaction ends; SQLite does so by itself."""
    if tx.dialect.name == "postgresql":
        verb = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        tx.execute(text(f"SELECT {verb}(:lock)"), {"lock": _LOCK})


def raw_days(tx: Connection) -> set[int]:
    """Name the days whose raw table is in use."""
    return set(tx.execute(select(raw_day.c.day)).scalars())


def forgotten_raw_names(tx: Connection) -> list[str]:
    """Name the raw tables that are no longer in use."""
    used = {raw_name(number) for number in raw_days(tx)}
    there = (name for name in inspect(tx).get_table_names() if _RAW.fullmatch(name))
    return sorted(set(there) - used)


def _version(tx: Connection) -> int | None:
    if not inspect(tx).has_table(version.name):
        return None
    return tx.execute(select(version.c.version)).scalar_one_or_none()
