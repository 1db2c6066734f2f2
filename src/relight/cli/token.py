"""`relight token`: makes, lists and revokes API tokens."""

from pathlib import Path

import click

from relight.catalog.person import Role
from relight.cli.door import data_options, json_option, kit_argument, opened, say


@click.group()
def token() -> None:
    """Make and revoke API tokens."""


@token.command()
@click.argument("name")
@kit_argument
@click.option(
    "--role",
    type=click.Choice([each.value for each in Role]),
    default=Role.RESPONDER.value,
    show_default=True,
    help="What it may do.",
)
@data_options
@json_option
def new(
    name: str, folder: Path, *, role: str, data: Path | None, database: str, as_json: bool
) -> None:
    """Make a token and print it, once. Only its digest is kept."""
    with opened(folder, data=data, database=database) as house:
        secret = house.access.new_token(name, Role(role), house.clock.now())

    def words() -> None:
        click.echo(secret.reveal())
        click.echo(
            "This is the only time it is shown. Send it as `Authorization: Bearer …`.", err=True
        )

    say(as_json, {"name": name, "role": role, "token": secret.reveal()}, words)


@token.command("list")
@kit_argument
@data_options
@json_option
def list_(folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """List the tokens by name, without the tokens."""
    with opened(folder, data=data, database=database) as house:
        found = house.access.tokens()

    def words() -> None:
        for each in found:
            used = f"last used {each.used_at:%Y-%m-%d %H:%M} UTC" if each.used_at else "never used"
            click.echo(f"{each.name}  {each.role}  {used}")
        if not found:
            click.echo("There are no tokens. `relight token new NAME` makes one.")

    say(as_json, found, words)


@token.command()
@click.argument("name")
@kit_argument
@data_options
@json_option
def revoke(name: str, folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """Revoke a token by its name; it stops working at once."""
    with opened(folder, data=data, database=database) as house:
        house.access.revoke_token(name)
    say(as_json, {"revoked": name}, lambda: click.echo(f"{name} is revoked."))
