from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relight.catalog.service import Service
from relight.catalog.severity_matrix import DEFAULT
from relight.detect.alert import Alert, clear, open_alert
from relight.detect.judge import CheckState, CheckStatus
from relight.detect.quorum import View
from relight.detect.triage import (
    PASSES_S,
    SETTLE_S,
    Classified,
    Declare,
    Join,
    Nothing,
    OpenIncident,
    Proposal,
    Reach,
    Reopen,
    better_title,
    propose,
    regrade,
    settles_in_s,
    severity_of,
)
from relight.incident.status import Status
from relight.kernel.severity import Severity
from tests.detect.given import NOW, a_check, a_service, a_state, after, states

UP, DOWN, SUSPECT, UNKNOWN = (
    CheckStatus.UP,
    CheckStatus.DOWN,
    CheckStatus.SUSPECT,
    CheckStatus.UNKNOWN,
)
PAIR = a_service("through", "direct")
S1, S2, S3, S4 = Severity


def reached(users: float | None = None, paying: int | None = None) -> Reach:
    return Reach(users_ratio=users, paying_customers=paying, source="edge beacons")


def graded(service: Service, known: dict[str, CheckState], reach: Reach | None = None) -> Severity:
    return severity_of(service, known, DEFAULT, reach).severity


@pytest.mark.parametrize(
    ("users", "paying", "severity"),
    [
        (0.31, None, S1),
        (0.30, None, S2),
        (0.10, None, S2),
        (0.02, 11, S1),
        (None, 11, S1),
        (0.31, 0, S1),
    ],
)
def test_reach_is_graded_by_the_matrix_of_article_000(
    users: float | None, paying: int | None, severity: Severity
) -> None:
    service = a_service("through", core=False)

    found = severity_of(service, states(through=DOWN), DEFAULT, reached(users, paying))

    assert found.severity is severity
    assert found.reason.endswith("are affected, counted by edge beacons.")


def test_the_reason_gives_the_figure() -> None:
    found = severity_of(PAIR, states(through=DOWN, direct=UP), DEFAULT, reached(users=0.654))

    assert found == Classified(S1, "65.4 % of users are affected, counted by edge beacons.")


def test_every_check_on_the_users_way_failing_is_the_worst() -> None:
    found = severity_of(PAIR, states(through=DOWN, direct=UP), DEFAULT, None)

    assert found == Classified(S1, "Every check on the users' way to widget fails; reach unknown.")


def test_every_direct_check_failing_is_the_worst() -> None:
    found = severity_of(PAIR, states(through=UP, direct=DOWN), DEFAULT, None)

    assert found == Classified(S1, "Every direct check of widget fails; reach unknown.")


def test_some_checks_failing_is_the_second() -> None:
    service = a_service("through", "through-search", "direct")
    known = states(**{"through": UP, "through-search": DOWN, "direct": UP})

    assert severity_of(service, known, DEFAULT, None) == Classified(
        S2, "1 of 3 checks of widget fail; reach unknown."
    )


def test_a_check_without_a_result_does_not_soften_a_total_failure() -> None:
    service = a_service("through", "through-search")

    assert graded(service, states(**{"through": DOWN, "through-search": UNKNOWN})) is S1
    assert graded(service, states(through=DOWN)) is S1


def test_a_service_that_is_not_core_is_the_third() -> None:
    service = a_service("through", core=False)

    assert severity_of(service, states(through=DOWN), DEFAULT, None) == Classified(
        S3, "widget is not core; reach unknown."
    )


def test_where_nothing_is_measured_the_core_counts_as_degraded() -> None:
    assert graded(a_service(), {}) is S2
    assert graded(PAIR, states(through=UP, direct=SUSPECT)) is S2


def test_a_small_count_does_not_speak_against_checks_that_all_fail() -> None:
    found = severity_of(PAIR, states(through=DOWN), DEFAULT, reached(users=0.0, paying=0))

    assert found.severity is S1
    assert found.reason.endswith(
        "0 % of users and 0 paying customers known to be affected, counted by edge beacons."
    )


