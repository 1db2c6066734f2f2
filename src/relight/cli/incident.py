"""`relight incident …`: everything that can be done to an incident, from the shell."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from relight.cli.door import data_options, json_option, kit_argument, opened, say, shell_actor
from relight.cli.moment import moment
from relight.cli.words import brief, listing, timeline
from relight.incident import commands as cmd
from relight.incident.status import Audience, Duty, Status
from relight.incident.timeline import rows
from relight.kernel.actor import Actor
from relight.kernel.period import parse_duration_s
from relight.kernel.severity import Severity

if TYPE_CHECKING:
    from relight.desk.desk import Desk
    from relight.incident.state import Incident

_BY_HAND = [Status.INVESTIGATING.value, Status.IDENTIFIED.value, Status.MONITORING.value]


@click.group()
def incident() -> None:
    """Look at incidents and work on them. REF is INC-3, 3, or the id."""


def _acting(
    act: Callable[..., "Incident"],
) -> Callable[..., None]:
    """Turn `act(desk, ref, by, …)` into a command on one incident that prints what became of it."""

    @click.argument("ref")
    @data_options
    @json_option
    @wraps(act)
    def command(
        *,
        ref: str,
        folder: Path,
        data: Path | None,
        database: str,
        as_json: bool,
        **given: Any,  # noqa: ANN401 - the options of the command at hand
    ) -> None:
        with opened(folder, data=data, database=database) as house:
            after = act(house.desk, ref, shell_actor(), **given)
        say(as_json, after, lambda: brief(after))

    return command


@incident.command("list")
@kit_argument
@click.option("--all", "ended", is_flag=True, help="Also those that have ended.")
@data_options
@json_option
def list_(folder: Path, *, ended: bool, data: Path | None, database: str, as_json: bool) -> None:
    """List the live incidents, or all of them."""
    with opened(folder, data=data, database=database) as house:
        found = house.incidents.all(live=None if ended else True)
    empty = "No incident is live." if not ended else "There has been no incident."
    say(as_json, found, lambda: listing(found) if found else click.echo(empty))


@incident.command()
@click.argument("ref")
@kit_argument
@data_options
@json_option
def show(ref: str, folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """Show one incident with its timeline."""
    with opened(folder, data=data, database=database) as house:
        found = house.desk.find(ref)
        entries = house.desk.timeline(found)

    def words() -> None:
        brief(found)
        timeline(rows(entries))

    say(as_json, {"incident": found, "timeline": entries}, words)


@incident.command()
@_acting
@kit_argument
@click.option("--as", "person", default="", help="The person who has it; you, by default.")
def ack(desk: "Desk", ref: str, by: Actor, *, person: str) -> "Incident":
    """Acknowledge: say that you have it. Paging stops."""
    return desk.acknowledge(ref, person=person or by.name, via="shell", by=by)


@incident.command()
@_acting
@click.argument("text")
@kit_argument
@click.option("--at", "happened", default="", metavar="TIME", help="When it happened, ISO 8601.")
def note(desk: "Desk", ref: str, by: Actor, *, text: str, happened: str) -> "Incident":
    """Write something down."""
    return desk.note(ref, text, by=by, occurred_at=moment(happened) if happened else None)


@incident.command()
@_acting
@click.argument("text")
@kit_argument
@click.option("--public", "public", is_flag=True, help="For the public page, not only inside.")
@click.option("--status", type=click.Choice(_BY_HAND), help="Where the incident stands now.")
@click.option("--next", "next_in", default="", metavar="30m", help="When the next word follows.")
def update(
    desk: "Desk",
    ref: str,
    by: Actor,
    *,
    text: str,
    public: bool,
    status: str | None,
    next_in: str,
) -> "Incident":
    """Give word, inside or with --public to everyone."""
    return desk.update(
        ref,
        text,
        audience=Audience.PUBLIC if public else Audience.INTERNAL,
        by=by,
        status=Status(status) if status else None,
        next_in_s=_length_s(next_in) if next_in else None,
    )


@incident.command()
@_acting
@click.argument("level", type=click.Choice([each.value for each in Severity]))
@kit_argument
@click.option("--reason", required=True, help="Why; it goes on the record.")
def severity(desk: "Desk", ref: str, by: Actor, *, level: str, reason: str) -> "Incident":
    """Override the severity. A worse one may begin to page."""
    return desk.set_severity(ref, Severity(level), reason=reason, by=by)


@incident.command()
@_acting
@click.argument("where", type=click.Choice(_BY_HAND))
@kit_argument
@click.option("--reason", default="", help="Why.")
def status(desk: "Desk", ref: str, by: Actor, *, where: str, reason: str) -> "Incident":
    """Move a live incident on, or back."""
    return desk.set_status(ref, Status(where), by=by, reason=reason)


@incident.command()
@_acting
@click.argument("duty", type=click.Choice([each.value for each in Duty]))
@click.argument("person")
@kit_argument
def duty(desk: "Desk", ref: str, by: Actor, *, duty: str, person: str) -> "Incident":
    """Give a duty to a person, also over from another."""
    return desk.take_duty(ref, Duty(duty), person=person, by=by)


@incident.command()
@_acting
@kit_argument
@click.option("--last-word", default="", help="The closing words for the public page.")
@click.option("--reason", default="", help="Why, where the data does not show recovery.")
def resolve(desk: "Desk", ref: str, by: Actor, *, last_word: str, reason: str) -> "Incident":
    """Resolve with the gate's figures; against them only with a reason."""
    found = desk.find(ref)
    word = last_word or (desk.suggested_last_word(found) if found.is_public else "")
    return desk.resolve(ref, by=by, override_reason=reason, last_word=word)


