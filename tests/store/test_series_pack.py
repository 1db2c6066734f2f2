from __future__ import annotations

import random
import zlib
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from relight.store.series_pack import (
    DAY_MS,
    HOUR_MS,
    Sample,
    Span,
    Totals,
    day_date,
    day_number,
    from_ms,
    merge,
    pack,
    plan,
    to_ms,
    totals,
    unpack,
)

HOURS = st.integers(0, 1_000_000)


def samples_of(hour: int) -> st.SearchStrategy[list[Sample]]:
    one = st.builds(
        Sample,
        st.integers(hour * HOUR_MS, (hour + 1) * HOUR_MS - 1),
        st.booleans(),
        st.integers(0, 2**32 - 1),
    )
    return st.lists(one, max_size=40).map(merge)


@given(HOURS.flatmap(lambda hour: st.tuples(st.just(hour), samples_of(hour))))
def test_what_is_packed_comes_out_again(case: tuple[int, list[Sample]]):
    hour, samples = case
    assert unpack(hour, pack(hour, samples)) == samples


def test_a_pack_can_be_read_by_hand():
    samples = [Sample(HOUR_MS + 1, True, 258), Sample(HOUR_MS + 3, False, 0)]
    raw = zlib.decompress(pack(1, samples))
    gaps, took, fine = raw[:8], raw[8:16], raw[16:]
    assert gaps == bytes([1, 2, 0, 0, 0, 0, 0, 0])  # the low bytes of both first
    assert took == bytes([2, 0, 1, 0, 0, 0, 0, 0])
    assert fine == bytes([1, 0])


def test_an_endless_answer_is_kept_as_the_longest_there_is():
    (only,) = unpack(0, pack(0, [Sample(0, False, 2**40)]))
    assert only.took_ms == 2**32 - 1


def test_a_usual_hour_takes_a_few_bytes_a_result():
    dice = random.Random(1)
    usual = [
        Sample(n * 60_000 + dice.randrange(30), dice.random() > 0.01, int(dice.gauss(80, 12)))
        for n in range(60)
    ]
    assert len(pack(0, usual)) < 60 * 5


@given(samples_of(3), samples_of(3))
def test_merging_knows_each_moment_once_and_the_first_word_counts(
    one: list[Sample], two: list[Sample]
):
    both = merge(one, two)
    assert both == merge(both, two) == merge(both, one)
    assert [each.at_ms for each in both] == sorted({each.at_ms for each in [*one, *two]})
    assert set(one) <= set(both)


def test_totals_add_up():
    samples = [Sample(1, True, 10), Sample(2, False, 30), Sample(3, True, 20)]
    assert totals(samples) == Totals(n=3, up=2, ms_sum=60, ms_max=30)
    assert totals([]) == Totals(0, 0, 0, 0)


@given(
    st.integers(0, 5 * DAY_MS),
    st.integers(0, 5 * DAY_MS),
    st.sets(st.integers(0, 5)),
    st.sets(st.integers(0, 5 * 24)),
)
def test_a_plan_covers_each_moment_once(a: int, b: int, raw_days: set[int], packed: set[int]):
    span = Span(min(a, b), max(a, b))
    reading = plan(span, raw_days=raw_days, packed=packed)
    parts = [
        *((day * DAY_MS, (day + 1) * DAY_MS) for day in reading.days),
        *((hour * HOUR_MS, (hour + 1) * HOUR_MS) for hour in reading.hours),
        *reading.spans,
    ]
    at = span.start_ms
    for start, end in sorted(parts):
        assert start == at < end
        at = end
    assert at == span.end_ms
    assert not raw_days & set(reading.days)
    assert packed >= set(reading.hours)
    assert all(each.start_ms // HOUR_MS == (each.end_ms - 1) // HOUR_MS for each in reading.spans)


@given(st.integers(0, 10**11 * 1000))
def test_times_are_kept_to_the_millisecond(us: int):
    at = datetime(1980, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    assert to_ms(from_ms(to_ms(at))) == to_ms(at)
    assert 0 <= (at - from_ms(to_ms(at))).microseconds < 1000
    assert day_date(to_ms(at) // DAY_MS) == at.date()


def test_days_are_counted_from_1970():
    assert day_number(date(1970, 1, 2)) == 1
