"""Turns single results of a check into a judged state: up, down, and the moments of change.

Articles 000 and 001 alert within two minutes, at one look a minute. Here the first bad result is
looked at again at once, so that a total failure is judged within seconds and one lost packet
never pages. Intervals are exact: the same results at the same times give the same judgement.
"""

from datetime import datetime, timedelta
from enum import Enum, StrEnum

import msgspec

from relight.catalog.service import Check
from relight.detect import flapping
from relight.detect.observation import Observation
from relight.detect.quorum import View, looked, needed, voters
from relight.detect.window import Slot, counted, is_over, totals
from relight.kernel.period import write_duration

LOOK_AGAIN_WHILE_DOWN_S = 10.0
_SLOW_SHARE = 0.05
"""A 95th percentile lies above a limit when more than this share of the looks does."""

_ONCE_MORE = 2
_NOBODY: frozenset[str] = frozenset()


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
    DEGRADED = "degraded"
    EASED = "eased"

    @property
    def is_trouble(self) -> bool:
        """Whether it asks for an alert; otherwise it says that no trouble is left."""
        return self in {Change.WENT_DOWN, Change.DEGRADED}


class CheckState(msgspec.Struct, frozen=True, kw_only=True):
    """All that is remembered of a check between two results. Times are aware UTC, lengths seconds.

    `since` is when the present status began; `first_failure_at` the first bad result of the
    trouble that still lasts. `green_since` is since when the results, without a gap, have
    judged it up: an unconfirmed failure leaves it, a judged one and a silence of
    `Check.stale_after_s` end it. `alert_id` is the open alert; whoever opens and clears alerts
    sets it, judging carries it along. `vantage` is where the last result was seen from; the
    `last_*` fields, `took_s` and the counts in a row are that result's own. `views` has what each
    vantage point saw. `degraded` says why a check that answers is not well; it is empty where it
    is. `outages` are the beginnings of the last ones, `slow_looks` and `failed_looks` the windows.
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
    views: tuple[View, ...] = ()
    degraded: str = ""
    outages: tuple[datetime, ...] = ()
    slow_looks: tuple[Slot, ...] = ()
    failed_looks: tuple[Slot, ...] = ()

    @staticmethod
    def fresh(check: str) -> "CheckState":
        """Begin with a check, by its key, that nobody has looked at yet."""
        return CheckState(check=check)

    @property
    def failing(self) -> bool:
        """Whether it is judged down; it stays so until its recovery is confirmed."""
        return self.status is CheckStatus.DOWN or self.status is CheckStatus.RECOVERING

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

    def split(self, check: Check, now: datetime) -> tuple[tuple[View, ...], tuple[View, ...]]:
        """Sort the vantage points that count: those that see it fail, and those that see it well.

        Whoever has not looked since the failing ones began counts for neither.
        """
        fresh = voters(self.views, check, now)
        failing = tuple(view for view in fresh if view.down)
        began = min((view.failing_since for view in failing if view.failing_since), default=None)
        well = tuple(
            view for view in fresh if view.last_ok and (began is None or view.last_at >= began)
        )
        return failing, well if failing else ()


def shifted(state: CheckState, by: timedelta) -> CheckState:
    """Move all times as the machine's clock was moved, so that lengths stay what they were.

    What was counted in windows begins anew.
    """
    return msgspec.structs.replace(
        state,
        since=state.since and state.since + by,
        last_at=state.last_at and state.last_at + by,
        first_failure_at=state.first_failure_at and state.first_failure_at + by,
        green_since=state.green_since and state.green_since + by,
        views=tuple(
            msgspec.structs.replace(
                view,
                last_at=view.last_at + by,
                failing_since=view.failing_since and view.failing_since + by,
            )
            for view in state.views
        ),
        outages=tuple(each + by for each in state.outages),
        slow_looks=(),
        failed_looks=(),
    )


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a result led to: the next state, when to look again, and why, for people.

    `everywhere` asks for a look now from every other vantage point, so that they can vote.
    """

    state: CheckState
    change: Change | None
    next_in_s: float
    reason: str
    everywhere: bool = False


def judge(
    state: CheckState,
    observation: Observation,
    check: Check,
    *,
    cut_off: frozenset[str] = _NOBODY,
) -> Judgement:
    """Fold one result into a check's state.

    A result older than the last one from there changes nothing. `cut_off` names vantage points
    that are at fault themselves, whose results are no votes. `next_in_s` counts from the end of
    this look. Raises `ValueError` when the three do not speak of the same check.
    """
    if not state.check == observation.check == check.key:
        raise ValueError(f"{observation.check} was handed to the state of {state.check}")
    before = _views(state)
    own = next((view for view in before if view.vantage == observation.vantage), None)
    at = observation.at
    newest_at = max(state.last_at or at, at)
    if (own and at < own.last_at) or (newest_at - at).total_seconds() > check.stale_after_s:
        return Judgement(
            state=state,
            change=None,
            next_in_s=_next_in_s(state.status, check),
            reason="This result is older than the last one and changes nothing.",
        )
    view = looked(own, observation, check)
    if len(before) == (own is not None):
        views: tuple[View, ...] = (view,)
    else:
        views = (*(each for each in before if each is not own), view)
        views = tuple(voters(views, check, newest_at))
    if observation.vantage in cut_off:
        return Judgement(
            state=msgspec.structs.replace(state, views=views),
            change=None,
            next_in_s=_next_in_s(state.status, check),
            reason=f"{observation.vantage} is cut off; what it sees is no vote.",
        )
    voting = views if not cut_off else tuple(each for each in views if each.vantage not in cut_off)
    return _judged(state, observation, check, _Votes(view, views, voting))


