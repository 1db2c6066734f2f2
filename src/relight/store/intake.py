"""What senders handed in: the newest deliveries as they came, and which were seen before."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from relight.detect.handed import Report
from relight.store import tables as t
from relight.store.engine import Database

KEPT = 100
"""So many deliveries of each source are kept, the newest."""


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery as it came, without what is secret; `body` may be cut.

    `counts` tells what became of it, `refused` why it was not taken.
    """

    at: datetime
    method: str
    path: str
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: str = ""
    cut: bool = False
    status: int
    counts: Mapping[str, int] = {}
    refused: str = ""


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's report as it was taken."""

    id: str
    source: str
    at: datetime
    report: Report


_delivered = msgspec.json.Decoder(Delivered).decode
_report = msgspec.json.Decoder(ReportRow).decode


class IntakeRecords:
    """Reads what was handed in; it is written within the transactions of the desk's intake."""

    def __init__(self, database: Database) -> None:
        """Serve one database."""
        self._database = database

    def newest(self, source: str, *, limit: int = 20) -> list[Delivered]:
        """Give the newest deliveries of a source, newest first."""
        query = (
            select(t.intake_delivery.c.body)
            .where(t.intake_delivery.c.source == source)
            .order_by(t.intake_delivery.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as tx:
            return [_delivered(row.body) for row in tx.execute(query)]

    def last_at(self) -> dict[str, datetime]:
        """Tell when each source was last heard of."""
        query = select(t.intake_delivery.c.source, func.max(t.intake_delivery.c.at)).group_by(
            t.intake_delivery.c.source
        )
        with self._database.read() as tx:
            return {row[0]: row[1] for row in tx.execute(query)}

    def told(self, source: str, request: str) -> bytes:
        """Give what was kept to be asked for by the id of a request; empty for nothing."""
        query = select(t.intake_seen.c.told).where(
            t.intake_seen.c.source == source, t.intake_seen.c.delivery == request
        )
        with self._database.read() as tx:
            return bytes(tx.execute(query).scalar() or b"")

    def reports(
        self, since: datetime, *, services: Sequence[str] | None = None, limit: int = 50
    ) -> list[ReportRow]:
        """Give customers' reports, newest first; of `services` also those that name none."""
        query = (
            select(t.report.c.body)
            .where(t.report.c.at >= since)
            .order_by(t.report.c.at.desc())
            .limit(limit)
        )
        if services is not None:
            query = query.where(t.report.c.service.in_(("", *services)))
        with self._database.read() as tx:
            return [_report(row.body) for row in tx.execute(query)]

    def forget(self, *, seen_before: datetime, reports_before: datetime) -> None:
        """Drop what nobody repeats or reads any more."""
        with self._database.write(quiet=True) as tx:
            tx.execute(delete(t.intake_seen).where(t.intake_seen.c.at < seen_before))
            tx.execute(delete(t.report).where(t.report.c.at < reports_before))


def first_seen_in(
    tx: Connection, source: str, delivery: str, at: datetime, told: bytes = b""
) -> bool:
    """Note a delivery by its sender's id; False where it was noted before."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    row = {"source": source, "delivery": delivery, "at": at, "told": told}
    noted = tx.execute(dialect.insert(t.intake_seen).values(row).on_conflict_do_nothing())
    return noted.rowcount == 1


def keep_in(tx: Connection, delivered: Sequence[tuple[str, Delivered]]) -> None:
    """Keep deliveries as they came, each with its source."""
    rows = [
        {"source": source, "at": each.at, "body": msgspec.json.encode(each)}
        for source, each in delivered
    ]
    if rows:
        tx.execute(insert(t.intake_delivery), rows)


def prune_in(tx: Connection, source: str) -> None:
    """Leave only the newest deliveries of a source."""
    rows = t.intake_delivery
    oldest = (
        select(rows.c.id)
        .where(rows.c.source == source)
        .order_by(rows.c.id.desc())
        .offset(KEPT)
        .limit(1)
    )
    last = tx.execute(oldest).scalar()
    if last is not None:
        tx.execute(delete(rows).where(rows.c.source == source, rows.c.id <= last))


def report_in(tx: Connection, row: ReportRow) -> None:
    """Write down what a customer said."""
    values = {
        "id": row.id,
        "service": row.report.service,
        "at": row.at,
        "body": msgspec.json.encode(row),
    }
    tx.execute(insert(t.report).values(values))


def reports_in(tx: Connection, service: str, since: datetime) -> int:
    """Count the reports about a service after a time; an empty name is those that name none."""
    query = (
        select(func.count())
        .select_from(t.report)
        .where(t.report.c.service == service, t.report.c.at > since)
    )
    count: int = tx.execute(query).scalar_one()
    return count
