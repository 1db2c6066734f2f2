"""The JSON API under `/api/v1`, one module a resource, described at `/api/openapi.json`."""

from litestar import Router
from litestar.di import Provide

from relight.web.api import (
    alerts,
    changes,
    commands,
    config,
    edge,
    heartbeats,
    incidents,
    oncall,
    services,
    silences,
    tokens,
    updates,
    vendors,
)
from relight.web.api.calling import caller
from relight.web.api.document import OPENAPI

__all__ = ["HANDLERS", "OPENAPI"]

HANDLERS = (
    Router(
        "/api/v1",
        route_handlers=[
            *incidents.HANDLERS,
            *commands.HANDLERS,
            *updates.HANDLERS,
            *alerts.HANDLERS,
            *changes.HANDLERS,
            *services.HANDLERS,
            *edge.HANDLERS,
            *heartbeats.HANDLERS,
            *silences.HANDLERS,
            *oncall.HANDLERS,
            *config.HANDLERS,
            *tokens.HANDLERS,
            *vendors.HANDLERS,
        ],
        dependencies={"caller": Provide(caller, sync_to_thread=False)},
        security=[{"token": []}, {"session": []}],
    ),
)
