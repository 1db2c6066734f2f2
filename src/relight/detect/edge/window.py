"""What the pages of the last minute say for the verdict, and how far the trouble reaches."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from relight.detect.edge.quiet import Expected
from relight.detect.edge.sums import Bucket, add_up
from relight.detect.situation import EdgeWindow
from relight.detect.triage import Reach

_SPANS_S = (60, 300)
_ENOUGH = 20
_LEAST_OF_A_SITE = 3
_LEAST_FOR_REACH = 5
SOURCE = "loads on customers’ pages"


def window(
    service: str, buckets: Sequence[Bucket], now: datetime, expects: Expected | None
) -> EdgeWindow | None:
    """Give the last minute, or the last five where it has few loads; None where there are none."""
    sites = add_up(buckets, now)
    whole = sites.pop("", None)
    if whole is None:
        return None
    span_s = next((each for each in _SPANS_S if whole[each].loads >= _ENOUGH), _SPANS_S[-1])
    counts = whole[span_s]
    inside = {site: sums[span_s] for site, sums in sites.items() if sums[span_s].loads}
    failing = [
        site
        for site, each in inside.items()
        if each.loads >= _LEAST_OF_A_SITE and each.failed * 2 > each.loads
    ]
    return EdgeWindow(
        service=service,
        since=now - timedelta(seconds=span_s),
        until=now,
        loads=counts.loads,
        failed=counts.failed,
        slow=counts.slow,
        errors=counts.errors,
        api_failed=counts.api_failed,
        sites=len(inside),
        failing_sites=tuple(sorted(failing, key=lambda site: (-inside[site].failed, site))),
        usual_loads=expects.usual * span_s / 3600 if expects else None,
    )


def reach(seen: EdgeWindow | None, paying: Collection[str]) -> Reach | None:
    """Say who is affected: the share of loads that fail, and how many paying customers' sites.

    Loads are not people; the source says so. Too few loads say nothing.
    """
    if seen is None or seen.loads < _LEAST_FOR_REACH:
        return None
    return Reach(
        users_ratio=seen.failed / seen.loads,
        paying_customers=sum(site in paying for site in seen.failing_sites),
        source=SOURCE,
    )
