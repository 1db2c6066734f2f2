"""Many alerts in one transaction: each is read once and written once, however often it is said."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from relight.detect.alert import Alert, clear, said_again
from relight.store import tables as t

_AT_ONCE = 400
_decode = msgspec.json.Decoder(Alert).decode


class AlertBatch:
    """The open alerts of a few (source, key), raised and cleared in memory until `write`."""

    def __init__(self, tx: Connection, wanted: Iterable[tuple[str, str]]) -> None:
        """Read what is open of the pairs that will be asked about."""
        self._tx = tx
        self._open: dict[tuple[str, str], Alert] = {}
        self._new: dict[str, Alert] = {}
        self._changed: dict[str, Alert] = {}
        by_source: dict[str, set[str]] = {}
        for source, key in wanted:
            by_source.setdefault(source, set()).add(key)
        for source, keys in by_source.items():
            ordered = sorted(keys)
            for begin in range(0, len(ordered), _AT_ONCE):
                part = ordered[begin : begin + _AT_ONCE]
                for row in tx.execute(_OPEN, {"source": source, "keys": part}):
                    alert = _decode(row.body)
                    self._open[source, alert.key] = alert

    def find(self, source: str, key: str) -> Alert | None:
        """Give the open alert as it stands by now; only of the pairs that were asked about."""
        return self._open.get((source, key))

    def raise_(self, alert: Alert) -> Alert:
        """Open an alert, or merge it into the one that is open; give it as it stands."""
        known = self._open.get((alert.source, alert.key))
        stands = said_again(known, alert) if known else alert
        self._keep(stands, new=known is None)
        self._open[stands.source, stands.key] = stands
        return stands

    def clear(self, source: str, key: str, at: datetime) -> Alert | None:
        """Clear the open alert; None where there is none."""
        known = self._open.pop((source, key), None)
        if known is None:
            return None
        cleared = clear(known, at)
        self._keep(cleared, new=False)
        return cleared

    def _keep(self, alert: Alert, *, new: bool) -> None:
        if new or alert.id in self._new:
            self._new[alert.id] = alert
        else:
            self._changed[alert.id] = alert

    def write(self) -> None:
        """Write all of it; what was cleared goes first, since its key may be open anew."""
        if self._changed:
            rows = [{"row": each.id, **_columns(each)} for each in self._changed.values()]
            self._tx.execute(_CHANGE, rows)
        if self._new:
            # Those opened and cleared within the batch hold no key, so the order is free.
            rows = [{"id": each.id, **_columns(each)} for each in self._new.values()]
            self._tx.execute(insert(t.alert), rows)

    def open_of(self, source: str, service: str) -> int:
        """Count the open alerts of a source and service, as written by now."""
        count: int = self._tx.execute(_COUNT, {"source": source, "service": service}).scalar_one()
        return count


_OPEN = select(t.alert.c.body).where(
    t.alert.c.source == bindparam("source"),
    t.alert.c.open_key.in_(bindparam("keys", expanding=True)),
)
_CHANGE = (
    update(t.alert)
    .where(t.alert.c.id == bindparam("row"))
    .values(
        source=bindparam("source"),
        key=bindparam("key"),
        open_key=bindparam("open_key"),
        service=bindparam("service"),
        opened_at=bindparam("opened_at"),
        cleared_at=bindparam("cleared_at"),
        body=bindparam("body"),
    )
)
_COUNT = (
    select(func.count())
    .select_from(t.alert)
    .where(
        t.alert.c.source == bindparam("source"),
        t.alert.c.service == bindparam("service"),
        t.alert.c.open_key.is_not(None),
    )
)


def _columns(alert: Alert) -> dict[str, object]:
    return {
        "source": alert.source,
        "key": alert.key,
        "open_key": alert.key if alert.is_open else None,
        "service": alert.service,
        "opened_at": alert.opened_at,
        "cleared_at": alert.cleared_at,
        "body": msgspec.json.encode(alert),
    }
