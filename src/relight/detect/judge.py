"""Turns single results of a check into a judged state: up, down, and the moments of change.

Articles 000 and 001 alert within two minutes, at one look a minute. Here the first bad result is
looked at again at once, so that a total failure is judged within seconds and one lost packet
never pages. Intervals are exact: the same results at the same times give the same judgement.
"""

from datetime import datetime, timedelta
from enum import Enum, StrEnum

import msgspec

from relight.catalog.service import Check
from relight.detect.observation import Observation
from relight.kernel.period import write_duration

LOOK_AGAIN_WHILE_DOWN_S = 10.0


class CheckStatus(StrEnum):
    """How a check stands. `suspect` is not yet down, `recovering` is not yet up."""

    UNKNOWN = "unknown"
    UP = "up"
    SUSPECT = "suspect"
    DOWN = "down"
    RECOVERING = "recovering"


class Change(Enum):
    """A judged change, worth telling someone."""

    WENT_DOWN = "went_down"
    CAME_UP = "came_up"


class CheckState(msgspec.Struct, frozen=True, kw_only=True):
    """All that is remembered of a check between two results. Times are aware UTC, lengths seconds.

    `since` is when the present status began; `first_failure_at` the first bad result of the
    trouble that still lasts. `green_since` is since when the results, without a gap, have
    judged it up: an unconfirmed failure leaves it, a judged one and a silence of
    `Check.stale_after_s` end it. `alert_id` is the open alert; whoever opens and clears alerts
    sets it, judging carries it along. `vantage` is where the last result was seen from; the
    `last_*` fields and `took_s` are that result's own.
    """

    check: str
    status: CheckStatus = CheckStatus.UNKNOWN
    since: datetime | None = None
    last_at: datetime | None = None
    last_ok: bool | None = None
    last_reason: str = ""
    last_evidence: tuple[tuple[str, str], ...] = ()
    took_s: float | None = None
    vantage: str = ""
    failures_in_row: int = 0
    successes_in_row: int = 0
    first_failure_at: datetime | None = None
    green_since: datetime | None = None
    alert_id: str | None = None

    @staticmethod
    def fresh(check: str) -> "CheckState":
        """Begin with a check, by its key, that nobody has looked at yet."""
        return CheckState(check=check)

    @property
    def failing(self) -> bool:
        """Whether it is judged down; it stays so until its recovery is confirmed."""
        return self.status in {CheckStatus.DOWN, CheckStatus.RECOVERING}

    @property
    def checked(self) -> bool:
        """Whether there has been any result."""
        return self.last_at is not None

    def age_s(self, now: datetime) -> float | None:
        """Tell how old the last result is, in seconds; None before the first."""
        return None if self.last_at is None else (now - self.last_at).total_seconds()

    def is_fresh(self, check: Check, now: datetime) -> bool:
        """Whether the last result is young enough to count as evidence."""
        age_s = self.age_s(now)
        return age_s is not None and age_s <= check.stale_after_s


def shifted(state: CheckState, by: timedelta) -> CheckState:
    """Move all times as the machine's clock was moved, so that lengths stay what they were."""
    return msgspec.structs.replace(
        state,
        since=state.since and state.since + by,
        last_at=state.last_at and state.last_at + by,
        first_failure_at=state.first_failure_at and state.first_failure_at + by,
        green_since=state.green_since and state.green_since + by,
    )


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a result led to: the next state, when to look again, and why, for people."""

    state: CheckState
    change: Change | None
    next_in_s: float
    reason: str


def judge(state: CheckState, observation: Observation, check: Check) -> Judgement:
    """Fold one result into a check's state.

    A result older than the last one changes nothing. `next_in_s` counts from the end of this
    look. Raises `ValueError` when the three do not speak of the same check.
    """
    if not state.check == observation.check == check.key:
        raise ValueError(f"{observation.check} was handed to the state of {state.check}")
    if state.last_at is not None and observation.at < state.last_at:
        return Judgement(
            state=state,
            change=None,
            next_in_s=_next_in_s(state.status, check),
            reason="This result is older than the last one and changes nothing.",
        )
    return _good(state, observation, check) if observation.ok else _bad(state, observation, check)


def _bad(state: CheckState, seen: Observation, check: Check) -> Judgement:
    failures = state.failures_in_row + 1
    why = seen.reason.rstrip(".")
    change = None
    if state.failing:
        status = CheckStatus.DOWN
        reason = f"Still down: {why}."
    elif failures >= check.failures:
        status, change = CheckStatus.DOWN, Change.WENT_DOWN
        lasted_s = (seen.at - (state.first_failure_at or seen.at)).total_seconds()
        within = f" within {write_duration(lasted_s)}" if lasted_s else ""
        reason = f"{_results(failures)} failed{within}: {why}."
    else:
        status = CheckStatus.SUSPECT
        reason = f"Failed {failures} of {check.failures} times, looking again: {why}."
    after = msgspec.structs.replace(
        _seen(state, seen, status),
        failures_in_row=failures,
        successes_in_row=0,
        first_failure_at=state.first_failure_at or seen.at,
        green_since=state.green_since if status is CheckStatus.SUSPECT else None,
    )
    return Judgement(state=after, change=change, next_in_s=_next_in_s(status, check), reason=reason)


def _good(state: CheckState, seen: Observation, check: Check) -> Judgement:
    successes = state.successes_in_row + 1
    change = None
    if not state.failing:
        status = CheckStatus.UP
        reason = "Answers again; the failure was not confirmed." if state.failures_in_row else "Up."
    elif successes >= check.recoveries:
        status, change = CheckStatus.UP, Change.CAME_UP
        down_s = (seen.at - (state.first_failure_at or seen.at)).total_seconds()
        reason = f"{_results(successes)} good after {write_duration(down_s)} of trouble."
    else:
        status = CheckStatus.RECOVERING
        reason = f"Answered {successes} of {check.recoveries} times, looking again."
    up = status is CheckStatus.UP
    unbroken = state.is_fresh(check, seen.at) and state.green_since
    after = msgspec.structs.replace(
        _seen(state, seen, status),
        failures_in_row=0,
        successes_in_row=successes,
        first_failure_at=None if up else state.first_failure_at,
        green_since=(unbroken or seen.at) if up else None,
    )
    return Judgement(state=after, change=change, next_in_s=_next_in_s(status, check), reason=reason)


def _seen(state: CheckState, seen: Observation, status: CheckStatus) -> CheckState:
    return msgspec.structs.replace(
        state,
        status=status,
        since=state.since if status is state.status else seen.at,
        last_at=seen.at,
        last_ok=seen.ok,
        last_reason=seen.reason,
        last_evidence=seen.evidence,
        took_s=seen.took_s,
        vantage=seen.vantage,
    )


def _next_in_s(status: CheckStatus, check: Check) -> float:
    match status:
        case CheckStatus.SUSPECT | CheckStatus.RECOVERING:
            return check.confirm_s
        case CheckStatus.DOWN:
            return min(float(check.every_s), LOOK_AGAIN_WHILE_DOWN_S)
        case CheckStatus.UP | CheckStatus.UNKNOWN:
            return float(check.every_s)


def _results(count: int) -> str:
    return "1 result" if count == 1 else f"{count} results in a row"
