"""Reads any JSON by a mapping, for vendors that have a format of their own."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, cast

import jmespath
from jmespath.exceptions import JMESPathError
from msgspec import Meta

from relight.catalog.component import ComponentState
from relight.detect.situation import Notice
from relight.detect.vendors import Feed, Unreadable
from relight.detect.vendors._reading import (
    MOST,
    decoded,
    fetched,
    line,
    moment,
    notice,
    parsed,
    recent,
    web,
)
from relight.kernel.ports import Ports
from relight.kernel.url import check_web_url

_OVER = "over"
_USUAL: dict[str, str] = {
    "ok": _OVER,
    "up": _OVER,
    "green": _OVER,
    "operational": _OVER,
    "available": _OVER,
    "resolved": _OVER,
    "completed": _OVER,
    "closed": _OVER,
    "yellow": "degraded_performance",
    "degraded": "degraded_performance",
    "minor": "degraded_performance",
    "partial": "partial_outage",
    "major": "partial_outage",
    "red": "major_outage",
    "down": "major_outage",
    "critical": "major_outage",
    "maintenance": "under_maintenance",
    "scheduled": "under_maintenance",
}


class JsonFeed(Feed, frozen=True, kw_only=True):
    """Read JSON of any shape by JMESPath expressions.

    `url` is asked within `timeout_s`. `items` gives the list of incidents or components, and the
    other expressions are read within each of them: `id`, `title`, `state`, `component`, `link`,
    `began`, `ended` and `planned`. One that finds nothing leaves its part empty. `states` says
    which of the vendor's words mean `degraded_performance`, `partial_outage`, `major_outage`,
    `under_maintenance` or `over`; common words like `operational`, `resolved`, `yellow`, `red` and
    `down` are known already, and a word that is not is trouble of some kind. `relight vendor try`
    shows what a mapping makes of the vendor's answer.

    Source: https://jmespath.org/specification.html, read 2026-09.
    """

    url: str
    items: str = "incidents"
    id: str = "id"
    title: str = "title || name"
    state: str = "status"
    component: str = "component"
    link: str = "url"
    began: str = "started_at || created_at"
    ended: str = "resolved_at"
    planned: str = "planned"
    states: Mapping[str, str] = {}
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "url": "https://status.heroku.com/api/v4/current-status",
        "items": "status",
        "id": "system",
        "title": "system",
        "component": "system",
        "states": {"yellow": "degraded_performance", "red": "major_outage", "blue": "over"},
    }

    def __post_init__(self) -> None:
        """Refuse an address, an expression or a state that can never work."""
        check_web_url(self.url)
        for name in _EXPRESSIONS:
            written = cast("str", getattr(self, name))
            try:
                jmespath.compile(written)
            except JMESPathError as error:
                msg = f"`{written}` is not a JMESPath expression: {line(str(error), 120)}"
                raise ValueError(msg) from error
        known = [_OVER, *(each.value for each in ComponentState)]
        for meant in self.states.values():
            if meant not in known:
                msg = f"`{meant}` is not one of: {', '.join(known)}."
                raise ValueError(msg)

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Ask and map."""
        raw = await fetched(self.url, ports, timeout_s=self.timeout_s)
        return await parsed(partial(parse, raw, self, vendor=vendor, now=ports.clock.now()))


_EXPRESSIONS = (
    *("items", "id", "title", "state", "component", "link", "began", "ended", "planned"),
)


def parse(raw: bytes, feed: JsonFeed, *, vendor: str, now: datetime) -> tuple[Notice, ...]:
    """Make notices of any JSON by the feed's mapping. Raises `Unreadable`."""
    document = decoded(raw, object)
    items = _found(feed.items, document)
    if not isinstance(items, list):
        msg = f"`{feed.items}` finds no list in the feed."
        raise Unreadable(msg)
    told = [_notice(each, feed, vendor, now) for each in cast("list[object]", items)[:MOST]]
    return recent([each for each in told if each], now)


def _notice(item: object, feed: JsonFeed, vendor: str, now: datetime) -> Notice | None:
    word = _text(_found(feed.state, item)).strip()
    meant = feed.states.get(word) or _USUAL.get(word.lower()) or "degraded_performance"
    ended = _moment(_found(feed.ended, item))
    if meant in {_OVER, ComponentState.OPERATIONAL.value} and ended is None:
        return None
    state = ComponentState(meant) if meant != _OVER else ComponentState.DEGRADED_PERFORMANCE
    planned = bool(_found(feed.planned, item)) or state is ComponentState.UNDER_MAINTENANCE
    return notice(
        vendor=vendor,
        id=_text(_found(feed.id, item)),
        component=_text(_found(feed.component, item)),
        state=state,
        title=_text(_found(feed.title, item)),
        url=web(_text(_found(feed.link, item))),
        began_at=_moment(_found(feed.began, item)) or now,
        ended_at=ended,
        planned=planned,
    )


def _found(expression: str, value: object) -> object:
    try:
        return cast(
            "object",
            jmespath.search(expression, value),
        )
    except (JMESPathError, RecursionError, ArithmeticError) as error:
        msg = f"`{expression}` cannot be applied to the feed: {line(str(error), 200)}."
        raise Unreadable(msg) from error


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_text(each) for each in cast("list[object]", value)[:20])
    return str(value) if isinstance(value, str | int | float) else ""


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return moment(value)


PLUGIN: type[Feed] = JsonFeed