@incident.command()
@_acting
@kit_argument
@click.option("--reason", required=True, help="Why it was not over.")
def reopen(desk: "Desk", ref: str, by: Actor, *, reason: str) -> "Incident":
    """Reopen what was not over; people are called again."""
    return desk.reopen(ref, reason=reason, by=by)


@incident.command()
@_acting
@kit_argument
def close(desk: "Desk", ref: str, by: Actor) -> "Incident":
    """Say that nothing is left to do on a resolved incident."""
    return desk.run(ref, cmd.Close(), by)


@incident.command()
@_acting
@kit_argument
@click.option("--reason", required=True, help="Why it was no incident.")
def decline(desk: "Desk", ref: str, by: Actor, *, reason: str) -> "Incident":
    """Say that it was no incident."""
    return desk.run(ref, cmd.Decline(reason=reason), by)


@incident.command()
@_acting
@click.argument("into")
@kit_argument
@click.option("--reason", default="", help="Why.")
def merge(desk: "Desk", ref: str, by: Actor, *, into: str, reason: str) -> "Incident":
    """Say that another incident is the same and goes on."""
    return desk.merge(ref, into=into, by=by, reason=reason)


@incident.command("move-out")
@_acting
@click.argument("service")
@kit_argument
@click.option("--reason", default="", help="Why it is another matter.")
def move_out(desk: "Desk", ref: str, by: Actor, *, service: str, reason: str) -> "Incident":
    """Make an incident of its own of one SERVICE and its alerts."""
    return desk.move_out(ref, service, by=by, reason=reason)


@incident.command()
@_acting
@click.argument("seq", type=click.IntRange(1))
@click.argument("text")
@kit_argument
@click.option("--reason", required=True, help="Why the entry was wrong.")
def correct(desk: "Desk", ref: str, by: Actor, *, seq: int, text: str, reason: str) -> "Incident":
    """Put right what entry SEQ of the timeline said; both stay."""
    return desk.run(ref, cmd.Correct(seq=seq, text=text, reason=reason), by)


def _length_s(written: str) -> int:
    try:
        return parse_duration_s(written)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
