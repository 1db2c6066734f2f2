"""Plain values that the tests of detection share: a widget with an edge in front, and its states."""

from datetime import UTC, datetime, timedelta

import msgspec

from relight.catalog.service import Check, Route, Service
from relight.detect.judge import CheckState, CheckStatus
from relight.detect.observation import Observation
from relight.kernel.plug import Plugged

NOW = datetime(2026, 1, 16, 2, 0, tzinfo=UTC)
FAILS = "answered 502, wanted 2xx"
ANSWERS = "answered 200"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_check(
    name: str = "through",
    *,
    service: str = "widget",
    kind: str = "http",
    route: Route | None = None,
    every_s: int = 60,
    failures: int = 3,
    recoveries: int = 2,
    confirm_s: float = 1.0,
) -> Check:
    way = Route.DIRECT if name.startswith("direct") else Route.THROUGH
    return Check(
        service=service,
        name=name,
        probe=Plugged(kind, {}),
        route=route or way,
        every_s=every_s,
        failures=failures,
        recoveries=recoveries,
        confirm_s=confirm_s,
    )


def a_service(*checks: str | Check, core: bool = True, depends_on: tuple[str, ...] = ()) -> Service:
    made = tuple(each if isinstance(each, Check) else a_check(each) for each in checks)
    return Service(name="widget", title="widget", checks=made, core=core, depends_on=depends_on)


def a_look(
    check: Check, ok: bool, at: datetime, *, took_s: float = 0.03, reason: str | None = None
) -> Observation:
    return Observation(
        check=check.key,
        vantage="here",
        at=at,
        ok=ok,
        took_s=took_s,
        reason=reason or (ANSWERS if ok else FAILS),
    )


def a_state(
    check: str,
    status: CheckStatus,
    *,
    seen_s_ago: float = 1.0,
    trouble_s_ago: float = 5.0,
    reason: str | None = None,
) -> CheckState:
    """Give the state of `widget/<check>` as judging would have left it, at `NOW`."""
    ok = status in {CheckStatus.UP, CheckStatus.RECOVERING}
    troubled = status in {CheckStatus.SUSPECT, CheckStatus.DOWN, CheckStatus.RECOVERING}
    fresh = CheckState.fresh(f"widget/{check}")
    if status is CheckStatus.UNKNOWN:
        return fresh
    return msgspec.structs.replace(
        fresh,
        status=status,
        since=after(-trouble_s_ago),
        last_at=after(-seen_s_ago),
        last_ok=ok,
        last_reason=reason or (ANSWERS if ok else FAILS),
        took_s=0.03,
        vantage="here",
        first_failure_at=after(-trouble_s_ago) if troubled else None,
        green_since=after(-3600) if status in {CheckStatus.UP, CheckStatus.SUSPECT} else None,
    )


def states(**by_name: CheckState | CheckStatus) -> dict[str, CheckState]:
    """Give the states by check key; a bare status gets a state seen a second ago."""
    made = {
        name: each if isinstance(each, CheckState) else a_state(name, each)
        for name, each in by_name.items()
    }
    return {state.check: state for state in made.values()}
