"""What customers' pages report: a panel on a service's page, and `/customers` with what to copy."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from litestar import Response, get

from relight.catalog.service import Service
from relight.detect.edge.sums import total
from relight.detect.edge.tally import OWN, Counts
from relight.store.edge import Reason
from relight.web.account import viewer
from relight.web.house import TheHouse
from relight.web.pages import forms
from relight.web.pages.forms import Asker
from relight.wiring.house import House

_WIDTH = 600
_HEIGHT = 80
_BUCKETS = 60
_SITES = 10


class Point(msgspec.Struct, frozen=True):
    """What was reported in one piece of the span."""

    start: datetime
    counts: Counts


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """What a template draws: figures, the share of failed loads as a line, sites, reasons.

    `top` is the share at the upper edge of the chart. `usual_loads` are those usual in an hour.
    """

    whole: Counts
    sites: Sequence[Counts]
    names: Mapping[str, str]
    more: int
    reasons: Sequence[Reason]
    points: Sequence[Point]
    path: str
    top: float
    width: int
    height: int
    start: datetime
    end: datetime
    usual_loads: float | None

    @property
    def sentence(self) -> str:
        """Say how it is."""
        if not self.whole.loads:
            return "No page has reported a load."
        share = self.whole.failed / self.whole.loads * 100
        of = f"{self.whole.failed} of {self.whole.loads} loads"
        return (
            f"{share:.3g} % of loads failed ({of})."
            if self.whole.failed
            else f"All {of[5:]} went well."
        )


def panel(house: House, service: Service, hours: int, now: datetime) -> Panel | None:
    """Gather the last hours of a service; None where no page reports on it."""
    if service.edge is None:
        return None
    start, records = now - timedelta(hours=hours), house.edge.records
    sites = records.by_site(service.name, start)
    points = _points(records.minutes(service.name, start), start, now)
    shares = [
        (n, each.counts.failed / each.counts.loads) for n, each in points if each.counts.loads
    ]
    top = max([0.1, *(share for _, share in shares)])
    step = _WIDTH / _BUCKETS
    corners = [f"{(n + 0.5) * step:g},{_HEIGHT - share / top * _HEIGHT:.1f}" for n, share in shares]
    expects = house.edge.expects(service.name, now).get("")
    return Panel(
        whole=total(sites),
        sites=sites[:_SITES],
        names={each.key: each.name for each in house.kit.catalog.customers}
        | {OWN: "its own pages"},
        more=max(0, len(sites) - _SITES),
        reasons=records.reasons(service.name, start),
        points=[each for _, each in points if each.counts.loads],
        path="M" + "L".join(corners * 2 if len(corners) == 1 else corners) if corners else "",
        top=top,
        width=_WIDTH,
        height=_HEIGHT,
        start=start,
        end=now,
        usual_loads=expects.usual if expects else None,
    )


def _points(
    minutes: Mapping[datetime, Counts], start: datetime, end: datetime
) -> list[tuple[int, Point]]:
    """Sum minutes into pieces of equal length, numbered from the first."""
    step = (end - start) / _BUCKETS
    inside: dict[int, list[Counts]] = {}
    for at, counts in minutes.items():
        n = min(max(0, int((at - start) / step)), _BUCKETS - 1)
        inside.setdefault(n, []).append(counts)
    return [(n, Point(start + n * step, total(each))) for n, each in sorted(inside.items())]


@get("/customers", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def customers(house: TheHouse, request: Asker) -> Response[bytes]:
    """List the customers with what goes on their pages."""
    catalog, now = house.kit.catalog, house.clock.now()
    services = [each for each in catalog.services if each.edge is not None]
    snippets = {
        (service.name, customer.key if customer else OWN): house.edge.snippet(
            service.name, customer
        )
        for service in services
        for customer in (*catalog.customers, None)
    }
    seen = {
        (service.name, each.site): each
        for service in services
        for each in house.edge.records.by_site(service.name, now - timedelta(hours=1))
    }
    return forms.show(
        request,
        "customers.html",
        customers=catalog.customers,
        services=services,
        snippets=snippets,
        seen=seen,
        own=OWN,
    )


HANDLERS = (customers,)
