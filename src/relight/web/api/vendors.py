"""What vendors say of themselves."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.params import FromPath

from relight.desk.vendors import View
from relight.detect.situation import Notice
from relight.web.account import viewer
from relight.web.api.calling import refusals
from relight.web.house import TheHouse


class VendorShape(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's own word. With a `fault` it is unknown, whatever `notices` say.

    `read_at` is the last good reading, `failing_since` when the first bad one after it was.
    """

    name: str
    title: str
    format: str
    services: tuple[str, ...]
    read_at: datetime | None
    failing_since: datetime | None
    fault: str
    notices: tuple[Notice, ...]


def _shape(view: View) -> VendorShape:
    return VendorShape(
        name=view.vendor.name,
        title=view.vendor.title,
        format=view.vendor.feed.kind,
        services=view.services,
        read_at=view.standing.read_at,
        failing_since=view.failing_since,
        fault=view.standing.fault,
        notices=view.standing.notices,
    )


@get(
    "/vendors",
    guards=[viewer],
    sync_to_thread=True,
    summary="List vendors with what they say",
    responses=refusals(),
)
def list_vendors(house: TheHouse) -> list[VendorShape]:
    """Give every vendor of the kit, in the order written."""
    return [_shape(view) for view in house.vendors.views()]


@get(
    "/vendors/{name:str}",
    guards=[viewer],
    sync_to_thread=True,
    summary="Show what a vendor says",
    responses=refusals(404),
)
def show_vendor(house: TheHouse, name: FromPath[str]) -> VendorShape:
    """Give one vendor of the kit."""
    return _shape(house.vendors.view(name))


HANDLERS = (list_vendors, show_vendor)
