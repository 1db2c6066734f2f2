"""`relight vendor`: what vendors say of themselves, which are known by name, and a try of one."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from relight.cli.door import UNKNOWN, data_options, json_option, kit_argument, opened, say
from relight.detect.situation import Notice


@click.group()
def vendor() -> None:
    """See what vendors say of themselves, and find those that are known by name."""


@vendor.command("list")
@kit_argument
@data_options
@json_option
def list_(folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """Tell what every vendor of the kit says now."""
    with opened(folder, data=data, database=database) as house:
        views, now = house.vendors.views(), house.clock.now()

        def words() -> None:
            for each in views:
                lasting = each.lasting(now)
                said = "; ".join(dict.fromkeys(one.title for one in lasting)) or "no trouble"
                if each.standing.fault:
                    said = f"not known: {each.standing.fault}"
                click.echo(f"{each.vendor.name}  {said}")
            if not views:
                click.echo("The kit names no vendor. Add `vendors: [cloudflare]` to relight.yaml.")

        say(as_json, views, words)


@vendor.command()
@click.argument("name")
@kit_argument
@data_options
@json_option
def show(name: str, folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """Show what a vendor of the kit says, and how old that is."""
    with opened(folder, data=data, database=database) as house:
        view = house.vendors.view(name)

        def words() -> None:
            read_at = view.standing.read_at
            click.echo(f"{view.vendor.title}, {view.vendor.feed.label()}")
            if view.standing.fault:
                since = f" since {_at(view.failing_since)}" if view.failing_since else ""
                click.echo(f"Not readable{since}: {view.standing.fault} Nothing is known now.")
            click.echo(f"Last read {_at(read_at)}." if read_at else "Never read.")
            if view.services:
                click.echo(f"These depend on it: {', '.join(view.services)}.")
            _say(view.standing.notices)

        say(as_json, view, words)


@vendor.command()
@click.argument("words", metavar="NAME")
@json_option
def search(words: str, *, as_json: bool) -> None:
    """Find vendors that are known by name, with their feeds."""
    from relight.config.known_vendors import search as found_by

    found = found_by(words)

    def tell() -> None:
        for each in found:
            click.echo(f"{each.name}  {each.title}  {each.feed.kind}  {each.feed.settings['url']}")
            if each.parts:
                click.echo(f"  components like {', '.join(each.parts)}")
        if not found:
            click.echo("None is known by that name. Name its feed: `relight vendor try` reads it.")

    say(as_json, found, tell)


@vendor.command("try")
@click.argument("name")
@kit_argument
@json_option
def try_(name: str, folder: Path, *, as_json: bool) -> None:
    """Read a vendor's feed now, of the kit or known by name. Nothing is kept.

    Exit codes: 0 read, 3 could not be read, which says nothing about the vendor.
    """
    from relight.kernel.plug import PlugFailed
    from relight.wiring.read_feed import feed_by_name, read_once

    feed = feed_by_name(name, folder)
    try:
        found = asyncio.run(read_once(name, feed, folder))
    except PlugFailed as error:
        click.echo(f"Not readable: {error}", err=True)
        if error.hint:
            click.echo(error.hint, err=True)
        sys.exit(UNKNOWN)
    say(as_json, found, lambda: _say(found))


def _say(notices: Sequence[Notice]) -> None:
    for each in notices:
        part = f" of {each.component}" if each.component else ""
        kind = "planned work" if each.planned else each.state.label.lower()
        ended = f", ended {_at(each.ended_at)}" if each.ended_at else ""
        click.echo(f"{each.title} ({kind}{part}, from {_at(each.began_at)}{ended})")
        if each.url:
            click.echo(f"  {each.url}")
    if not notices:
        click.echo("It tells of no trouble.")


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
