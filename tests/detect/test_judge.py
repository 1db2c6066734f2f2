from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from relight.catalog.service import Check
from relight.detect.judge import Change, CheckState, CheckStatus, Judgement, judge
from tests.detect.given import NOW, a_check, a_look, after


def play(
    check: Check, results: Iterable[bool], state: CheckState | None = None, *, took_s: float = 0.03
) -> list[Judgement]:
    """Look as often as there are results, each as soon as the judgement before asked for."""
    state = state or CheckState.fresh(check.key)
    at = max(NOW, state.last_at or NOW)
    judged: list[Judgement] = []
    for ok in results:
        judgement = judge(state, a_look(check, ok, at, took_s=took_s), check)
        judged.append(judgement)
        state = judgement.state
        at += timedelta(seconds=judgement.next_in_s + took_s)
    return judged


def read(results: str) -> list[bool]:
    """Read `o` as a good result and `x` as a bad one."""
    return [each == "o" for each in results]


def statuses(judged: list[Judgement]) -> list[str]:
    return [judgement.state.status.value for judgement in judged]


def changes(judged: list[Judgement]) -> list[Change]:
    return [judgement.change for judgement in judged if judgement.change]


def test_a_single_lost_packet_is_looked_at_again_and_never_told() -> None:
    judged = play(a_check(), read("oxo"))

    assert statuses(judged) == ["up", "suspect", "up"]
    assert changes(judged) == []
    assert [judgement.next_in_s for judgement in judged] == [60, 1, 60]
    assert judged[-1].reason == "Answers again; the failure was not confirmed."


def test_a_total_failure_goes_down_at_the_third_bad_result() -> None:
    judged = play(a_check(), read("oxxx"), took_s=0)

    assert statuses(judged) == ["up", "suspect", "suspect", "down"]
    assert judged[-1].change is Change.WENT_DOWN
    assert judged[-1].state.since == after(62)
    assert judged[-1].state.first_failure_at == after(60)
    assert judged[-1].reason == "3 results in a row failed within 2 s: answered 502, wanted 2xx."


def test_a_check_that_has_never_been_up_can_go_down_too() -> None:
    assert changes(play(a_check(), read("xxx"))) == [Change.WENT_DOWN]


def test_while_down_it_looks_often_enough_to_see_the_recovery_soon() -> None:
    slow, quick = a_check(every_s=300), a_check(every_s=5)

    assert play(slow, read("xxxx"))[-1].next_in_s == 10
    assert play(quick, read("xxxx"))[-1].next_in_s == 5


def test_recovery_is_confirmed_before_it_is_told() -> None:
    judged = play(a_check(), read("xxxxoo"), took_s=0)

    assert statuses(judged)[-3:] == ["down", "recovering", "up"]
    assert judged[-2].next_in_s == 1
    assert judged[-1].change is Change.CAME_UP
    assert judged[-1].state.first_failure_at is None
    assert judged[-1].state.green_since == judged[-1].state.last_at
    assert judged[-1].reason == "2 results in a row good after 14 s of trouble."


def test_a_bad_result_while_recovering_is_the_same_outage() -> None:
    judged = play(a_check(), read("xxxoxoo"))

    assert statuses(judged)[3:] == ["recovering", "down", "recovering", "up"]
    assert changes(judged) == [Change.WENT_DOWN, Change.CAME_UP]
    assert judged[4].state.first_failure_at == judged[0].state.last_at


def test_one_result_can_be_enough_both_ways() -> None:
    check = a_check(failures=1, recoveries=1)

    assert changes(play(check, read("oxo"))) == [Change.WENT_DOWN, Change.CAME_UP]
    assert play(check, read("x"))[0].reason == "1 result failed: answered 502, wanted 2xx."


def test_a_result_older_than_the_last_changes_nothing() -> None:
    check = a_check()
    up = play(check, read("o"))[-1].state

    late = judge(up, a_look(check, False, after(-1)), check)

    assert late.state is up
    assert late.change is None
    assert late.next_in_s == 60


def test_a_lost_packet_leaves_the_green_time_and_a_silence_ends_it() -> None:
    check = a_check()
    blip = play(check, read("oxo"))[-1].state
    assert blip.green_since == NOW

    returned = after(1000)
    assert judge(blip, a_look(check, True, returned), check).state.green_since == returned


