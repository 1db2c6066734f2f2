"""`relight up`: watches, pages and serves in one process until it is told to stop."""

import asyncio
import errno
import fcntl
import logging
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import structlog
from structlog.typing import EventDict

from relight.cli.door import data_options, database_url, kit_argument, size
from relight.kernel.faults import RelightError
from relight.kernel.secret import Masker

if TYPE_CHECKING:
    from relight.wiring.house import House

_FIRST_LINK_VALID_S = 24 * 3600.0
_STOP_S = 2


class CannotListen(RelightError):
    """Relight cannot listen there."""


class AlreadyUp(RelightError):
    """Another `relight up` works on this data folder."""

    hint = "Stop that one first, or give this one a data folder of its own with --data."


@click.command()
@kit_argument
@data_options
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8181,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Another name that people open it by; may be repeated.",
)
@click.option("--url", default="", help="How people reach this from outside, like https://….")
def up(  # noqa: PLR0917 - one parameter an option
    folder: Path,
    data: Path | None,
    database: str,
    host: str,
    port: int,
    hosts: tuple[str, ...],
    url: str,
) -> None:
    """Watch, page and serve until stopped.

    Listens on this machine only, unless --host says otherwise. The first start prints a one-time
    link to sign in with.
    """
    from relight.config.read import must_be_there
    from relight.store.records import serve_at
    from relight.wiring.house import build, open_data

    must_be_there(folder)
    where = open_data(data or folder / ".relight")
    with _held(where), _listening(host, port) as listener:
        taken_port = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        base_url = url or f"http://{shown}:{taken_port}"
        house = build(
            folder, data=where, database_url=database_url(database, folder), base_url=base_url
        )
        log_plainly(house.masker)
        try:
            serve_at(house.database, house.base_url)
            _greet(house)
            _run(house, listener, hosts)
        finally:
            house.close()


def _run(house: "House", listener: socket.socket, hosts: tuple[str, ...]) -> None:
    """Serve until a signal comes. The worker starts and stops within the server's lifespan."""
    import uvloop

    from relight.web.app import create_app
    from relight.web.server import Server
    from relight.worker.work import Worker

    worker = Worker(house)
    app = create_app(
        house,
        allowed_hosts=hosts,
        loops=lambda: {"worker": worker.idle_s},
        on_startup=[worker.start],
        on_shutdown=[worker.stop],
    )
    server = Server(app, stop_s=_STOP_S)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve(sockets=[listener]))
    if not server.started:
        raise CannotListen


def _greet(house: "House") -> None:
    """Say where the pages are, and on the first start how to get in."""
    from relight.store.records import admins

    loaded = house.kit.loaded
    for fault in loaded.faults:
        click.echo(str(fault), err=True)
    catalog = loaded.catalog
    click.echo(size(catalog), err=True)
    click.echo(f"Pages   {house.base_url}/", err=True)
    click.echo(f"Public  {house.base_url}/status/", err=True)
    if not admins(house.database):
        link = house.new_link("", _FIRST_LINK_VALID_S)
        click.echo(f"Sign in {house.base_url}/sign-in?link={link.reveal()}", err=True)
        click.echo("        once, within a day; it makes you admin.", err=True)


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    """Bind before anything else is opened, so that a port in use is said at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(2048)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                msg = f"{host} is not an address of this machine."
                raise CannotListen(msg, hint="Choose another with --host.") from error
            msg = f"Port {port} on {host} cannot be used: {error.strerror}."
            raise CannotListen(msg, hint="Choose another with --port.") from error
        listener.setblocking(False)
        yield listener
    finally:
        listener.close()


@contextmanager
def _held(data: Path) -> Generator[None]:
    """Hold the data folder; the lock goes with the process, however it ends."""
    with (data / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyUp from error
        yield


def log_plainly(masker: Masker) -> None:
    """Send events as lines to stderr; the timeline is the record, the log is for us.

    Whatever an event or a traceback quotes passes the masker.
    """

    def masked(_logger: object, _name: str, event: EventDict) -> EventDict:
        return {
            name: masker.mask(value) if isinstance(value, str) else value
            for name, value in event.items()
        }

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            masked,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(message)s"
    )
