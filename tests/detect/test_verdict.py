from collections.abc import Mapping
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.catalog.service import Service
from relight.detect.judge import CheckState, CheckStatus
from relight.detect.situation import Situation
from relight.detect.verdict import Verdict
from relight.detect.verdict import verdict as weighed
from relight.detect.verdict_rules import Domain
from tests.detect.given import NOW, a_check, a_service, a_state, after, states

UP, DOWN, SUSPECT = CheckStatus.UP, CheckStatus.DOWN, CheckStatus.SUSPECT
PAIR = a_service("through", "direct")


def verdict(service: Service, known: Mapping[str, CheckState], now: datetime) -> Verdict:
    return weighed(Situation(service=service, now=now, states=known))


def test_through_fails_and_the_origin_answers_is_the_edge() -> None:
    found = verdict(PAIR, states(through=DOWN, direct=UP), NOW)

    assert found.domain is Domain.EDGE
    assert found.certainty == "certain"
    assert found.sentence == "The edge in front of widget is failing; the origin answers directly."
    assert [(each.source, each.claim, each.figure, each.at) for each in found.evidence] == [
        (
            "widget/through",
            "widget/through fails",
            "answered 502, wanted 2xx (0.03 s), 1 s ago",
            after(-1),
        ),
        (
            "widget/direct",
            "widget/direct answers",
            "answered 200 (0.03 s), 1 s ago",
            after(-1),
        ),
    ]


def test_both_failing_is_the_origin() -> None:
    found = verdict(PAIR, states(through=DOWN, direct=DOWN), NOW)

    assert (found.domain, found.certainty) == (Domain.ORIGIN, "likely")
    assert found.sentence == "The origin of widget is failing, through the edge and directly."


def test_an_origin_in_trouble_behind_an_edge_that_answers_is_said() -> None:
    found = verdict(PAIR, states(through=UP, direct=DOWN), NOW)

    assert (found.domain, found.certainty) == (Domain.ORIGIN, "likely")
    assert "the edge still does and hides it" in found.sentence


def test_without_a_direct_check_nothing_is_guessed() -> None:
    found = verdict(a_service("through"), states(through=DOWN), NOW)

    assert (found.domain, found.certainty) == (Domain.UNCLEAR, "unknown")
    assert found.sentence == (
        "widget fails; there is no direct check to tell the edge from the origin."
    )


def test_what_fails_in_part_is_not_said_to_fail_altogether() -> None:
    found = verdict(
        a_service("through", "through-2"), states(**{"through": DOWN, "through-2": UP}), NOW
    )

    assert found.sentence.startswith("widget fails in part; there is no direct check")


def test_a_service_with_direct_checks_only_has_no_edge_to_suspect() -> None:
    assert verdict(a_service("direct"), states(direct=DOWN), NOW).domain is Domain.ORIGIN


def test_a_result_from_before_the_trouble_acquits_nobody() -> None:
    seen_before = a_state("direct", UP, seen_s_ago=40)

    found = verdict(PAIR, states(through=DOWN, direct=seen_before), NOW)

    assert found.domain is Domain.UNCLEAR
    assert found.sentence == "widget fails; the direct check has no clear result since it began."
    hidden = verdict(PAIR, states(through=a_state("through", UP, seen_s_ago=40), direct=DOWN), NOW)
    assert hidden.domain is Domain.UNCLEAR


def test_an_unconfirmed_failure_of_the_other_side_is_waited_for() -> None:
    assert verdict(PAIR, states(through=DOWN, direct=SUSPECT), NOW).domain is Domain.UNCLEAR
    assert verdict(PAIR, states(through=SUSPECT, direct=DOWN), NOW).domain is Domain.UNCLEAR


def test_a_result_that_is_too_old_is_shown_and_not_weighed() -> None:
    old = a_state("direct", UP, seen_s_ago=300, trouble_s_ago=900)
    failing = a_state("through", DOWN, trouble_s_ago=600)

    found = verdict(PAIR, states(through=failing, direct=old), NOW)

    assert found.domain is Domain.UNCLEAR
    assert found.sentence.endswith("widget/direct was last checked 5 min ago and does not count.")
    assert found.evidence[1].claim.endswith("is not weighed, its last result is too old")


