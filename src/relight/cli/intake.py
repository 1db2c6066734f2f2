"""`relight intake`: what senders need to know, what they sent, and a try of a sample."""

import uuid
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from relight.cli.door import data_options, json_option, kit_argument, opened, say


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One source as the shell shows it."""

    name: str
    format: str
    address: str
    key: str
    doors: tuple[str, ...]


@click.group()
def intake() -> None:
    """Look at senders outside: their addresses, what came, and what a sample would become."""


@intake.command("list")
@kit_argument
@data_options
@json_option
def list_(folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """List the sources with when each was last heard of."""
    with opened(folder, data=data, database=database) as house:
        last = house.handed_in.last_at()
        sources = house.kit.catalog.intake
    rows = [
        {"name": each.name, "format": each.format.kind, "last_at": last.get(each.name)}
        for each in sources
    ]

    def words() -> None:
        for each in sources:
            at = last.get(each.name)
            heard = f"last heard of {at:%Y-%m-%d %H:%M} UTC" if at else "never heard of"
            click.echo(f"{each.name}  {each.format.kind}  {heard}")
        if not sources:
            click.echo("No sender is declared. Add `intake:` to relight.yaml.")

    say(as_json, rows, words)


@intake.command()
@click.argument("name")
@kit_argument
@data_options
@json_option
def url(name: str, folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """Print the address and key that a sender is given."""
    from relight.detect.intake.email import EmailFormat

    with opened(folder, data=data, database=database) as house:
        sender = house.intake.named(name)
    shown = Shown(
        name=name,
        format=sender.source.format.kind,
        address=f"/in/{name}/{sender.key}",
        key=sender.key,
        doors=sender.format.DOORS,
    )

    def words() -> None:
        if isinstance(sender.format, EmailFormat):
            click.echo(f"{name}+{shown.key}@any host, by mail to {sender.format.listen}")
            click.echo("Whoever has the key can send.", err=True)
            return
        click.echo(f"{house.base_url}{shown.address}")
        if shown.doors:
            click.echo(f"Or {house.base_url}{shown.doors[0]} with the key {shown.key}", err=True)
        click.echo("Whoever has the key can send. Put your own address before the path.", err=True)

    say(as_json, shown, words)


@intake.command()
@click.argument("name")
@kit_argument
@click.option("--limit", default=5, show_default=True, help="So many.")
@data_options
@json_option
def show(
    name: str, folder: Path, *, limit: int, data: Path | None, database: str, as_json: bool
) -> None:
    """Show what a sender sent last, and what became of it."""
    with opened(folder, data=data, database=database) as house:
        house.intake.named(name)
        found = house.handed_in.newest(name, limit=limit)

    def words() -> None:
        for each in found:
            became = each.refused or ", ".join(f"{n} {what}" for what, n in each.counts.items())
            click.echo(f"{each.at:%Y-%m-%d %H:%M:%S} UTC  {each.status}  {became or 'nothing'}")
            click.echo(each.body)
        if not found:
            click.echo("Nothing came yet.")

    say(as_json, found, words)


@intake.command("try")
@click.argument("name")
@click.argument("file", type=click.File("rb"))
@kit_argument
@click.option(
    "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of the sample."
)
@data_options
@json_option
def try_(
    name: str,
    file: BinaryIO,
    folder: Path,
    *,
    headers: tuple[str, ...],
    data: Path | None,
    database: str,
    as_json: bool,
) -> None:
    """Say what a sample would become, without keys, signatures or anything being written."""
    from relight.detect.handed import Handed

    with opened(folder, data=data, database=database) as house:
        sender = house.intake.named(name)
        pairs = (each.partition(":") for each in headers)
        handed = Handed(
            id=str(uuid.uuid4()),
            now=house.clock.now(),
            headers={name.strip().lower(): value.strip() for name, _, value in pairs},
            body=file.read(),
        )
        taken = house.intake.trial(sender, handed)

    def words() -> None:
        for alert in taken.alerts:
            how = f" {alert.severity}" if alert.severity else ""
            about = f" of {alert.service}" if alert.service else ""
            click.echo(f"raises{how}{about}: {alert.summary} (key {alert.key})")
        for key in taken.cleared:
            click.echo(f"clears: {key}")
        for change in taken.changes:
            click.echo(f"change: {change.summary}")
        for report in taken.reports:
            click.echo(f"report: {report.text}")
        if not taken.raw.counts:
            click.echo("It changes nothing.")

    say(
        as_json,
        {
            "raised": taken.alerts,
            "cleared": taken.cleared,
            "acknowledged": taken.acknowledged,
            "notes": taken.notes,
            "changes": taken.changes,
            "reports": taken.reports,
        },
        words,
    )
