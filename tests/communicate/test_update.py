from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from relight.communicate.update import fill, first_notice, last_word, still_investigating
from relight.incident.status import Status
from tests.communicate.samples import CATALOG, NOW, ago, incident

NEXT = NOW + timedelta(minutes=30)


def test_the_first_notice_names_the_component_and_the_next_word_and_nothing_else():
    assert first_notice(CATALOG, ["widget"], NEXT) == (
        "We are investigating trouble with Widget. Next update by 02:50 UTC."
    )
    assert "Widget and Search" in first_notice(CATALOG, ["widget", "search"], NEXT)


def test_what_is_not_public_is_never_named():
    assert first_notice(CATALOG, ["billing-worker", "no-such"], NEXT) == ""
    assert "Billing" not in first_notice(CATALOG, ["billing-worker", "widget"], NEXT)


def test_the_kit_may_word_the_first_notice():
    ours = "{{components}} is not well. More at {{ next_update }}."
    assert first_notice(CATALOG, ["widget"], NEXT, template=ours) == (
        "Widget is not well. More at 02:50 UTC."
    )


def test_a_first_notice_that_asks_for_more_than_is_known_gives_way():
    text = first_notice(CATALOG, ["widget"], NEXT, template="Broken by {{ cause }}.")
    assert text.startswith("We are investigating trouble with Widget.")


def test_a_missing_value_is_shown_and_blocks():
    filled = fill("{{ a }}, {{b}} and {{ b }}", {"a": "{{ c }}", "b": ""})
    assert filled.text == "{{ c }}, {{ b }} and {{ b }}"
    assert filled.missing == ("b",)
    assert not filled.ready


@given(st.text())
def test_nothing_in_a_template_is_run(text: str):
    assert fill("{{ x }}", {"x": "{{ 7 * 7 }}" + text}).text == ("{{ 7 * 7 }}" + text).strip()


def test_still_investigating_says_since_when():
    filled = still_investigating(CATALOG, incident(), NEXT)
    assert filled.ready
    assert filled.text == (
        "We are still investigating the trouble with Widget that began at 02:03 UTC. "
        "Next update by 02:50 UTC."
    )


def test_the_last_word_says_since_when_it_works_and_how_long_we_watched():
    watched = incident(status=Status.MONITORING, recovered=60, began=90)
    assert last_word(CATALOG, watched, NOW) == (
        "Widget has worked again since 01:20 UTC. We watched it for 1 h."
    )
    both = incident(services=("widget", "search"), recovered=30, began=90)
    assert last_word(CATALOG, both, NOW) == (
        "Widget and Search have worked again since 01:50 UTC. We watched them for 30 min."
    )
    inside = incident(services=("billing-worker",), recovered=30, began=90)
    assert last_word(CATALOG, inside, NOW).startswith("One of our systems has worked again")


def test_there_is_no_last_word_by_rule_before_it_recovered():
    assert last_word(CATALOG, incident(), ago(0)) == ""
