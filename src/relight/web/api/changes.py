"""Changes: what people and programs changed, which the verdict weighs and the pages show."""

import uuid
from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import JSONBody, QueryParameter

from relight.desk.desk import ServiceNotFound
from relight.detect.situation import Change, ChangeKind
from relight.kernel.url import check_web_url
from relight.web.account import responder, viewer
from relight.web.api.calling import Body, Limit, Moment, TheCaller, happened, refusals
from relight.web.errors import Invalid
from relight.web.house import TheHouse

API = "api"


class NewChange(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change. Without `at` it takes effect now; an `id` makes a repeat count once."""

    summary: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    kind: ChangeKind = ChangeKind.DEPLOY
    service: Annotated[str, msgspec.Meta(max_length=200)] = ""
    at: Moment | None = None
    link: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    id: Annotated[str, msgspec.Meta(max_length=200)] = ""


@get(
    "/changes",
    guards=[viewer],
    sync_to_thread=True,
    summary="List changes, newest first",
    responses=refusals(400),
)
def list_changes(
    house: TheHouse,
    limit: Limit = 100,
    hours: Annotated[
        int, QueryParameter(ge=1, le=2160, description="So many hours back, from now.")
    ] = 24,
    service: Annotated[
        str, QueryParameter(description="Of this service, and those that name none.")
    ] = "",
) -> list[Change]:
    """Give what changed in the last hours, newest first."""
    now = house.clock.now()
    since = now - timedelta(hours=hours)
    return house.what_changed.between(since, now, service=service or None, limit=limit)


@post(
    "/changes",
    guards=[responder],
    sync_to_thread=True,
    summary="Record a change",
    responses=refusals(400, 404),
)
def record_change(house: TheHouse, caller: TheCaller, data: JSONBody[NewChange]) -> Change:
    """Write down what changed; a repeat with the same `id` or Idempotency-Key changes nothing."""
    if data.service and house.desk.catalog.service(data.service) is None:
        msg = f"There is no service `{data.service}`."
        raise ServiceNotFound(msg)
    try:
        link = check_web_url(data.link) if data.link else ""
    except ValueError as error:
        raise Invalid(str(error), field="link") from None
    now = house.clock.now()
    change = Change(
        id=data.id or caller.command_id or str(uuid.uuid4()),
        source=API,
        kind=data.kind,
        service=data.service,
        at=happened(data.at, now, field="at") or now,
        summary=house.masker.mask(data.summary),
        by=caller.actor(house, data).name,
        link=link,
    )
    house.what_changed.record(change)
    return change


HANDLERS = (list_changes, record_change)
