"""`relight change`: tells what was changed, for the end of a deploy script."""

import uuid
from datetime import datetime, timedelta
from pathlib import Path

import click

from relight.cli.door import data_options, json_option, kit_argument, opened, say, shell_actor
from relight.cli.moment import moment


@click.group()
def change() -> None:
    """Record and list what was changed: deploys, flags, migrations."""


@change.command()
@click.argument("summary")
@kit_argument
@click.option("--service", default="", help="What it is about.")
@click.option("--kind", default="deploy", show_default=True, help="deploy, flag, migration, …")
@click.option("--link", default="", metavar="URL", help="Where more is to be read.")
@click.option("--at", "asked", default="", metavar="TIME", help="When, if not now; ISO 8601.")
@click.option("--id", "id_", default="", help="The same id counts once.")
@data_options
@json_option
def record(
    summary: str,
    folder: Path,
    *,
    service: str,
    kind: str,
    link: str,
    asked: str,
    id_: str,
    data: Path | None,
    database: str,
    as_json: bool,
) -> None:
    """Write down that something was changed."""
    from relight.desk.desk import ServiceNotFound
    from relight.detect.situation import Change, ChangeKind
    from relight.kernel.faults import did_you_mean

    kinds = [each.value for each in ChangeKind]
    if kind not in kinds:
        msg = f"`{kind}` is not a kind of change. {did_you_mean(kind, kinds)}"
        raise click.UsageError(msg)
    if not summary.strip():
        msg = "Say in a few words what was changed."
        raise click.UsageError(msg)
    with opened(folder, data=data, database=database) as house:
        services = [each.name for each in house.desk.catalog.services]
        if service and service not in services:
            msg = f"There is no service `{service}`."
            raise ServiceNotFound(msg, hint=did_you_mean(service, services))
        made = Change(
            id=id_ or str(uuid.uuid4()),
            source="shell",
            kind=ChangeKind(kind),
            service=service,
            at=moment(asked) if asked else house.clock.now(),
            summary=house.masker.mask(summary)[:1000],
            by=shell_actor().name,
            link=link,
        )
        new = house.what_changed.record(made)
    say(as_json, made, lambda: click.echo("Recorded." if new else "It is recorded already."))


@change.command("list")
@kit_argument
@click.option("--hours", default=24, show_default=True, help="So many hours back.")
@data_options
@json_option
def list_(folder: Path, *, hours: int, data: Path | None, database: str, as_json: bool) -> None:
    """List what was changed lately, newest first."""
    with opened(folder, data=data, database=database) as house:
        now: datetime = house.clock.now()
        found = house.what_changed.between(now - timedelta(hours=hours), now)

    def words() -> None:
        for each in found:
            about = f"  {each.service}" if each.service else ""
            click.echo(f"{each.at:%Y-%m-%d %H:%M} UTC  {each.kind}{about}  {each.summary}")
        if not found:
            click.echo(f"Nothing was recorded in the last {hours} h.")

    say(as_json, found, words)
