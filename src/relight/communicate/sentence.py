"""The answer at the top of the page: one plain sentence, and Statuspage's words for machines."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from relight.catalog.component import ComponentState
from relight.communicate.public import IMPACT_OF_STATE, Component, Impact, PublicIncident
from relight.communicate.wording import beside, listed
from relight.incident.status import Status

_LONGEST_NAMES = 64
_DOING = {
    Status.INVESTIGATING: "We are investigating.",
    Status.IDENTIFIED: "We have found the cause and are working on it.",
    Status.MONITORING: "A remedy is in place and we are watching it.",
}
_DESCRIPTIONS = {
    Impact.NONE: "All Systems Operational",
    Impact.MINOR: "Minor Service Outage",
    Impact.MAJOR: "Partial System Outage",
    Impact.CRITICAL: "Major Service Outage",
}


def indicator(components: Sequence[Component], current: Sequence[PublicIncident]) -> Impact:
    """Give the worst of what fails now; an incident that seems over weighs no more than minor."""
    felt = [IMPACT_OF_STATE[each.state] for each in components]
    for incident in current:
        cap = Impact.MINOR if incident.seems_over else Impact.CRITICAL
        felt.append(min(incident.impact, cap, key=lambda impact: impact.rank))
    return max(felt, key=lambda impact: impact.rank, default=Impact.NONE)


def description(components: Sequence[Component], indicated: Impact) -> str:
    """Give the few words that readers of Statuspage's API look for."""
    maintained = any(each.state is ComponentState.UNDER_MAINTENANCE for each in components)
    if indicated is Impact.NONE and maintained:
        return "Service Under Maintenance"
    return _DESCRIPTIONS[indicated]


class Answer(msgspec.Struct, frozen=True):
    """What is the matter and since when, and what we do about it (empty where nothing is open)."""

    headline: str
    doing: str = ""

    def __str__(self) -> str:
        """Write it in one line."""
        return f"{self.headline} {self.doing}".rstrip()


def answer(
    components: Sequence[Component], current: Sequence[PublicIncident], as_of: datetime
) -> Answer:
    """Say what is wrong, since when and what we do about it, or that all is well."""
    troubled = [each for each in components if IMPACT_OF_STATE[each.state] is not Impact.NONE]
    if current:
        return _of_incidents(current, troubled, as_of)
    if troubled:
        since = min(each.since for each in troubled)
        return Answer(f"Trouble with {_names(troubled)} since {beside(since, as_of)}.")
    maintained = [each for each in components if each.state is ComponentState.UNDER_MAINTENANCE]
    if maintained:
        since = min(each.since for each in maintained)
        return Answer(f"Maintenance of {_names(maintained)} since {beside(since, as_of)}.")
    return Answer("All systems work.")


def _of_incidents(
    current: Sequence[PublicIncident], troubled: Sequence[Component], as_of: datetime
) -> Answer:
    touched = {each.id: each for incident in current for each in incident.components}
    touched |= {each.id: each for each in troubled}
    affected = sorted(touched.values(), key=lambda each: (-each.state.rank, each.position))
    if affected and not troubled and all(incident.seems_over for incident in current):
        works, it = ("work", "them") if len(affected) > 1 else ("works", "it")
        return Answer(f"{_names(affected, first=True)} {works} again.", f"We are watching {it}.")
    about = f" with {_names(affected)}" if affected else ""
    if len(current) > 1:
        # Each has its own beginning and is at its own point; the cards below say which.
        return Answer(f"Trouble{about}.", f"We are working on {len(current)} incidents.")
    began = min(current[0].began_at, *(each.since for each in troubled), as_of)
    return Answer(f"Trouble{about} since {beside(began, as_of)}.", _DOING[current[0].status])


def _names(components: Sequence[Component], *, first: bool = False) -> str:
    """Name them where that stays short, else count them."""
    written = listed([each.title for each in components], most=3)
    if len(components) > 1 and len(written) > _LONGEST_NAMES:
        written = f"{len(components)} components"
    return written[:1].upper() + written[1:] if first else written
