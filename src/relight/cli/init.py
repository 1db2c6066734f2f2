"""`relight init`: writes a kit that works, to be made one's own."""

import sys
from pathlib import Path

import click

from relight.cli.door import json_option, kit_argument, say


@click.command()
@kit_argument
@click.option("--name", default="", help="What you run.")
@click.option("--email", default="", help="Where you are reached when it fails.")
@click.option("--check", "url", default="", metavar="URL", help="What to watch first.")
@json_option
def init(folder: Path, name: str, email: str, url: str, *, as_json: bool) -> None:
    """Write a kit to begin with: relight.yaml, a runbook, templates.

    At a terminal it asks for what was not given; an empty answer is fine. It never overwrites.
    """
    from relight.config.template import write_kit

    if sys.stdin.isatty() and not as_json:
        name = name or click.prompt("What do you run", default=folder.resolve().name)
        email = email or click.prompt("Your e-mail address", default="", show_default=False)
        url = url or click.prompt("A URL to watch", default="", show_default=False)
    written = write_kit(folder, name=name or folder.resolve().name, email=email, url=url)

    def words() -> None:
        for path in written:
            click.echo(f"wrote {path}")
        click.echo(f"\nNext: relight check {folder}, then relight up {folder}")

    say(as_json, {"folder": str(folder), "written": [str(path) for path in written]}, words)
