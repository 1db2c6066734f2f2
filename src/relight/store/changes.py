"""What changed, as senders, the API and the shell told."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from relight.detect.situation import Change
from relight.store import tables as t
from relight.store.engine import Database

_decode = msgspec.json.Decoder(Change).decode


class ChangeRecords:
    """Changes of every source, each once by (source, id)."""

    def __init__(self, database: Database) -> None:
        """Serve one database."""
        self._database = database

    def record(self, change: Change) -> bool:
        """Write one down; False where it is known already."""
        with self._database.write() as tx:
            return record_in(tx, change)

    def between(
        self, since: datetime, until: datetime, *, service: str | None = None, limit: int = 200
    ) -> list[Change]:
        """Give what took effect within `[since, until]`, newest first.

        Of a `service` also those that name none: they may be about it.
        """
        query = (
            select(t.change.c.body)
            .where(t.change.c.at >= since, t.change.c.at <= until)
            .order_by(t.change.c.at.desc(), t.change.c.id.desc())
            .limit(limit)
        )
        if service is not None:
            query = query.where(t.change.c.service.in_(("", service)))
        with self._database.read() as tx:
            return [_decode(row.body) for row in tx.execute(query)]

    def forget(self, before: datetime) -> None:
        """Drop what took effect so long ago."""
        with self._database.write(quiet=True) as tx:
            tx.execute(delete(t.change).where(t.change.c.at < before))


def record_in(tx: Connection, change: Change) -> bool:
    """Write one down within a transaction of the caller's; False where it is known already."""
    return record_all_in(tx, [change]) == 1


def record_all_in(tx: Connection, changes: Sequence[Change]) -> int:
    """Write down those that are not known yet, and tell how many that were."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    count = 0
    for change in changes:
        row = {
            "source": change.source,
            "id": change.id,
            "service": change.service,
            "at": change.at,
            "body": msgspec.json.encode(change),
        }
        count += tx.execute(dialect.insert(t.change).values(row).on_conflict_do_nothing()).rowcount
    return count
