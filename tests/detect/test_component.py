import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relight.catalog.component import ComponentState
from relight.detect.component import component_state
from relight.detect.judge import CheckState, CheckStatus, judge
from tests.detect.given import a_check, a_look, a_service, a_state, after, states

UP, DOWN, SUSPECT, RECOVERING, UNKNOWN = (
    CheckStatus.UP,
    CheckStatus.DOWN,
    CheckStatus.SUSPECT,
    CheckStatus.RECOVERING,
    CheckStatus.UNKNOWN,
)
SERVICE = a_service("through", "search", "direct")


@pytest.mark.parametrize(
    ("through", "search", "direct", "state"),
    [
        (UP, UP, UP, "operational"),
        (SUSPECT, SUSPECT, SUSPECT, "operational"),
        (UNKNOWN, UNKNOWN, UNKNOWN, "operational"),
        (UP, UP, DOWN, "degraded_performance"),
        (UP, DOWN, UP, "partial_outage"),
        (UP, DOWN, DOWN, "partial_outage"),
        (DOWN, DOWN, UP, "major_outage"),
        (DOWN, RECOVERING, UP, "major_outage"),
        (RECOVERING, UP, UP, "partial_outage"),
    ],
)
def test_the_state_follows_the_checks(
    through: CheckStatus, search: CheckStatus, direct: CheckStatus, state: str
) -> None:
    known = states(through=through, search=search, direct=direct)

    assert component_state(SERVICE, known, None)[0] == state


def test_the_reason_says_what_is_not_known() -> None:
    assert component_state(SERVICE, {}, None) == (ComponentState.OPERATIONAL, "Not checked yet.")
    assert component_state(a_service(), {}, None)[1] == "No check watches it."


def test_a_service_without_an_edge_is_judged_by_its_direct_checks() -> None:
    service = a_service("direct")

    assert component_state(service, states(direct=DOWN), None)[0] is ComponentState.MAJOR_OUTAGE


@given(
    st.sampled_from(ComponentState),
    st.dictionaries(st.sampled_from(["through", "search", "direct"]), st.sampled_from(CheckStatus)),
)
def test_a_person_has_the_last_word(
    override: ComponentState, known: dict[str, CheckStatus]
) -> None:
    assert component_state(SERVICE, states(**known), override) == (override, "Set by a person.")


def test_a_region_failing_alone_and_a_slow_check_are_degraded_not_out() -> None:
    check = a_check("through")
    service = a_service(check)
    state = CheckState.fresh(check.key)
    for n, (vantage, ok) in enumerate([("a", True), ("b", True), ("c", False)] * 3):
        look = replace(a_look(check, ok, after(n)), vantage=vantage)
        state = judge(state, look, check).state

    found, reason = component_state(service, {check.key: state}, None)
    assert found is ComponentState.DEGRADED_PERFORMANCE
    assert reason == "widget/through fails from c alone; 2 others see it answer."

    slow = replace(a_state("through", CheckStatus.UP), degraded="3 of 9 looks took over 2 s")
    found, reason = component_state(service, {check.key: slow}, None)
    assert found is ComponentState.DEGRADED_PERFORMANCE
    assert reason == "widget/through: 3 of 9 looks took over 2 s."
