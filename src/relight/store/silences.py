"""Silences that people made at run time, until they end."""

from datetime import datetime

import msgspec
from sqlalchemy import delete, insert, select, update

from relight.catalog.silence import Silence
from relight.store import tables as t
from relight.store.engine import Database

_decode = msgspec.json.Decoder(Silence).decode


class SilenceRecords:
    """The silences of one database; one that has ended is forgotten when the next is made."""

    def __init__(self, database: Database) -> None:
        """Serve one database."""
        self._database = database

    def silences(self, now: datetime) -> list[Silence]:
        """Give those that have not ended, the first to end first."""
        query = select(t.silence.c.body).where(t.silence.c.ends_at > now)
        with self._database.read() as tx:
            return [_decode(row.body) for row in tx.execute(query.order_by(t.silence.c.ends_at))]

    def make(self, silence: Silence, ends_at: datetime, now: datetime) -> bool:
        """Keep one until it ends; False where the name is taken by one that lasts."""
        with self._database.write() as tx:
            tx.execute(delete(t.silence).where(t.silence.c.ends_at <= now))
            known = select(t.silence.c.name).where(t.silence.c.name == silence.name)
            if tx.execute(known).first():
                return False
            body = msgspec.json.encode(silence)
            tx.execute(insert(t.silence).values(name=silence.name, ends_at=ends_at, body=body))
        return True

    def end(self, name: str, now: datetime) -> bool:
        """End one now; False where there is none by that name."""
        with self._database.write() as tx:
            ended = tx.execute(
                update(t.silence)
                .where(t.silence.c.name == name, t.silence.c.ends_at > now)
                .values(ends_at=now)
            )
        return ended.rowcount > 0
