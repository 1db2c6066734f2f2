"""Reads a story: a few words on what happens, the places in it, and what happens when.

    A CDN dies at two in the morning.

    kit: widget
    begin: 2026-01-16 01:58:00
    the edge: widget.example.com at 198.51.100.9
    the origin: 203.0.113.7

    02:00:00 the edge refuses connections
    until resolved

A time earlier than the one before is on the next day. All times are in UTC.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

_PLACE = re.compile(r"the (?P<name>[\w-]+): (?P<where>\S+?)(?: at (?P<address>\S+))?")
_LINE = re.compile(r"(?P<at>\d\d:\d\d:\d\d) (?P<words>.+)")
_UNTIL = re.compile(r"until (?P<what>resolved|\d\d:\d\d:\d\d)")


class Place(msgspec.Struct, frozen=True):
    """Something that can fail: by URL (host and perhaps path) with its address, or by address."""

    name: str
    where: str
    address: str


class Line(msgspec.Struct, frozen=True):
    """What happens at one moment; `number` is the line in the file."""

    number: int
    at: datetime
    words: str


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """One story. `until` is a moment, or None for as long as an incident is live."""

    about: str
    kit: str
    begin: datetime
    places: tuple[Place, ...]
    lines: tuple[Line, ...]
    until: datetime | None


class Unreadable(ValueError):
    """A line that says nothing to the stage."""

    def __init__(self, number: int, line: str) -> None:
        super().__init__(f"line {number}: cannot read {line!r}")


def read(path: Path) -> Script:
    about: list[str] = []
    kit = ""
    places: list[Place] = []
    lines: list[Line] = []
    begin = now = datetime.min.replace(tzinfo=UTC)
    until: datetime | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("kit: "):
            kit = line.removeprefix("kit: ")
        elif line.startswith("begin: "):
            begin = now = datetime.fromisoformat(line.removeprefix("begin: ")).replace(tzinfo=UTC)
        elif not kit:
            about.append(line)
        elif not line.strip():
            continue
        elif place := _PLACE.fullmatch(line):
            where = place["where"]
            places.append(Place(place["name"], where, place["address"] or where))
        elif told := _LINE.fullmatch(line):
            now = _after(now, told["at"])
            lines.append(Line(number, now, told["words"]))
        elif end := _UNTIL.fullmatch(line):
            until = None if end["what"] == "resolved" else _after(now, end["what"])
        else:
            raise Unreadable(number, line)
    return Script(
        about="\n".join(about).strip(),
        kit=kit,
        begin=begin,
        places=tuple(places),
        lines=tuple(lines),
        until=until,
    )


def _after(now: datetime, written: str) -> datetime:
    hour, minute, second = map(int, written.split(":"))
    at = now.replace(hour=hour, minute=minute, second=second)
    return at if at >= now else at + timedelta(days=1)
