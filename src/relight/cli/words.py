"""Incidents in words for a terminal."""

from collections.abc import Sequence

import click

from relight.incident.state import Incident
from relight.incident.timeline import Row


def brief(incident: Incident) -> None:
    """Print one incident in a few lines."""
    click.echo(f"{incident.name} {incident.severity} {incident.status}  {incident.title}")
    who = f"{incident.acknowledged_by} has it." if incident.acknowledged_by else "Nobody has it."
    if incident.live:
        click.echo(f"  since {incident.began_at:%Y-%m-%d %H:%M:%S} UTC. {who}")
    if incident.verdict:
        click.echo(f"  {incident.verdict.sentence}")


def listing(incidents: Sequence[Incident]) -> None:
    """Print incidents as a table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in ("", "severity", "status", "since (UTC)", "who has it", "title"):
        table.add_column(column)
    for each in incidents:
        since = f"{each.began_at:%Y-%m-%d %H:%M}"
        cells = (each.name, each.severity.value, each.status.value, since, each.acknowledged_by)
        table.add_row(*(Text(cell) for cell in (*cells, each.title)))
    Console(highlight=False).print(table)


def timeline(rows: Sequence[Row]) -> None:
    """Print the timeline, oldest first, with both words where an entry was corrected."""
    for row in rows:
        click.echo(f"#{row.seq:<4} {row.at:%H:%M:%S}  {row.by}: {row.sentence}")
        if row.kind in {"AlertJoined", "AlertsJoined"}:
            for label, value in row.detail:
                if label == "Reason":
                    click.echo(f"      joined: {value}")
        if row.corrected:
            click.echo(f"      corrected: {row.corrected.text} ({row.corrected.reason})")