def test_a_check_never_looked_at_is_named() -> None:
    found = verdict(PAIR, states(through=DOWN), NOW)

    assert found.sentence.endswith("widget/direct has not been checked yet.")
    assert [each.source for each in found.evidence] == ["widget/through"]


def test_a_part_that_fails_through_a_working_edge_is_not_blamed_on_the_edge() -> None:
    service = a_service("through", "through-search", "direct")

    mixed = states(**{"through": UP, "through-search": DOWN, "direct": UP})
    assert verdict(service, mixed, NOW).domain is Domain.UNCLEAR

    not_looked_since = a_state("through", UP, seen_s_ago=40)
    early = states(**{"through": not_looked_since, "through-search": DOWN, "direct": UP})
    found = verdict(service, early, NOW)
    assert (found.domain, found.certainty) == (Domain.EDGE, "likely")


@pytest.mark.parametrize(
    ("reason", "domain"),
    [
        ("The name server did not answer for widget.example.com", Domain.DNS),
        ("The name widget.example.com does not exist or has no address", Domain.DNS),
        ("widget.example.com: the certificate is not valid (expired)", Domain.TLS),
        ("widget.example.com: TLS failed (wrong version number)", Domain.TLS),
    ],
)
def test_a_reason_that_plainly_names_its_kind_decides(reason: str, domain: Domain) -> None:
    failing = a_state("through", DOWN, reason=reason)

    found = verdict(PAIR, states(through=failing, direct=UP), NOW)

    assert (found.domain, found.certainty) == (domain, "likely")
    assert found.sentence.endswith("; the origin answers directly.")


def test_the_words_of_a_target_that_answered_are_no_such_reason() -> None:
    answered = msgspec.structs.replace(
        a_state("through", DOWN, reason="answered 200, but the body did not hold `certificate`"),
        last_evidence=(("fault", "body"),),
    )

    assert verdict(PAIR, states(through=answered, direct=UP), NOW).domain is Domain.EDGE


def test_a_dns_probe_that_fails_alone_is_about_names() -> None:
    service = a_service(a_check("names", kind="dns"), "direct")

    assert verdict(service, states(names=DOWN, direct=UP), NOW).domain is Domain.DNS


def test_failures_of_different_kinds_are_not_one_cause() -> None:
    name = a_state("through", DOWN, reason="DNS has no such name")

    assert verdict(PAIR, states(through=name, direct=DOWN), NOW).domain is Domain.ORIGIN


def test_nothing_failing_is_said_as_such() -> None:
    assert verdict(PAIR, states(through=UP, direct=UP), NOW).sentence == (
        "No check of widget fails now."
    )
    assert verdict(PAIR, {}, NOW).sentence.startswith("No result of widget is new enough.")
    assert verdict(a_service(), {}, NOW).sentence == "No check watches widget."


some_state = st.tuples(st.sampled_from(CheckStatus), st.floats(0, 400), st.floats(0, 1000))
NAMES = ("through", "through-search", "direct", "direct-search")


@given(st.dictionaries(st.sampled_from(NAMES), some_state), st.sets(st.sampled_from(NAMES)))
def test_a_verdict_rests_on_fresh_results_only(
    drawn: dict[str, tuple[CheckStatus, float, float]], declared: set[str]
) -> None:
    service: Service = a_service(*sorted(declared))
    known: dict[str, CheckState] = states(
        **{
            name: a_state(name, status, seen_s_ago=seen, trouble_s_ago=max(seen, trouble))
            for name, (status, seen, trouble) in drawn.items()
        }
    )
    fresh = {
        check.key: known[check.key]
        for check in service.checks
        if check.key in known and known[check.key].is_fresh(check, NOW)
    }

    found = verdict(service, known, NOW)

    assert found.domain is verdict(service, fresh, NOW).domain
    assert (found.domain is Domain.UNCLEAR) == (found.certainty == "unknown")
    if found.domain is not Domain.UNCLEAR:
        assert any(state.failing for state in fresh.values())
    if found.domain is Domain.EDGE:
        direct = [state for key, state in fresh.items() if "/direct" in key]
        assert direct
        assert all(state.status is UP for state in direct)
