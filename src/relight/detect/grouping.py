"""Which incident an alert belongs to, when its own service has none: by dependency, vendor, time.

Grouping is a guess that saves a person from being called twice for one thing, so the reason always
stands on the timeline, and a person can move a service out again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from relight.catalog.service import Service
from relight.incident.status import Status
from relight.kernel.period import write_duration

TOGETHER = timedelta(seconds=60)
"""What begins to fail within this of each other is taken for one thing."""

_NAMELESS = timedelta(minutes=10)
"""Alerts of one source that name no service gather for as long in one incident."""


class OpenIncident(msgspec.Struct, frozen=True, kw_only=True):
    """What triage needs to know of an incident, live or lately resolved; `alerts` are alert ids.

    `needs` has the names of what its services depend on, `vendors` those vendors among them that
    have trouble now; `apart` the services that a person has moved out. `joined_at` is when its
    last alert came.
    """

    id: str
    services: tuple[str, ...]
    status: Status
    opened_at: datetime
    began_at: datetime | None = None
    joined_at: datetime | None = None
    resolved_at: datetime | None = None
    stability_s: int
    by_rule: bool = True
    alerts: tuple[str, ...] = ()
    sources: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    vendors: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()


class Belongs(msgspec.Struct, frozen=True):
    """An incident that takes an alert, and why."""

    incident_id: str
    reason: str


def belongs(
    service: Service,
    began_at: datetime,
    incidents: Sequence[OpenIncident],
    vendors: frozenset[str] = frozenset(),
) -> Belongs | None:
    """Find the live incident that a service without one belongs to.

    `vendors` are those that the service depends on and that have trouble now. The nearest tie
    counts: what it depends on, what depends on it, a vendor that both need, and then the time.
    """
    live = sorted(
        (each for each in incidents if each.status.live and service.name not in each.apart),
        key=lambda each: (each.opened_at, each.id),
    )
    for tie in (_upstream, _downstream):
        for incident in live:
            reason = tie(service, incident)
            if reason:
                return Belongs(incident.id, reason)
    for incident in live:
        shared = sorted(vendors & incident.vendors)
        if shared:
            verb = "says it has" if len(shared) == 1 else "say they have"
            named = " and ".join(shared)
            reason = f"{service.title} depends on {named} as well, which {verb} trouble."
            return Belongs(incident.id, reason)
    for incident in live:
        apart = abs(began_at - (incident.began_at or incident.opened_at))
        if incident.by_rule and incident.services and apart <= TOGETHER:
            within = write_duration(max(apart.total_seconds(), 1))
            reason = (
                f"{service.title} began to fail within {within} of it. Taken for one thing until"
                " somebody moves it out."
            )
            return Belongs(incident.id, reason)
    return None


def gathers(source: str, now: datetime, incidents: Sequence[OpenIncident]) -> Belongs | None:
    """Find the live incident in which a source's alerts that name no service gather."""
    for incident in incidents:
        last = incident.joined_at or incident.opened_at
        if (
            incident.status.live
            and incident.by_rule
            and not incident.services
            and source in incident.sources
            and now - last <= _NAMELESS
        ):
            reason = f"{source} said so within {write_duration(_NAMELESS.total_seconds())} of it."
            return Belongs(incident.id, reason)
    return None


def _upstream(service: Service, incident: OpenIncident) -> str:
    names = [name for name in service.depends_on if name in incident.services]
    if not names:
        return ""
    return f"{service.title} depends on {' and '.join(names)}, which has a live incident."


def _downstream(service: Service, incident: OpenIncident) -> str:
    if service.name not in incident.needs:
        return ""
    return f"{' and '.join(incident.services)} depends on {service.title}, which now fails."
