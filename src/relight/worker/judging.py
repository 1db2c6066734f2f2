"""From a result to what it changes: the next state, an alert, and what that asks for. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from relight.catalog.component import ComponentState
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


class Judged(msgspec.Struct, frozen=True):
    """What is to be written, when to look again, and who waits for it.

    `urgent` says that somebody waits for it on disk; `turned`, that the service may stand otherwise
    on the public page; `siblings`, that its other checks are wanted now: the verdict needs to know
    how they stand, and not a minute ago; `everywhere`, that all vantage points are to look now.
    """

    outcome: Outcome
    next_in_s: float
    urgent: bool
    turned: bool
    siblings: bool
    everywhere: bool


def judged(
    seen: Observation,
    state: CheckState,
    check: Check,
    now: datetime,
    cut_off: frozenset[str] = frozenset(),
) -> Judged:
    """Judge one result against the state before it. Pure but for a new alert's id.

    `cut_off` names the vantage points that are at fault themselves.
    """
    if state.last_at and state.last_at > now:
        # The clock went back while a result was on its way, or while nobody was up: without
        # this every result would be older than that one, for as long as the clock went back.
        state = shifted(state, seen.at - state.last_at)
    judgement = judge(state, seen, check, cut_off=cut_off)
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
    first = state.status is CheckStatus.UNKNOWN and after.status is CheckStatus.UP
    turned = not first and (
        after.status is not state.status
        or after.degraded != state.degraded
        or {view.vantage for view in after.views if view.down}
        != {view.vantage for view in state.views if view.down}
    )
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
        turned=turned,
        siblings=after.status is CheckStatus.SUSPECT and state.status is not CheckStatus.SUSPECT,
        everywhere=judgement.everywhere,
    )


def page_changes(
    services: Iterable[Service],
    states: Mapping[str, CheckState],
    shown: dict[str, ComponentState],
) -> bool:
    """Whether any of these services stands otherwise than was shown; `shown` is brought up to date.

    The public page follows the checks, not the incident. Once a batch: it costs as much as the
    service has checks.
    """
    changed = False
    for service in services:
        stands = component_state(service, states, None)[0]
        changed |= shown.get(service.name, ComponentState.OPERATIONAL) is not stands
        shown[service.name] = stands
    return changed


def ask_publish(now: datetime) -> Asked:
    """Ask for the page to be published. A key of its own: one under way may be older than this."""
    return Asked(kind=PUBLISH, key=uuid7(now), due_at=now, payload=Publish())


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
