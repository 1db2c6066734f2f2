"""The pages for people who are signed in: one module a page, each handler a thin layer."""

from litestar.types import ControllerRouterHandler

from relight.web.pages import (
    ack,
    act,
    amend,
    correct,
    dashboard,
    edge,
    heartbeats,
    home,
    incidents,
    intake,
    oncall,
    room,
    services,
    settings,
    vendors,
    wording,
)
from relight.web.shell import environment

wording.dress(environment())

HANDLERS: tuple[ControllerRouterHandler, ...] = (
    *home.HANDLERS,
    *incidents.HANDLERS,
    *room.HANDLERS,
    *act.HANDLERS,
    *amend.HANDLERS,
    *correct.HANDLERS,
    *oncall.HANDLERS,
    *services.HANDLERS,
    *intake.HANDLERS,
    *edge.HANDLERS,
    *dashboard.HANDLERS,
    *heartbeats.HANDLERS,
    *settings.HANDLERS,
    *vendors.HANDLERS,
    *ack.HANDLERS,
)
