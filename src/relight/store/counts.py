"""A few numbers about what is stored, for watching Relight itself."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import func, or_, select

from relight.store import tables as t
from relight.store.engine import Database, DiskFull


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """`due` gives for each kind how many rows wait past their time and since when the oldest does.

    A row that is being worked on does not wait.
    """

    incidents: int
    open_alerts: int
    due: Mapping[str, tuple[int, datetime]]


def counts(database: Database, now: datetime) -> Counts:
    """Count by indexes alone."""
    late = (
        select(t.due.c.kind, func.count(), func.min(t.due.c.due_at, type_=t.Moment))
        .where(
            t.due.c.due_at <= now,
            or_(t.due.c.lease_until.is_(None), t.due.c.lease_until <= now),
        )
        .group_by(t.due.c.kind)
    )
    with database.read() as tx:
        return Counts(
            incidents=tx.execute(
                select(func.count()).select_from(t.stream).where(t.stream.c.kind == "incident")
            ).scalar_one(),
            open_alerts=tx.execute(
                select(func.count()).select_from(t.alert).where(t.alert.c.open_key.is_not(None))
            ).scalar_one(),
            due={kind: (count, oldest) for kind, count, oldest in tx.execute(late)},
        )


def entries_by_type(database: Database, types: tuple[str, ...]) -> dict[str, int]:
    """Count the entries of these types ever written. Reads the whole table: ask seldom."""
    query = (
        select(t.entry.c.type, func.count())
        .where(t.entry.c.type.in_(types))
        .group_by(t.entry.c.type)
    )
    with database.read() as tx:
        found = {row[0]: int(row[1]) for row in tx.execute(query)}
    return {kind: found.get(kind, 0) for kind in types}


def answers(database: Database) -> None:
    """Ask the database something; raises `StoreUnavailable` when it cannot answer or be written."""
    if database.is_full:
        raise DiskFull
    with database.read() as tx:
        tx.execute(select(t.instance.c.name).limit(1)).first()
