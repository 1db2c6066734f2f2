"""Alerts: checks that were judged down."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from relight.detect.alert import Alert
from relight.web.account import viewer
from relight.web.api.calling import Limit, refusals
from relight.web.house import TheHouse


@get(
    "/alerts",
    guards=[viewer],
    sync_to_thread=True,
    summary="List alerts, newest first",
    responses=refusals(400),
)
def list_alerts(
    house: TheHouse,
    limit: Limit = 100,
    *,
    only_open: Annotated[bool, QueryParameter(name="open")] = False,
) -> list[Alert]:
    """Give alerts, newest first; `open` leaves out those that have cleared."""
    return house.desk.alerts_shown(house.desk.alerts.alerts(limit=limit, only_open=only_open))


HANDLERS = (list_alerts,)
