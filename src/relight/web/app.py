"""Puts the web door together."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from anyio import to_thread
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import LifespanHook

from relight.communicate.render.templates import style
from relight.kernel.faults import RelightError
from relight.web import ack, api, live, pages, signin
from relight.web.access import Authentication, genuine
from relight.web.account import account_of, deny_by_default
from relight.web.errors import ANSWERS
from relight.web.front import Front
from relight.web.headers import KnownHosts, security_headers
from relight.web.house import House
from relight.web.live import Live
from relight.web.memory import FilesInMemory
from relight.web.ourselves import Ourselves
from relight.web.public import public_site

_log = structlog.get_logger("relight.web")
LARGEST_BODY = 1 << 20
_REDRAW_S = 600.0
"""The page leaves out days long past, so it is drawn anew now and then without a change."""


def _no_loops() -> Mapping[str, float]:
    return {}


def create_app(
    house: House,
    *,
    loops: Callable[[], Mapping[str, float]] = _no_loops,
    allowed_hosts: Sequence[str] = (),
    on_startup: Sequence[LifespanHook] = (),
    on_shutdown: Sequence[LifespanHook] = (),
) -> Front:
    """Build the ASGI app. The hooks are the worker's; `loops` tells since when its loops rest."""
    headers = security_headers(https=house.base_url.startswith("https:"))
    site = public_site(headers)
    watching = Live(house)
    ourselves = Ourselves(house, site, headers, loops)

    @asynccontextmanager
    async def running(_app: Litestar) -> AsyncGenerator[None]:
        await _draw(house, site)
        tasks = [
            asyncio.create_task(work, name=f"web {n}")
            for n, work in enumerate(
                (watching.run(), _redraw(house, site, watching), ourselves.measure_lag())
            )
        ]
        try:
            yield
        finally:
            watching.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    app = Litestar(
        [_router()],
        dependencies={
            "house": Provide(lambda: house, sync_to_thread=False),
            "account": Provide(account_of, sync_to_thread=False),
        },
        exception_handlers=ANSWERS,
        guards=[deny_by_default, genuine],
        middleware=[Authentication],
        request_max_body_size=LARGEST_BODY,
        openapi_config=api.OPENAPI,
        logging_config=None,
        state=State({"house": house, "live": watching, "restraint": signin.Restraint(house.clock)}),
        on_startup=list(on_startup),
        on_shutdown=list(on_shutdown),
        lifespan=[running],
    )
    return Front(
        app,
        site=site,
        static=_static(headers),
        ourselves=ourselves,
        live=watching,
        hosts=KnownHosts(house.base_url, allowed_hosts),
        headers=headers,
    )


def _router() -> Router:
    """Bring all handlers in at once.

    Litestar 2.25 wraps a threaded handler twice, and then never awaits it, when another method of
    the same path is registered with the app after it.
    """
    rooms = (ack.HANDLERS, signin.HANDLERS, live.HANDLERS, api.HANDLERS, pages.HANDLERS)
    return Router("/", route_handlers=[each for room in rooms for each in room])


async def _draw(house: House, site: FilesInMemory) -> None:
    """Draw the public page in a thread; the one before stays when that fails."""
    try:
        await to_thread.run_sync(lambda: site.replace(house.render_site()))
    except RelightError as error:
        _log.warning("public_page.not_drawn", reason=house.masker.mask(str(error)))


async def _redraw(house: House, site: FilesInMemory, watching: Live) -> None:
    """Draw the public page anew whenever something that people see has moved."""
    version = watching.seen.version
    while True:
        version = await watching.seen.after(version, timeout_s=_REDRAW_S)
        await _draw(house, site)


def _static(headers: list[tuple[bytes, bytes]]) -> FilesInMemory:
    """Read the pages' own files, beside the tokens and the lamp that the public page has too."""
    folder = Path(__file__).parent / "static"
    found = {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }
    shared = {name: style(name) for name in ("tokens.css", "lamp.svg")}
    static = FilesInMemory(headers, missing=b"There is no such file.\n", prefix="/static/")
    static.replace({**shared, **found})
    return static
