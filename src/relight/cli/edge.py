"""`relight edge`: what goes on customers' pages, and what they report."""

from datetime import timedelta
from pathlib import Path

import click
import msgspec

from relight.cli.door import data_options, json_option, kit_argument, opened, say
from relight.detect.edge.tally import OWN, Counts


class SiteKey(msgspec.Struct, frozen=True):
    """With which key a customer's pages report; the customer `-` is the service's own pages."""

    customer: str
    key: str


@click.group()
def edge() -> None:
    """Have customers' pages report how a service does there."""


@edge.command()
@click.argument("service")
@click.argument("customer")
@kit_argument
@click.option("--url", default="", help="How browsers reach Relight, like https://….")
@data_options
@json_option
def snippet(
    service: str,
    customer: str,
    folder: Path,
    *,
    url: str,
    data: Path | None,
    database: str,
    as_json: bool,
) -> None:
    """Print what to put on a customer's page. CUSTOMER is a key of the table, or `-`: your own."""
    with opened(folder, data=data, database=database) as house:
        whose = None if customer == OWN else house.edge.customer(customer)
        text = house.edge.snippet(service, whose, base_url=url)
    say(as_json, {"snippet": text}, lambda: click.echo(text))


@edge.command()
@click.argument("service")
@kit_argument
@data_options
@json_option
def keys(service: str, folder: Path, *, data: Path | None, database: str, as_json: bool) -> None:
    """List the keys of all customers' pages. They are public, and lead to no name."""
    with opened(folder, data=data, database=database) as house:
        house.edge.service(service)
        found = [
            SiteKey(each.key if each else OWN, house.edge.key(service, each))
            for each in (None, *house.kit.catalog.customers)
        ]

    def words() -> None:
        for each in found:
            click.echo(f"{each.key}  {each.customer}")

    say(as_json, found, words)


@edge.command()
@click.argument("service")
@kit_argument
@click.option(
    "--hours",
    default=1,
    show_default=True,
    type=click.IntRange(1, 48),
    help="How far back to look.",
)
@data_options
@json_option
def show(
    service: str, folder: Path, *, hours: int, data: Path | None, database: str, as_json: bool
) -> None:
    """Show what pages reported lately, the sites with most failed loads first."""
    with opened(folder, data=data, database=database) as house:
        house.edge.service(service)
        now = house.clock.now()
        found = house.edge.records.by_site(service, now - timedelta(hours=hours))

    def words() -> None:
        if not found:
            click.echo(f"No page has reported in the last {hours} h.")
            click.echo(f"`relight edge snippet {service} CUSTOMER` prints what to put on them.")
            return
        click.echo("   loads  failed    slow  errors   calls  site")
        for each in found:
            click.echo(_row(each))

    say(as_json, found, words)


def _row(counts: Counts) -> str:
    figures = (counts.loads, counts.failed, counts.slow, counts.errors, counts.api_failed)
    return f"{''.join(f'{each:8}' for each in figures)}  {counts.site}"
