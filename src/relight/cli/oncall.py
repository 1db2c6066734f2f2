"""`relight oncall`: who is on call, by the same function that pages them."""

from datetime import datetime
from itertools import islice
from pathlib import Path

import click
import msgspec

from relight.cli.door import json_option, kit_argument, say
from relight.cli.moment import moment


class OnCall(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule at one moment."""

    name: str
    on_call: tuple[str, ...]
    until: datetime | None
    next: tuple[str, ...]


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """All schedules at one moment. Without any, everyone is on call."""

    at: datetime
    schedules: tuple[OnCall, ...]


@click.group()
def oncall() -> None:
    """Tell who is on call, now and next."""


@oncall.command("now")
@kit_argument
@click.option("--at", "asked", default="", metavar="TIME", help="Another moment, ISO 8601.")
@json_option
def now_(folder: Path, *, asked: str, as_json: bool) -> None:
    """Say who is on call now, until when, and who is next."""
    from relight.kernel.clock import SystemClock
    from relight.oncall.rota import shifts
    from relight.wiring.kit import read

    at = moment(asked) if asked else SystemClock().now()
    catalog = read(folder, None, at).catalog
    found: list[OnCall] = []
    for schedule in catalog.oncall:
        current, following = islice(shifts(schedule, at), 2)
        found.append(
            OnCall(
                name=schedule.name,
                on_call=(current.person,),
                until=current.end,
                next=(following.person,),
            )
        )
    if not found:
        people = tuple(person.name for person in catalog.people)
        found = [OnCall(name="everyone", on_call=people, until=None, next=people)]

    def words() -> None:
        for each in found:
            who = ", ".join(each.on_call) or "nobody"
            until = f" until {each.until:%Y-%m-%d %H:%M} UTC" if each.until else ""
            then = f", then {', '.join(each.next)}" if each.until else ""
            click.echo(f"{each.name}: {who}{until}{then}")

    say(as_json, Now(at=at, schedules=tuple(found)), words)
