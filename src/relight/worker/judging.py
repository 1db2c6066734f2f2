"""From a result to what it changes: the next state, an alert, and what that asks for. Pure."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from relight.catalog.service import Check, Service
from relight.communicate.react import PUBLISH, Publish
from relight.desk.rules import ask_triage
from relight.detect.alert import open_alert
from relight.detect.component import component_state
from relight.detect.judge import CheckState, CheckStatus, judge, shifted
from relight.detect.observation import Observation
from relight.kernel.ids import uuid7
from relight.store.due import Asked
from relight.store.records import Outcome

StateOf = Callable[[str], CheckState]


class Judged(msgspec.Struct, frozen=True):
    """What is to be written, when to look again, and who waits for it.

    `urgent` says that somebody waits for it on disk; `siblings`, that the service's other checks
    are wanted now: the verdict needs to know how they stand, and not a minute ago.
    """

    outcome: Outcome
    next_in_s: float
    urgent: bool
    siblings: bool


def judged(
    seen: Observation, state_of: StateOf, service: Service, check: Check, now: datetime
) -> Judged:
    """Judge one result against the states before it. Pure but for new alerts' ids."""
    state = state_of(check.key)
    if state.last_at and state.last_at > now:
        # The clock went back while a result was on its way, or while nobody was up: without
        # this every result would be older than that one, for as long as the clock went back.
        state = shifted(state, seen.at - state.last_at)
    judgement = judge(state, seen, check)
    after, change = judgement.state, judgement.change
    alert, clears, asks = None, None, list[Asked]()
    if change is not None and change.is_trouble:
        alert = open_alert(after, check, now, state.alert_id or uuid7(now))
        after = msgspec.structs.replace(after, alert_id=alert.id)
        asks.append(ask_triage(alert.id, now))
    elif change is not None and state.alert_id:
        clears = state.alert_id
        after = msgspec.structs.replace(after, alert_id=None)
        asks.append(ask_triage(clears, now))
    if _counts_otherwise(state, after) and _component_changed(service, check, state_of, after):
        # A key of its own: a publication under way may have drawn the page before this.
        asks.append(Asked(kind=PUBLISH, key=uuid7(now), due_at=now, payload=Publish()))
    turned = after.status is not state.status
    outcome = Outcome(
        check=check.key,
        state=after,
        at=now,
        lasting=_lasting(state, after),
        alert=alert,
        clears=clears,
        asks=tuple(asks),
    )
    return Judged(
        outcome,
        judgement.next_in_s,
        urgent=turned or bool(asks),
        siblings=turned and after.status is CheckStatus.SUSPECT,
    )


def _counts_otherwise(before: CheckState, after: CheckState) -> bool:
    """Whether a component may stand otherwise than before."""
    return before.status is not after.status or before.degraded != after.degraded


def _component_changed(
    service: Service, check: Check, state_of: StateOf, after: CheckState
) -> bool:
    known = {each.key: state_of(each.key) for each in service.checks}
    before = component_state(service, known, None)[0]
    return component_state(service, known | {check.key: after}, None)[0] is not before


def _lasting(before: CheckState, after: CheckState) -> bool:
    """Whether it changes more than what the next look at a check that is up says again."""
    return (
        after.status is not CheckStatus.UP
        or before.status is not CheckStatus.UP
        or before.alert_id != after.alert_id
        or before.green_since != after.green_since
        or before.degraded != after.degraded
        or before.last_ok != after.last_ok
    )