def test_the_worse_of_reach_and_checks_counts_and_both_are_told() -> None:
    found = severity_of(PAIR, states(through=DOWN), DEFAULT, reached(users=0.15))

    assert found == Classified(
        S1,
        "Every check on the users' way to widget fails;"
        " 15 % of users known to be affected, counted by edge beacons.",
    )


def test_ten_paying_customers_are_not_more_than_ten() -> None:
    service = a_service("through", core=False)

    assert graded(service, states(through=DOWN), reached(paying=10)) is S3


some_states = st.dictionaries(
    st.sampled_from(["through", "through-search", "direct"]), st.sampled_from(CheckStatus)
)
some_reach = st.none() | st.builds(
    reached,
    st.none() | st.floats(0, 1),
    st.none() | st.integers(0, 100),
)


@given(known=some_states, reach=some_reach, core=st.booleans())
def test_knowing_more_about_reach_never_lowers_a_severity(
    known: dict[str, CheckStatus], reach: Reach | None, core: bool
) -> None:
    service = a_service("through", "through-search", "direct", core=core)
    unknown = severity_of(service, states(**known), DEFAULT, None)

    found = severity_of(service, states(**known), DEFAULT, reach)

    assert not unknown.severity.worse_than(found.severity)
    assert "reach unknown" in unknown.reason


@given(current=st.sampled_from(Severity), found=st.sampled_from(Severity))
def test_regrading_only_raises(current: Severity, found: Severity) -> None:
    raised = regrade(current, Classified(found, "So it is."))

    assert raised is (found if found.rank < current.rank else None)


# ---------------------------------------------------------------- proposals


def an_alert(check: str = "through", service: str = "widget") -> Alert:
    return open_alert(a_state(check, DOWN), a_check(check, service=service), NOW, "a9")


def an_incident(
    name: str = "i1",
    *services: str,
    opened_at: datetime = NOW,
    resolved_at: datetime | None = None,
    status: Status = Status.INVESTIGATING,
    stability_s: int = 3600,
    alerts: tuple[str, ...] = (),
) -> OpenIncident:
    return OpenIncident(
        id=name,
        services=services or ("widget",),
        status=Status.RESOLVED if resolved_at else status,
        opened_at=opened_at,
        resolved_at=resolved_at,
        stability_s=stability_s,
        alerts=alerts,
    )


def proposed(
    *live: OpenIncident,
    resolved: tuple[OpenIncident, ...] = (),
    alert: Alert | None = None,
    service: Service = PAIR,
    known: dict[str, CheckState] | None = None,
) -> Proposal:
    return propose(
        alert or an_alert(),
        service,
        known or states(through=DOWN, direct=UP),
        open_incidents=live,
        recently_resolved=resolved,
        matrix=DEFAULT,
        now=NOW,
    )


def test_an_alert_alone_declares_in_plain_words() -> None:
    assert proposed() == Declare(
        title="widget is down",
        severity=S1,
        severity_reason="Every check on the users' way to widget fails; reach unknown.",
        services=("widget",),
    )


def test_a_failure_of_some_checks_is_called_that() -> None:
    service = a_service("through", "through-search")

    part = proposed(service=service, known=states(**{"through": DOWN, "through-search": UP}))

    assert isinstance(part, Declare)
    assert part.title == "widget is failing in part"


def test_a_second_alert_of_the_service_joins_the_oldest_live_incident() -> None:
    joined = proposed(
        an_incident("younger", opened_at=after(-10)), an_incident("older", opened_at=after(-60))
    )

    assert joined == Join(incident_id="older", reason="widget has a live incident.")


def test_failing_again_while_watched_joins_and_says_so() -> None:
    joined = proposed(an_incident(status=Status.MONITORING))

    assert joined == Join(
        incident_id="i1", reason="widget fails again while its recovery is watched."
    )


def test_a_service_joins_the_incident_of_what_it_depends_on() -> None:
    service = a_service("through", depends_on=("cdn", "database"))

    joined = proposed(an_incident("i1", "database"), an_incident("i2", "mail"), service=service)

    assert joined == Join(
        incident_id="i1", reason="widget depends on database, which has a live incident."
    )


