"""`relight declare`: begins an incident by hand."""

from pathlib import Path

import click

from relight.cli.door import data_options, json_option, kit_argument, opened, say, shell_actor
from relight.cli.words import brief
from relight.kernel.severity import Severity


@click.command()
@click.argument("title")
@kit_argument
@click.option("--severity", type=click.Choice([each.value for each in Severity]), help="How bad.")
@click.option("--service", "services", multiple=True, help="What is affected; may be repeated.")
@click.option("--reason", default="", help="Why this severity.")
@data_options
@json_option
def declare(
    title: str,
    folder: Path,
    *,
    severity: str | None,
    services: tuple[str, ...],
    reason: str,
    data: Path | None,
    database: str,
    as_json: bool,
) -> None:
    """Declare an incident by hand.

    Without --severity it is S2: unknown reach never lowers it. S1 and S2 page at once, through
    the running `relight up`.
    """
    with opened(folder, data=data, database=database) as house:
        incident = house.desk.declare(
            title,
            by=shell_actor(),
            severity=Severity(severity) if severity else None,
            services=services,
            reason=reason,
        )

    def words() -> None:
        brief(incident)
        if not incident.is_public:
            click.echo(
                f"The public page does not show it. relight incident update {incident.name} "
                '--public "…" does.'
            )

    say(as_json, incident, words)