class _Votes(msgspec.Struct, frozen=True):
    """The view of who looks now, all views, and those of them that count."""

    view: View
    views: tuple[View, ...]
    voting: tuple[View, ...]


def _judged(state: CheckState, seen: Observation, check: Check, votes: _Votes) -> Judgement:
    voting = votes.voting
    most = needed(check.quorum, len(voting))
    against = sum(1 for each in voting if each.down)
    held = ""
    if against >= most:
        improving = sum(1 for each in voting if each.down and not each.last_ok) < most
        status = CheckStatus.RECOVERING if state.failing and improving else CheckStatus.DOWN
    elif state.failing:
        held = _held(state, seen.at) if seen.ok else ""
        status = CheckStatus.RECOVERING if held else CheckStatus.UP
        if not seen.ok:  # A bad result ends no outage, whoever else has become silent.
            status = CheckStatus.DOWN
    else:
        status = CheckStatus.SUSPECT if _doubtful(voting) else CheckStatus.UP
    after = _seen(state, seen, check, votes, status)
    change = None
    if status is CheckStatus.DOWN and not state.failing:
        change = Change.WENT_DOWN
        after = msgspec.structs.replace(after, outages=flapping.remembered(state.outages, seen.at))
    elif not after.failing:
        change = _change_while_up(state, after)
    reason = held or _reason(state, after, seen, check, votes)
    next_in_s = _next_in_s(status, check)
    if change is Change.WENT_DOWN or (len(voting) > 1 and _newly_down(after, seen.at, check)):
        next_in_s = check.confirm_s
    if held:
        next_in_s = min(float(check.every_s), LOOK_AGAIN_WHILE_DOWN_S)
    return Judgement(
        state=after,
        change=change,
        next_in_s=next_in_s,
        reason=reason,
        everywhere=status is not state.status
        and status in {CheckStatus.SUSPECT, CheckStatus.RECOVERING},
    )


def _newly_down(after: CheckState, at: datetime, check: Check) -> bool:
    """Whether it went down so lately that every vantage point looks once more at once."""
    if after.status is not CheckStatus.DOWN or after.since is None:
        return False
    return (at - after.since).total_seconds() < _ONCE_MORE * check.confirm_s


def _change_while_up(state: CheckState, after: CheckState) -> Change | None:
    if after.degraded:
        return None if state.degraded or state.failing else Change.DEGRADED
    if state.failing:
        return Change.CAME_UP
    return Change.EASED if state.degraded else None


def _views(state: CheckState) -> tuple[View, ...]:
    """Give the views; a state from before they were kept has what one vantage point saw."""
    if state.views or state.last_at is None:
        return state.views
    ok = state.last_ok is not False
    return (
        View(
            vantage=state.vantage,
            last_at=state.last_at,
            last_ok=ok,
            reason=state.last_reason,
            failures=state.failures_in_row,
            successes=state.successes_in_row,
            down=state.failing,
            failing_since=state.first_failure_at,
        ),
    )


def _held(state: CheckState, at: datetime) -> str:
    """Say how long good results still have to go on because it flaps; nothing where they need not.

    The time counts from the first good result after the last bad one.
    """
    hold_s = flapping.hold_s(state.outages, at)
    if not hold_s:
        return ""
    since = state.since if state.status is CheckStatus.RECOVERING and state.since else at
    left_s = hold_s - (at - since).total_seconds()
    if left_s <= 0:
        return ""
    return (
        f"Answers, but it went down {len(state.outages)} times within half an hour:"
        f" it has to hold for {write_duration(left_s)} more."
    )


def _doubtful(voting: tuple[View, ...]) -> bool:
    """Whether a failure waits to be confirmed, by the one that saw it or by the others."""
    if any(not each.last_ok and not each.down for each in voting):
        return True
    alone = [each.failing_since for each in voting if each.down and each.failing_since]
    if not alone:
        return False
    began = min(alone)
    return any(not each.down and each.last_at < began for each in voting)


