"""`relight check`: every fault of a kit at once, with its place and the nearest right thing."""

import sys
from pathlib import Path

import click

from relight.cli.door import NO, json_option, kit_argument, say, size


@click.command()
@kit_argument
@json_option
def check(folder: Path, *, as_json: bool) -> None:
    """Check a kit and list every fault with its line.

    Exit code 1 where something must be mended; warnings never change it.
    """
    from relight.config.read import read_kit
    from relight.wiring.kit import KINDS

    reading = read_kit(folder, KINDS)
    catalog = reading.catalog
    found = {
        "ok": catalog is not None,
        "version": catalog.version if catalog else None,
        "faults": reading.faults,
    }

    def words() -> None:
        for fault in reading.faults:
            click.echo(str(fault))
        if catalog is None:
            return
        click.echo(f"{size(catalog)} Fine.")

    say(as_json, found, words)
    if catalog is None:
        sys.exit(NO)
