"""`relight agent`: tells a Relight elsewhere how this machine is."""

import asyncio
from pathlib import Path

import click

from relight.cli.door import data_options, json_option, kit_argument, opened, say
from relight.kernel.faults import NotFound, RelightError, did_you_mean


class HostNotFound(NotFound):
    """`relight.yaml` names no such host and no such source of metrics."""


class KeyMissing(RelightError):
    """The agent has no key."""

    hint = "Put it into RELIGHT_AGENT_KEY, or into a file and name that with --key-file."


@click.group()
def agent() -> None:
    """Tell a Relight elsewhere how this machine is."""


@agent.command()
@click.option("--to", "url", required=True, metavar="URL", help="Where Relight answers.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File with this host's key, instead of RELIGHT_AGENT_KEY.",
)
@click.option(
    "--every", default=15, show_default=True, type=click.IntRange(5, 300), help="Seconds."
)
@click.option(
    "--unit", "units", multiple=True, help="A systemd unit to tell of also while it is well."
)
@click.option("--once", is_flag=True, help="Push once and end.")
def run(url: str, key_file: Path | None, every: int, units: tuple[str, ...], *, once: bool) -> None:
    """Push processor, memory, disks, network and failed units until stopped.

    What cannot be handed over is kept for ten minutes.
    """
    from relight.cli.agent.machine import Machine
    from relight.cli.agent.push import Pusher
    from relight.egress.http import GuardedHttp
    from relight.egress.policy import Egress
    from relight.egress.resolver import SystemResolver
    from relight.kernel.clock import SystemClock

    clock = SystemClock()
    machine = Machine(units)
    for each in machine.lacking:
        click.echo(each, err=True)
    pusher = Pusher(
        machine=machine,
        http=GuardedHttp(Egress.OWNER, SystemResolver(Egress.OWNER), clock),
        clock=clock,
        url=url,
        key=_key(key_file),
        said=lambda sentence: click.echo(sentence, err=True),
    )
    asyncio.run(pusher.turn() if once else pusher.run(every))


def _key(file: Path | None) -> str:
    import os

    found = file.read_text(encoding="utf-8") if file else os.environ.get("RELIGHT_AGENT_KEY", "")
    if not found.strip():
        raise KeyMissing
    return found.strip()


@agent.command()
@click.argument("name")
@kit_argument
@data_options
@json_option
def key(name: str, folder: Path, data: Path | None, database: str, *, as_json: bool) -> None:
    """Print the key that a host, or a program that pushes OTLP, sends its figures with."""
    with opened(folder, data=data, database=database) as house:
        known = {each.name: each for each in house.kit.catalog.telling()}
        if name not in known:
            raise HostNotFound(
                f"`relight.yaml` names no host `{name}`.",
                hint=did_you_mean(name, known) or "Write `hosts:` and `- " + name + "` there.",
            )
        found = house.metrics.key_of(known[name])
        say(as_json, {"name": name, "key": found}, lambda: click.echo(found))


@agent.command()
@json_option
def look(*, as_json: bool) -> None:
    """Show once what the agent of this machine would tell."""
    import time

    from rich.console import Console
    from rich.table import Table

    from relight.cli.agent.machine import Machine

    machine = Machine()
    time.sleep(0.2)
    figures = machine.look(time.monotonic())

    def words() -> None:
        table = Table(box=None)
        for title in ("figure", "of", "value"):
            table.add_column(title)
        for each in figures:
            of = " ".join(value for _, value in each.labels)
            shown = (
                f"{each.value * 100:.1f} %"
                if each.unit == "1"
                else f"{each.value:,.2f}".removesuffix(".00")
            )
            table.add_row(each.name, of, shown)
        Console().print(table)
        for sentence in machine.lacking:
            click.echo(sentence)

    say(as_json, figures, words)
