"""The words given to the public where no person writes them, and the templates they come from.

Every worded text waits for a person's confirmation; only `first_notice` and the `last_word` of an
incident that ended by rule go out by themselves, so they name no cause and promise nothing.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from relight.catalog.catalog import Catalog
from relight.communicate.wording import beside, listed, printable, time_of_day
from relight.incident.state import Incident
from relight.kernel.period import write_duration

FIRST_NOTICE = (
    "We are investigating trouble with {{ components }}. Next update by {{ next_update }}."
)
STILL_INVESTIGATING = (
    "We are still investigating the trouble with {{ components }} that began at {{ since }}. "
    "Next update by {{ next_update }}."
)
LAST_WORD = (
    "{{ components }} {{ have }} worked again since {{ recovered }}. "
    "We watched {{ them }} for {{ watched }}."
)

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_SOMETHING = "one of our systems"


class Filled(msgspec.Struct, frozen=True):
    """A template with its values in place. With anything `missing` it must not be sent."""

    text: str
    missing: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether every placeholder got its value."""
        return not self.missing


def fill(template: str, values: Mapping[str, str]) -> Filled:
    """Put values where `{{ name }}` stands. A name without a value stays visible and is listed.

    Nothing is evaluated, and a value that itself looks like a placeholder stays as it is.
    """
    missing: dict[str, None] = {}

    def put(match: re.Match[str]) -> str:
        value = values.get(match[1], "")
        if value:
            return value
        missing[match[1]] = None
        return f"{{{{ {match[1]} }}}}"

    return Filled(_PLACEHOLDER.sub(put, template).strip(), tuple(missing))


def public_titles(catalog: Catalog, services: Sequence[str]) -> tuple[str, ...]:
    """Name the services as the public knows them; those that are not public are left out."""
    found = (catalog.service(name) for name in services)
    return tuple(printable(each.title) for each in found if each is not None and each.public)


def first_notice(
    catalog: Catalog,
    services: Sequence[str],
    next_update_at: datetime,
    *,
    template: str = FIRST_NOTICE,
) -> str:
    """Write the neutral first notice: which components, that we look into it, when we speak next.

    Empty where none of the services is public. It goes out by itself, so a template that asks for
    more than is known gives way to ours.
    """
    titles = public_titles(catalog, services)
    if not titles:
        return ""
    values = {"components": listed(titles), "next_update": time_of_day(next_update_at)}
    filled = fill(template, values)
    return filled.text if filled.ready else fill(FIRST_NOTICE, values).text


def still_investigating(
    catalog: Catalog,
    incident: Incident,
    next_update_at: datetime,
    *,
    template: str = STILL_INVESTIGATING,
) -> Filled:
    """Draft the next public word while nothing new is known, for a person to confirm."""
    values = {
        "components": listed(public_titles(catalog, incident.services)) or _SOMETHING,
        "since": beside(incident.began_at, next_update_at),
        "next_update": time_of_day(next_update_at),
    }
    return fill(template, values)


def last_word(
    catalog: Catalog, incident: Incident, now: datetime, *, template: str = LAST_WORD
) -> str:
    """Write the end of an incident that recovered: since when it works, how long we watched.

    Where it never recovered (`recovered_at` is None) there is nothing to say by rule: empty.
    """
    if incident.recovered_at is None:
        return ""
    titles = public_titles(catalog, incident.services)
    many = len(titles) > 1
    components = listed(titles) or _SOMETHING
    values = {
        "components": components[:1].upper() + components[1:],
        "have": "have" if many else "has",
        "them": "them" if many else "it",
        "recovered": beside(incident.recovered_at, now),
        "watched": write_duration((now - incident.recovered_at).total_seconds()),
    }
    filled = fill(template, values)
    return filled.text if filled.ready else fill(LAST_WORD, values).text
