"""Check results as a series: raw day tables, hourly packs, day rollups kept for ever.

On SQLite it lives in `series.db` beside the state, so that bulk writes never hold up an incident;
on PostgreSQL in the same database. A power cut may cost the last second of results, nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Table, delete, select, text
from sqlalchemy.dialects import postgresql, sqlite

from relight.store import series_tables as t
from relight.store.engine import Database, StoreUnavailable
from relight.store.series_compact import (
    drop_forgotten,
    forget_packs,
    forget_raw,
    hours_to_pack,
    pack_hour,
)
from relight.store.series_pack import (
    DAY_MS,
    HOUR_MS,
    Span,
    day_date,
    day_number,
    from_ms,
    to_ms,
)
from relight.store.series_read import Uptime, count, find, packed_hours, read_samples

__all__ = ["DayUptime", "Result", "Series", "Uptime"]


class Result(msgspec.Struct, frozen=True):
    """What one check saw at an aware UTC time; kept to the millisecond."""

    check: str
    at: datetime
    ok: bool
    took_s: float


class DayUptime(msgspec.Struct, frozen=True):
    """How many results one UTC day had, and how many of them were fine."""

    day: date
    n: int
    up: int


class Series:
    """The results of all checks."""

    def __init__(self, database: Database) -> None:
        """Open the series that belongs to a state database, making its tables where needed."""
        url = database.url
        if database.is_sqlite:
            url = url.set(database=str(Path(url.database or "").with_name("series.db")))
        # Connections of its own: who listens to the state need not hear of every batch.
        self.database = Database(url, synchronous="NORMAL")
        try:
            t.prepare(self.database)
        except StoreUnavailable:
            self.database.close()
            raise
        self._ids: dict[str, int] = {}

    def close(self) -> None:
        """Close its connections."""
        self.database.close()

    def append(self, results: Sequence[Result]) -> None:
        """Write a batch in one transaction. A result known by check and moment counts once."""
        if not results:
            return
        learnt: dict[str, int] = {}
        by_day: defaultdict[int, list[Result]] = defaultdict(list)
        for result in results:
            by_day[to_ms(result.at) // DAY_MS].append(result)
        with self.database.write() as tx:
            t.lock(tx, shared=True)
            missing = by_day.keys() - t.raw_days(tx)
            if not missing:
                learnt = _learn(tx, {each.check for each in results} - self._ids.keys())
                _insert(tx, by_day, self._ids | learnt)
        if missing:
            self._open(missing)
            self.append(results)
            return
        self._ids |= learnt

    def _open(self, days: Iterable[int]) -> None:
        with self.database.write() as tx:
            t.lock(tx)
            for day in days:
                t.raw(day).create(tx, checkfirst=True)
            _ignore(tx, t.raw_day, [{"day": day} for day in days])

    def recent(self, check: str, since: datetime, until: datetime) -> list[Result]:
        """Give the results of a check within `[since, until)`, oldest first."""
        span = Span(to_ms(since), to_ms(until))
        with self.database.read() as tx:
            ids = find(tx, [check])
            samples = read_samples(tx, ids.values(), span) if ids else {}
        return [
            Result(check, from_ms(each.at_ms), each.ok, each.took_ms / 1000)
            for found in samples.values()
            for each in found
        ]

    def uptime(
        self, checks: Sequence[str], since: datetime, until: datetime
    ) -> Mapping[str, Uptime]:
        """Count the results of each check within `[since, until)`.

        Exact to the millisecond as far back as packs are kept; before that whole days only.
        """
        span = Span(to_ms(since), to_ms(until))
        with self.database.read() as tx:
            ids = find(tx, checks)
            counts = count(tx, ids.values(), span)
        return {name: counts.get(ids.get(name, 0), Uptime(0, 0)) for name in checks}

    def days(self, check: str, first: date, last: date) -> list[DayUptime]:
        """Give each UTC day from first to last that has results, in order."""
        number, end = day_number(first), day_number(last) + 1
        with self.database.read() as tx:
            ids = find(tx, [check])
            if not ids:
                return []
            (id_,) = ids.values()
            whole = select(t.day.c.day, t.day.c.n, t.day.c.up).where(
                t.day.c.check == id_, t.day.c.day >= number, t.day.c.day < end
            )
            found = {row.day: Uptime(row.n, row.up) for row in tx.execute(whole)}
            for day in t.raw_days(tx) & set(range(number, end)):
                today = Span(day * DAY_MS, (day + 1) * DAY_MS)
                if each := count(tx, [id_], today).get(id_):
                    found[day] = each
        return [DayUptime(day_date(day), each.n, each.up) for day, each in sorted(found.items())]

    def compact(self, now: datetime) -> int:
        """Pack every hour that has ended, one transaction each, and tell how many there were."""
        with self.database.read() as tx:
            wanted = hours_to_pack(t.raw_days(tx), packed_hours(tx), to_ms(now))
        for hour in wanted:
            with self.database.write() as tx:
                t.lock(tx)
                pack_hour(tx, hour)
        return len(wanted)

    def retain(self, now: datetime, *, raw_h: int = 48, packs_d: int = 90) -> None:
        """Let raw results go after `raw_h` hours and packs after `packs_d` days; rollups stay."""
        with self.database.write() as tx:
            t.lock(tx)
            drop_forgotten(tx)
            forget_raw(tx, to_ms(now) - raw_h * HOUR_MS)
            forget_packs(tx, to_ms(now) - packs_d * DAY_MS)


def _learn(tx: Connection, names: Iterable[str]) -> dict[str, int]:
    fresh = sorted(names)  # in one order, so that two who learn the same never wait in a ring
    if fresh:
        _ignore(tx, t.check, [{"name": name} for name in fresh])
    return find(tx, fresh)


def _insert(tx: Connection, by_day: Mapping[int, Sequence[Result]], ids: Mapping[str, int]) -> None:
    if tx.dialect.name == "postgresql":
        tx.execute(text("SET LOCAL synchronous_commit = off"))
    hours: set[int] = set()
    for day, results in by_day.items():
        rows = [
            (
                ids[each.check],
                to_ms(each.at),
                int(each.ok),
                max(0, round(each.took_s * 1000)),
            )
            for each in results
        ]
        tx.exec_driver_sql(_adding(day, tx.dialect.name), rows)
        hours.update(at // HOUR_MS for _, at, _, _ in rows)
    # What comes late makes its hour one to pack again.
    tx.execute(delete(t.packed).where(t.packed.c.hour.in_(hours)))


@lru_cache(maxsize=16)
def _adding(day: int, dialect: str) -> str:
    """Write what adds a row to a day, for the driver itself: it comes a thousand times a second."""
    marks = ", ".join(["?" if dialect == "sqlite" else "%s"] * 4)
    columns = '"check", at, ok, took'
    return f"INSERT INTO {t.raw_name(day)} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608


def _ignore(tx: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    tx.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
