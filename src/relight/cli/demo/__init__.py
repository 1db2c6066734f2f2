"""`relight demo`: stages a real outage on this machine and verifies from outside how it is handled.

It is a customer of `relight up`, which runs as a process of its own on a generated kit.
"""

import asyncio
import signal
import socket
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

import click

from relight.cli.door import json_option
from relight.rehearse.scenario import Stage

if TYPE_CHECKING:
    from relight.rehearse.scenario import Report

_USUAL_PORT = 8181
_BREAKABLE = [stage.value for stage in Stage if stage is not Stage.DECLARE]


@click.command()
@click.option("--fast", is_flag=True, help="Without the pauses for people.")
@json_option
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the kit is written and stays.  [default: a new temporary folder]",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Port for the pages; 0 takes a free one.  [default: {_USUAL_PORT}, or a free one]",
)
@click.option("--break", "broken", type=click.Choice(_BREAKABLE), hidden=True)
def demo(
    *, fast: bool, as_json: bool, folder: Path | None, port: int | None, broken: str | None
) -> None:
    """Stage a real outage on this machine and watch it handled.

    An edge dies in front of a healthy origin. Relight notices, declares, pages by mail and webhook
    and tells the public; the page is acknowledged and the edge repaired; Relight sees the recovery,
    resolves and drafts the postmortem. Nothing leaves this machine. Exits 0 only when every stage
    was seen from outside.
    """
    from relight.cli.demo.rehearsal import Rehearsal

    rehearsal = Rehearsal(
        folder=_fresh(folder),
        port=_free_port(port),
        fast=fast,
        as_json=as_json,
        broken=Stage(broken) if broken else None,
    )
    try:
        report = asyncio.run(_until_told_to_stop(rehearsal.run()))
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo("Stopped. Nothing of it is left running.", err=True)
        raise click.Abort from None
    rehearsal.conclude(report)
    sys.exit(report.exit_code)


async def _until_told_to_stop(running: "Coroutine[None, None, Report]") -> "Report":
    """Let a signal end it as Ctrl-C does, so that everything is closed on the way out."""
    task = asyncio.ensure_future(running)
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(each, task.cancel)
    return await task


def _fresh(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="relight-demo-")).resolve()
    if folder.exists() and any(folder.iterdir()):
        msg = f"{folder} is not empty. Name a new folder, so that nothing is overwritten."
        raise click.UsageError(msg)
    return folder.resolve()


def _free_port(wanted: int | None) -> int:
    if wanted:
        return wanted
    for port in (0,) if wanted == 0 else (_USUAL_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    msg = "No port is free on this machine."
    raise click.UsageError(msg)
