"""`/dashboard`: article 002's handful of figures, each as the answer to a question."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from relight.catalog.service import Service
from relight.detect.bounds import shown
from relight.detect.metrics.dashboard import Question, curve, questions
from relight.detect.metrics.expression import Expression
from relight.detect.metrics.reading import History
from relight.detect.standing import users_way
from relight.web.account import viewer
from relight.web.house import House, TheHouse
from relight.web.pages import forms
from relight.web.pages.forms import Asker

_WIDTH = 300
_HEIGHT = 72
_STEPS = 60
_ROWS = 12
_HEADROOM = 1.15
_UPTIME_DAYS = 30


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """What the template draws of one question. `paths` are the unbroken pieces of the line."""

    question: Question
    metric: str
    value: str
    above: bool
    paths: tuple[str, ...]
    threshold: str
    threshold_y: float | None
    top: str
    rows: tuple[tuple[datetime, str], ...]
    width: int = _WIDTH
    height: int = _HEIGHT


class Up(msgspec.Struct, frozen=True, kw_only=True):
    """How much of its looks a service answered as users go; None before the first."""

    service: Service
    share: float | None
    looks: int


class HostView(msgspec.Struct, frozen=True, kw_only=True):
    """One machine: when it last told anything."""

    name: str
    heard_at: datetime | None
    silent: bool


@get("/dashboard", guards=[viewer], sync_to_thread=True, include_in_schema=False)
def dashboard(
    house: TheHouse, request: Asker, hours: FromQuery[Literal[1, 6, 24]] = 1
) -> Response[bytes]:
    """Answer every question that has a metric, and say what to do for the others."""
    now = house.clock.now()
    since = now - timedelta(hours=hours)
    asked = questions(house.kit.catalog.dashboard)
    tiles = [_tile(house, each, since, now) for each in asked]
    return forms.show(
        request,
        "dashboard.html",
        tiles=[each for each in tiles if each],
        missing=[each for each, tile in zip(asked, tiles, strict=True) if tile is None],
        uptimes=_uptimes(house, now),
        hosts=_hosts(house, now),
        since=since,
        hours=hours,
        days=_UPTIME_DAYS,
    )


def _tile(house: House, question: Question, since: datetime, now: datetime) -> Tile | None:
    for expression in question.tries:
        reach = timedelta(seconds=expression.reach_s)
        histories = house.metrics.records.histories(expression.name, since - reach, now)
        chosen = [each for each in histories if _meant(expression, each)]
        if chosen:
            return _drawn(house, question, expression, chosen, (since, now))
    return None


def _meant(expression: Expression, history: History) -> bool:
    labels = dict(history.labels)
    return all(matcher.holds(labels) for matcher in expression.selector.matchers)


def _drawn(
    house: House,
    question: Question,
    expression: Expression,
    histories: Sequence[History],
    span: tuple[datetime, datetime],
) -> Tile:
    since, now = span
    values = curve(expression, histories, since, now, _STEPS)
    threshold = _threshold(house, question, expression)
    known = [each for each in values if each is not None]
    most = max(known, default=0.0)
    near = threshold is not None and (not most or threshold <= most * 4)
    top = max(most, threshold if near and threshold else 0.0, 1e-9) * _HEADROOM
    if question.unit == "share":
        top = min(top, 1.0)
    newest = values[-1]
    step = (now - since) / _STEPS
    every = _STEPS // _ROWS
    return Tile(
        question=question,
        metric=str(expression.selector),
        value=written(newest, question.unit),
        above=newest is not None and threshold is not None and newest > threshold,
        paths=tuple(_paths(values, top)),
        threshold=written(threshold, question.unit) if threshold is not None else "",
        threshold_y=_y(threshold, top) if near and threshold is not None else None,
        top=written(top, question.unit),
        rows=tuple(
            (since + step * (n + 1), written(values[n], question.unit))
            for n in range(every - 1, _STEPS, every)
        ),
    )


def _threshold(house: House, question: Question, expression: Expression) -> float | None:
    """Take the bound of a rule of the kit about the same figure, else the usual one."""
    for rule in house.kit.catalog.rules:
        same = rule.metric == str(expression.selector) and rule.quantile == expression.quantile
        if same and rule.below is not None:
            return rule.below
    return question.threshold


def _paths(values: Sequence[float | None], top: float) -> list[str]:
    width = _WIDTH / _STEPS
    pieces: list[list[str]] = [[]]
    for n, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{round((n + 0.5) * width, 1)},{_y(value, top)}")
    return ["M" + "L".join(piece if len(piece) > 1 else piece * 2) for piece in pieces if piece]


def _y(value: float, top: float) -> float:
    return round(_HEIGHT - min(value / top, 1.0) * _HEIGHT, 1)


def written(value: float | None, unit: str) -> str:
    """Write a figure for people: `340 ms`, `2.1 s`, `12/s`, `83 %`."""
    if value is None:
        return "no figure"
    if unit == "share":
        return f"{shown(round(value * 100, 1))} %"
    if unit == "s" and value < 1:
        return f"{value * 1000:.0f} ms"
    if unit == "s":
        return f"{value:.2f} s" if value < 60 else f"{value / 60:.0f} min"
    number = f"{value:.0f}" if value >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{number}{unit}"


def _uptimes(house: House, now: datetime) -> list[Up]:
    since = now - timedelta(days=_UPTIME_DAYS)
    found: list[Up] = []
    for service in house.kit.catalog.services:
        checks = [each.key for each in users_way(service)]
        if not checks:
            continue
        counted = house.series.uptime(checks, since, now).values()
        looks, good = sum(each.n for each in counted), sum(each.up for each in counted)
        found.append(Up(service=service, share=good / looks if looks else None, looks=looks))
    return found


def _hosts(house: House, now: datetime) -> list[HostView]:
    found: list[HostView] = []
    for host in house.kit.catalog.hosts:
        heard_at = house.metrics.records.heard_at(host.name)
        silent = heard_at is None or (now - heard_at).total_seconds() >= host.silent_s
        found.append(HostView(name=host.name, heard_at=heard_at, silent=silent))
    return found


HANDLERS = (dashboard,)