def test_judging_carries_the_open_alert_along() -> None:
    check = a_check()
    state = CheckState(check=check.key, alert_id="a1")

    assert play(check, read("xxxoo"), state)[-1].state.alert_id == "a1"


def test_the_result_of_another_check_is_refused() -> None:
    with pytest.raises(ValueError, match="widget/direct"):
        judge(CheckState.fresh("widget/through"), a_look(a_check("direct"), True, NOW), a_check())


a_timetable = st.builds(
    a_check,
    every_s=st.integers(1, 600),
    failures=st.integers(1, 5),
    recoveries=st.integers(1, 4),
    confirm_s=st.floats(0.1, 5),
)


@given(check=a_timetable, took_s=st.floats(0, 10), before=st.integers(0, 3))
def test_a_total_failure_is_judged_in_its_confirmations_and_the_time_of_its_probes(
    check: Check, took_s: float, before: int
) -> None:
    judged = play(check, [True] * before + [False] * check.failures, took_s=took_s)

    first_bad_at = judged[before].state.last_at
    assert first_bad_at is not None
    assert judged[-1].change is Change.WENT_DOWN
    down_at = judged[-1].state.since
    assert down_at is not None
    most_s = check.failures * (check.confirm_s + took_s)
    assert down_at - first_bad_at <= timedelta(seconds=most_s)


@given(check=a_timetable, data=st.data())
def test_fewer_bad_results_in_a_row_than_asked_for_never_tell(
    check: Check, data: st.DataObject
) -> None:
    runs = data.draw(st.lists(st.integers(0, check.failures - 1), max_size=20))
    results = [ok for run in runs for ok in [*([False] * run), True]]

    assert changes(play(check, results)) == []


class Judging(RuleBasedStateMachine):
    """Any results, in time, late or after a silence."""

    @initialize(check=a_timetable)
    def begin(self, check: Check) -> None:
        self.check = check
        self.state = CheckState.fresh(check.key)
        self.at: datetime = NOW
        self.next_in_s = 0.0
        self.told: list[Change] = []
        self.since_change: list[bool] = []

    def look(self, ok: bool, at: datetime) -> Judgement:
        judgement = judge(self.state, a_look(self.check, ok, at), self.check)
        self.state, self.next_in_s = judgement.state, judgement.next_in_s
        if judgement.change:
            self.told.append(judgement.change)
        assert judgement.reason
        assert 0 < judgement.next_in_s <= max(self.check.every_s, self.check.confirm_s)
        return judgement

    @rule(ok=st.booleans())
    def in_time(self, ok: bool) -> None:
        self.at += timedelta(seconds=self.next_in_s)
        judgement = self.look(ok, self.at)
        self.since_change.append(ok)
        if judgement.change is Change.WENT_DOWN:
            assert not any(self.since_change[-self.check.failures :])
        if judgement.change is Change.CAME_UP:
            assert all(self.since_change[-self.check.recoveries :])

    @rule(ok=st.booleans(), seconds=st.floats(2000, 100_000))
    def after_a_silence(self, ok: bool, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.look(ok, self.at)
        self.since_change.append(ok)
        assert self.state.green_since is None or not ok or self.state.green_since == self.at

    @rule(ok=st.booleans(), seconds=st.floats(0.001, 1000))
    def late(self, ok: bool, seconds: float) -> None:
        if self.state.last_at is None:
            return
        before = self.state
        judgement = self.look(ok, self.state.last_at - timedelta(seconds=seconds))
        assert judgement.state == before
        assert judgement.change is None

    @invariant()
    def changes_alternate(self) -> None:
        told = getattr(self, "told", [])
        assert told[::2] == [Change.WENT_DOWN] * len(told[::2])
        assert told[1::2] == [Change.CAME_UP] * len(told[1::2])

    @invariant()
    def the_state_agrees_with_what_was_told(self) -> None:
        if not hasattr(self, "state"):
            return
        state = self.state
        assert state.failing == (bool(self.told) and self.told[-1] is Change.WENT_DOWN)
        assert not (state.failures_in_row and state.successes_in_row)
        assert (state.first_failure_at is None) == (
            state.status in {CheckStatus.UNKNOWN, CheckStatus.UP}
        )
        assert not (state.failing and state.green_since)
        assert state.status is not CheckStatus.UP or state.green_since is not None


TestJudging = Judging.TestCase
