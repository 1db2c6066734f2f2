"""How the pages write times, lengths and states. Text is UTC; `relight.js` makes times local."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from jinja2 import ChoiceLoader, DictLoader, Environment
from markupsafe import Markup, escape

from relight.catalog.component import ComponentState
from relight.communicate.render.templates import sources
from relight.detect.judge import CheckStatus
from relight.incident.status import Status
from relight.kernel.period import write_duration
from relight.kernel.severity import Severity

_SHAPES: dict[str, str] = {
    ComponentState.OPERATIONAL: "operational",
    ComponentState.DEGRADED_PERFORMANCE: "degraded",
    ComponentState.PARTIAL_OUTAGE: "partial",
    ComponentState.MAJOR_OUTAGE: "major",
    ComponentState.UNDER_MAINTENANCE: "maintenance",
    CheckStatus.UP: "operational",
    CheckStatus.SUSPECT: "degraded",
    CheckStatus.DOWN: "major",
    CheckStatus.RECOVERING: "partial",
    CheckStatus.UNKNOWN: "unknown",
    Severity.S1: "major",
    Severity.S2: "partial",
    Severity.S3: "degraded",
    Severity.S4: "unknown",
    Status.RESOLVED: "operational",
    Status.CLOSED: "operational",
}
_IN_TEXT = re.compile(r"\b(?:(\d{4})-(\d\d)-(\d\d) )?(\d\d):(\d\d) UTC\b")
_JUST_NOW_S = 2.0


def dress(environment: Environment) -> None:
    """Teach the environment these words, and the marks that it shares with the public page."""
    marks = DictLoader({"marks.html": sources()["marks.html"]})
    own = environment.loader
    environment.loader = ChoiceLoader([marks] if own is None else [own, marks])
    filters = cast("dict[str, Callable[..., object]]", environment.filters)
    filters.update(
        clock=clock,
        moment=moment,
        day=day,
        ago=ago,
        duration=write_duration,
        shape=shape,
        times=times,
        counted=counted,
        figure=figure,
        coarse=coarse,
    )
    names: dict[str, Any] = environment.globals
    names["once"] = lambda: uuid.uuid4().hex


def shape(state: str) -> str:
    """Give the mark of a state; what has none is unknown."""
    return _SHAPES.get(state, "unknown")


def clock(at: datetime, form: str = "clock") -> Markup:
    """Write the time of day (`form` is `clock` or `second`), marked up for machines."""
    here = at.astimezone(UTC)
    text = f"{here:%H:%M:%S}" if form == "second" else f"{here:%H:%M}"
    return _marked(here, f"{text} UTC", form)


def moment(at: datetime) -> Markup:
    """Write day and time."""
    here = at.astimezone(UTC)
    return _marked(here, f"{here.day} {here:%b %Y, %H:%M} UTC", "moment")


def day(at: datetime) -> Markup:
    """Write the day alone."""
    here = at.astimezone(UTC)
    return _marked(here, f"{here:%A}, {here.day} {here:%B %Y}", "day")


def ago(at: datetime, now: datetime) -> Markup:
    """Write how long ago it was, or how far ahead."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < _JUST_NOW_S:
        text = "just now"
    elif seconds > 0:
        text = f"{coarse(seconds)} ago"
    else:
        text = f"in {coarse(-seconds)}"
    return _marked(at.astimezone(UTC), text, "ago")


def coarse(seconds: float) -> str:
    """Write a length without the units that do not matter: `12 s`, `3 min`, `2 h 5 min`."""
    if seconds < 60:
        return f"{int(seconds)} s"
    return write_duration(
        int(seconds // 60) * 60 if seconds < 86400 else int(seconds // 3600) * 3600
    )


def times(text: str, now: datetime) -> Markup:
    """Mark up the times in a plain sentence; one without a date is of the same UTC day as `now`."""
    today = now.astimezone(UTC)
    parts: list[Markup] = []
    end = 0
    for match in _IN_TEXT.finditer(text):
        year, month, day, hour, minute = match.groups()
        date = (int(year), int(month), int(day)) if year else (today.year, today.month, today.day)
        parts.append(escape(text[end : match.start()]))
        end = match.end()
        try:
            at = datetime(*date, int(hour), int(minute), tzinfo=UTC)
        except ValueError:
            parts.append(escape(match[0]))
        else:
            parts.append(_marked(at, match[0], "moment" if year else "clock"))
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: `1 service`, `3 services`."""
    return f"{number} {one}" if number == 1 else f"{number} {many or one + 's'}"


def figure(seconds: float | None) -> str:
    """Write how long an answer took: `34 ms`, `1.20 s`."""
    if seconds is None:
        return "no time"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def read_local(written: str, offset_min: str, now: datetime) -> datetime | None:
    """Read what `<input type=datetime-local>` sends; empty is None.

    `offset_min` is the reader's offset from UTC in minutes as the script fills it in; without
    script it is empty and the time is UTC. Raises `ValueError` for a time that lies ahead.
    """
    if not written.strip():
        return None
    minutes = int(offset_min) if offset_min.strip().lstrip("+-").isdigit() else 0
    local = datetime.fromisoformat(written.strip())
    at = local.replace(tzinfo=UTC) - timedelta(minutes=minutes)
    if at > now:
        msg = "That time lies ahead."
        raise ValueError(msg)
    return at


def _marked(at: datetime, text: str, form: str) -> Markup:
    exact = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    title = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    tag = '<time datetime="{}" title="{}" data-form="{}">{}</time>'
    return Markup(tag).format(exact, title, form, text)  # noqa: S704 - the tag is ours, values are escaped
