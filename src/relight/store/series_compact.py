"""Packs the hours that have ended and lets go of what was kept long enough.

Each step is a transaction that may be cut off or repeated: an hour is marked as packed in the
transaction that wrote its packs, raw results go only when all their hours are, and a table that
is no longer listed is dropped at the next call, when nobody can be reading it any more.
"""

from collections.abc import Collection

from sqlalchemy import Connection, Integer, bindparam, delete, func, insert, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite

from relight.store import series_tables as t
from relight.store.series_pack import DAY_MS, HOUR_MS, Span, pack, totals
from relight.store.series_read import batches, packed_hours, read_samples

_A_DAY_H = 24


def hours_to_pack(raw_days: Collection[int], packed: Collection[int], now_ms: int) -> list[int]:
    """Name the ended hours of days with raw results that are not packed yet, in order."""
    hours = (day * _A_DAY_H + n for day in sorted(raw_days) for n in range(_A_DAY_H))
    return [hour for hour in hours if hour not in packed and (hour + 1) * HOUR_MS <= now_ms]


def days_to_forget(raw_days: Collection[int], packed: Collection[int], before_ms: int) -> list[int]:
    """Name the days that ended long enough ago and whose every hour is packed."""
    return [
        day
        for day in sorted(raw_days)
        if (day + 1) * DAY_MS <= before_ms
        and all(day * _A_DAY_H + n in packed for n in range(_A_DAY_H))
    ]


def forget_raw(tx: Connection, before_ms: int) -> None:
    """Take the days that may go out of the list of raw tables."""
    for day in days_to_forget(t.raw_days(tx), packed_hours(tx), before_ms):
        tx.execute(delete(t.raw_day).where(t.raw_day.c.day == day))
        mine = (t.packed.c.hour >= day * _A_DAY_H, t.packed.c.hour < (day + 1) * _A_DAY_H)
        tx.execute(delete(t.packed).where(*mine))


def drop_forgotten(tx: Connection) -> None:
    """Drop the raw tables that an earlier call took out of the list."""
    for name in t.forgotten_raw_names(tx):
        tx.execute(text(f'DROP TABLE "{name}"'))


def forget_packs(tx: Connection, before_ms: int) -> None:
    """Let go of the packs of hours before a time, check by check as they are clustered."""
    old = delete(t.pack).where(
        t.pack.c.check == bindparam("id"), t.pack.c.hour < before_ms // HOUR_MS
    )
    if checks := tx.execute(select(t.check.c.id)).scalars().all():
        tx.execute(old, [{"id": each} for each in checks])


def pack_hour(tx: Connection, hour: int) -> None:
    """Write the packs of an hour from raw results and what was packed before; then mark it."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    fresh = dialect.insert(t.pack)
    write = fresh.on_conflict_do_update(
        index_elements=[t.pack.c.check, t.pack.c.hour],
        set_={name: fresh.excluded[name] for name in ("n", "up", "ms_sum", "ms_max", "body")},
    )
    span = Span(hour * HOUR_MS, (hour + 1) * HOUR_MS)
    for some in batches(tx.execute(select(t.check.c.id)).scalars().all()):
        found = read_samples(tx, some, span)
        rows = [
            {"check": check, "hour": hour, "body": pack(hour, each), **totals(each)._asdict()}
            for check, each in found.items()
        ]
        if rows:
            tx.execute(write, rows)
            _roll_up(tx, hour // _A_DAY_H, list(found))
    tx.execute(delete(t.packed).where(t.packed.c.hour == hour))
    tx.execute(insert(t.packed).values(hour=hour))


def _roll_up(tx: Connection, day: int, checks: list[int]) -> None:
    """Add a day's packs up; a rollup never shrinks, as late results may outlive its packs."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    summed = (
        select(
            t.pack.c.check,
            literal(day, Integer),
            func.sum(t.pack.c.n),
            func.sum(t.pack.c.up),
            func.sum(t.pack.c.ms_sum),
            func.max(t.pack.c.ms_max),
        )
        .where(
            t.pack.c.check.in_(checks),
            t.pack.c.hour >= day * _A_DAY_H,
            t.pack.c.hour < (day + 1) * _A_DAY_H,
        )
        .group_by(t.pack.c.check)
    )
    names = ["check", "day", "n", "up", "ms_sum", "ms_max"]
    fresh = dialect.insert(t.day).from_select(names, summed)
    tx.execute(
        fresh.on_conflict_do_update(
            index_elements=[t.day.c.check, t.day.c.day],
            set_={name: fresh.excluded[name] for name in names[2:]},
            where=fresh.excluded.n >= t.day.c.n,
        )
    )
