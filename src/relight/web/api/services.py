"""Services, and how each of their checks stands."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.params import FromPath

from relight.catalog.component import ComponentState
from relight.desk.desk import ServiceNotFound, Standing
from relight.detect.judge import CheckStatus
from relight.kernel.faults import did_you_mean
from relight.web.account import viewer
from relight.web.api.calling import refusals
from relight.web.house import TheHouse


class CheckShape(msgspec.Struct, frozen=True, kw_only=True):
    """One check; `last_*` and `took_s` are of its last result."""

    name: str
    kind: str
    status: CheckStatus
    since: datetime | None
    every_s: int
    last_at: datetime | None
    last_ok: bool | None
    last_reason: str
    took_s: float | None


class ServiceShape(msgspec.Struct, frozen=True, kw_only=True):
    """One service with the state of its component, and why."""

    name: str
    title: str
    description: str
    core: bool
    public: bool
    depends_on: tuple[str, ...]
    state: ComponentState
    reason: str
    since: datetime | None
    checks: tuple[CheckShape, ...]


@get(
    "/services", guards=[viewer], sync_to_thread=True, summary="List services", responses=refusals()
)
def list_services(house: TheHouse) -> list[ServiceShape]:
    """Give every service in the order written."""
    return [_shape(each) for each in house.desk.standings()]


@get(
    "/services/{name:str}",
    guards=[viewer],
    sync_to_thread=True,
    summary="Show one service",
    responses=refusals(404),
)
def show_service(house: TheHouse, name: FromPath[str]) -> ServiceShape:
    """Give one service."""
    standings = {each.service.name: each for each in house.desk.standings()}
    if name not in standings:
        msg = f"There is no service `{name}`."
        raise ServiceNotFound(msg, hint=did_you_mean(name, standings))
    return _shape(standings[name])


def _shape(standing: Standing) -> ServiceShape:
    service = standing.service
    return ServiceShape(
        name=service.name,
        title=service.title,
        description=service.description,
        core=service.core,
        public=service.public,
        depends_on=service.depends_on,
        state=standing.state,
        reason=standing.reason,
        since=standing.since,
        checks=tuple(
            CheckShape(
                name=check.name,
                kind=check.probe.kind,
                status=state.status if state else CheckStatus.UNKNOWN,
                since=state.since if state else None,
                every_s=check.every_s,
                last_at=state.last_at if state else None,
                last_ok=state.last_ok if state else None,
                last_reason=state.last_reason if state else "",
                took_s=state.took_s if state else None,
            )
            for check in service.checks
            for state in (standing.checks.get(check.key),)
        ),
    )


HANDLERS = (list_services, show_service)
