"""An alert: something that is wrong, from the moment it was said until it was called over.

Whoever detects (a check, a heartbeat, the edge, a sender outside) opens and clears alerts of this
one shape, and what follows is the same for all: triage, an incident, a page.
"""

from datetime import datetime

import msgspec

from relight.catalog.service import Check, Route
from relight.detect.judge import CheckState
from relight.kernel.severity import Severity

CHECK = "check"
"""The source of alerts that come from our own checks; their key is the check's."""

UNWATCHED = "no longer watched"
"""The label of the detail that says why a cleared alert proves nothing: its trouble may go on."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One open or cleared alert. The store keeps one open for each (source, key).

    `source` is who says so: `check`, `heartbeat`, `edge`, `intake/NAME`. An empty `service` means
    that the source names none. `severity` is what the source says of it, None leaves it to triage;
    `title` is what an incident that it begins is called, and empty leaves that to triage too.
    `count` is how often it was said while open, last at `last_at`. `details` pairs a label with a
    value, `links` a label with an address. `silenced` says why nobody is called just now; it is
    filled in where alerts are shown.
    """

    id: str
    source: str = CHECK
    key: str
    service: str = ""
    route: Route | None = None
    severity: Severity | None = None
    opened_at: datetime
    cleared_at: datetime | None = None
    last_at: datetime | None = None
    count: int = 1
    title: str = ""
    summary: str
    reason: str
    details: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    silenced: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nobody has called it over."""
        return self.cleared_at is None


def open_alert(
    state: CheckState,
    check: Check,
    now: datetime,
    id: str,  # noqa: A002 - the field's own word
) -> Alert:
    """Open the alert of a check that went down; `reason` is what its last result said."""
    return Alert(
        id=id,
        key=check.key,
        service=check.service,
        route=check.route,
        opened_at=now,
        summary=f"{check.key} fails: {state.last_reason.rstrip('.')}",
        reason=state.last_reason,
    )


def clear(alert: Alert, now: datetime) -> Alert:
    """Clear it; one that is cleared already keeps its first time."""
    return alert if alert.cleared_at else msgspec.structs.replace(alert, cleared_at=now)


def said_again(alert: Alert, newer: Alert) -> Alert:
    """Merge what the same source says of the same key into the open alert.

    The first id and time stay; the newest words and details count, and a severity only gets worse.
    """
    worse = alert.severity
    if newer.severity and (worse is None or newer.severity.worse_than(worse)):
        worse = newer.severity
    return msgspec.structs.replace(
        alert,
        count=alert.count + newer.count,
        last_at=newer.last_at or newer.opened_at,
        severity=worse,
        summary=newer.summary or alert.summary,
        reason=newer.reason or alert.reason,
        details=newer.details or alert.details,
        links=newer.links or alert.links,
    )
