"""From a batch of results to what is written: judged once, alerts opened and cleared."""

from datetime import UTC, datetime, timedelta

import msgspec

from relight.catalog.component import ComponentState
from relight.catalog.service import Check, Route, Service
from relight.desk.rules import TRIAGE
from relight.detect.judge import CheckState, CheckStatus
from relight.detect.observation import Observation
from relight.kernel.plug import Plugged
from relight.worker.judging import Judged, judged, page_changes
from tests.worker.given import Place

NOW = datetime(2026, 5, 2, 2, 3, tzinfo=UTC)
THROUGH = Check(
    service="widget", name="through", probe=Plugged("http", {"url": "https://w.example"})
)
DIRECT = msgspec.structs.replace(THROUGH, name="direct", route=Route.DIRECT)
WIDGET = Service(name="widget", title="Widget", checks=(THROUGH, DIRECT))


def _seen(check: Check, at: datetime, *, ok: bool) -> Observation:
    return Observation(
        check=check.key, vantage="here", at=at, ok=ok, took_s=0.1, reason="200" if ok else "refused"
    )


def _judge(states: dict[str, CheckState], at: datetime, *, ok: bool) -> Judged:
    """Judge a result of the check that goes through, and remember its state."""
    before = states.get(THROUGH.key) or CheckState.fresh(THROUGH.key)
    done = judged(_seen(THROUGH, at, ok=ok), before, THROUGH, at)
    states[THROUGH.key] = done.outcome.state
    return done


def _play(oks: list[bool]) -> list[Judged]:
    """Judge one result after another, a second apart."""
    states: dict[str, CheckState] = {}
    return [_judge(states, NOW + timedelta(seconds=n), ok=ok) for n, ok in enumerate(oks)]


def test_the_first_bad_result_asks_for_a_fresh_look_at_the_other_checks() -> None:
    """The verdict needs to know how the direct check stands now, not a minute ago."""
    first_bad = _play([True, False])[-1]
    assert first_bad.outcome.state.status is CheckStatus.SUSPECT
    assert first_bad.siblings
    assert first_bad.urgent
    assert first_bad.next_in_s == 1


def test_the_third_bad_result_opens_an_alert() -> None:
    """The alert and its triage are one outcome, so one transaction."""
    down = _play([True, False, False, False])[-1].outcome
    assert down.alert is not None
    assert down.state.alert_id == down.alert.id
    assert [ask.kind for ask in down.asks] == [TRIAGE]


def test_recovery_clears_the_same_alert() -> None:
    """The alert that was opened is the one that is cleared."""
    told = [each.outcome for each in _play([True, False, False, False, True, True])]
    opened, cleared = told[3], told[5]
    assert opened.alert is not None
    assert cleared.clears == opened.alert.id
    assert cleared.state.alert_id is None
    assert [ask.kind for ask in cleared.asks] == [TRIAGE]


def test_a_single_lost_packet_asks_for_nothing_lasting() -> None:
    """No alert, no change of the page."""
    told = [each.outcome for each in _play([True, False, True])]
    assert all(outcome.alert is None for outcome in told)
    assert not told[-1].asks


def test_only_going_on_being_up_may_wait_to_be_written() -> None:
    """What a crash may take away is when it was last up, and nothing else."""
    told = _play([True, True, True, False, True, True])
    assert [each.outcome.lasting for each in told] == [True, False, False, True, True, False]


def test_a_result_from_a_clock_that_was_ahead_keeps_nobody_from_judging() -> None:
    """Otherwise nothing would be noticed for as long as the clock went back."""
    states: dict[str, CheckState] = {}
    _judge(states, NOW + timedelta(hours=1), ok=True)
    for n in range(3):
        _judge(states, NOW + timedelta(seconds=n), ok=False)
    assert states[THROUGH.key].status is CheckStatus.DOWN


def test_the_page_changes_when_the_service_stands_otherwise() -> None:
    states: dict[str, CheckState] = {}
    shown: dict[str, ComponentState] = {}
    changed: list[bool] = []
    for n, ok in enumerate([True, False, False, False, False, True, True]):
        done = _judge(states, NOW + timedelta(seconds=n), ok=ok)
        changed.append(done.turned and page_changes([WIDGET], states, shown))
    assert changed == [False, False, False, True, False, False, True]


async def test_an_alert_is_never_opened_and_cleared_by_two_workers_at_once(at: Place) -> None:
    """The one that clears would find no incident yet, and the incident would never end."""
    at.worker.prepare()
    at.outside.sites[0].status = 500
    for _ in range(3):
        await at.check()
        at.clock.jump(1)
    (held,) = at.claim(TRIAGE)
    at.outside.sites[0].status = 200
    for _ in range(3):
        at.clock.jump(10)
        await at.check()
    assert not at.house.alerts.alerts(only_open=True)
    assert at.claim(TRIAGE) == []
    at.house.due.complete(held)
    assert len(at.claim(TRIAGE)) == 1
