"""What the public may see of components and incidents: the nouns of the status page.

All texts have passed `wording.printable`; all times are aware UTC.
"""

from datetime import UTC, date, datetime
from enum import StrEnum

import msgspec

from relight.catalog.component import ComponentState
from relight.incident.status import Status
from relight.kernel.severity import Severity


class Impact(StrEnum):
    """How much users notice, in Statuspage's four words; also the page's overall indicator."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Order by weight: 0 is none, 3 is critical."""
        return list(Impact).index(self)


IMPACT_OF_SEVERITY = {
    Severity.S1: Impact.CRITICAL,
    Severity.S2: Impact.MAJOR,
    Severity.S3: Impact.MINOR,
    Severity.S4: Impact.NONE,
}

IMPACT_OF_STATE = {
    ComponentState.OPERATIONAL: Impact.NONE,
    ComponentState.UNDER_MAINTENANCE: Impact.NONE,
    ComponentState.DEGRADED_PERFORMANCE: Impact.MINOR,
    ComponentState.PARTIAL_OUTAGE: Impact.MAJOR,
    ComponentState.MAJOR_OUTAGE: Impact.CRITICAL,
}


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A service as the public knows it. `name` is the catalogue's, `title` is what people read."""

    id: str
    name: str
    title: str
    description: str
    state: ComponentState
    since: datetime
    position: int


class PublicUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One word given: plain text with its line breaks. `corrected` says that it was changed."""

    id: str
    at: datetime
    status: Status
    text: str
    corrected: bool = False


class PublicIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident the public was told of; `updates` newest first, never empty.

    `status` is one of investigating, identified, monitoring and resolved. `neutral` says that the
    title is ours and only names the components. `update_is_late` says that the time of the next
    update has passed without one.
    """

    id: str
    title: str
    neutral: bool
    status: Status
    impact: Impact
    began_at: datetime
    monitoring_at: datetime | None
    resolved_at: datetime | None
    next_update_at: datetime | None
    update_is_late: bool
    updates: tuple[PublicUpdate, ...]
    components: tuple[Component, ...]

    @property
    def began_on(self) -> date:
        """On which day it began, in UTC."""
        return self.began_at.astimezone(UTC).date()

    @property
    def last_update_at(self) -> datetime:
        """When the public last heard of it."""
        return self.updates[0].at

    @property
    def changed_at(self) -> datetime:
        """When anything the public sees of it last changed."""
        times = (self.last_update_at, self.monitoring_at, self.resolved_at)
        return max(at for at in times if at is not None)

    @property
    def seems_over(self) -> bool:
        """Whether everything it touched works again while we still watch."""
        works = all(each.state is ComponentState.OPERATIONAL for each in self.components)
        return self.status is Status.MONITORING and works
