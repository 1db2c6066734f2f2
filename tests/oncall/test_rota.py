"""Who is on call: right by construction across clock changes."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.catalog.person import Schedule
from relight.oncall.rota import RotationBroken, shift_at, shifts, who_is_on_call

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WEEKLY = Schedule(
    name="primary",
    zone="Europe/Amsterdam",
    starts="2026-01-05T09:00",
    people=("rebecca", "sam", "kim"),
)
MOMENTS = st.datetimes(
    min_value=datetime(2026, 1, 5, 9),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2031, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def test_hands_off_at_the_same_local_time_when_the_clocks_go_forward() -> None:
    """The week of 29 March 2026 is an hour short in Amsterdam."""
    shift = shift_at(WEEKLY, datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert shift.start == datetime(2026, 3, 23, 8, tzinfo=UTC)
    assert shift.end == datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert shift.end - shift.start == timedelta(days=7, hours=-1)


def test_the_moment_of_hand_off_belongs_to_the_next_person() -> None:
    """Shifts are half-open."""
    before = datetime(2026, 3, 30, 6, 59, 59, tzinfo=UTC)
    assert who_is_on_call(WEEKLY, before) == "kim"
    assert who_is_on_call(WEEKLY, before + timedelta(seconds=1)) == "rebecca"


def test_someone_is_on_call_before_the_rotation_begins() -> None:
    """Nobody at all would be worse."""
    early = datetime(2025, 12, 1, tzinfo=UTC)
    assert who_is_on_call(WEEKLY, early) == "rebecca"


def test_a_hand_off_that_a_clock_change_skips_moves_on() -> None:
    """02:30 does not exist in Amsterdam on 29 March 2026."""
    nightly = Schedule(
        name="night",
        zone="Europe/Amsterdam",
        starts="2026-03-28T02:30",
        every_days=1,
        people=("a", "b"),
    )
    shift = shift_at(nightly, datetime(2026, 3, 29, 2, tzinfo=UTC))
    assert shift.start == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_rotation_that_cannot_be_read_says_so() -> None:
    """A sentence, not a traceback from the library."""
    broken = Schedule(
        name="primary", zone="Europe/Nowhere", starts="2026-01-05T09:00", people=("a",)
    )
    with pytest.raises(RotationBroken, match="primary"):
        shift_at(broken, datetime(2026, 3, 1, tzinfo=UTC))


@given(at=MOMENTS, every=st.integers(1, 30))
def test_exactly_one_shift_covers_each_moment(at: datetime, every: int) -> None:
    """Shifts touch without a gap or an overlap, at the same local time."""
    schedule = Schedule(
        name="primary",
        zone="Europe/Amsterdam",
        starts="2026-01-05T09:00",
        every_days=every,
        people=("rebecca", "sam", "kim"),
    )
    row = list(islice(shifts(schedule, at), 4))
    assert row[0].start <= at < row[0].end
    for earlier, later in pairwise(row):
        assert earlier.end == later.start
        assert earlier.person != later.person
        assert later.start.astimezone(AMSTERDAM).strftime("%H:%M") == "09:00"
