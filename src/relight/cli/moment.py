"""Times as people type them at a shell."""

from datetime import UTC, datetime

import click


def moment(written: str) -> datetime:
    """Read ISO 8601; a time without an offset is UTC."""
    try:
        read = datetime.fromisoformat(written)
    except ValueError as error:
        msg = f"`{written}` is not a time. Write it like 2026-03-30T07:00:00Z."
        raise click.BadParameter(msg) from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)
