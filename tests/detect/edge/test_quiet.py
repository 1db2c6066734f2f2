"""Missing traffic is a signal where traffic is to be expected, and nowhere else."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from relight.catalog.service import Service
from relight.detect.edge.judge import View, judge
from relight.detect.edge.quiet import SPANS_S, Expected, expected, hours_asked, is_back, too_quiet
from relight.detect.edge.sums import above_by_chance, below_by_chance

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)  # a Monday
HOUR = NOW.replace(minute=0)


def past(weeks: int = 0, days: int = 0, loads: int = 600) -> dict[datetime, int]:
    """The same hour and its neighbours in weeks or days before, with a little spread."""
    slots = [HOUR - timedelta(weeks=n) for n in range(1, weeks + 1)]
    slots += [HOUR - timedelta(days=n) for n in range(1, days + 1)]
    return {
        slot + timedelta(hours=offset): loads + n % 3
        for n, slot in enumerate(slots)
        for offset in (-1, 0, 1)
    }


def test_nothing_is_known_at_first():
    assert expected({}, NOW) is None
    assert expected(past(days=4), NOW) is None
    assert too_quiet(None, dict.fromkeys(SPANS_S, 0)) is None


def test_days_stand_in_until_weeks_are_known():
    by_days = expected(past(days=6, loads=600), NOW)
    assert by_days is not None
    assert 600 <= by_days.usual <= 602
    both = past(days=6, loads=600) | past(weeks=4, loads=60)
    by_weeks = expected(both, NOW)
    assert by_weeks is not None
    assert by_weeks.usual <= 62


def test_a_night_without_visitors_expects_none():
    week_nights = past(weeks=4, loads=0)
    assert too_quiet(expected({**week_nights, HOUR - timedelta(weeks=6): 5}, NOW), {}) is None


def test_the_busy_fall_silent_soon_and_the_small_do_not_alarm_by_chance():
    busy = too_quiet(Expected(3600, 3000), dict.fromkeys(SPANS_S, 0))
    assert busy is not None
    assert busy.span_s == 60
    small = Expected(6, 5)
    assert too_quiet(small, dict.fromkeys(SPANS_S, 0)) is None


def test_a_time_that_was_not_listened_to_is_no_silence():
    assert too_quiet(Expected(3600, 3000), {60: 50}) is None
    assert too_quiet(Expected(3600, 3000), {}) is None


def test_half_of_what_is_usual_is_no_silence():
    assert too_quiet(Expected(3600, 3000), {60: 25, 300: 125, 900: 400, 3600: 1500}) is None


def test_it_is_back_with_half_of_the_least():
    expects = Expected(3600, 3000)
    assert not is_back(expects, {60: 3})
    assert is_back(expects, {60: 30})
    assert is_back(None, {})


def test_an_hour_is_compared_with_its_neighbours_too():
    """Summer time moves the traffic of an hour into the one beside it."""
    moved = {each + timedelta(hours=1): loads for each, loads in past(weeks=4).items()}
    moved |= {HOUR - timedelta(weeks=n, hours=1): 2 for n in range(1, 5)}
    found = expected(moved, NOW)
    assert found is not None
    assert found.low <= 2


def test_what_is_asked_for_is_what_is_looked_at():
    asked = hours_asked(NOW)
    assert set(past(weeks=6, days=14)) == set(asked)


@given(st.integers(0, 200), st.floats(0.01, 500))
def test_bounds_are_chances(seen: int, mean: float):
    assert 0 <= below_by_chance(seen, mean) <= 1
    assert 0 <= above_by_chance(min(seen, 50), 50, 0.02) <= 1


def test_six_weeks_of_chance_alone_never_alarm():
    chance = random.Random(3)
    loads = {hour: sum(chance.random() < 0.5 for _ in range(20)) for hour in past(weeks=6, days=14)}
    expects = expected(loads, NOW)
    for _ in range(2000):
        minutes = [sum(chance.random() < 1 / 120 for _ in range(20)) for _ in range(60)]
        seen = {span: sum(minutes[: span // 60]) for span in SPANS_S}
        assert too_quiet(expects, seen) is None


def test_a_silent_site_and_a_silent_service():
    view = View(
        service=Service(name="widget", title="Widget"),
        now=NOW,
        buckets=(),
        loads={"": {60: 500, 300: 2500, 900: 7500, 3600: 30000}, "acme": dict.fromkeys(SPANS_S, 0)},
        expects={"": Expected(36000, 30000), "acme": Expected(3600, 3000)},
        names={"acme": "Acme"},
    )
    (site,) = judge(view).raised
    assert site.key == "widget/quiet/site/acme"
    assert site.title == "Acme has gone quiet about Widget"
    assert site.reason == "0 loads in 1 min, where 60 are usual at this hour."
    silent = View(
        service=view.service,
        now=NOW,
        buckets=(),
        loads={"": {60: 0}, "acme": {60: 0}},
        expects=view.expects,
    )
    (whole,) = judge(silent).raised
    assert whole.key == "widget/quiet"
    assert whole.severity is None
