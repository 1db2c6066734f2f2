"""`relight heartbeat`: jobs that report in, how each stands, and a job run with its reports."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from relight.cli.door import data_options, json_option, kit_argument, opened, say
from relight.desk.heartbeats import Heard, HeartbeatNotFound, View
from relight.detect.heartbeat import Ping, Signal, Status
from relight.kernel.faults import RelightError

if TYPE_CHECKING:
    from relight.wiring.house import House

_SHOWN_PINGS = 10


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One heartbeat as the shell shows it. `url` and `slug_url` are what a job pings."""

    name: str
    status: Status
    reason: str
    expected_at: datetime | None
    last_ping_at: datetime | None
    last_success_at: datetime | None
    last_duration_s: float | None
    pings: int
    service: str
    provisioned: bool
    url: str
    slug_url: str


@click.group()
def heartbeat() -> None:
    """See the jobs that report in, and run one with its reports."""


@heartbeat.command("list")
@kit_argument
@data_options
@json_option
def list_(folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """List the heartbeats with how each stands."""
    with opened(folder, data=data, database=database) as house:
        found = [_shown(house, view) for view in house.heartbeats.views()]

    def words() -> None:
        for each in found:
            click.echo(f"{each.name}  {each.status}  {_when(each)}")
        if not found:
            click.echo("No heartbeat is declared. Add `heartbeats:` to relight.yaml.")

    say(as_json, found, words)


@heartbeat.command()
@click.argument("name")
@kit_argument
@data_options
@json_option
def show(name: str, folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """Show how a heartbeat stands, and its last pings."""
    with opened(folder, data=data, database=database) as house:
        found = _shown(house, house.heartbeats.view(name))
        pings = house.heartbeats.pings(name)

    def words() -> None:
        click.echo(f"{found.name} is {found.status}. {found.reason}".rstrip())
        click.echo(_when(found))
        for each in pings[:_SHOWN_PINGS]:
            status = "" if each.ping.exit_status is None else f" {each.ping.exit_status}"
            took = "" if each.took_s is None else f"  took {each.took_s:.1f} s"
            click.echo(f"{each.number}  {_at(each.ping.at)}  {each.ping.signal}{status}{took}")
        if not pings:
            click.echo(f"Nothing was heard yet. `relight heartbeat url {found.name}` prints")
            click.echo("the address that the job pings.")

    said = [
        {
            "number": each.number,
            **msgspec.structs.asdict(each.ping),
            "took_s": each.took_s,
            "body": each.body.decode(errors="replace"),
            "cut": each.cut,
        }
        for each in pings
    ]
    say(as_json, {**msgspec.structs.asdict(found), "last_pings": said}, words)


@heartbeat.command()
@click.argument("name")
@kit_argument
@data_options
@json_option
def url(name: str, folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """Print the address that the job pings. Whoever has it can ping."""
    with opened(folder, data=data, database=database) as house:
        view = house.heartbeats.view(name)
        plain, slug = house.heartbeats.url(name), house.heartbeats.slug_url(view.heartbeat)
    found = {"name": name, "url": plain, "slug_url": slug}
    say(as_json, found, lambda: click.echo(plain))


@heartbeat.command()
@click.argument("name")
@kit_argument
@click.option(
    "--signal",
    type=click.Choice([each.value for each in Signal if each is not Signal.IGNORED]),
    default=Signal.SUCCESS.value,
    show_default=True,
    help="What happened.",
)
@click.option("--run", default="", help="UUID that pairs a start with its end.")
@data_options
@json_option
def ping(
    name: str,
    folder: Path,
    *,
    signal: str,
    run: str,
    data: Path | None,
    database: str,
    as_json: bool,
) -> None:
    """Ping by hand, also while nothing serves: it is written where `relight up` reads it."""
    with opened(folder, data=data, database=database) as house:
        house.heartbeats.view(name)
        at = house.clock.now()
        heard = Ping(signal=Signal(signal), at=at, run=run, method="CLI")
        (made,) = house.heartbeats.take([Heard(name=name, ping=heard)])
        if made is None:
            raise HeartbeatNotFound
        found = _shown(house, house.heartbeats.view(name))
    say(as_json, found, lambda: click.echo(f"{name} is {found.status}. {_when(found)}"))


@heartbeat.command()
@click.argument("name")
@kit_argument
@data_options
@json_option
def pause(name: str, folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """Expect nothing of it until it is heard again or resumed."""
    with opened(folder, data=data, database=database) as house:
        found = _shown(house, house.heartbeats.pause(name))
    say(as_json, found, lambda: click.echo(f"{name} is paused. Its next ping wakes it."))


@heartbeat.command()
@click.argument("name")
@kit_argument
@data_options
@json_option
def resume(name: str, folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """Expect it again from its next ping on."""
    with opened(folder, data=data, database=database) as house:
        found = _shown(house, house.heartbeats.resume(name))
    say(as_json, found, lambda: click.echo(f"{name} is {found.status}. {_when(found)}"))


@heartbeat.command()
@click.argument("name")
@kit_argument
@data_options
@json_option
def remove(name: str, folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """Forget one that a ping made, with its pings."""
    with opened(folder, data=data, database=database) as house:
        house.heartbeats.remove(name)
    say(as_json, {"removed": name}, lambda: click.echo(f"{name} is forgotten."))


@heartbeat.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--kit",
    "folder",
    default=".",
    type=click.Path(path_type=Path, file_okay=False),
    help="Kit folder that has the heartbeat, instead of this one.",
)
@click.option(
    "--url", "address", default="", metavar="URL", help="Address to ping; also env:NAME, file:PATH."
)
@data_options
def run(
    name: str,
    command: tuple[str, ...],
    *,
    folder: Path,
    address: str,
    data: Path | None,
    database: str,
) -> None:
    """Run a job with its reports: `relight heartbeat run NAME -- command…`.

    Its start, its exit status and the last 10 kB that it printed are sent. The job runs also where
    Relight cannot be reached, and its exit status is this command's.
    """
    from relight.cli.job import Pinger, run_job

    pinger: Pinger | None = None
    try:
        pinger = Pinger(_address(name, address, folder, data, database), _aside)
    except (RelightError, OSError) as error:
        hint = error.hint if isinstance(error, RelightError) else ""
        _aside(f"{name} runs without reports. {error} {hint}".rstrip())
    sys.exit(run_job(command, pinger))


def _address(name: str, written: str, folder: Path, data: Path | None, database: str) -> str:
    from relight.kernel.secret import is_reference, resolve

    if is_reference(written):
        return resolve(written, root=folder).reveal().strip()
    if written:
        return written
    with opened(folder, data=data, database=database) as house:
        house.heartbeats.view(name)
        return house.heartbeats.url(name)


def _aside(sentence: str) -> None:
    click.echo(sentence, err=True)


def _shown(house: "House", view: View) -> Shown:
    state = view.state
    return Shown(
        name=view.heartbeat.name,
        status=view.status,
        reason=state.reason,
        expected_at=view.expected_at,
        last_ping_at=state.last_ping_at,
        last_success_at=state.last_success_at,
        last_duration_s=state.last_duration_s,
        pings=state.pings,
        service=view.heartbeat.service,
        provisioned=view.provisioned,
        url=house.heartbeats.url(view.heartbeat.name),
        slug_url=house.heartbeats.slug_url(view.heartbeat),
    )


def _when(each: Shown) -> str:
    said = f"last heard {_at(each.last_ping_at)}" if each.last_ping_at else "never heard of"
    if each.last_duration_s is not None:
        said += f", took {each.last_duration_s:.1f} s"
    return f"{said}, next expected {_at(each.expected_at)}" if each.expected_at else said


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
