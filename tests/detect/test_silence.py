"""Silences: what they match, when they last, and that nothing is lost under one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relight.catalog.service import Route
from relight.catalog.silence import Recurring, Silence
from relight.detect.alert import Alert
from relight.detect.silence import lasts_until, maintained, silenced
from relight.kernel.severity import Severity
from tests.detect.given import NOW, after

HOUR = timedelta(hours=1)


def an_alert(severity: Severity | None = None) -> Alert:
    return Alert(
        id="a1",
        key="api/front",
        service="api",
        route=Route.THROUGH,
        severity=severity,
        opened_at=NOW,
        summary="fails",
        reason="502",
    )


def once(**fields: object) -> Silence:
    return replace(Silence(name="s1", starts=NOW, ends=NOW + HOUR), **fields)


@pytest.mark.parametrize(
    ("labels", "held"),
    [
        ({"services": ("api",)}, True),
        ({"services": ("web",)}, False),
        ({"checks": ("api/front",)}, True),
        ({"checks": ("api/back",)}, False),
        ({"sources": ("check",)}, True),
        ({"sources": ("intake/grafana",)}, False),
        ({"routes": (Route.THROUGH,)}, True),
        ({"routes": (Route.DIRECT,)}, False),
        ({"severities": (Severity.S3,)}, False),
        ({"services": ("api",), "routes": (Route.DIRECT,)}, False),
    ],
)
def test_every_label_that_is_named_has_to_match(labels: dict[str, object], held: bool) -> None:
    assert (silenced(an_alert(), [once(**labels)], NOW) is not None) is held


def test_the_severity_that_a_source_gave_counts() -> None:
    silence = once(severities=(Severity.S3, Severity.S4))

    assert silenced(an_alert(severity=Severity.S3), [silence], NOW)
    assert not silenced(an_alert(severity=Severity.S1), [silence], NOW)


def test_it_begins_at_its_beginning_and_is_over_at_its_end() -> None:
    silence = once()

    assert lasts_until(silence, after(-1)) is None
    assert lasts_until(silence, NOW) == NOW + HOUR
    assert lasts_until(silence, NOW + HOUR) is None


def test_the_one_that_lasts_longest_tells_until_when() -> None:
    longer = once(name="s2", ends=NOW + 2 * HOUR, reason="New disks.")

    found = silenced(an_alert(), [once(), longer], NOW)

    assert found is not None
    assert found.sentence == "Silenced until 2026-01-16 04:00 UTC by s2: New disks."


def test_a_window_stands_at_the_local_time_when_the_clocks_change() -> None:
    weekly = Silence(
        name="w",
        maintenance=True,
        services=("api",),
        recurring=Recurring(on=(1,), at="02:00", for_s=3600, zone="Europe/Amsterdam"),
    )
    winter = datetime(2026, 3, 24, 1, 30, tzinfo=UTC)  # Tuesday, 02:30 there
    summer = datetime(2026, 3, 31, 0, 30, tzinfo=UTC)  # Tuesday, 02:30 there

    assert lasts_until(weekly, winter) == datetime(2026, 3, 24, 2, 0, tzinfo=UTC)
    assert lasts_until(weekly, summer) == datetime(2026, 3, 31, 1, 0, tzinfo=UTC)
    assert lasts_until(weekly, summer + HOUR) is None
    assert lasts_until(weekly, summer + timedelta(days=1)) is None
    found = maintained("api", [weekly], summer)
    assert found is not None
    assert found.sentence == "Under maintenance until 2026-03-31 01:00 UTC by w."
    assert maintained("web", [weekly], summer) is None


def test_a_local_time_that_is_skipped_moves_on_and_the_length_stays() -> None:
    nightly = Silence(
        name="n", recurring=Recurring(at="02:30", for_s=3600, zone="Europe/Amsterdam")
    )

    begins = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 02:30 does not exist; 03:30 there
    assert lasts_until(nightly, begins - timedelta(seconds=1)) is None
    assert lasts_until(nightly, begins) == begins + HOUR


def test_a_window_over_midnight_still_lasts_on_the_next_day() -> None:
    late = Silence(name="l", recurring=Recurring(on=(4,), at="23:00", for_s=4 * 3600))

    friday = datetime(2026, 1, 16, 23, 0, tzinfo=UTC)
    assert lasts_until(late, friday + 3 * HOUR) == friday + 4 * HOUR


a_recurring = st.builds(
    Recurring,
    on=st.lists(st.integers(0, 6), unique=True).map(tuple),
    at=st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59)),
    for_s=st.integers(60, 2 * 86400),
    zone=st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kolkata"]),
)


@given(recurring=a_recurring, minutes=st.integers(0, 60 * 24 * 400))
def test_every_turn_ends_and_within_its_length(recurring: Recurring, minutes: int) -> None:
    """Whatever is held back is looked at again: no silence lasts longer than it says."""
    silence = Silence(name="r", recurring=recurring)
    now = NOW + timedelta(minutes=minutes)

    until = lasts_until(silence, now)

    if until is not None:
        assert now < until <= now + timedelta(seconds=recurring.for_s)
