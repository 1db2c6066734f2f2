"""What customers' pages report, by service, site and time: ten seconds, a minute, an hour.

Each report is added to all three at once, in one transaction, so that nothing is left to be rolled
up later. Ten seconds are kept for a quarter of an hour, minutes for two days, hours for six weeks.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import RowMapping, case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from relight.detect.edge.sums import BUCKET_S, LOOK_BACK_S, Bucket
from relight.detect.edge.tally import Counts, Drained
from relight.store import tables as t
from relight.store.engine import Database

MINUTE_S = 60
HOUR_S = 3600
_KEPT = {
    BUCKET_S: timedelta(minutes=15),
    MINUTE_S: timedelta(days=2),
    HOUR_S: timedelta(weeks=6, days=1),
}
_MOST_REASONS = 50
_REASONS_KEPT = timedelta(days=14)
_FIGURES = ("loads", "failed", "slow", "errors", "api_failed", "visitors")
_c = t.edge_count.c
_SUMS = tuple(func.sum(_c[name]).label(name) for name in _FIGURES)


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """In what words loads failed, how often, and when last."""

    words: str
    count: int
    last_at: datetime


class EdgeRecords:
    """Writes and reads what pages report."""

    def __init__(self, database: Database) -> None:
        """Serve one database."""
        self._database = database

    def add(self, drained: Drained, at: datetime) -> None:
        """Add what was counted until `at`."""
        # In one order, so that two processes never wait for each other in a circle.
        rows = sorted(
            (
                {"span_s": span_s, "at": begin_of(at, span_s), **msgspec.structs.asdict(each)}
                for each in drained.counts
                for span_s in _KEPT
            ),
            key=lambda row: (row["span_s"], row["service"], row["site"]),
        )
        reasons = [
            {"service": service, "reason": words, "count": count, "last_at": at}
            for service, words, count in sorted(drained.reasons)
        ]
        dialect = sqlite if self._database.is_sqlite else postgresql
        count, reason = dialect.insert(t.edge_count), dialect.insert(t.edge_reason)
        with self._database.write(quiet=True) as tx:
            if rows:
                more = {name: _c[name] + count.excluded[name] for name in _FIGURES}
                keys = ["span_s", "at", "service", "site"]
                tx.execute(count.on_conflict_do_update(index_elements=keys, set_=more), rows)
            if reasons:
                newer = {
                    "count": t.edge_reason.c.count + reason.excluded.count,
                    "last_at": reason.excluded.last_at,
                }
                keys = ["service", "reason"]
                tx.execute(reason.on_conflict_do_update(index_elements=keys, set_=newer), reasons)

    def recent(self, now: datetime, service: str = "") -> dict[str, list[Bucket]]:
        """Give the ten-second counts of the last five minutes, by service."""
        since = begin_of(now, BUCKET_S) - timedelta(seconds=LOOK_BACK_S)
        query = select(t.edge_count).where(_c.span_s == BUCKET_S, _c.at >= since)
        if service:
            query = query.where(_c.service == service)
        found: dict[str, list[Bucket]] = {}
        with self._database.read() as tx:
            for row in tx.execute(query).mappings():
                found.setdefault(row["service"], []).append(Bucket(row["at"], _counts(row)))
        return found

    def loads(self, now: datetime, spans_s: Sequence[int]) -> dict[str, dict[str, dict[int, int]]]:
        """Count loads by service, site and span, each span up to the last full minute."""
        end = begin_of(now, MINUTE_S)
        begins = {span_s: end - timedelta(seconds=span_s) for span_s in spans_s}
        columns = [
            func.sum(case((_c.at >= begin, _c.loads), else_=0)).label(f"in_{span_s}")
            for span_s, begin in begins.items()
        ]
        query = (
            select(_c.service, _c.site, *columns)
            .where(_c.span_s == MINUTE_S, _c.at >= min(begins.values()), _c.at < end)
            .group_by(_c.service, _c.site)
        )
        found: dict[str, dict[str, dict[int, int]]] = {}
        with self._database.read() as tx:
            for row in tx.execute(query).mappings():
                own = {span_s: int(row[f"in_{span_s}"]) for span_s in begins}
                found.setdefault(row["service"], {})[row["site"]] = own
        return found

    def in_hours(self, hours: Iterable[datetime]) -> dict[str, dict[str, dict[datetime, int]]]:
        """Count the loads of these hours by service, site and the hour's beginning."""
        query = select(_c.service, _c.site, _c.at, _c.loads).where(
            _c.span_s == HOUR_S, _c.at.in_(list(hours))
        )
        found: dict[str, dict[str, dict[datetime, int]]] = {}
        with self._database.read() as tx:
            for row in tx.execute(query):
                found.setdefault(row.service, {}).setdefault(row.site, {})[row.at] = row.loads
        return found

    def hourly(self, since: datetime, until: datetime) -> dict[str, list[Counts]]:
        """Give each full hour of each service, all sites together."""
        query = (
            select(_c.service, *_SUMS)
            .where(_c.span_s == HOUR_S, _c.at >= since, _c.at < begin_of(until, HOUR_S))
            .group_by(_c.service, _c.at)
        )
        found: dict[str, list[Counts]] = {}
        with self._database.read() as tx:
            for row in tx.execute(query).mappings():
                found.setdefault(row["service"], []).append(_counts(row))
        return found

    def by_site(self, service: str, since: datetime) -> list[Counts]:
        """Sum what each site reported since then, those with most failed loads first."""
        query = (
            select(_c.service, _c.site, *_SUMS)
            .where(_c.span_s == MINUTE_S, _c.at >= since, _c.service == service)
            .group_by(_c.service, _c.site)
        )
        with self._database.read() as tx:
            found = [_counts(row) for row in tx.execute(query).mappings()]
        return sorted(found, key=lambda each: (-each.failed, -each.loads, each.site))

    def minutes(self, service: str, since: datetime) -> Mapping[datetime, Counts]:
        """Give each minute since then in which anything was reported, all sites together."""
        query = (
            select(_c.service, _c.at, *_SUMS)
            .where(_c.span_s == MINUTE_S, _c.at >= since, _c.service == service)
            .group_by(_c.service, _c.at)
            .order_by(_c.at)
        )
        with self._database.read() as tx:
            return {row["at"]: _counts(row) for row in tx.execute(query).mappings()}

    def reasons(self, service: str, since: datetime, limit: int = 5) -> list[Reason]:
        """Give the words that came most often, of those heard since then."""
        r = t.edge_reason.c
        query = (
            select(t.edge_reason)
            .where(r.service == service, r.last_at >= since)
            .order_by(r.count.desc(), r.reason)
            .limit(limit)
        )
        with self._database.read() as tx:
            return [
                Reason(words=row["reason"], count=row["count"], last_at=row["last_at"])
                for row in tx.execute(query).mappings()
            ]

    def retain(self, now: datetime) -> None:
        """Drop what has expired; of the words of failures only the most frequent stay."""
        r = t.edge_reason.c
        with self._database.write(quiet=True) as tx:
            for span_s, kept in _KEPT.items():
                tx.execute(delete(t.edge_count).where(_c.span_s == span_s, _c.at < now - kept))
            tx.execute(delete(t.edge_reason).where(r.last_at < now - _REASONS_KEPT))
            for service in tx.execute(select(r.service).distinct()).scalars().all():
                first = (
                    select(r.reason)
                    .where(r.service == service)
                    .order_by(r.count.desc(), r.reason)
                    .limit(_MOST_REASONS)
                )
                most = tx.execute(first).scalars().all()
                tx.execute(delete(t.edge_reason).where(r.service == service, r.reason.not_in(most)))


def begin_of(at: datetime, span_s: int) -> datetime:
    """Give the beginning of the span that a time lies in."""
    return datetime.fromtimestamp(at.timestamp() // span_s * span_s, tz=UTC)


def _counts(row: RowMapping) -> Counts:
    figures = {name: int(row[name]) for name in _FIGURES}
    return Counts(service=row["service"], site=row.get("site", ""), **figures)
