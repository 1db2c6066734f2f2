"""`relight vantage`: invites other places to look from, lists and revokes them."""

from pathlib import Path

import click

from relight.cli.door import data_options, json_option, kit_argument, opened, say


@click.group()
def vantage() -> None:
    """Invite other places to look from, list and revoke them."""


@vantage.command()
@click.argument("name")
@kit_argument
@data_options
@json_option
def invite(name: str, folder: Path, data: Path | None, database: str, *, as_json: bool) -> None:
    """Print a token with which a vantage point of the kit joins once, within a day."""
    with opened(folder, data=data, database=database) as house:
        token = house.vantage.invite(name).reveal()

        def words() -> None:
            click.echo(token)
            click.echo("On the other machine, once, within a day:", err=True)
            click.echo(
                f"  RELIGHT_JOIN_TOKEN={token} relight probe-agent --join {house.base_url}",
                err=True,
            )

        say(as_json, {"name": name, "token": token}, words)


@vantage.command("list")
@kit_argument
@data_options
@json_option
def list_(folder: Path, data: Path | None, database: str, *, as_json: bool) -> None:
    """Tell how every vantage point of the kit stands."""
    with opened(folder, data=data, database=database) as house:
        views = house.vantage.views()

        def words() -> None:
            for each in views:
                heard = f", heard {each.heard_at:%Y-%m-%d %H:%M:%S} UTC" if each.heard_at else ""
                click.echo(f"{each.name}: {each.state}{heard}")
            if not views:
                click.echo("The kit names no vantage point. Add `vantage: [ams]` to relight.yaml.")

        say(as_json, views, words)


@vantage.command()
@click.argument("name")
@kit_argument
@data_options
def revoke(name: str, folder: Path, data: Path | None, database: str) -> None:
    """Let a vantage point's key and invitation count no longer."""
    with opened(folder, data=data, database=database) as house:
        house.vantage.revoke(name)
        click.echo(
            f"{name} is no longer admitted. `relight vantage invite {name}` invites it anew."
        )
