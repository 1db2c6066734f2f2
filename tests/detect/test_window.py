from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relight.catalog.service import Check, Window
from relight.detect.judge import Change, CheckState, Judgement, judge
from relight.detect.window import Slot, counted, totals
from tests.detect.given import NOW, a_check, a_look, after


def play(check: Check, took: list[float], *, ok: str = "") -> list[Judgement]:
    state = CheckState.fresh(check.key)
    at = NOW
    judged: list[Judgement] = []
    for n, took_s in enumerate(took):
        good = ok[n] == "o" if ok else True
        judged.append(judge(state, a_look(check, good, at, took_s=took_s), check))
        state = judged[-1].state
        at += timedelta(seconds=judged[-1].next_in_s)
    return judged


def test_more_than_five_in_a_hundred_slow_looks_make_it_degraded_not_down() -> None:
    check = replace(a_check(every_s=10), slow=Window(2.0, 300))
    judged = play(check, [0.1] * 20 + [3.0, 3.0])

    assert [each.change for each in judged if each.change] == [Change.DEGRADED]
    assert not judged[-1].state.failing
    assert judged[-1].state.degraded == "2 of 22 looks in 5 min took over 2 s"
    assert judged[-1].state.green_since is None


def test_it_eases_when_the_slow_looks_have_left_the_window() -> None:
    check = replace(a_check(every_s=10), slow=Window(2.0, 300))
    judged = play(check, [0.1] * 20 + [3.0, 3.0] + [0.1] * 40)

    assert [each.change for each in judged if each.change] == [Change.DEGRADED, Change.EASED]
    assert judged[-1].state.degraded == ""


def test_a_single_slow_look_tells_nobody() -> None:
    check = replace(a_check(every_s=10), slow=Window(2.0, 60))

    assert not [each.change for each in play(check, [0.1, 3.0, 0.1, 0.1]) if each.change]


def test_failures_that_never_come_in_a_row_are_seen_as_a_share() -> None:
    check = replace(a_check(every_s=10), errors=Window(0.05, 600))
    results = ("ooooooooox") * 3

    judged = play(check, [0.1] * len(results), ok=results)

    assert [each.change for each in judged if each.change] == [Change.DEGRADED]
    assert "failed" in judged[-1].state.degraded


def test_what_is_down_and_degraded_is_over_when_both_are() -> None:
    check = replace(a_check(every_s=10), errors=Window(0.2, 60))
    results = "oxoxxxxxoooooooooooo"

    told = [each.change for each in play(check, [0.1] * 20, ok=results) if each.change]

    assert told == [Change.DEGRADED, Change.WENT_DOWN, Change.EASED]


@given(
    st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=80),
    st.sampled_from([60, 300, 600]),
)
def test_a_window_counts_what_looking_through_all_looks_would(
    looks: list[tuple[int, bool]], over_s: int
) -> None:
    window = Window(0.1, over_s)
    slots: tuple[Slot, ...] = ()
    at = NOW
    history: list[tuple[int, bool]] = []
    width_s = over_s / 10
    for step_s, bad in looks:
        at += timedelta(seconds=step_s)
        slots = counted(slots, window, at, bad=bad)
        number = int((at - after(0)).total_seconds() // width_s)
        history.append((number, bad))
        inside = [each for each in history if number - 10 < each[0]]
        assert totals(slots) == (len(inside), sum(each[1] for each in inside))
        assert len(slots) <= 10
