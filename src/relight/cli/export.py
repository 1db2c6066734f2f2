"""`relight export`: everything that happened, as JSON lines, and the proof that it adds up."""

import sys
from pathlib import Path

import click
import msgspec

from relight.cli.door import NO, data_options, kit_argument, opened


@click.command()
@kit_argument
@data_options
@click.option(
    "--verify", is_flag=True, help="Fold every stream anew and compare; print no entries."
)
def export(folder: Path, *, data: Path | None, database: str, verify: bool) -> None:
    """Write every entry of every incident as one JSON object a line.

    With --verify, replay each incident from its first entry and exit 1 where the stored state
    differs.
    """
    wrong = 0
    with opened(folder, data=data, database=database) as house:
        incidents = sorted(house.incidents.all(), key=lambda each: each.number)
        for incident in incidents:
            if verify:
                if house.incidents.replay(incident.id) != incident:
                    wrong += 1
                    click.echo(f"{incident.name}: the stored state differs from its entries.")
                continue
            for entry in house.desk.timeline(incident):
                click.echo(msgspec.json.encode(entry))
    if verify:
        click.echo(f"{len(incidents)} incidents replayed, {wrong} differ.")
    if wrong:
        sys.exit(NO)
