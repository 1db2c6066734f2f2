"""From a batch of results to what is written: judged once, alerts opened and cleared."""

from datetime import UTC, datetime, timedelta

import msgspec

from relight.catalog.service import Check, Route, Service
from relight.communicate.react import PUBLISH
from relight.desk.rules import TRIAGE
from relight.detect.judge import CheckState, CheckStatus
from relight.detect.observation import Observation
from relight.kernel.ledger import Claim
from relight.kernel.plug import Plugged
from relight.store.records import Outcome
from relight.worker.checks import CHECK, Looked, judged
from tests.worker.given import Place

NOW = datetime(2026, 5, 2, 2, 3, tzinfo=UTC)
THROUGH = Check(
    service="widget", name="through", probe=Plugged("http", {"url": "https://w.example"})
)
DIRECT = msgspec.structs.replace(THROUGH, name="direct", route=Route.DIRECT)
WIDGET = Service(name="widget", title="Widget", checks=(THROUGH, DIRECT))


def _looked(check: Check, at: datetime, *, ok: bool) -> Looked:
    claim = Claim(id=1, kind=CHECK, key=check.key, due_at=at, attempts=0, payload=b"{}", token="t")
    seen = Observation(
        check=check.key, vantage="here", at=at, ok=ok, took_s=0.1, reason="200" if ok else "refused"
    )
    return Looked(claim, seen)


def _play(oks: list[bool]) -> list[Outcome]:
    """Judge one result after another, a second apart."""
    states: dict[str, CheckState] = {}
    told: list[Outcome] = []
    for n, ok in enumerate(oks):
        at = NOW + timedelta(seconds=n)
        outcome = judged([_looked(THROUGH, at, ok=ok)], states, [WIDGET], at)[0]
        states[THROUGH.key] = outcome.state
        told.append(outcome)
    return told


def test_the_first_bad_result_asks_for_a_fresh_look_at_the_other_checks() -> None:
    """The verdict needs to know how the direct check stands now, not a minute ago."""
    first_bad = _play([True, False])[-1]
    assert first_bad.state.status is CheckStatus.SUSPECT
    assert [(ask.kind, ask.key) for ask in first_bad.asks] == [(CHECK, DIRECT.key)]
    assert first_bad.again_at == NOW + timedelta(seconds=2)


def test_the_third_bad_result_opens_an_alert_and_changes_the_public_page() -> None:
    """The alert, its triage and the page's new state are one outcome, so one transaction."""
    down = _play([True, False, False, False])[-1]
    assert down.alert is not None
    assert down.state.alert_id == down.alert.id
    kinds = [ask.kind for ask in down.asks]
    assert kinds == [TRIAGE, PUBLISH]


def test_recovery_clears_the_same_alert() -> None:
    """The alert that was opened is the one that is cleared."""
    told = _play([True, False, False, False, True, True])
    opened, cleared = told[3], told[5]
    assert opened.alert is not None
    assert cleared.clears == opened.alert.id
    assert cleared.state.alert_id is None
    assert [ask.kind for ask in cleared.asks] == [TRIAGE, PUBLISH]


def test_a_single_lost_packet_asks_for_nothing_lasting() -> None:
    """No alert, no change of the page."""
    told = _play([True, False, True])
    assert all(outcome.alert is None for outcome in told)
    assert not told[-1].asks


def test_results_of_checks_that_are_no_longer_declared_are_dropped() -> None:
    """The kit may change while a look is under way."""
    assert judged([_looked(THROUGH, NOW, ok=False)], {}, [], NOW) == []


def test_of_two_looks_in_one_batch_only_the_one_that_still_holds_its_lease_counts() -> None:
    """Nothing of the other is written: its alert would be remembered and exist nowhere."""
    states: dict[str, CheckState] = {}
    for n in range(2):
        at = NOW + timedelta(seconds=n)
        states[THROUGH.key] = judged([_looked(THROUGH, at, ok=False)], states, [WIDGET], at)[
            0
        ].state
    late, held = (_looked(THROUGH, NOW + timedelta(seconds=n), ok=False) for n in (2, 3))
    (outcome,) = judged([late, held], states, [WIDGET], NOW + timedelta(seconds=3))
    assert outcome.alert is not None
    assert outcome.state.alert_id == outcome.alert.id
    assert outcome.claim is held.claim


def test_a_result_from_a_clock_that_was_ahead_keeps_nobody_from_judging() -> None:
    """Otherwise nothing would be noticed for as long as the clock went back."""
    ahead = judged([_looked(THROUGH, NOW + timedelta(hours=1), ok=True)], {}, [WIDGET], NOW)[0]
    states = {THROUGH.key: ahead.state}
    for n in range(3):
        at = NOW + timedelta(seconds=n)
        states[THROUGH.key] = judged([_looked(THROUGH, at, ok=False)], states, [WIDGET], at)[
            0
        ].state
    assert states[THROUGH.key].status is CheckStatus.DOWN


async def test_an_alert_is_never_opened_and_cleared_by_two_workers_at_once(at: Place) -> None:
    """The one that clears would find no incident yet, and the incident would never end."""
    at.worker.prepare()
    at.outside.sites[0].status = 500
    for _ in range(3):
        await at.run(CHECK)
        at.worker.prober.flush()
        at.clock.jump(1)
    (held,) = at.claim(TRIAGE)
    at.outside.sites[0].status = 200
    for _ in range(3):
        at.clock.jump(10)
        await at.run(CHECK)
        at.worker.prober.flush()
    assert not at.house.alerts.alerts(only_open=True)
    assert at.claim(TRIAGE) == []
    at.house.due.complete(held)
    assert len(at.claim(TRIAGE)) == 1
