"""The page in the shape of Statuspage's public API v2, so that its readers need no change.

Source: https://metastatuspage.com/api, the answers of pages it hosts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from relight.catalog.component import ComponentState
from relight.communicate.public import Component, Impact, PublicIncident, PublicUpdate
from relight.communicate.status_page import StatusPage
from relight.incident.status import Status

_MOST_INCIDENTS = 50


class PageJson(msgspec.Struct, frozen=True, kw_only=True):
    """Which page this is."""

    id: str
    name: str
    url: str
    time_zone: str
    updated_at: str


class StatusJson(msgspec.Struct, frozen=True):
    """The whole in one word and in a few."""

    indicator: Impact
    description: str


class ComponentJson(msgspec.Struct, frozen=True, kw_only=True):
    """One component. `created_at` is when its present state began: earlier is not recorded."""

    id: str
    name: str
    status: ComponentState
    created_at: str
    updated_at: str
    position: int
    description: str | None
    showcase: bool = True
    start_date: str | None = None
    group_id: str | None = None
    page_id: str
    group: bool = False
    only_show_if_degraded: bool = False


class UpdateJson(msgspec.Struct, frozen=True, kw_only=True):
    """One word given. Which states it changed is not recorded, so `affected_components` is null."""

    id: str
    status: Status
    body: str
    incident_id: str
    created_at: str
    updated_at: str
    display_at: str
    affected_components: None = None
    deliver_notifications: bool = True
    custom_tweet: str | None = None
    tweet_id: str | None = None


class IncidentJson(msgspec.Struct, frozen=True, kw_only=True):
    """One incident with all its updates, newest first."""

    id: str
    name: str
    status: Status
    created_at: str
    updated_at: str
    monitoring_at: str | None
    resolved_at: str | None
    impact: Impact
    shortlink: str
    started_at: str
    page_id: str
    incident_updates: list[UpdateJson]
    components: list[ComponentJson]


def api(page: StatusPage, *, root: str) -> dict[str, bytes]:
    """Give the six files under `api/v2/` by path; `root` makes links absolute where it is known."""
    about = {"page": _page(page, root)}
    status = {"status": StatusJson(page.indicator, page.description)}
    components = {"components": [_component(page, each) for each in page.components]}
    open_ones = [each for each in page.incidents if each.status is not Status.RESOLVED]
    unresolved = {"incidents": _incidents(page, open_ones, root)}
    latest = {"incidents": _incidents(page, page.incidents[:_MOST_INCIDENTS], root)}
    planned: dict[str, list[str]] = {"scheduled_maintenances": []}
    answers: dict[str, dict[str, object]] = {
        "summary": {**about, **components, **unresolved, **planned, **status},
        "status": {**about, **status},
        "components": {**about, **components},
        "incidents": {**about, **latest},
        "incidents/unresolved": {**about, **unresolved},
        "scheduled-maintenances": {**about, **planned},
    }
    return {
        f"api/v2/{name}.json": msgspec.json.format(msgspec.json.encode(answer), indent=2) + b"\n"
        for name, answer in answers.items()
    }


def _page(page: StatusPage, root: str) -> PageJson:
    return PageJson(
        id=page.id,
        name=page.title,
        url=root.rstrip("/"),
        time_zone="Etc/UTC",
        updated_at=_exact(page.as_of),
    )


def _component(page: StatusPage, component: Component) -> ComponentJson:
    return ComponentJson(
        id=component.id,
        name=component.title,
        status=component.state,
        created_at=_exact(component.since),
        updated_at=_exact(component.since),
        position=component.position,
        description=component.description or None,
        page_id=page.id,
    )


def _incidents(
    page: StatusPage, incidents: Sequence[PublicIncident], root: str
) -> list[IncidentJson]:
    return [
        IncidentJson(
            id=incident.id,
            name=incident.title,
            status=incident.status,
            created_at=_exact(incident.updates[-1].at),
            updated_at=_exact(incident.changed_at),
            monitoring_at=_exact(incident.monitoring_at) if incident.monitoring_at else None,
            resolved_at=_exact(incident.resolved_at) if incident.resolved_at else None,
            impact=incident.impact,
            shortlink=f"{root}incidents/{incident.id}.html",
            started_at=_exact(incident.began_at),
            page_id=page.id,
            incident_updates=[_update(incident, each) for each in incident.updates],
            components=[_component(page, each) for each in incident.components],
        )
        for incident in incidents
    ]


def _update(incident: PublicIncident, update: PublicUpdate) -> UpdateJson:
    return UpdateJson(
        id=update.id,
        status=update.status,
        body=update.text,
        incident_id=incident.id,
        created_at=_exact(update.at),
        updated_at=_exact(update.at),
        display_at=_exact(update.at),
    )


def _exact(at: datetime) -> str:
    """Write a time as Statuspage does: milliseconds, and here always UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
