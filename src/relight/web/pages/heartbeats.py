"""`/heartbeats`: the jobs that report in, when each is expected next, and how long it takes."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from relight.catalog.person import Role
from relight.desk.heartbeats import View
from relight.detect.heartbeat import Status
from relight.web.account import account_of, responder, viewer
from relight.web.house import House, TheHouse
from relight.web.pages import forms
from relight.web.pages.forms import Asker, Fields, Form, Problem

_SPARK_RUNS = 20
_SPARK_WIDTH, _SPARK_HEIGHT = 120, 24
_WIDTH, _HEIGHT = 600, 120
_LEAST_BAR = 1.0
_SHAPES = {
    Status.NEW: "unknown",
    Status.UP: "operational",
    Status.STARTED: "operational",
    Status.LATE: "degraded",
    Status.DOWN: "major",
    Status.PAUSED: "maintenance",
}


class Bars(msgspec.Struct, frozen=True, kw_only=True):
    """How long runs took, one bar each as (x, y, width, height); y grows downwards."""

    width: int
    height: int
    bars: tuple[tuple[float, float, float, float], ...]
    longest_s: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One heartbeat as the pages draw it."""

    view: View
    shape: str
    bars: Bars | None


def bars(durations: Sequence[float], width: int, height: int, *, slots: int) -> Bars | None:
    """Draw the newest runs, oldest to the left, the longest as high as the chart; None of none."""
    chosen = durations[-slots:]
    if not chosen:
        return None
    step, longest_s = width / slots, max(chosen)
    heights = [max(_LEAST_BAR, height * each / (longest_s or 1.0)) for each in chosen]
    return Bars(
        width=width,
        height=height,
        longest_s=longest_s,
        bars=tuple(
            (round(n * step, 1), round(height - high, 1), round(step * 0.8, 1), round(high, 1))
            for n, high in enumerate(heights)
        ),
    )


@get("/heartbeats", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def index(house: TheHouse, request: Asker) -> Response[bytes]:
    """List the heartbeats, those in trouble first."""
    durations = house.heartbeats.durations()
    rows = [
        Row(
            view=view,
            shape=_SHAPES[view.status],
            bars=bars(
                durations.get(view.heartbeat.name, ()),
                _SPARK_WIDTH,
                _SPARK_HEIGHT,
                slots=_SPARK_RUNS,
            ),
        )
        for view in house.heartbeats.views()
    ]
    troubled = [row for row in rows if row.view.status in {Status.DOWN, Status.LATE}]
    troubled.sort(key=lambda row: row.view.status is not Status.DOWN)
    calm = [row for row in rows if row not in troubled]
    return forms.show(
        request,
        "heartbeats.html",
        rows=[*troubled, *calm],
        down=[row for row in troubled if row.view.status is Status.DOWN],
        late=[row for row in troubled if row.view.status is Status.LATE],
    )


@get("/heartbeats/{name:str}", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def heartbeat(name: FromPath[str], house: TheHouse, request: Asker) -> Response[bytes]:
    """Show one heartbeat. Raises `HeartbeatNotFound`."""
    return _draw(request, house, name)


@post(
    "/heartbeats/{name:str}/pause", guards=[responder], sync_to_thread=True, include_in_schema=False
)
def pause(name: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Expect nothing of it for now."""
    do = partial(house.heartbeats.pause, name)
    return _done(request, house, name, data, do=do, said="paused")


@post(
    "/heartbeats/{name:str}/resume",
    guards=[responder],
    sync_to_thread=True,
    include_in_schema=False,
)
def resume(name: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Expect it again."""
    do = partial(house.heartbeats.resume, name)
    return _done(request, house, name, data, do=do, said="resumed")


@post(
    "/heartbeats/{name:str}/remove",
    guards=[responder],
    sync_to_thread=True,
    include_in_schema=False,
)
def remove(name: FromPath[str], house: TheHouse, request: Asker, data: Fields) -> Response[Any]:
    """Forget one that a ping made."""
    do = partial(house.heartbeats.remove, name)
    return _done(request, house, name, data, do=do, said="forgotten")


def _done(
    request: Asker,
    house: House,
    name: str,
    data: Fields,
    *,
    do: Callable[[], View | None],
    said: str,
) -> Response[Any]:
    def run() -> str:
        return f"/heartbeats/{quote(name)}" if do() else "/heartbeats"

    def again(problem: Problem) -> Response[bytes]:
        return _draw(request, house, name, problem=problem)

    return forms.attempt(run, said=said, again=again, form=said, fields=Form(data))


def _draw(
    request: Asker, house: House, name: str, *, problem: Problem | None = None
) -> Response[bytes]:
    view, pings = house.heartbeats.view(name), house.heartbeats.pings(name)
    took = [each.took_s for each in reversed(pings) if each.took_s is not None]
    trusted = account_of(request).role.includes(Role.RESPONDER)
    return forms.show(
        request,
        "heartbeat.html",
        status=409 if problem else 200,
        view=view,
        shape=_SHAPES[view.status],
        pings=pings,
        chart=bars(took, _WIDTH, _HEIGHT, slots=max(len(took), _SPARK_RUNS)),
        runs=len(took),
        trusted=trusted,
        url=house.heartbeats.url(name) if trusted else "",
        slug_url=house.heartbeats.slug_url(view.heartbeat) if trusted else "",
        problem=problem,
    )


HANDLERS = (index, heartbeat, pause, resume, remove)
