"""What the rules of the verdict look at, worked out once from the situation.

Nothing is guessed: a result too old, or older than the trouble itself, is no evidence.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from relight.catalog.service import Check, Route, Service
from relight.detect.judge import CheckState, CheckStatus
from relight.detect.quorum import View
from relight.detect.situation import Change, Notice, Situation
from relight.detect.standing import Standing, by_route, standing

DNS = re.compile(
    r"\bDNS\b|\bname server\b|\bSERVFAIL\b|\bNXDOMAIN\b"
    r"|\bThe name \S+ (?:does not exist|has no address)",
    re.IGNORECASE,
)
TLS = re.compile(r"\bTLS\b|\bcertificate\b", re.IGNORECASE)
_LOST = re.compile(
    r"\brefused\b|\btimed out\b|\bno (?:answer|connection)\b|\bunreachable\b|\breset\b",
    re.IGNORECASE,
)
_UNREACHED_LEAST = 3


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One situation, sorted. `fresh` has the states that count, `began_at` when the trouble began.

    `began_at` is the first failure of the checks that fail, or now where none does. `through_well`
    and `direct_well` are the checks of that way that were seen up since then.
    """

    situation: Situation
    service: Service
    now: datetime
    fresh: Mapping[str, CheckState]
    through: Standing
    direct: Standing
    began_at: datetime
    through_well: tuple[Check, ...]
    direct_well: tuple[Check, ...]

    @property
    def title(self) -> str:
        """Name the service for people."""
        return self.service.title

    @property
    def failing(self) -> tuple[Check, ...]:
        """Give the checks judged down."""
        return self.through.failing + self.direct.failing

    @property
    def all_direct_well(self) -> bool:
        """Whether there are direct checks, and all were seen up since it began."""
        declared = by_route(self.service, Route.DIRECT)
        return bool(declared) and len(self.direct_well) == len(declared)

    @property
    def all_through_well(self) -> bool:
        """Whether there are checks on the users' way, and all were seen up since it began."""
        declared = by_route(self.service, Route.THROUGH)
        return bool(declared) and len(self.through_well) == len(declared)

    def apart(self, at: datetime) -> timedelta:
        """Tell how long before the trouble something was; negative is after it began."""
        return self.began_at - at


def see(situation: Situation) -> Seen:
    """Sort a situation."""
    service, now = situation.service, situation.now
    fresh = {
        check.key: state
        for check in service.checks
        if (state := situation.states.get(check.key)) and state.is_fresh(check, now)
    }
    through = standing(by_route(service, Route.THROUGH), fresh)
    direct = standing(by_route(service, Route.DIRECT), fresh)
    began = _began_at(through.failing + direct.failing, fresh)
    return Seen(
        situation=situation,
        service=service,
        now=now,
        fresh=fresh,
        through=through,
        direct=direct,
        began_at=began or now,
        through_well=tuple(each for each in through.checked if _well(each, fresh, began)),
        direct_well=tuple(each for each in direct.checked if _well(each, fresh, began)),
    )


def _began_at(failing: Iterable[Check], fresh: Mapping[str, CheckState]) -> datetime | None:
    starts = (fresh[check.key].first_failure_at for check in failing)
    return min((start for start in starts if start is not None), default=None)


def _well(check: Check, fresh: Mapping[str, CheckState], began_at: datetime | None) -> bool:
    """Whether a check was seen up after the trouble began: what came before acquits nobody."""
    state = fresh[check.key]
    if state.status is not CheckStatus.UP or state.last_at is None:
        return False
    return began_at is None or state.last_at >= began_at


def names_kind(seen: Seen, kind: str, words: re.Pattern[str]) -> bool:
    """Whether every failing check names this one kind of trouble, by its probe or its reason."""
    return bool(seen.failing) and all(
        _is_of(seen, check, kind) or _says(seen.fresh[check.key], words) for check in seen.failing
    )


def kind_probe_fails(seen: Seen, kind: str) -> tuple[Check, ...]:
    """Give the failing checks whose probe looks at nothing but this kind."""
    return tuple(check for check in seen.failing if _is_of(seen, check, kind))


def _is_of(seen: Seen, check: Check, kind: str) -> bool:
    if check.probe.kind != kind:
        return False
    # A TLS probe that gets no connection says nothing of certificates.
    return kind == "dns" or _LOST.search(seen.fresh[check.key].last_reason) is None


def _says(state: CheckState, words: re.Pattern[str]) -> bool:
    # A target that answered, if badly, was looked up and reached: its words are no such reason.
    return is_unreached(state) and words.search(state.last_reason) is not None


def is_unreached(state: CheckState) -> bool:
    """Whether no connection came about at the last look."""
    return dict(state.last_evidence).get("fault", "connection") == "connection"


def split_by_place(seen: Seen) -> tuple[tuple[View, ...], tuple[View, ...]]:
    """Give who sees it fail and who sees it well, where every troubled check divides the same way.

    Empty where nobody is alone with what they see.
    """
    failing: dict[str, View] = {}
    well: dict[str, View] = {}
    for check in seen.service.checks:
        state = seen.fresh.get(check.key)
        if state is None:
            continue
        bad, good = state.split(check, seen.now)
        if state.failing and not good:
            return (), ()
        failing |= {view.vantage: view for view in bad}
        well |= {view.vantage: view for view in good}
    if set(failing) & set(well) or not failing or not well:
        return (), ()
    return tuple(failing.values()), tuple(well.values())


def nothing_connects(seen: Seen) -> list[CheckState]:
    """Give the states of all that we look at, where one vantage point looks and reaches nothing.

    Several services have to be among them: then the one thing they share may be our own network.
    """
    states = [
        state
        for state in seen.situation.states.values()
        if state.last_at is not None and (seen.now - state.last_at) <= timedelta(minutes=3)
    ]
    services = {state.check.partition("/")[0] for state in states}
    if len(states) < _UNREACHED_LEAST or len(services) < _UNREACHED_LEAST:
        return []
    if len({view.vantage for state in states for view in state.views}) > 1:
        return []
    all_lost = all(state.last_ok is False and is_unreached(state) for state in states)
    return states if all_lost else []


def notices(seen: Seen) -> list[Notice]:
    """Give what vendors say that lasts, or lasted when the trouble began."""
    return [
        notice
        for vendor in seen.situation.vendors
        for notice in vendor.notices
        if notice.state.rank > 0 and (notice.ended_at is None or notice.ended_at > seen.began_at)
    ]


def changes(seen: Seen) -> list[Change]:
    """Give the changes from before the trouble, newest first."""
    return [change for change in seen.situation.changes if change.at <= seen.began_at]
