"""Puts the web door together."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from anyio import to_thread
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import LifespanHook

from relight.communicate.render.templates import style
from relight.web import ack, api, live, pages, signin
from relight.web.access import Authentication, genuine
from relight.web.account import deny_by_default
from relight.web.edge import EdgeDoor
from relight.web.errors import ANSWERS
from relight.web.front import Front
from relight.web.headers import KnownHosts, security_headers
from relight.web.house import House
from relight.web.intake import IntakeDoor
from relight.web.live import Live
from relight.web.memory import FilesInMemory
from relight.web.metrics_in import MetricsIn
from relight.web.ourselves import Ourselves
from relight.web.ping import PingDoor
from relight.web.public import public_site
from relight.web.report import ReportDoor
from relight.web.vantage_in import VantageIn

log = structlog.get_logger("relight.web")
LARGEST_BODY = 1 << 20
_REDRAW_S = 600.0
"""The page leaves out days long past, so it is drawn anew now and then without a change."""
_AGAIN_S = 2.0


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
    edge = EdgeDoor(house)
    ping = PingDoor(house.heartbeats, house.clock)
    intake = IntakeDoor(house)
    metrics_in = MetricsIn(house.metrics, house.clock, headers)

    @asynccontextmanager
    async def running(_app: Litestar) -> AsyncGenerator[None]:
        drawn = await _draw(house, site)
        loops_here = {
            "live": watching.run,
            "public page": lambda: _redraw(house, site, watching, drawn=drawn),
            "lag": ourselves.measure_lag,
        }
        tasks = [asyncio.create_task(_keep(*each), name=each[0]) for each in loops_here.items()]
        try:
            yield
        finally:
            watching.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await edge.close()
            await ping.close()
            await intake.commit.close()
            await metrics_in.close()

    app = Litestar(
        [_router()],
        dependencies={"house": Provide(lambda: house, sync_to_thread=False)},
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
        edge=edge,
        static=_static(headers),
        ourselves=ourselves,
        live=watching,
        hosts=KnownHosts(house.base_url, allowed_hosts),
        headers=headers,
        doors={
            "/ping": ping,
            "/in": intake,
            "/v2": intake,
            "/report": ReportDoor(house, intake, headers),
            "/v1": metrics_in,
            "/vantage": VantageIn(house.vantage, headers),
        },
    )


def _router() -> Router:
    """Bring all handlers in at once.

    Litestar 2.25 wraps a threaded handler twice, and then never awaits it, when another method of
    the same path is registered with the app after it.
    """
    rooms = (ack.HANDLERS, signin.HANDLERS, live.HANDLERS, api.HANDLERS, pages.HANDLERS)
    return Router("/", route_handlers=[each for room in rooms for each in room])


async def _keep(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """Keep one loop going: what it did not expect is logged, and it begins again."""
    while True:
        try:
            await loop()
        except Exception:  # the loops' own door
            log.exception("web.loop_failed", loop=name)
            await asyncio.sleep(1)


async def _draw(house: House, site: FilesInMemory) -> bool:
    """Draw the public page in a thread; the one before stays, and False comes, when that fails."""
    try:
        await to_thread.run_sync(lambda: site.replace(house.render_site()))
    except Exception as error:  # a public page that is a little old is better than none
        reason = house.masker.mask(f"{type(error).__name__}: {error}")
        log.exception("public_page.not_drawn", reason=reason)
        return False
    return True


async def _redraw(house: House, site: FilesInMemory, watching: Live, *, drawn: bool) -> None:
    """Draw the public page anew whenever something that people see has moved."""
    version = watching.seen.version
    while True:
        wait_s = _REDRAW_S if drawn else _AGAIN_S
        version = await watching.seen.after(version, timeout_s=wait_s)
        drawn = await _draw(house, site)


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
