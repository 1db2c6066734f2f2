"""The pages' templates and style, read once from the package."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import cast

import msgspec
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from relight.catalog.component import ComponentState
from relight.communicate import wording
from relight.communicate.public import Impact
from relight.communicate.status_page import StatusPage
from relight.kernel.period import write_duration

_SHAPES: dict[ComponentState | Impact, str] = {
    ComponentState.OPERATIONAL: "operational",
    ComponentState.DEGRADED_PERFORMANCE: "degraded",
    ComponentState.PARTIAL_OUTAGE: "partial",
    ComponentState.MAJOR_OUTAGE: "major",
    ComponentState.UNDER_MAINTENANCE: "maintenance",
    Impact.NONE: "unknown",
    Impact.MINOR: "degraded",
    Impact.MAJOR: "partial",
    Impact.CRITICAL: "major",
}
_PACKAGE = "relight.communicate.render"


class Templates(msgspec.Struct, frozen=True):
    """What drawing needs beside the page itself. Made by `load`, handed in by wiring."""

    environment: Environment
    style: bytes
    lamp: bytes


def load() -> Templates:
    """Read everything from the package, so that drawing touches no file."""
    environment = Environment(
        loader=DictLoader(dict(sources())),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    # Jinja types its filters as the union of its own, which no other function fits.
    cast("dict[str, object]", environment.filters).update(
        time=_time,
        moment=wording.moment,
        time_of_day=wording.time_of_day,
        beside=wording.beside,
        day=wording.day,
        month=wording.month,
        listed=wording.listed,
        duration=write_duration,
        shape=_SHAPES.__getitem__,
        overall=_overall,
    )
    return Templates(environment, style("tokens.css") + style("page.css"), style("lamp.svg"))


def sources() -> Mapping[str, str]:
    """Give the templates by file name; `marks.html` also serves the signed-in pages."""
    folder = files(_PACKAGE) / "pages"
    return {
        each.name: each.read_text(encoding="utf-8")
        for each in sorted(folder.iterdir(), key=lambda each: each.name)
        if each.name.endswith(".html")
    }


def style(name: str) -> bytes:
    """Read one file of the style folder: `tokens.css`, `page.css` or `lamp.svg`."""
    return (files(_PACKAGE) / "style" / name).read_bytes()


def _time(at: datetime, written: str) -> Markup:
    """Mark up a time so that machines read it exactly, whatever is written for people."""
    exact = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Markup('<time datetime="{}">{}</time>').format(exact, escape(written))


def _overall(page: StatusPage) -> str:
    """Give the shape for the page as a whole."""
    if page.indicator is not Impact.NONE:
        return _SHAPES[page.indicator]
    maintained = any(each.state is ComponentState.UNDER_MAINTENANCE for each in page.components)
    return "maintenance" if maintained else "operational"
