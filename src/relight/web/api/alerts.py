"""Alerts: checks that were judged down."""

from litestar import get

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
def list_alerts(house: TheHouse, limit: Limit, *, open: bool = False) -> list[Alert]:  # noqa: A002
    """Give alerts, newest first; `open` leaves out those that have cleared."""
    return house.desk.checks.alerts(limit=limit, only_open=open)


HANDLERS = (list_alerts,)
