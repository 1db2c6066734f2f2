"""How names and times are written wherever the public reads them. All times are shown in UTC."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

_UNPRINTABLE = re.compile("[^\t\n\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """Give text that HTML, XML and JSON can all carry: one kind of line break, no control signs.

    What XML 1.0 cannot hold (control characters, lone surrogates) becomes U+FFFD, so that every
    form of the page says the same.
    """
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def listed(names: Sequence[str], *, most: int = 4) -> str:
    """Write names as a sentence does: `A`, `A and B`, `A, B and 3 others`."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} others"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def time_of_day(at: datetime) -> str:
    """Write `02:03 UTC`."""
    return f"{at.astimezone(UTC):%H:%M} UTC"


def day(at: datetime | date) -> str:
    """Write `2 May 2026`."""
    on = at.astimezone(UTC) if isinstance(at, datetime) else at
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def month(at: date) -> str:
    """Write `May 2026`."""
    return f"{_MONTHS[at.month - 1]} {at.year}"


def moment(at: datetime) -> str:
    """Write `2 May 2026, 02:03 UTC`."""
    return f"{day(at)}, {time_of_day(at)}"


def beside(at: datetime, other: datetime) -> str:
    """Write a time that is read beside another: the day only where it differs, so too the year."""
    here, there = at.astimezone(UTC), other.astimezone(UTC)
    if here.date() == there.date():
        return time_of_day(here)
    if here.year == there.year:
        return f"{here.day} {_MONTHS[here.month - 1]}, {time_of_day(here)}"
    return moment(here)


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
