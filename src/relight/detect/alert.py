"""An alert: one check that was judged down, from the moment it was until it came up."""

from datetime import datetime

import msgspec

from relight.catalog.service import Check, Route
from relight.detect.judge import CheckState


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One open or cleared alert. `key` is the check's key: the store keeps one open per key."""

    id: str
    key: str
    check: str
    service: str
    route: Route
    opened_at: datetime
    cleared_at: datetime | None = None
    summary: str
    reason: str

    @property
    def is_open(self) -> bool:
        """Whether the check has not come up since."""
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
        check=check.key,
        service=check.service,
        route=check.route,
        opened_at=now,
        summary=f"{check.key} fails: {state.last_reason.rstrip('.')}",
        reason=state.last_reason,
    )


def clear(alert: Alert, now: datetime) -> Alert:
    """Clear it; one that is cleared already keeps its first time."""
    return alert if alert.cleared_at else msgspec.structs.replace(alert, cleared_at=now)
