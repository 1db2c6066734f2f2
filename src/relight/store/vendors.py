"""The newest reading of each vendor's feed, written together with the alerts that it leads to."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from relight.detect.alert import UNWATCHED, Alert, clear
from relight.detect.vendor import VendorReading
from relight.kernel.ledger import Claim
from relight.store import tables as t
from relight.store.alerts import clear_in, open_in, open_keys_in, raise_in, write_in
from relight.store.due import Asked, ask_in, defer_in
from relight.store.engine import Database

VENDOR = "vendor"
"""The kind of due row that has a feed read, and the source of alerts that vendors raise."""

_decode = msgspec.json.Decoder(VendorReading).decode


class VendorDue(msgspec.Struct, frozen=True, kw_only=True):
    """Read this vendor's feed."""

    name: str


def alert_key(vendor: str, service: str) -> str:
    """Name the alert that a vendor's trouble raises for a service."""
    return f"{vendor}/{service}"


class VendorRecords:
    """Readings by vendor. `ask_triage` makes the due row that has an alert looked at."""

    def __init__(self, database: Database, *, ask_triage: Callable[[str, datetime], Asked]) -> None:
        """Serve one database."""
        self._database = database
        self._ask_triage = ask_triage

    def all(self) -> dict[str, VendorReading]:
        """Give every reading by its vendor."""
        with self._database.read() as tx:
            return {row.name: _decode(row.body) for row in tx.execute(select(t.vendor))}

    def save(
        self,
        reading: VendorReading,
        *,
        claim: Claim,
        again_at: datetime,
        troubled: Sequence[Alert] | None,
        quiet: bool = False,
    ) -> bool:
        """Write a reading, its alerts and when the next is due; False where the claim was lost.

        `troubled` are all the alerts that are to be open; None leaves them as they stand. A `quiet`
        one says nothing new.
        """
        with self._database.write(quiet=quiet) as tx:
            if not defer_in(tx, claim, due_at=again_at, attempts=0):
                return False
            dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
            body = msgspec.json.encode(reading)
            written = dialect.insert(t.vendor).values(name=reading.vendor, body=body)
            tx.execute(
                written.on_conflict_do_update(index_elements=[t.vendor.c.name], set_={"body": body})
            )
            if troubled is not None:
                self._align_in(tx, reading.vendor, troubled, reading.tried_at)
        return True

    def _align_in(
        self, tx: Connection, vendor: str, troubled: Sequence[Alert], now: datetime
    ) -> None:
        wanted = {each.key for each in troubled}
        known = _open_of(tx, vendor)
        for alert in troubled:
            if alert.key not in known:
                raise_in(tx, alert, [self._ask_triage(alert.id, now)])
        for key in known:
            over = None if key in wanted else clear_in(tx, VENDOR, key, now)
            if over is not None:
                ask_in(tx, self._ask_triage(over.id, now))

    def forget(self, vendor: str, now: datetime) -> None:
        """Drop what is known of a vendor; alerts that it raised are watched by nobody now."""
        with self._database.write() as tx:
            tx.execute(delete(t.vendor).where(t.vendor.c.name == vendor))
            for key in _open_of(tx, vendor):
                alert = open_in(tx, VENDOR, key)
                if alert is not None:
                    why = (*alert.details, (UNWATCHED, "The vendor was taken out of the kit."))
                    write_in(tx, clear(msgspec.structs.replace(alert, details=why), now))
                    ask_in(tx, self._ask_triage(alert.id, now))


def _open_of(tx: Connection, vendor: str) -> list[str]:
    """Name the open alerts of a vendor, in order."""
    prefix = alert_key(vendor, "")
    return sorted(key for key in open_keys_in(tx, VENDOR) if key.startswith(prefix))
