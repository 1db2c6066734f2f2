"""What the desk asks of the world beside checks and alerts, so that a verdict can weigh it."""

from datetime import datetime
from typing import Protocol

from relight.catalog.service import Service
from relight.detect.situation import Change, EdgeWindow, VendorStanding
from relight.detect.triage import Reach


class Facts(Protocol):
    """Answers from what is on disk, never from outside; `wiring.facts` serves it."""

    def vendors(self, service: Service, now: datetime) -> tuple[VendorStanding, ...]:
        """Tell how the vendors stand that a service depends on."""
        ...

    def changes(self, since: datetime, until: datetime) -> tuple[Change, ...]:
        """Give what took effect within `[since, until]`, newest first."""
        ...

    def edge(self, service: Service, now: datetime) -> EdgeWindow | None:
        """Tell what customers' pages reported of a service lately; None where none report."""
        ...

    def reach(self, service: Service, now: datetime) -> Reach | None:
        """Tell whom the trouble of a service reaches; None where nobody counts."""
        ...