def test_incidents_of_other_services_and_ended_ones_are_left_alone() -> None:
    assert isinstance(proposed(an_incident(status=Status.MERGED)), Declare)
    earlier = an_incident("i1", "mail", opened_at=after(-120))
    assert isinstance(proposed(earlier), Declare)


def test_failing_again_within_the_stability_period_reopens_the_latest() -> None:
    reopened = proposed(
        resolved=(
            an_incident("first", resolved_at=after(-3000)),
            an_incident("latest", resolved_at=after(-600)),
            an_incident("other", "mail", resolved_at=after(-60)),
        )
    )

    assert reopened == Reopen(
        incident_id="latest",
        reason="It fails again 10 min after it was resolved; it had to hold for 1 h.",
    )


def test_failing_after_the_stability_period_is_a_new_incident() -> None:
    old = an_incident(resolved_at=after(-3600), stability_s=3600)

    assert isinstance(proposed(resolved=(old,)), Declare)


def test_a_live_incident_comes_before_one_that_is_over() -> None:
    live = an_incident("live")

    assert isinstance(proposed(live, resolved=(an_incident(resolved_at=after(-1)),)), Join)


def test_an_alert_that_is_known_or_over_asks_for_nothing() -> None:
    assert isinstance(proposed(an_incident(alerts=("a9",))), Nothing)
    assert proposed(alert=clear(an_alert(), NOW)) == Nothing(
        reason="widget/through has come up again."
    )


@pytest.mark.parametrize(
    "direct",
    [
        CheckState.fresh("widget/direct"),
        a_state("direct", UP, seen_s_ago=6.0),
        a_state("direct", CheckStatus.SUSPECT),
    ],
    ids=["never looked at", "not since it began", "being looked at again"],
)
def test_an_alert_waits_a_little_for_the_other_checks(direct: CheckState) -> None:
    now_states = states(through=DOWN, direct=direct)
    assert 0 < settles_in_s(an_alert(), PAIR, now_states, NOW) <= 1
    assert settles_in_s(an_alert(), PAIR, now_states, after(SETTLE_S)) == 0


@pytest.mark.parametrize("direct", [UP, DOWN])
def test_an_alert_waits_for_nothing_that_is_clear(direct: CheckStatus) -> None:
    again = seen_again(ok=False, at=after(0.9))
    now = after(1)
    assert settles_in_s(an_alert(), PAIR, states(through=again, direct=direct), now) == 0
    assert settles_in_s(an_alert(), a_service("through"), states(through=again), now) == 0
    cleared = clear(an_alert(), after(1))
    assert settles_in_s(cleared, PAIR, states(direct=CheckStatus.SUSPECT), after(1)) == 0


def seen_again(*, ok: bool, at: datetime) -> CheckState:
    """Give the state of the check that went down, after one more look."""
    view = View(vantage="here", last_at=at, last_ok=ok, reason="", down=True)
    return replace(a_state("through", DOWN), views=(view,), last_at=at)


def test_nobody_is_called_before_one_more_look_has_failed() -> None:
    alone = a_service("through")
    before = states(through=seen_again(ok=False, at=NOW))
    assert settles_in_s(an_alert(), alone, before, after(0.1)) > 0
    assert settles_in_s(an_alert(), alone, before, after(SETTLE_S)) == 0
    good = states(through=seen_again(ok=True, at=after(1)))
    assert settles_in_s(an_alert(), alone, good, after(SETTLE_S)) > 0
    assert settles_in_s(an_alert(), alone, good, after(PASSES_S)) == 0


def test_our_title_grows_with_the_trouble_and_a_persons_stays() -> None:
    two = a_service("through", "through-2")
    part, down = "widget is failing in part", states(**{"through": DOWN, "through-2": DOWN})
    assert better_title(part, two, down) == "widget is down"
    assert better_title("The cat sat on it", two, down) == ""
    assert better_title(part, two, states(**{"through": DOWN, "through-2": UP})) == ""
    assert better_title("widget is down", two, down) == ""
