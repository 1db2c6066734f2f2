"""Several vantage points look at one target: who is believed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relight.catalog.service import Check, Quorum
from relight.detect.judge import Change, CheckState, CheckStatus, Judgement, judge, shifted
from relight.detect.observation import Observation
from relight.detect.quorum import cut_off, needed
from tests.detect.given import ANSWERS, FAILS, NOW, a_check, after

FROM = ("frankfurt", "here", "sydney")


def look(vantage: str, ok: bool, seconds: float, check: Check) -> Observation:
    return Observation(
        check=check.key,
        vantage=vantage,
        at=after(seconds),
        ok=ok,
        took_s=0.03,
        reason=ANSWERS if ok else FAILS,
    )


def play(check: Check, script: str, state: CheckState | None = None) -> list[Judgement]:
    """Read `0o 1x` as a good look from the first vantage point and a bad one from the second."""
    state = state or CheckState.fresh(check.key)
    judged: list[Judgement] = []
    for n, each in enumerate(script.split()):
        judgement = judge(state, look(FROM[int(each[0])], each[1] == "o", n, check), check)
        judged.append(judgement)
        state = judgement.state
    return judged


def told(judged: list[Judgement]) -> list[Change]:
    return [each.change for each in judged if each.change]


def test_one_region_failing_alone_is_no_outage_and_is_told_apart() -> None:
    judged = play(a_check(), "0o 1o 2o 0x 1o 2o 0x 1o 2o 0x 1o 2o")

    assert told(judged) == []
    assert judged[3].everywhere
    assert [each.everywhere for each in judged].count(True) == 1
    state = judged[-1].state
    assert state.status is CheckStatus.UP
    assert judged[-1].reason == "Fails from frankfurt alone; the others see it answer."
    failing, well = state.split(a_check(), after(12))
    assert [each.vantage for each in failing] == ["frankfurt"]
    assert [each.vantage for each in well] == ["here", "sydney"]


def test_a_majority_that_sees_it_fail_is_believed() -> None:
    judged = play(a_check(), "0o 1o 2o 0x 1x 2o 0x 1x 2o 0x 1x")

    assert told(judged) == [Change.WENT_DOWN]
    assert judged[-1].reason.endswith("2 of 3 vantage points see it fail.")


def test_a_majority_that_sees_it_well_again_is_believed() -> None:
    down = "0x 1x 2x 0x 1x 2x 0x 1x 2x"
    judged = play(a_check(), f"{down} 0o 0o 1o 1o")

    assert told(judged) == [Change.WENT_DOWN, Change.CAME_UP]
    assert judged[-1].state.status is CheckStatus.UP


@pytest.mark.parametrize(
    ("quorum", "script", "down"),
    [
        ("any", "0o 1o 2o 1x 1x 1x", True),
        ("all", "0x 1x 2o 0x 1x 2o 0x 1x 2o", False),
        ("all", "0x 1x 2x 0x 1x 2x 0x 1x 2x", True),
        (2, "0o 1x 2x 1x 2x 1x 2x", True),
        (2, "0o 1x 2o 1x 2o 1x 2o", False),
    ],
)
def test_the_quorum_is_the_kits_to_say(quorum: Quorum, script: str, down: bool) -> None:
    assert play(replace(a_check(), quorum=quorum), script)[-1].state.failing is down


def test_a_silent_vantage_point_is_no_vote() -> None:
    check = a_check()
    up = play(check, "0o 1o 2o")[-1].state
    state = up
    for n in range(3):
        seen = look("here", False, 1000 + n, check)
        state = judge(state, seen, check).state

    assert state.failing


def test_what_was_buffered_elsewhere_counts_while_it_is_fresh() -> None:
    check = a_check()
    state = play(check, "0o 1o")[-1].state

    early = judge(state, look("sydney", True, 0, check), check)
    assert [each.vantage for each in early.state.views] == ["frankfurt", "here", "sydney"]
    assert early.state.vantage == "here"
    assert early.state.last_at == after(1)
    old = judge(state, look("sydney", False, -1000, check), check)
    assert old.state is state


def test_a_vantage_point_that_reaches_nothing_is_at_fault_itself() -> None:
    checks = [a_check(f"site-{n}") for n in range(4)]
    seen = {check.key: play(check, "0x 1o 2o 0x 1o")[-1].state.views for check in checks}
    by_key = {check.key: check for check in checks}

    assert cut_off(seen, by_key) == {
        "frankfurt": "frankfurt can connect to none of its 4 targets, while others can."
    }
    judged = judge(
        CheckState.fresh(checks[0].key),
        look("frankfurt", False, 9, checks[0]),
        checks[0],
        cut_off=frozenset({"frankfurt"}),
    )
    assert judged.state.status is CheckStatus.UNKNOWN
    assert judged.reason == "frankfurt is cut off; what it sees is no vote."


def test_where_all_fail_or_few_are_looked_at_nobody_is_called_cut_off() -> None:
    checks = [a_check(f"site-{n}") for n in range(4)]
    by_key = {check.key: check for check in checks}
    everyone = {check.key: play(check, "0x 1x 2x")[-1].state.views for check in checks}
    assert cut_off(everyone, by_key) == {}
    few = {check.key: play(check, "0x 1o 2o")[-1].state.views for check in checks[:2]}
    assert cut_off(few, by_key) == {}
    alone = {check.key: play(check, "0x 0x")[-1].state.views for check in checks}
    assert cut_off(alone, by_key) == {}


def test_views_move_with_the_clock() -> None:
    state = play(a_check(), "0x 1o")[-1].state
    by = timedelta(hours=1)

    assert [each.last_at for each in shifted(state, by).views] == [NOW + by, after(1) + by]


a_quorum = st.sampled_from(["majority", "any", "all"]) | st.integers(1, 5)


@given(quorum=a_quorum, voters=st.integers(1, 9))
def test_a_quorum_can_be_reached_and_is_never_empty(quorum: Quorum, voters: int) -> None:
    assert 1 <= needed(quorum, voters) <= voters
    if quorum == "majority":
        assert needed(quorum, voters) * 2 > voters


@given(
    quorum=a_quorum,
    failures=st.integers(1, 4),
    recoveries=st.integers(1, 3),
    looks=st.lists(st.tuples(st.sampled_from(FROM), st.booleans()), max_size=60),
)
def test_down_is_what_counting_every_vantage_point_by_hand_gives(
    quorum: Quorum, failures: int, recoveries: int, looks: list[tuple[str, bool]]
) -> None:
    """Vote by going through the whole history of each vantage point anew, after every look."""
    check = replace(a_check(failures=failures, recoveries=recoveries), quorum=quorum)
    state = CheckState.fresh(check.key)
    outages = 0
    for n, (vantage, ok) in enumerate(looks):
        was = state.failing
        judgement = judge(state, look(vantage, ok, n, check), check)
        state = judgement.state
        votes = [_down([o for v, o in looks[: n + 1] if v == each], check) for each in FROM]
        votes = [vote for vote in votes if vote is not None]
        wanted = sum(votes) >= needed(quorum, len(votes)) or (was and not ok)
        if outages < 3:  # From the third on, recovery is held back on purpose.
            assert state.failing is wanted
        elif wanted:
            assert state.failing
        outages += judgement.change is Change.WENT_DOWN


def _down(results: list[bool], check: Check) -> bool | None:
    down = False
    for n in range(len(results)):
        so_far = results[: n + 1]
        if so_far[-check.failures :] == [False] * check.failures:
            down = True
        if so_far[-check.recoveries :] == [True] * check.recoveries:
            down = False
    return down if results else None
