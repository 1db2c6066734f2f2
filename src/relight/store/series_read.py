"""Reads the series within a caller's transaction: samples, and counts from the cheapest place."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, func, select

from relight.store import series_tables as t
from relight.store.series_pack import DAY_MS, HOUR_MS, Sample, Span, merge, plan, unpack

T = TypeVar("T", int, str)

_BATCH = 500


class Uptime(msgspec.Struct, frozen=True):
    """How many results there were, and how many of them were fine."""

    n: int
    up: int


def find(tx: Connection, names: Sequence[str]) -> dict[str, int]:
    """Give the numbers of the checks that have results."""
    return {
        row.name: row.id
        for some in batches(names)
        for row in tx.execute(select(t.check).where(t.check.c.name.in_(some)))
    }


def packed_hours(tx: Connection) -> set[int]:
    """Name the hours whose packs hold all there is (hours since 1970)."""
    return set(tx.execute(select(t.packed.c.hour)).scalars())


def count(tx: Connection, ids: Iterable[int], span: Span) -> dict[int, Uptime]:
    """Count the results of some checks within a span."""
    raw_days = t.raw_days(tx)
    reading = plan(span, raw_days=raw_days, packed=packed_hours(tx))
    counts: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])

    def add(check: int, n: int, up: int) -> None:
        counts[check][0] += n
        counts[check][1] += up

    for some in batches(ids):
        for table, column, wanted in (
            (t.day, t.day.c.day, reading.days),
            (t.pack, t.pack.c.hour, reading.hours),
        ):
            summed = (
                select(table.c.check, func.sum(table.c.n), func.sum(table.c.up))
                .where(table.c.check.in_(some), column.in_(wanted))
                .group_by(table.c.check)
            )
            for check, n, up in tx.execute(summed) if wanted else ():
                add(check, int(n), int(up))
        for odd in reading.spans:
            if odd.start_ms // DAY_MS in raw_days and not _has_pack(tx, some, odd):
                raw = t.raw(odd.start_ms // DAY_MS)
                summed = (
                    select(raw.c.check, func.count(), func.sum(raw.c.ok))
                    .where(raw.c.check.in_(some), raw.c.at >= odd.start_ms, raw.c.at < odd.end_ms)
                    .group_by(raw.c.check)
                )
                for check, n, up in tx.execute(summed):
                    add(check, int(n), int(up))
            else:
                for check, found in read_samples(tx, some, odd).items():
                    add(check, len(found), sum(each.ok for each in found))
    return {check: Uptime(n, up) for check, (n, up) in counts.items()}


def _has_pack(tx: Connection, ids: Sequence[int], span: Span) -> bool:
    query = select(t.pack.c.n).where(
        t.pack.c.check.in_(ids), t.pack.c.hour == span.start_ms // HOUR_MS
    )
    return tx.execute(query.limit(1)).first() is not None


def read_samples(tx: Connection, ids: Iterable[int], span: Span) -> dict[int, list[Sample]]:
    """Read the samples of some checks within a span from raw tables and packs, each once."""
    parts: defaultdict[int, list[Sample]] = defaultdict(list)
    days = range(span.start_ms // DAY_MS, -(-span.end_ms // DAY_MS))
    for some in batches(ids):
        packs = select(t.pack.c.check, t.pack.c.hour, t.pack.c.body).where(
            t.pack.c.check.in_(some),
            t.pack.c.hour >= span.start_ms // HOUR_MS,
            t.pack.c.hour < -(-span.end_ms // HOUR_MS),
        )
        for row in tx.execute(packs):
            within = (
                each
                for each in unpack(row.hour, row.body)
                if span.start_ms <= each.at_ms < span.end_ms
            )
            parts[row.check].extend(within)
        for day in sorted(t.raw_days(tx) & set(days)):
            raw = t.raw(day)
            rows = select(raw).where(
                raw.c.check.in_(some), raw.c.at >= span.start_ms, raw.c.at < span.end_ms
            )
            for row in tx.execute(rows):
                parts[row.check].append(Sample(row.at, bool(row.ok), row.took))
    return {check: merge(found) for check, found in parts.items()}


def batches(ids: Iterable[T]) -> Iterator[list[T]]:
    """Cut a long list so that one statement names at most a few hundred."""
    rest = iter(ids)
    while some := list(islice(rest, _BATCH)):
        yield some
