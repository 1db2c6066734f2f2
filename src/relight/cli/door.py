"""What every command shares: the kit folder, JSON or words, who is at the shell, and faults."""

import getpass
import os
import sys
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from relight.kernel.actor import Actor, operator
from relight.kernel.faults import RelightError, Unavailable

if TYPE_CHECKING:
    from relight.catalog.catalog import Catalog
    from relight.wiring.house import House

F = TypeVar("F", bound=Callable[..., Any])

NO = 1
WRONG = 2
UNKNOWN = 3


def kit_argument(command: F) -> F:
    """Take the kit folder as an optional last argument."""
    return click.argument(
        "folder",
        default=".",
        required=False,
        type=click.Path(path_type=Path, file_okay=False),
    )(command)


def json_option(command: F) -> F:
    """Offer `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def data_options(command: F) -> F:
    """Offer where what happened is kept."""
    command = click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        help="Data folder, instead of DIR/.relight.",
    )(command)
    return click.option(
        "--database",
        default="",
        metavar="URL",
        help="PostgreSQL to use instead of SQLite, as postgresql://… or env:NAME.",
    )(command)


@contextmanager
def opened(folder: Path, *, data: Path | None = None, database: str = "") -> Generator["House"]:
    """Open a kit's house for one command, with or without a running `up`."""
    from relight.wiring.house import build

    house = build(folder, data=data, database_url=database_url(database, folder))
    try:
        yield house
    finally:
        house.close()


def database_url(written: str, folder: Path) -> str:
    """Resolve a database given by reference."""
    from relight.kernel.secret import is_reference, resolve

    return resolve(written, root=folder).reveal() if is_reference(written) else written


def shell_actor() -> Actor:
    """Name the OS user: whoever may write the data folder acts as local admin."""
    try:
        return operator(getpass.getuser())
    except (KeyError, OSError):
        return operator(f"uid {os.getuid()}")


def size(catalog: "Catalog") -> str:
    """Say in one line how much a kit declares."""
    services, checks, people = len(catalog.services), len(catalog.checks()), len(catalog.people)
    return (
        f"{catalog.name}: {services} service{'s' * (services != 1)}, "
        f"{checks} check{'s' * (checks != 1)}, {people} {'person' if people == 1 else 'people'}."
    )


def say(as_json: bool, value: object, words: Callable[[], None]) -> None:  # noqa: FBT001 - a flag's value
    """Print a value as JSON, or the words that people read."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
    else:
        words()


def tell(error: BaseException) -> int:
    """Print one sentence for a failure and give its exit code. Only our own defects show more."""
    if isinstance(error, RelightError):
        click.echo(str(error), err=True)
        if error.hint:
            click.echo(error.hint, err=True)
        return UNKNOWN if isinstance(error, Unavailable) else NO
    if isinstance(error, BrokenPipeError):
        return NO
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"{where}{error.strerror or error}.", err=True)
        return UNKNOWN
    click.echo("Relight met a defect of its own. Nothing that was recorded is lost.", err=True)
    traceback.print_exception(error, file=sys.stderr)
    return UNKNOWN
