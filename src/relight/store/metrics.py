"""Figures of hosts and programs: values for two days, five-minute spans for ninety.

They lie beside the results of checks and, like them, may lose the last second in a power cut.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import Connection, Executable, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from relight.detect.metrics.reading import History, Labels, Point, Reading
from relight.store import series_tables as t
from relight.store.engine import Database
from relight.store.series_pack import to_ms

MOST_SERIES = 2000
"""So many series a source may have; others of it are left out, and counted."""
SPAN_MS = 300_000
_BATCH = 400
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode

_POINTS = (
    select(t.metric_point.c.metric, t.metric_point.c.at, t.metric_point.c.value)
    .where(
        t.metric_point.c.metric.in_(bindparam("ids", expanding=True)),
        t.metric_point.c.at >= bindparam("since"),
        t.metric_point.c.at <= bindparam("until"),
    )
    .order_by(t.metric_point.c.metric, t.metric_point.c.at)
)
_SPANS = (
    select(t.metric_span.c.metric, t.metric_span.c.at, t.metric_span.c.last)
    .where(
        t.metric_span.c.metric.in_(bindparam("ids", expanding=True)),
        t.metric_span.c.at >= bindparam("since"),
        t.metric_span.c.at <= bindparam("until"),
    )
    .order_by(t.metric_span.c.metric, t.metric_span.c.at)
)


class MetricRecords:
    """Keeps figures by source, name and labels. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        """Serve the series database, whose tables are made already."""
        self._database = database
        self._ids: dict[tuple[str, str, Labels], int] = {}
        self._count: Counter[str] = Counter()
        self._heard: dict[str, datetime] = {}
        with database.read() as tx:
            for row in tx.execute(select(t.metric)):
                self._ids[row.source, row.name, _decode(row.labels)] = row.id
                self._count[row.source] += 1
            for source, at in tx.execute(
                select(t.metric.c.source, func.max(t.metric_point.c.at))
                .join(t.metric_point, t.metric_point.c.metric == t.metric.c.id)
                .group_by(t.metric.c.source)
            ):
                self._heard[source] = datetime.fromtimestamp(at / 1000, tz=UTC)

    def append(self, source: str, readings: Sequence[Reading], now: datetime) -> int:
        """Write what a source told, in one transaction; give how many found no room."""
        known = [each for each in readings if (source, each.name, each.labels) in self._ids]
        new = [each for each in readings if (source, each.name, each.labels) not in self._ids]
        room = MOST_SERIES - self._count[source]
        names = list(dict.fromkeys((each.name, each.labels) for each in new))
        taken = set(names[:room])
        kept = known + [each for each in new if (each.name, each.labels) in taken]
        learnt: dict[tuple[str, str, Labels], int] = {}
        with self._database.write(quiet=True) as tx:
            learnt = _learn(tx, source, sorted(taken)) if taken else {}
            ids = {**learnt, **{key: self._ids[key] for key in _keys(source, known)}}
            rows = {
                (ids[source, each.name, each.labels], to_ms(each.at)): each.value for each in kept
            }
            _upsert(tx, rows)
        self._count[source] += len(learnt.keys() - self._ids.keys())
        self._ids |= learnt
        self._heard[source] = now
        return len(readings) - len(kept)

    def heard_at(self, source: str) -> datetime | None:
        """Tell when a source last told anything."""
        return self._heard.get(source)

    def series_count(self, source: str) -> int:
        """Tell how many series a source has."""
        return self._count[source]

    def names(self) -> list[str]:
        """Name every metric that there is."""
        return sorted({name for _, name, _ in self._ids.copy()})

    def histories(
        self, name: str, since: datetime, until: datetime, *, source: str = ""
    ) -> list[History]:
        """Give the values of every series of a name within `[since, until]`."""
        ids = self._find(name, source)
        with self._database.read() as tx:
            return _histories(tx, _POINTS, ids, to_ms(since), to_ms(until))

    def spans(
        self, name: str, since: datetime, until: datetime, *, source: str = ""
    ) -> list[History]:
        """Give the last value of every five minutes of every series of a name."""
        ids = self._find(name, source)
        with self._database.read() as tx:
            return _histories(tx, _SPANS, ids, to_ms(since), to_ms(until))

    def _find(self, name: str, source: str) -> dict[int, Labels]:
        return {
            number: labels
            for (whose, called, labels), number in self._ids.copy().items()
            if called == name and source in {"", whose}
        }

    def compact(self, now: datetime) -> None:
        """Write what each ended span of five minutes comes to. Repeating it changes nothing."""
        end = to_ms(now) // SPAN_MS * SPAN_MS
        for some in _batches(sorted(set(self._ids.copy().values()))):
            with self._database.write(quiet=True) as tx:
                _roll(tx, some, end)

    def retain(self, now: datetime, *, points_h: int = 48, spans_d: int = 90) -> None:
        """Let go of what was kept long enough, and of series that have nothing left."""
        points_ms = to_ms(now - timedelta(hours=points_h))
        spans_ms = to_ms(now - timedelta(days=spans_d))
        for some in _batches(sorted(set(self._ids.copy().values()))):
            with self._database.write(quiet=True) as tx:
                for table, before in ((t.metric_point, points_ms), (t.metric_span, spans_ms)):
                    tx.execute(
                        delete(table).where(
                            table.c.metric == bindparam("one"), table.c.at < bindparam("before")
                        ),
                        [{"one": each, "before": before} for each in some],
                    )
        self._forget_empty()

    def _forget_empty(self) -> None:
        kept = (
            select(t.metric_point.c.metric)
            .where(t.metric_point.c.metric == t.metric.c.id)
            .union(select(t.metric_span.c.metric).where(t.metric_span.c.metric == t.metric.c.id))
        )
        with self._database.write(quiet=True) as tx:
            gone = set(tx.execute(select(t.metric.c.id).where(~kept.exists())).scalars())
            if gone:
                tx.execute(delete(t.metric).where(t.metric.c.id.in_(gone)))
        for key, number in list(self._ids.items()):
            if number in gone:
                del self._ids[key]
                self._count[key[0]] -= 1


