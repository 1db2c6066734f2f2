"""The alerts of every source: at most one open for each (source, key), as the table itself says."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert, select, update

from relight.detect.alert import Alert, clear, said_again
from relight.store import tables as t
from relight.store.due import Asked, ask_in
from relight.store.engine import Database

_decode = msgspec.json.Decoder(Alert).decode
_PAGE = 500


class AlertRecords:
    """Reads alerts, and writes those that stand alone. Rooms that write more use the functions."""

    def __init__(self, database: Database) -> None:
        """Serve one database."""
        self._database = database

    def alert(self, id: str) -> Alert | None:  # noqa: A002 - the field's own word
        """Give one alert."""
        with self._database.read() as tx:
            row = tx.execute(select(t.alert.c.body).where(t.alert.c.id == id)).first()
        return _decode(row.body) if row else None

    def find(self, ids: Sequence[str]) -> list[Alert]:
        """Give those of these alerts that exist."""
        found: list[Alert] = []
        with self._database.read() as tx:
            for n in range(0, len(ids), _PAGE):
                query = select(t.alert.c.body).where(t.alert.c.id.in_(ids[n : n + _PAGE]))
                found += [_decode(row.body) for row in tx.execute(query)]
        return found

    def alerts(self, *, limit: int = 200, only_open: bool = False) -> list[Alert]:
        """Give the alerts, newest first."""
        query = select(t.alert.c.body).order_by(t.alert.c.opened_at.desc()).limit(limit)
        if only_open:
            query = query.where(t.alert.c.open_key.is_not(None))
        with self._database.read() as tx:
            return [_decode(row.body) for row in tx.execute(query)]

    def find_open(self, source: str, key: str) -> Alert | None:
        """Give the open alert of a source by its key."""
        with self._database.read() as tx:
            return open_in(tx, source, key)


def open_in(tx: Connection, source: str, key: str) -> Alert | None:
    """Give the open alert of a source by its key, within a transaction of the caller's."""
    query = select(t.alert.c.body).where(t.alert.c.source == source, t.alert.c.open_key == key)
    row = tx.execute(query).first()
    return _decode(row.body) if row else None


def open_keys_in(tx: Connection, source: str) -> frozenset[str]:
    """Name the keys of a source's open alerts, within a transaction of the caller's."""
    query = select(t.alert.c.key).where(t.alert.c.source == source, t.alert.c.open_key.is_not(None))
    return frozenset(tx.execute(query).scalars())


def raise_in(tx: Connection, alert: Alert, asks: Sequence[Asked] = ()) -> tuple[Alert, bool]:
    """Open an alert, or merge it into the one that is open; give it as it stands, and if it is new.

    `asks` are written with an alert that is new, or whose severity became worse.
    """
    known = open_in(tx, alert.source, alert.key)
    stands = said_again(known, alert) if known else alert
    write_in(tx, stands)
    if known is None or stands.severity is not known.severity:
        for ask in asks:
            ask_in(tx, ask if known is None else msgspec.structs.replace(ask, key=stands.id))
    return stands, known is None


def clear_in(tx: Connection, source: str, key: str, at: datetime) -> Alert | None:
    """Clear the open alert of a source by its key; None where there is none."""
    known = open_in(tx, source, key)
    if known is None:
        return None
    cleared = clear(known, at)
    write_in(tx, cleared)
    return cleared


def clear_id_in(tx: Connection, id: str, at: datetime) -> None:  # noqa: A002
    """Clear an alert by its id, where there is one."""
    row = tx.execute(select(t.alert.c.body).where(t.alert.c.id == id)).first()
    if row is not None:
        write_in(tx, clear(_decode(row.body), at))


def write_in(tx: Connection, alert: Alert) -> None:
    """Write an alert as it stands."""
    values = {
        "source": alert.source,
        "key": alert.key,
        "open_key": alert.key if alert.is_open else None,
        "service": alert.service,
        "opened_at": alert.opened_at,
        "cleared_at": alert.cleared_at,
        "body": msgspec.json.encode(alert),
    }
    changed = tx.execute(update(t.alert).where(t.alert.c.id == alert.id).values(**values))
    if not changed.rowcount:
        tx.execute(insert(t.alert).values(id=alert.id, **values))
