from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from relight.detect.flapping import KEPT, WINDOW, hold_s, remembered
from relight.detect.judge import Change, CheckState, Judgement, judge
from tests.detect.given import NOW, a_check, a_look, after


def play(results: str, state: CheckState | None = None) -> list[Judgement]:
    """Read `o` and `x` as results, each as soon as the judgement before asked for."""
    check = a_check(every_s=10)
    state = state or CheckState.fresh(check.key)
    at = NOW
    judged: list[Judgement] = []
    for each in results:
        judgement = judge(state, a_look(check, each == "o", at), check)
        judged.append(judgement)
        state = judgement.state
        at += timedelta(seconds=judgement.next_in_s)
    return judged


def test_from_the_third_outage_in_half_an_hour_up_has_to_hold() -> None:
    judged = play("oxxxoo" * 2 + "oxxx" + "o" * 9)
    told = [each.change for each in judged if each.change]

    assert told == [Change.WENT_DOWN, Change.CAME_UP] * 3
    held = [each for each in judged if "it has to hold" in each.reason]
    assert held[0].reason == (
        "Answers, but it went down 3 times within half an hour: it has to hold for 59 s more."
    )
    up_at, first_good_at = judged[-1].state.since, held[0].state.since
    assert up_at is not None
    assert first_good_at is not None
    assert (up_at - first_good_at).total_seconds() >= 60


def test_one_bad_result_while_it_is_held_begins_the_time_anew() -> None:
    judged = play("oxxxoo" * 2 + "oxxxoooo" + "x" + "oo")

    assert judged[-3].state.failing
    assert judged[-1].reason.endswith("it has to hold for 50 s more.")


@given(st.lists(st.integers(0, 4000), max_size=30))
def test_what_is_remembered_is_bounded_and_young(ages: list[int]) -> None:
    outages = tuple(after(-age) for age in sorted(ages, reverse=True))
    kept = remembered(outages, NOW)

    assert len(kept) <= KEPT
    assert kept[-1] == NOW
    assert all(NOW - each < WINDOW for each in kept)
    assert 0 <= hold_s(kept, NOW) <= 600
    assert hold_s(kept, NOW + WINDOW) == 0
