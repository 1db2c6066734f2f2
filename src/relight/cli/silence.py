"""`relight silence`: holds alerts back for a while, and lists and ends what does."""

from pathlib import Path

import click

from relight.catalog.service import Route
from relight.catalog.silence import Silence
from relight.cli.door import data_options, json_option, kit_argument, opened, say, shell_actor
from relight.kernel.period import parse_duration_s
from relight.kernel.severity import Severity


@click.group()
def silence() -> None:
    """Hold alerts back for a while, knowing why."""


def _seconds(context: click.Context, option: click.Parameter, text: str) -> int:
    del context, option
    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@silence.command()
@kit_argument
@click.option("--name", default="", help="What it is called; otherwise it gets a name.")
@click.option("--for", "for_s", callback=_seconds, required=True, help="How long, like 2h.")
@click.option("--reason", default="", help="Why, for whoever looks at it.")
@click.option("--service", "services", multiple=True, help="Alerts of it; may be repeated.")
@click.option("--check", "checks", multiple=True, help="Alerts of this `service/check`.")
@click.option("--source", "sources", multiple=True, help="Alerts from it, like intake/grafana.")
@click.option(
    "--route",
    "routes",
    multiple=True,
    type=click.Choice([each.value for each in Route]),
    help="Alerts of checks that take this way.",
)
@click.option(
    "--severity",
    "severities",
    multiple=True,
    type=click.Choice([each.value for each in Severity]),
    help="Alerts whose source says so.",
)
@data_options
@json_option
def new(
    folder: Path,
    *,
    name: str,
    for_s: int,
    reason: str,
    services: tuple[str, ...],
    checks: tuple[str, ...],
    sources: tuple[str, ...],
    routes: tuple[str, ...],
    severities: tuple[str, ...],
    data: Path | None,
    database: str,
    as_json: bool,
) -> None:
    """Begin a silence now. Alerts with all of these labels call nobody; they are kept."""
    with opened(folder, data=data, database=database) as house:
        made = house.desk.silence(
            for_s=for_s,
            by=shell_actor(),
            name=name,
            reason=reason,
            services=services,
            checks=checks,
            sources=sources,
            routes=[Route(each) for each in routes],
            severities=[Severity(each) for each in severities],
        )

    def words() -> None:
        click.echo(f"{made.name} lasts until {made.ends:%Y-%m-%d %H:%M} UTC.")
        click.echo(f"What still fails then is looked at. End it: relight silence end {made.name}")

    say(as_json, made, words)


@silence.command("list")
@kit_argument
@data_options
@json_option
def list_(folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """List silences and maintenance windows, and say which last now."""
    with opened(folder, data=data, database=database) as house:
        desk, now = house.desk, house.clock.now()
        found = desk.silences.all(desk.catalog, now)
        lasting = {each.silence.name: each for each in desk.silences.lasting(desk.catalog, now)}

    def words() -> None:
        for each in found:
            now_on = lasting.get(each.name)
            click.echo(now_on.sentence if now_on else f"{each.name} does not last now.")
            click.echo(f"    {labels(each)}; made by {each.by}")
        if not found:
            click.echo("Nothing is silenced. `relight silence new --service NAME --for 2h` does.")

    say(as_json, found, words)


@silence.command()
@click.argument("name")
@kit_argument
@data_options
@json_option
def end(name: str, folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """End a silence now. What still fails is looked at within a minute."""
    with opened(folder, data=data, database=database) as house:
        house.desk.end_silence(name)
    say(as_json, {"ended": name}, lambda: click.echo(f"{name} has ended."))


def labels(each: Silence) -> str:
    """Write what a silence matches, for people."""
    named = (
        ("service", each.services),
        ("check", each.checks),
        ("source", each.sources),
        ("route", each.routes),
        ("severity", each.severities),
    )
    return ", ".join(f"{label} {' or '.join(values)}" for label, values in named if values)
