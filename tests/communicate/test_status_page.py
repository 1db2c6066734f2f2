from collections.abc import Sequence
from datetime import date

import pytest
from msgspec.structs import replace

from relight.catalog.component import ComponentState
from relight.communicate.public import Impact
from relight.communicate.status_page import NEUTRAL_TITLE, StatusPage, build
from relight.incident.state import Incident
from relight.incident.status import Audience, Status
from relight.kernel.ids import public_id
from relight.kernel.severity import Severity
from tests.communicate.samples import (
    CATALOG,
    INSTANCE,
    NO_SIGN_IN,
    NOW,
    OUTAGE,
    PAST,
    SLOW_SEARCH,
    ago,
    incident,
    standings,
    update,
)

WORD = (update(3, 1, "We look into it."),)
DOWN = ComponentState.MAJOR_OUTAGE
SLOW = ComponentState.DEGRADED_PERFORMANCE


def page(incidents: Sequence[Incident] = (), **states: ComponentState) -> StatusPage:
    return build(CATALOG, INSTANCE, standings(**states), incidents, NOW)


def test_without_trouble_it_says_so_in_one_sentence():
    quiet = page(PAST)
    assert str(quiet.answer) == "All systems work."
    assert (quiet.indicator, quiet.description) == (Impact.NONE, "All Systems Operational")
    assert quiet.as_of == SLOW_SEARCH.resolved_at


def test_a_service_that_is_not_public_leaves_no_trace():
    assert [each.title for each in page().components] == ["Widget", "Search", "Sign-in"]
    broken = page(billing_worker=DOWN)
    assert broken.indicator is Impact.NONE


def test_a_service_nobody_has_looked_at_yet_is_left_out():
    assert build(CATALOG, INSTANCE, standings()[:1], (), NOW).components[0].name == "widget"
    assert build(CATALOG, INSTANCE, (), (), NOW).as_of == NOW


@pytest.mark.parametrize(
    "hidden",
    [
        incident(),
        incident(updates=(update(3, 1, "Inside.", audience=Audience.INTERNAL),)),
        incident(updates=WORD, drill=True),
        incident(updates=WORD, status=Status.DECLINED),
        incident(updates=WORD, status=Status.MERGED),
    ],
)
def test_what_the_public_was_not_told_does_not_appear(hidden: Incident):
    assert page([hidden]) == page()


def test_a_title_by_rule_is_replaced_and_one_by_a_person_is_kept():
    assert page([OUTAGE]).current[0].title == "Trouble with Widget"
    assert page([SLOW_SEARCH]).incidents[0].title == "Search answers slowly"
    inside = incident(services=("billing-worker",), updates=WORD)
    assert page([inside]).current[0].title == NEUTRAL_TITLE


def test_a_word_that_has_not_come_in_time_is_late():
    (shown,) = page([OUTAGE]).current
    assert not shown.update_is_late
    (late,) = page([replace(OUTAGE, next_public_at=ago(1))]).current
    assert late.update_is_late


def test_internal_words_stay_inside():
    (shown,) = page([OUTAGE]).current
    assert [each.text[:12] for each in shown.updates] == ["Requests fai", "We are inves"]
    assert shown.id == public_id(INSTANCE, "incident", OUTAGE.id)
    assert (shown.last_update_at, shown.next_update_at) == (ago(6), ago(-24))


@pytest.mark.parametrize(
    ("severity", "impact"),
    [
        (Severity.S1, Impact.CRITICAL),
        (Severity.S2, Impact.MAJOR),
        (Severity.S3, Impact.MINOR),
        (Severity.S4, Impact.NONE),
    ],
)
def test_severity_gives_the_impact(severity: Severity, impact: Impact):
    drawn = page([incident(severity=severity, updates=WORD)])
    assert drawn.current[0].impact is impact
    assert drawn.indicator is impact


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (Status.TRIAGE, Status.INVESTIGATING),
        (Status.MONITORING, Status.MONITORING),
        (Status.CLOSED, Status.RESOLVED),
    ],
)
def test_the_public_reads_four_statuses(status: Status, shown: Status):
    ended = None if status.live else 1
    told = incident(status=status, updates=WORD, recovered=ended, resolved=ended)
    assert page([told]).incidents[0].status is shown


def test_the_answer_says_what_since_when_and_what_we_do():
    said = page([OUTAGE], widget=DOWN).answer
    assert said.headline == "Trouble with Widget since 02:03 UTC."
    assert said.doing == "We have found the cause and are working on it."
    first = page([replace(OUTAGE, status=Status.INVESTIGATING)], widget=DOWN).answer
    assert first.doing == "We are investigating."


def test_a_component_that_works_again_is_said_to_while_we_watch():
    watching = replace(OUTAGE, status=Status.MONITORING, recovered_at=ago(5))
    drawn = page([watching])
    assert str(drawn.answer) == "Widget works again. We are watching it."
    assert drawn.indicator is Impact.MINOR
    still = page([watching], widget=SLOW)
    assert still.answer.doing == "A remedy is in place and we are watching it."
    assert still.indicator is Impact.CRITICAL


def test_trouble_without_an_incident_and_maintenance_are_said():
    assert str(page(search=SLOW).answer) == "Trouble with Search since 02:03 UTC."
    planned = page(search=ComponentState.UNDER_MAINTENANCE)
    assert str(planned.answer) == "Maintenance of Search since 02:03 UTC."
    assert (planned.indicator, planned.description) == (Impact.NONE, "Service Under Maintenance")


def test_of_several_incidents_the_worst_comes_first():
    minor = incident(8, severity=Severity.S3, services=("search",), began=2, updates=WORD)
    drawn = page([minor, OUTAGE], widget=DOWN, search=SLOW)
    assert [each.impact for each in drawn.current] == [Impact.CRITICAL, Impact.MINOR]
    assert str(drawn.answer) == "Trouble with Widget and Search. We are working on 2 incidents."


def test_many_long_names_are_counted():
    services = tuple(
        replace(each, title=f"{each.title} {'for restaurants ' * 3}".strip())
        for each in CATALOG.services
    )
    catalog = replace(CATALOG, services=services)
    drawn = build(catalog, INSTANCE, standings(widget=DOWN, search=SLOW), (), NOW)
    assert drawn.answer.headline == "Trouble with 2 components since 02:03 UTC."


def test_history_is_by_month_and_the_last_days_by_day():
    drawn = page([OUTAGE, *PAST], widget=DOWN)
    assert [span.first for span in drawn.recent] == [date(2026, 4, 29)]
    assert [span.first for span in drawn.history] == [date(2026, 4, 1), date(2026, 3, 1)]
    assert len(drawn.incidents) == 3


def test_the_last_days_are_fifteen_with_today():
    def ended(days: int) -> Incident:
        minutes = days * 24 * 60
        return replace(NO_SIGN_IN, began_at=ago(minutes), resolved_at=ago(minutes - 5))

    assert page([ended(14)]).recent
    assert not page([ended(15)]).recent


def test_the_same_facts_give_the_same_page_later():
    later = NOW.replace(minute=40)
    states = standings(widget=DOWN)
    assert build(CATALOG, INSTANCE, states, [OUTAGE], later) == page([OUTAGE], widget=DOWN)
