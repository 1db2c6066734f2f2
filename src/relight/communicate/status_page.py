"""The public page as plain values, built from the kit, the components' states and the incidents."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import msgspec

from relight.catalog.catalog import Catalog
from relight.catalog.component import ComponentState
from relight.communicate import sentence as words
from relight.communicate.public import (
    IMPACT_OF_SEVERITY,
    Component,
    Impact,
    PublicIncident,
    PublicUpdate,
)
from relight.communicate.wording import listed, printable
from relight.incident.state import Incident
from relight.incident.status import Status
from relight.kernel.ids import public_id

RECENT_DAYS = 15
NEUTRAL_TITLE = "Trouble with one of our systems"


class ComponentStanding(msgspec.Struct, frozen=True):
    """How one service stands and since when, as its checks or a person say."""

    service: str
    state: ComponentState
    since: datetime


class Span(msgspec.Struct, frozen=True):
    """The ended incidents that began on one day or in one month; `first` is its first day, UTC."""

    first: date
    incidents: tuple[PublicIncident, ...]


class StatusPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the public page says.

    `as_of` is when any of it last changed, not when it was drawn, so that the same facts give the
    same bytes. `current` has the worst first. Of the ended incidents, newest first, `recent` has
    the days of the last 15 on which something began and `history` every month. `report_url` is
    where customers can say that something does not work; empty for nowhere.
    """

    id: str
    instance: str
    title: str
    url: str
    report_url: str = ""
    components: tuple[Component, ...]
    current: tuple[PublicIncident, ...]
    recent: tuple[Span, ...]
    history: tuple[Span, ...]
    indicator: Impact
    description: str
    answer: words.Answer
    as_of: datetime

    @property
    def incidents(self) -> tuple[PublicIncident, ...]:
        """Every incident the public was told of, newest first."""
        past = (each for span in self.history for each in span.incidents)
        return tuple(sorted((*self.current, *past), key=_newest_first))


def build(
    catalog: Catalog,
    instance_id: str,
    components: Sequence[ComponentStanding],
    incidents: Sequence[Incident],
    now: datetime,
) -> StatusPage:
    """Draw the page from what is known.

    A service that is not public, and an incident of which the public was never told, that is a
    drill, was declined or was merged, leave no trace. A service without a standing has not been
    looked at yet and is left out.
    """
    shown = _components(catalog, instance_id, components)
    told = [_incident(instance_id, each, shown, now) for each in incidents if _is_told(each)]
    told.sort(key=_newest_first)
    current = [each for each in told if each.status is not Status.RESOLVED]
    current.sort(key=lambda each: -each.impact.rank)
    past = [each for each in told if each.status is Status.RESOLVED]
    changes = [*(each.since for each in shown), *(each.changed_at for each in told)]
    as_of = max(changes, default=now)
    indicated = words.indicator(shown, current)
    earliest = (now.astimezone(UTC) - timedelta(days=RECENT_DAYS - 1)).date()
    return StatusPage(
        id=public_id(instance_id, "page", instance_id),
        instance=instance_id,
        title=printable(catalog.status_page.title or catalog.name),
        url=catalog.status_page.url,
        components=shown,
        current=tuple(current),
        recent=tuple(span for span in _by_day(past) if span.first >= earliest),
        history=tuple(_by_month(past)),
        indicator=indicated,
        description=words.description(shown, indicated),
        answer=words.answer(shown, current, as_of),
        as_of=as_of,
    )


def _components(
    catalog: Catalog, instance: str, standings: Iterable[ComponentStanding]
) -> tuple[Component, ...]:
    known = {each.service: each for each in standings}
    public = [each for each in catalog.services if each.public and each.name in known]
    return tuple(
        Component(
            id=public_id(instance, "component", service.name),
            name=service.name,
            title=printable(service.title),
            description=printable(service.description),
            state=known[service.name].state,
            since=known[service.name].since,
            position=position,
        )
        for position, service in enumerate(public, start=1)
    )


def _is_told(incident: Incident) -> bool:
    hidden = incident.drill or incident.status in {Status.DECLINED, Status.MERGED}
    return incident.is_public and not hidden


def _incident(
    instance: str, incident: Incident, components: Sequence[Component], now: datetime
) -> PublicIncident:
    next_at = incident.next_public_at
    affected = tuple(each for each in components if each.name in incident.services)
    return PublicIncident(
        id=public_id(instance, "incident", incident.id),
        title=_title(incident, affected),
        neutral=incident.by_rule,
        status=_status(incident.status),
        impact=IMPACT_OF_SEVERITY[incident.severity],
        began_at=incident.began_at,
        monitoring_at=incident.recovered_at,
        resolved_at=incident.resolved_at,
        next_update_at=next_at,
        update_is_late=next_at is not None and next_at <= now,
        updates=tuple(
            PublicUpdate(
                id=public_id(instance, "update", f"{incident.id}/{update.seq}"),
                at=update.at,
                status=_status(update.status),
                text=printable(update.text),
                corrected=update.corrected,
            )
            for update in reversed(incident.public_updates)
        ),
        components=affected,
    )


def _title(incident: Incident, affected: Sequence[Component]) -> str:
    """Name it for the public: a rule's title may tell of what is inside, a person's does not."""
    if not incident.by_rule:
        return printable(incident.title)
    if not affected:
        return NEUTRAL_TITLE
    return f"Trouble with {listed([each.title for each in affected])}"


def _status(status: Status) -> Status:
    """Give the public's four words for our eight."""
    if status is Status.TRIAGE:
        return Status.INVESTIGATING
    return status if status.live else Status.RESOLVED


def _newest_first(incident: PublicIncident) -> tuple[float, str]:
    return (-incident.began_at.timestamp(), incident.id)


def _by_day(past: Iterable[PublicIncident]) -> Iterable[Span]:
    days = groupby(past, key=lambda each: each.began_on)
    return (Span(day, tuple(each)) for day, each in days)


def _by_month(past: Iterable[PublicIncident]) -> Iterable[Span]:
    months = groupby(past, key=lambda each: each.began_on.replace(day=1))
    return (Span(first, tuple(each)) for first, each in months)