def _seen(
    state: CheckState, seen: Observation, check: Check, votes: _Votes, status: CheckStatus
) -> CheckState:
    view, views = votes.view, votes.views
    up = status is CheckStatus.UP
    late = state.last_at is not None and seen.at < state.last_at
    degraded, slow_looks, failed_looks = state.degraded, state.slow_looks, state.failed_looks
    if (check.slow or check.errors) and not late:
        slow_looks, failed_looks = _windows(state, seen, check)
        degraded = _degraded(state, check, slow_looks, failed_looks)
    unbroken = state.is_fresh(check, seen.at) and state.green_since
    green = None if degraded else (unbroken or seen.at)
    if not up:
        green = state.green_since if status is CheckStatus.SUSPECT else None
    since_failing = [each.failing_since for each in views if each.failing_since]
    first = None if up else state.first_failure_at or min(since_failing, default=seen.at)
    return CheckState(
        check=state.check,
        status=status,
        since=state.since if status is state.status else seen.at,
        last_at=state.last_at if late else seen.at,
        last_ok=state.last_ok if late else seen.ok,
        last_reason=state.last_reason if late else seen.reason,
        last_evidence=state.last_evidence if late else seen.evidence,
        took_s=state.took_s if late else seen.took_s,
        vantage=state.vantage if late else seen.vantage,
        failures_in_row=state.failures_in_row if late else view.failures,
        successes_in_row=state.successes_in_row if late else view.successes,
        first_failure_at=first,
        green_since=green,
        alert_id=state.alert_id,
        views=views,
        degraded=degraded,
        outages=state.outages,
        slow_looks=slow_looks,
        failed_looks=failed_looks,
    )


def _windows(
    state: CheckState, seen: Observation, check: Check
) -> tuple[tuple[Slot, ...], tuple[Slot, ...]]:
    slow, failed = state.slow_looks, state.failed_looks
    if check.slow:
        slow = counted(slow, check.slow, seen.at, bad=seen.took_s > check.slow.limit)
    if check.errors:
        failed = counted(failed, check.errors, seen.at, bad=not seen.ok)
    return slow, failed


def _degraded(
    state: CheckState, check: Check, slow: tuple[Slot, ...], failed: tuple[Slot, ...]
) -> str:
    already = bool(state.degraded)
    words: list[str] = []
    if check.slow and is_over(slow, _SLOW_SHARE, already=already):
        over = write_duration(check.slow.over_s)
        looks, bad = totals(slow)
        words.append(f"{bad} of {looks} looks in {over} took over {check.slow.limit:g} s")
    if check.errors and is_over(failed, check.errors.limit, already=already):
        over = write_duration(check.errors.over_s)
        looks, bad = totals(failed)
        words.append(f"{bad} of {looks} looks in {over} failed")
    return " and ".join(words)


def _next_in_s(status: CheckStatus, check: Check) -> float:
    match status:
        case CheckStatus.SUSPECT | CheckStatus.RECOVERING:
            return check.confirm_s
        case CheckStatus.DOWN:
            return min(float(check.every_s), LOOK_AGAIN_WHILE_DOWN_S)
        case CheckStatus.UP | CheckStatus.UNKNOWN:
            return float(check.every_s)


def _reason(
    state: CheckState, after: CheckState, seen: Observation, check: Check, votes: _Votes
) -> str:
    view, voting = votes.view, votes.voting
    why = seen.reason.rstrip(".")
    several = len(voting) > 1
    against = [each.vantage for each in voting if each.down]
    counted_words = (
        f" {len(against)} of {len(voting)} vantage points see it fail." if several else ""
    )
    match after.status:
        case CheckStatus.DOWN if state.failing:
            return f"Still down: {why}.{counted_words}"
        case CheckStatus.DOWN:
            began = after.first_failure_at or seen.at
            lasted_s = (seen.at - began).total_seconds()
            within = f" within {write_duration(lasted_s)}" if lasted_s else ""
            return f"{_results(view.failures)} failed{within}: {why}.{counted_words}"
        case CheckStatus.RECOVERING:
            return f"Answered {view.successes} of {check.recoveries} times, looking again."
        case CheckStatus.SUSPECT if not seen.ok:
            times = f"{min(view.failures, check.failures)} of {check.failures}"
            return f"Failed {times} times, looking again: {why}.{counted_words}"
        case CheckStatus.SUSPECT:
            return f"Answers {seen.vantage}; another vantage point failed, looking again."
        case CheckStatus.UP | CheckStatus.UNKNOWN:
            return _reason_up(state, after, seen, view, against)


def _reason_up(
    state: CheckState, after: CheckState, seen: Observation, view: View, against: list[str]
) -> str:
    if state.failing:
        began = state.first_failure_at or seen.at
        down_s = (seen.at - began).total_seconds()
        said = f"{_results(view.successes)} good after {write_duration(down_s)} of trouble."
    elif against:
        said = f"Fails from {' and '.join(sorted(against))} alone; the others see it answer."
    elif state.status is CheckStatus.SUSPECT:
        said = "Answers again; the failure was not confirmed."
    else:
        said = "Up."
    return f"{said} Degraded: {after.degraded}." if after.degraded else said


def _results(count: int) -> str:
    return "1 result" if count == 1 else f"{count} results in a row"
