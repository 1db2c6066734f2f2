"""The pages for people who are signed in."""

from litestar.types import ControllerRouterHandler

HANDLERS: tuple[ControllerRouterHandler, ...] = ()
