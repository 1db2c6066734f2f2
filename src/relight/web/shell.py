"""Draws a page of the house: one Jinja environment, one set of values that every page gets."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response

from relight.web.account import WebRequest, account_or_none


@cache
def environment() -> Environment:
    """Give the environment of the signed-in pages; add filters to it where they are defined."""
    return Environment(
        loader=PackageLoader("relight.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def page(
    request: WebRequest, template: str, *, status: int = 200, **values: object
) -> Response[bytes]:
    """Draw a template.

    Beside `values` it knows `account` (or None), `csrf`, `house`, `now`, `path` and `live_mark`
    (what `/live/home?mark=` wants).

    A form that posts must carry `<input type="hidden" name="_csrf" value="{{ csrf }}">`.
    """
    account = account_or_none(request)
    house = request.app.state.house
    text = (
        environment()
        .get_template(template)
        .render(
            account=account,
            csrf=account.csrf if account else "",
            house=house,
            now=house.clock.now(),
            path=request.scope["path"],
            live_mark=request.app.state.live.mark,
            **values,
        )
    )
    return Response(
        text.encode(),
        status_code=status,
        media_type="text/html; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )
