"""How a part of the status page stands, in the words that Statuspage's readers know."""

from enum import StrEnum


class ComponentState(StrEnum):
    """One of Statuspage's five states, best first; maintenance stands apart.

    Source: developer.statuspage.io, `component.status`.
    """

    OPERATIONAL = "operational"
    DEGRADED_PERFORMANCE = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"
    UNDER_MAINTENANCE = "under_maintenance"

    @property
    def label(self) -> str:
        """Write it for people: `Degraded performance`."""
        return self.value.replace("_", " ").capitalize()

    @property
    def rank(self) -> int:
        """Order by how much it troubles users: 0 works, 1 is planned, 4 is the worst."""
        return _RANKS[self]


_RANKS = {
    ComponentState.OPERATIONAL: 0,
    ComponentState.UNDER_MAINTENANCE: 1,
    ComponentState.DEGRADED_PERFORMANCE: 2,
    ComponentState.PARTIAL_OUTAGE: 3,
    ComponentState.MAJOR_OUTAGE: 4,
}
