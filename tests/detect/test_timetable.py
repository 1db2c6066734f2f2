"""Cron over changes of the clocks, against an oracle that looks at every minute."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relight.detect.timetable import next_after, wrong_with

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
)
# Days around which the clocks of those zones change, as UTC.
CHANGES = (
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 4, 4, 12, tzinfo=UTC),
    datetime(2026, 10, 3, 12, tzinfo=UTC),
    datetime(2026, 2, 15, tzinfo=UTC),
)
FIELD = st.sampled_from(["*", "*/15", "0", "5", "30", "59", "0,30", "10-20/5"])
HOUR = st.sampled_from(["*", "*/2", "0", "1", "2", "3", "1,2,3", "23"])


def _wanted(field: str, most: int) -> set[int]:
    found: set[int] = set()
    for term in field.split(","):
        span, _, step = term.partition("/")
        if span == "*":
            low, high = 0, most
        elif "-" in span:
            low, high = map(int, span.split("-"))
        else:
            low = high = int(span)
        found |= set(range(low, high + 1, int(step or 1)))
    return found


def oracle(minute: str, hour: str, zone: ZoneInfo, after: datetime) -> datetime:
    """Look at every minute that passes, as Debian's cron does."""
    minutes, hours = _wanted(minute, 59), _wanted(hour, 23)
    fixed = not minute.startswith("*") and not hour.startswith("*")
    at = after.replace(second=0, microsecond=0)
    while True:
        at += timedelta(minutes=1)
        here = at.astimezone(zone)
        due = here.minute in minutes and here.hour in hours
        if fixed and zone.key != "UTC":
            if due and here.fold:
                due = False  # it ran the first time that this hour came
            # The wall clock jumped: what it left out runs at the first minute after it.
            wall = here.replace(tzinfo=None)
            before = (at - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None)
            left_out = before + timedelta(minutes=1)
            while left_out < wall:
                due = due or (left_out.minute in minutes and left_out.hour in hours)
                left_out += timedelta(minutes=1)
        if due:
            return at


@settings(max_examples=150)
@given(
    minute=FIELD,
    hour=HOUR,
    zone=st.sampled_from(ZONES),
    change=st.sampled_from(CHANGES),
    offset_s=st.integers(-6 * 3600, 30 * 3600),
)
@example(minute="30", hour="2", zone="Europe/Berlin", change=CHANGES[1], offset_s=4200)
@example(minute="30", hour="2", zone="Europe/Berlin", change=CHANGES[0], offset_s=0)
def test_the_next_moment_is_the_one_that_comes_when_every_minute_is_looked_at(
    minute: str, hour: str, zone: str, change: datetime, offset_s: int
):
    after = change + timedelta(seconds=offset_s)
    found = next_after(f"{minute} {hour} * * *", zone, after)
    assert found == oracle(minute, hour, ZoneInfo(zone), after)


def test_a_moment_is_in_the_jobs_own_zone():
    after = datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
    assert next_after("0 2 * * *", "Europe/Berlin", after) == datetime(2026, 7, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("61 * * * *", "Its minute is not one that cron knows."),
        ("* * * *", "It has five fields: minute, hour, day, month, weekday."),
        ("0 0 31 2 *", "Its day-of-month is not one that cron knows."),
        ("* " * 300, "It is too long."),
    ],
)
def test_what_is_wrong_with_an_expression_is_said(cron: str, words: str):
    assert wrong_with(cron) == words


def test_a_good_expression_has_nothing_wrong():
    assert not wrong_with("*/5 9-17 * * MON-FRI")
