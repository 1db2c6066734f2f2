from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from relight.detect.judge import CheckState, CheckStatus, judge
from relight.incident.gate import Gate
from relight.incident.state import JoinedAlert
from relight.recover.criteria import gate, green_since
from tests.detect.given import NOW, a_check, a_look, a_state, after, states

UP, DOWN, SUSPECT, RECOVERING = (
    CheckStatus.UP,
    CheckStatus.DOWN,
    CheckStatus.SUSPECT,
    CheckStatus.RECOVERING,
)
CHECKS = (a_check("through"), a_check("direct"))
HOUR_S = 3600


def asked(known: dict[str, CheckState], stability_s: int = HOUR_S) -> Gate:
    return gate(known, CHECKS, green_since(known), stability_s, NOW)


def sentences(answered: Gate) -> list[str]:
    return [item.sentence for item in answered.items]


def test_all_green_through_the_period_passes() -> None:
    answered = asked(states(through=UP, direct=UP))

    assert answered.passed
    assert not answered.failing
    assert sentences(answered) == [
        "2 of 2 checks are up.",
        "Green for 1 h, since 01:00 UTC; asked for: 1 h.",
        "The figures of every check are fresh.",
    ]


def test_the_sentence_says_since_when_and_what_remains() -> None:
    answered = gate(states(through=UP, direct=UP), CHECKS, after(-240), HOUR_S, NOW)

    assert [item.name for item in answered.failing] == ["stable"]
    assert sentences(answered)[1] == "Green for 4 min of 1 h, since 01:56 UTC; 56 min remain."


def test_a_failing_check_holds_it_and_is_named_with_its_reason() -> None:
    answered = asked(states(through=DOWN, direct=RECOVERING))

    assert sentences(answered)[:2] == [
        (
            "0 of 2 checks are up; widget/through fails (answered 502, wanted 2xx),"
            " widget/direct begins to answer."
        ),
        "Not green yet; it must hold for 1 h.",
    ]


def test_an_unconfirmed_failure_holds_it_for_the_moment_only() -> None:
    known = states(through=SUSPECT, direct=UP)
    assert [item.name for item in asked(known).failing] == ["up"]

    look = a_look(CHECKS[0], True, NOW)
    known["widget/through"] = judge(known["widget/through"], look, CHECKS[0]).state
    assert asked(known).passed


def test_old_figures_are_no_evidence() -> None:
    old = a_state("direct", UP, seen_s_ago=600)

    answered = asked(states(through=UP, direct=old))

    assert [item.name for item in answered.failing] == ["fresh"]
    assert sentences(answered)[2] == "Old figures: widget/direct was last checked 10 min ago."


def test_a_check_without_a_result_is_no_evidence() -> None:
    answered = asked(states(through=UP))

    assert [item.name for item in answered.failing] == ["up", "fresh"]
    assert "widget/direct has not been checked yet" in sentences(answered)[0]


def test_a_silence_in_between_starts_the_period_anew() -> None:
    known = states(through=a_state("through", UP, seen_s_ago=3000), direct=UP)
    look = a_look(CHECKS[0], True, NOW)
    known["widget/through"] = judge(known["widget/through"], look, CHECKS[0]).state

    assert green_since(known) == NOW
    assert not asked(known).passed


def test_services_without_checks_cannot_be_verified() -> None:
    nothing = gate({}, (), None, HOUR_S, NOW)
    assert not nothing.passed
    assert sentences(nothing) == [
        "The incident has no checks: recovery cannot be verified with data."
    ]

    known = states(through=UP, direct=UP)
    mixed = gate(known, CHECKS, green_since(known), HOUR_S, NOW, services=("widget", "mail"))
    assert sentences(mixed)[0] == "mail has no checks: recovery cannot be verified with data."
    assert not mixed.passed


def test_a_gate_without_any_evidence_does_not_pass() -> None:
    assert not Gate().passed


def test_green_since_is_the_latest_of_all_and_none_while_one_is_not() -> None:
    assert green_since({}) is None
    assert green_since(states(through=UP, direct=DOWN)) is None
    later = a_state("direct", UP)
    assert green_since(states(through=UP, direct=later)) == later.green_since


@given(
    st.dictionaries(st.sampled_from(["through", "direct"]), st.sampled_from(CheckStatus)),
    st.floats(0, 400),
    st.integers(0, 10_000),
)
def test_it_passes_only_with_every_check_up_fresh_and_stable(
    known: dict[str, CheckStatus], seen_s_ago: float, stability_s: int
) -> None:
    drawn = states(
        **{name: a_state(name, each, seen_s_ago=seen_s_ago) for name, each in known.items()}
    )

    answered = asked(drawn, stability_s)

    all_up = list(known.values()) == [UP, UP]
    assert answered.passed == (all_up and seen_s_ago <= 180 and stability_s <= HOUR_S)


def told(source: str, cleared_at: datetime | None, service: str = "widget") -> JoinedAlert:
    return JoinedAlert(
        alert_id=f"{source}-1",
        check="HighErrorRate",
        service=service,
        source=source,
        summary="too many errors",
        joined_at=after(-7200),
        cleared_at=cleared_at,
    )


def test_what_only_a_sender_watches_is_over_once_it_says_so() -> None:
    alerts = [told("intake/prometheus", after(-HOUR_S))]

    answered = gate({}, (), None, HOUR_S, NOW, services=("widget",), alerts=alerts)

    assert answered.passed
    assert sentences(answered) == ["prometheus says it is over, since 01:00 UTC."]


def test_what_a_sender_calls_over_has_to_hold_for_the_period() -> None:
    alerts = [told("intake/prometheus", after(-600)), told("intake/prometheus", after(-1800))]

    answered = gate({}, (), None, HOUR_S, NOW, alerts=alerts)

    assert not answered.passed
    assert sentences(answered) == [
        "prometheus says it is over, since 01:50 UTC; 50 min of 1 h remain."
    ]


def test_an_open_alert_of_a_sender_holds_it_however_green_the_checks_are() -> None:
    known = states(through=UP, direct=UP)
    alerts = [told("check", None), told("heartbeat", None)]

    answered = gate(known, CHECKS, green_since(known), HOUR_S, NOW, alerts=alerts)

    assert [item.sentence for item in answered.failing] == [
        "heartbeat says it goes on: 1 alert is open."
    ]


def test_a_service_that_nobody_watches_is_still_named() -> None:
    alerts = [told("intake/prometheus", after(-HOUR_S))]

    answered = gate({}, (), None, HOUR_S, NOW, services=("widget", "mill"), alerts=alerts)

    assert [item.sentence for item in answered.failing] == [
        "mill has no checks: recovery cannot be verified with data."
    ]
