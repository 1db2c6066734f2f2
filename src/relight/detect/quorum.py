"""Vantage points vote: how many of those that look at a target have to see it fail.

One region failing alone is told apart from a target that is down, and a vantage point that sees
nothing at all any more is at fault itself, not what it looks at.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from relight.catalog.service import Check, Quorum
from relight.detect.observation import Observation

_LEAST_TARGETS = 3
"""A vantage point with fewer targets than this is never called cut off."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What one vantage point last saw of a target, and how it votes.

    `failures` and `successes` are in a row, and one of them is 0. It votes `down` from
    `Check.failures` bad results until `Check.recoveries` good ones; `failing_since` is the first
    bad result of the trouble that it still sees. `unreached` means that no connection came about.
    """

    vantage: str
    last_at: datetime
    last_ok: bool
    reason: str
    failures: int = 0
    successes: int = 0
    down: bool = False
    failing_since: datetime | None = None
    unreached: bool = False


def looked(view: View | None, seen: Observation, check: Check) -> View:
    """Fold a result into what its vantage point saw before."""
    down = view is not None and view.down
    since = view.failing_since if view else None
    if seen.ok:
        successes = (view.successes if view else 0) + 1
        down = down and successes < check.recoveries
        return View(
            vantage=seen.vantage,
            last_at=seen.at,
            last_ok=True,
            reason=seen.reason,
            successes=successes,
            down=down,
            failing_since=since if down else None,
        )
    failures = (view.failures if view else 0) + 1
    return View(
        vantage=seen.vantage,
        last_at=seen.at,
        last_ok=False,
        reason=seen.reason,
        failures=failures,
        down=down or failures >= check.failures,
        failing_since=since or seen.at,
        unreached=unreached(seen.evidence),
    )


def unreached(evidence: Sequence[tuple[str, str]]) -> bool:
    """Whether no connection came about; a probe that does not say so is taken to have had none."""
    return dict(evidence).get("fault", "connection") == "connection"


def needed(quorum: Quorum, voters: int) -> int:
    """Tell how many of the voters have to see it fail; at least one, at most all of them."""
    if quorum == "any":
        return 1
    if quorum == "all":
        return max(voters, 1)
    if quorum == "majority":
        return voters // 2 + 1
    return max(1, min(quorum, voters))


def voters(
    views: Sequence[View], check: Check, at: datetime, cut_off: frozenset[str] = frozenset()
) -> list[View]:
    """Give the views that count: fresh, and from a vantage point that is not at fault itself."""
    stale_s = check.stale_after_s
    return [
        view
        for view in views
        if view.vantage not in cut_off and (at - view.last_at).total_seconds() <= stale_s
    ]


def cut_off(seen: Mapping[str, Sequence[View]], checks: Mapping[str, Check]) -> dict[str, str]:
    """Name the vantage points that are at fault themselves, each with the reason.

    `seen` gives the views by check key. A vantage point is at fault when it looks at three targets
    or more and can connect to none of them, while others can connect to most of the same. Where
    nobody else looks, nobody is at fault: that cannot be told from here.
    """
    failing: dict[str, int] = {}
    acquitted: dict[str, int] = {}
    sound: set[str] = set()
    for key, views in seen.items():
        check = checks.get(key)
        if check is None or not views:
            continue
        newest = max(view.last_at for view in views)
        fresh = voters(views, check, newest)
        for view in fresh:
            if view.last_ok or not view.unreached:
                sound.add(view.vantage)
                continue
            failing[view.vantage] = failing.get(view.vantage, 0) + 1
            others = [each for each in fresh if each.vantage != view.vantage]
            if any(each.last_ok for each in others):
                acquitted[view.vantage] = acquitted.get(view.vantage, 0) + 1
    return {
        vantage: f"{vantage} can connect to none of its {count} targets, while others can."
        for vantage, count in failing.items()
        if vantage not in sound
        and count >= _LEAST_TARGETS
        and acquitted.get(vantage, 0) * 2 > count
    }
