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
from relight.worker.checks import CHECK, Judged, Looked, judged

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


def _play(oks: list[bool]) -> list[Judged]:
    """Judge one result after another, a second apart."""
    states: dict[str, CheckState] = {}
    told: list[Judged] = []
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
