"""`relight probe-agent`: looks from another place and tells the house what is seen from there."""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from relight.kernel.faults import RelightError

if TYPE_CHECKING:
    from relight.kernel.clock import SystemClock

_STEP_S = 2.0


class TokenMissing(RelightError):
    """This vantage point has not joined yet, and was given no invitation."""

    hint = "`relight vantage invite NAME` makes one; put it into RELIGHT_JOIN_TOKEN."


class _Identity(msgspec.Struct, frozen=True):
    """Who we are for which house, as kept beside the results."""

    url: str
    name: str
    key: str


@click.command("probe-agent")
@click.option("--join", "url", required=True, metavar="URL", help="Where Relight answers.")
@click.option(
    "--data",
    default=Path(".relight-agent"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the key and for results that wait.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File with the invitation, instead of RELIGHT_JOIN_TOKEN.",
)
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(["exec", "browser"]),
    help="Let the kit run such checks on this machine; may be repeated.",
)
def probe_agent(url: str, data: Path, token_file: Path | None, allow: tuple[str, ...]) -> None:
    """Look from here until stopped.

    Joins once with an invitation; after that the key in the data folder is enough. Secrets of
    checks are read here, from this machine's environment and files, and never sent.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(_run(url, data, token_file, frozenset(allow)))


async def _run(url: str, data: Path, token_file: Path | None, allowed: frozenset[str]) -> None:
    from relight.catalog.catalog import Catalog
    from relight.cli.probe_agent.buffer import Buffer
    from relight.cli.probe_agent.link import Link, NotAdmitted
    from relight.cli.probe_agent.looker import Looker
    from relight.egress.outside import open_ports
    from relight.kernel.clock import SystemClock
    from relight.kernel.secret import Masker, Secret

    clock, masker = SystemClock(), Masker()
    ports = open_ports(Catalog(name="vantage", version=""), clock)
    buffer = Buffer(data / "seen.db")
    link = Link(
        http=ports.http,
        clock=clock,
        url=url,
        buffer=buffer,
        known=data / "checks.json",
        said=_say,
    )
    identity = _known(data, url)
    if identity is None:
        joined = await link.join(_token(token_file))
        identity = _Identity(url=url, name=joined.name, key=joined.key)
        _keep(data, identity)
    masker.learn(Secret(identity.key))
    click.echo(f"Looking as {identity.name}.", err=True)
    looker = Looker(
        clock=clock,
        ports=ports,
        masker=masker,
        folder=Path.cwd(),
        allowed=allowed,
        seen=link.take,
    )
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(looker.run())
            group.create_task(link.run(identity.key, looker))
            group.create_task(link.keep_steadily())
            group.create_task(_keep_time(clock, looker.shift))
    except* NotAdmitted as refused:
        raise refused.exceptions[0] from None
    finally:
        buffer.close()


async def _keep_time(clock: "SystemClock", shift: Callable[[timedelta], None]) -> None:
    """Follow the machine's clock where it steps; what runs keeps its length."""
    while True:
        await asyncio.sleep(1)
        if abs(clock.step_s()) > _STEP_S:
            shift(timedelta(seconds=clock.follow()))


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


def _known(data: Path, url: str) -> _Identity | None:
    file = data / "identity.json"
    if not file.exists():
        return None
    identity = msgspec.json.decode(file.read_bytes(), type=_Identity)
    return identity if identity.url == url else None


def _keep(data: Path, identity: _Identity) -> None:
    from relight.store.files import write_whole

    write_whole(data / "identity.json", msgspec.json.encode(identity))


def _token(file: Path | None) -> str:
    found = file.read_text(encoding="utf-8") if file else os.environ.get("RELIGHT_JOIN_TOKEN", "")
    if not found.strip():
        raise TokenMissing
    return found.strip()
