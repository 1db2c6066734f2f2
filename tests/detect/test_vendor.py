"""What a reading adds to what was known, and whom a notice touches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.catalog.component import ComponentState as State
from relight.catalog.service import Service
from relight.catalog.vendor import Vendor
from relight.detect.situation import Notice
from relight.detect.vendor import concerns, lasting, merged, not_read, read_well, sentence, standing
from relight.kernel.plug import Plugged

NOW = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ASIDE = r" - \([A-Z]{3}\)$"
CDN = Vendor(
    name="cdn", title="The CDN", feed=Plugged("statuspage", {"url": "https://cdn.example"})
)


def a_notice(
    id: str = "1",  # noqa: A002 - the field's own word
    component: str = "",
    *,
    began_at: datetime = NOW,
    ended_at: datetime | None = None,
    planned: bool = False,
) -> Notice:
    return Notice(
        vendor="cdn",
        id=id,
        component=component,
        state=State.UNDER_MAINTENANCE if planned else State.PARTIAL_OUTAGE,
        title="Errors",
        began_at=began_at,
        ended_at=ended_at,
        planned=planned,
    )


def test_a_notice_keeps_its_first_beginning_and_ends_when_it_is_gone():
    first = merged((), [a_notice(began_at=NOW)], NOW)
    again = merged(first, [a_notice(began_at=NOW + MINUTE)], NOW + MINUTE)
    assert [each.began_at for each in again] == [NOW]
    gone = merged(again, [], NOW + 2 * MINUTE)
    assert [each.ended_at for each in gone] == [NOW + 2 * MINUTE]
    assert merged(gone, [], NOW + 3 * MINUTE) == gone
    assert merged(gone, [], NOW + 2 * DAY) == ()
    (back,) = merged(gone, [a_notice(began_at=NOW + 4 * MINUTE)], NOW + 4 * MINUTE)
    assert (back.began_at, back.ended_at) == (NOW, None)


def test_planned_work_may_be_moved_and_called_off():
    planned = merged((), [a_notice(began_at=NOW + DAY, planned=True)], NOW)
    assert lasting(planned, NOW) == ()
    moved = merged(planned, [a_notice(began_at=NOW + 2 * DAY, planned=True)], NOW)
    assert [each.began_at for each in moved] == [NOW + 2 * DAY]
    assert merged(moved, [], NOW) == ()


@pytest.mark.parametrize(
    ("component", "wanted", "touches"),
    [
        ("", ("CDN",), True),
        ("", (), True),
        ("CDN/Cache", (), True),
        ("CDN/Cache", ("cdn/cache",), True),
        ("CDN/Cache", ("DNS",), False),
        ("Cloud SQL (europe-west4, europe-west1)", ("Cloud SQL + europe-west4",), True),
        ("Cloud SQL (us-east1)", ("Cloud SQL + europe-west4",), False),
        ("Amsterdam, Netherlands - (AMS)", (), False),
        ("Amsterdam, Netherlands - (AMS)", ("DNS",), False),
        ("Amsterdam, Netherlands - (AMS)", ("Amsterdam",), True),
    ],
)
def test_a_notice_touches_who_uses_its_component(
    component: str, wanted: tuple[str, ...], *, touches: bool
):
    assert concerns(a_notice(component=component), wanted, ASIDE) is touches


def test_what_is_not_known_is_never_well():
    service = Service(name="web", title="Web", depends_on=("cdn",))
    assert standing(CDN, None, NOW).fault
    never = not_read(None, "cdn", "feed", "It answered 503.", NOW)
    told = standing(CDN, never, NOW, service=service)
    assert (told.read_at, told.fault, never.failing_since) == (None, "It answered 503.", NOW)
    good = read_well(never, "cdn", "feed", [a_notice()], NOW)
    assert standing(CDN, good, NOW + MINUTE, service=service).fault == ""
    assert good.failing_since is None
    worse = not_read(good, "cdn", "feed", "It answered 503.", NOW + MINUTE)
    worst = not_read(worse, "cdn", "feed", "It answered 500.", NOW + 2 * MINUTE)
    told = standing(CDN, worst, NOW + 2 * MINUTE, service=service)
    assert (told.read_at, told.fault, told.notices) == (NOW, "It answered 500.", (a_notice(),))
    assert worst.failing_since == NOW + MINUTE
    assert standing(CDN, worst, NOW + DAY, service=service).notices == ()
    assert standing(CDN, good, NOW + DAY, service=service).fault


def test_a_notice_is_said_in_one_line():
    said = sentence("The CDN", a_notice(component="Cache"))
    assert said == "The CDN says: Errors (partial outage of Cache, since 2026-09-23 14:00 UTC)."


MOMENTS = st.integers(-3000, 3000).map(lambda minutes: NOW + timedelta(minutes=minutes))
NOTICES = st.lists(
    st.builds(
        a_notice,
        st.sampled_from("abc"),
        st.sampled_from(["", "x", "y"]),
        began_at=MOMENTS,
        ended_at=st.none() | MOMENTS,
        planned=st.booleans(),
    ),
    max_size=12,
)


@given(NOTICES, NOTICES, st.lists(NOTICES, max_size=3))
def test_reading_the_same_again_changes_nothing(
    before: list[Notice], found: list[Notice], between: list[list[Notice]]
):
    told: tuple[Notice, ...] = tuple(before)
    for each in between:
        told = merged(told, each, NOW)
    once = merged(told, found, NOW)
    assert merged(once, found, NOW) == once
    names = [(each.id, each.component) for each in once]
    assert len(set(names)) == len(names)
    fresh = {(each.id, each.component) for each in found}
    assert all((each.id, each.component) in fresh for each in once if each.ended_at is None)
