"""`relight sign-in`: a one-time link for someone who cannot get in by mail."""

from pathlib import Path

import click

from relight.cli.door import data_options, json_option, kit_argument, opened, say
from relight.kernel.faults import NotFound

_VALID_S = 900.0


@click.command()
@click.argument("person")
@kit_argument
@data_options
@click.option("--url", default="", help="Where people reach it, instead of where up last served.")
@json_option
def sign_in(
    person: str, folder: Path, *, data: Path | None, database: str, url: str, as_json: bool
) -> None:
    """Print a link that signs PERSON in once, within 15 minutes."""
    with opened(folder, data=data, database=database) as house:
        if house.kit.catalog.person(person) is None:
            raise NotFound(f"There is no `{person}` in relight.yaml.", hint="Add them to `people`.")
        link = house.new_link(person, _VALID_S).reveal()
        base = url.rstrip("/") or house.base_url
    where = f"{base}/sign-in?link={link}"
    say(as_json, {"person": person, "link": where}, lambda: click.echo(where))