def _keys(source: str, readings: Iterable[Reading]) -> set[tuple[str, str, Labels]]:
    return {(source, each.name, each.labels) for each in readings}


def _learn(
    tx: Connection, source: str, names: Sequence[tuple[str, Labels]]
) -> dict[tuple[str, str, Labels], int]:
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    rows = [
        {"source": source, "name": name, "labels": _encode(labels).decode()}
        for name, labels in names
    ]
    tx.execute(dialect.insert(t.metric).on_conflict_do_nothing(), rows)
    found = tx.execute(select(t.metric).where(t.metric.c.source == source))
    wanted = {(name, labels) for name, labels in names}
    all_ids = {(row.name, _decode(row.labels)): row.id for row in found}
    return {(source, *key): number for key, number in all_ids.items() if key in wanted}


def _upsert(tx: Connection, rows: Mapping[tuple[int, int], float]) -> None:
    if not rows:
        return
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    tx.execute(
        dialect.insert(t.metric_point).on_conflict_do_nothing(),
        [{"metric": number, "at": at, "value": value} for (number, at), value in rows.items()],
    )


def _histories(
    tx: Connection, query: Executable, ids: Mapping[int, Labels], since: int, until: int
) -> list[History]:
    found: defaultdict[int, list[Point]] = defaultdict(list)
    for some in _batches(sorted(ids)):
        wanted = {"ids": some, "since": since, "until": until}
        for number, at, value in tx.execute(query, wanted):
            found[int(number)].append(Point(int(at), float(value)))
    return [History(ids[number], points) for number, points in found.items()]


def _roll(tx: Connection, ids: Sequence[int], end: int) -> None:
    """Sum up the points after each series' newest span."""
    newest = dict(
        tx.execute(
            select(t.metric_span.c.metric, func.max(t.metric_span.c.at))
            .where(t.metric_span.c.metric.in_(ids))
            .group_by(t.metric_span.c.metric)
        ).all()
    )
    rows: list[dict[str, float]] = []
    spans: dict[tuple[int, int], list[float]] = defaultdict(list)
    since = min((newest.get(each, -1) for each in ids), default=-1) + SPAN_MS
    wanted = {"ids": list(ids), "since": since, "until": end - 1}
    for number, at, value in tx.execute(_POINTS, wanted):
        span = at // SPAN_MS * SPAN_MS
        if span > newest.get(number, -1):
            spans[number, span].append(value)
    rows = [
        {"metric": number, "at": at, "low": min(own), "high": max(own), "last": own[-1]}
        for (number, at), own in spans.items()
    ]
    if rows:
        dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
        tx.execute(dialect.insert(t.metric_span).on_conflict_do_nothing(), rows)


def _batches(ids: Sequence[int]) -> Iterable[list[int]]:
    return (list(ids[n : n + _BATCH]) for n in range(0, len(ids), _BATCH))
