"""Silences and maintenance windows: once, or again and again at a local time."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from whenever import PlainDateTime

from relight.catalog.service import Route
from relight.catalog.silence import Recurring, Silence
from relight.config import forms
from relight.config.forms import NOTHING, Form, Nothing, choice, duration, many, scalar
from relight.config.notes import Notes, shown
from relight.config.section import Found, Key, Section, made_of
from relight.kernel.severity import Severity


class Every(StrEnum):
    """How often a window comes again."""

    DAY = "day"
    WEEK = "week"


class Weekday(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def _clock_time(text: str) -> str:
    hours, _, minutes = text.partition(":")
    if not (
        len(text) == 5
        and (hours + minutes).isascii()
        and (hours + minutes).isdigit()
        and int(hours) < 24
        and int(minutes) < 60
    ):
        msg = f'`{shown(text)}` is not a time of day. Write one like `"02:00"`.'
        raise ValueError(msg)
    return text


_WHEN = (
    Key(name="from", form=forms.LOCAL_TIME, meaning="When it begins, in `zone`."),
    Key(name="to", form=forms.LOCAL_TIME, meaning="When it ends, in `zone`."),
    Key(name="every", form=choice(Every), meaning="Comes again, instead of `from` and `to`."),
    Key(name="on", form=many(choice(Weekday), "day"), meaning="On which days, `every: week`."),
    Key(
        name="at",
        form=scalar('time of day, like `"02:00"`', _clock_time),
        meaning="When each turn begins, in `zone`; it stays there when the clocks change.",
    ),
    Key(name="for", form=duration(least_s=60), meaning="How long each turn lasts."),
    Key(name="zone", form=forms.ZONE, meaning="The zone of these times.", default="UTC"),
)
_NAME = Key(name="name", form=forms.declared("silence"), required=True, meaning="A short name.")
_REASON = Key(name="reason", form=forms.TEXT, meaning="Why, for whoever looks at it.")

SILENCE = Section(
    path="silences[]",
    noun="a silence",
    meaning="Alerts with all of these labels call nobody while it lasts. They are kept, shown with "
    "the reason, and looked at when it ends, if they still last.",
    shape=Silence,
    later=frozenset({"vantage", "teams", "was"}),
    keys=(
        _NAME,
        Key(
            name="services",
            form=many(forms.named("service"), "service"),
            meaning="Alerts of these services.",
        ),
        Key(
            name="checks",
            form=many(scalar("`service/check`, or the key at its source", str), "check"),
            meaning="Alerts of these checks.",
        ),
        Key(
            name="sources",
            form=many(scalar("source, like `check` or `intake/prometheus`", str), "source"),
            meaning="Alerts from these sources.",
        ),
        Key(name="routes", form=many(choice(Route), "route"), meaning="Alerts of these ways."),
        Key(
            name="severities",
            form=many(choice(Severity), "severity"),
            meaning="Alerts whose source says so.",
        ),
        _REASON,
        *_WHEN,
    ),
)

MAINTENANCE = Section(
    path="maintenance[]",
    noun="a maintenance window",
    meaning="Planned work. Nobody is called for these services, and the status page says so.",
    shape=Silence,
    later=frozenset({"notify", "was"}),
    keys=(
        _NAME,
        Key(
            name="services",
            form=many(forms.named("service"), "service"),
            required=True,
            meaning="What is worked on.",
        ),
        _REASON,
        *_WHEN,
    ),
)


def _made(found: Found, notes: Notes, *, maintenance: bool) -> Silence | Nothing:
    values = dict(found.values)
    when = {key.name: values.pop(key.name) for key in _WHEN if key.name in values}
    timing = _recurring(when, found, notes) if "every" in found.lines else _once(when, found, notes)
    if isinstance(timing, Nothing) or "name" not in values:
        return NOTHING
    if maintenance and found.lacks("services"):
        return NOTHING
    return Silence(maintenance=maintenance, by="relight.yaml", **values, **timing)


def _recurring(when: dict[str, Any], found: Found, notes: Notes) -> dict[str, Any] | Nothing:
    for key in ("from", "to"):
        if key in found.lines:
            notes.wrong(found.line_of(key), f"`{key}` does not go with `every`.", "Remove one.")
    missing = [key for key in ("at", "for") if key not in found.lines]
    if missing:
        notes.wrong(found.line_of("every"), f"`every` needs `{'` and `'.join(missing)}`.")
    weekly = when.get("every") is Every.WEEK
    if weekly and found.lacks("on"):
        notes.wrong(found.line_of("every"), "`every: week` needs `on`.", "Write `on: [tue]`.")
    if not weekly and "on" in found.lines:
        notes.wrong(found.line_of("on"), "`on` goes with `every: week`.")
    if "at" not in when or "for" not in when:
        return NOTHING
    days = tuple([*Weekday].index(day) for day in when.get("on", ()))
    zone = when.get("zone", "UTC")
    return {"recurring": Recurring(on=days, at=when["at"], for_s=when["for"], zone=zone)}


def _once(when: dict[str, Any], found: Found, notes: Notes) -> dict[str, Any] | Nothing:
    for key in ("on", "at", "for"):
        if key in found.lines:
            notes.wrong(found.line_of(key), f"`{key}` goes with `every`.", "Write `every: week`.")
    if "to" not in found.lines:
        what = "This has no end: nobody would be called ever again."
        notes.wrong(found.line, what, "Write `to`, or `every` with `at` and `for`.")
    if "to" not in when:
        return NOTHING
    zone = when.get("zone", "UTC")
    ends = _moment(when["to"], zone)
    starts = _moment(when["from"], zone) if "from" in when else None
    if starts and starts >= ends:
        notes.wrong(found.line_of("to"), "`to` is not after `from`.")
        return NOTHING
    return {"starts": starts, "ends": ends}


def _moment(local: str, zone: str) -> datetime:
    plain = PlainDateTime.parse_iso(local)
    moment = plain.assume_tz(  # pyright: ignore[reportUnknownMemberType] - its own stub
        zone, disambiguation="compatible"
    )
    return datetime.fromtimestamp(moment.timestamp(), tz=UTC)


def _many(section: Section, *, maintenance: bool) -> Form[tuple[Silence, ...]]:
    def make(found: Found, notes: Notes) -> Silence | Nothing:
        return _made(found, notes, maintenance=maintenance)

    return many(made_of(section, make), section.noun.split()[-1])


SILENCES_FORM = _many(SILENCE, maintenance=False)
MAINTENANCE_FORM = _many(MAINTENANCE, maintenance=True)
