"""Gathers what the verdict may weigh from the rooms that keep it."""

from datetime import datetime

from relight.catalog.service import Service
from relight.desk.edge import EdgeDesk
from relight.desk.vendors import Vendors
from relight.detect.situation import Change, EdgeWindow, VendorStanding
from relight.detect.triage import Reach
from relight.store.changes import ChangeRecords


class HouseFacts:
    """The desk's `Facts`, read from the stores."""

    def __init__(self, *, edge: EdgeDesk, changes: ChangeRecords, vendors: Vendors) -> None:
        """Take the records."""
        self._edge = edge
        self._changes = changes
        self._vendors = vendors

    def vendors(self, service: Service, now: datetime) -> tuple[VendorStanding, ...]:
        """Tell how the vendors stand that a service depends on."""
        return self._vendors.of(service, now)

    def changes(self, since: datetime, until: datetime) -> tuple[Change, ...]:
        """Give what took effect within `[since, until]`, newest first."""
        return tuple(self._changes.between(since, until))

    def edge(self, service: Service, now: datetime) -> EdgeWindow | None:
        """Tell what customers' pages reported of a service lately; None where none report."""
        return self._edge.window(service, now)

    def reach(self, service: Service, now: datetime) -> Reach | None:
        """Tell whom the trouble of a service reaches; None where nobody counts."""
        return self._edge.reach(service, now)
