"""Services, and the checks that tell whether they work."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from relight.catalog.edge import EdgeBeacon
from relight.kernel.plug import Plugged


class Route(StrEnum):
    """Which way a check takes: as users do (through the edge), or straight to the origin."""

    THROUGH = "through"
    DIRECT = "direct"


Quorum: TypeAlias = Literal["majority", "any", "all"] | int
"""How many of the vantage points that look have to see a check fail."""


class Window(msgspec.Struct, frozen=True):
    """What may not be passed over a length of time; seconds, or a share from 0 to 1."""

    limit: float
    over_s: int


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One probe on a timetable. Down means `failures` bad results in a row, `confirm_s` apart.

    Where several vantage points look, a `quorum` of them has to see it. `slow` is the most that 95
    of 100 looks may take, in seconds, `errors` the share of looks that may fail: passing either
    makes a check degraded, not down. `looks_from` names vantage points; empty means all.
    """

    service: str
    name: str
    probe: Plugged
    route: Route = Route.THROUGH
    every_s: int = 60
    failures: int = 3
    recoveries: int = 2
    confirm_s: float = 1.0
    quorum: Quorum = "majority"
    slow: Window | None = None
    errors: Window | None = None
    looks_from: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name it across the catalogue."""
        return f"{self.service}/{self.name}"

    @property
    def stale_after_s(self) -> float:
        """Tell when a result is too old to count as evidence: three intervals without a new one.

        At least 30 s, since a probe that waits for its time-out is still a probe at work.
        """
        return max(3.0 * self.every_s, 30.0)


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """Something we run; each is a component of the status page unless `public` is off.

    `depends_on` names services and vendors; `vendor_parts` tells by vendor which of its components
    matter, where not all do. `edge` is None where no page of a customer reports on it.
    """

    name: str
    title: str
    description: str = ""
    checks: tuple[Check, ...] = ()
    depends_on: tuple[str, ...] = ()
    vendor_parts: Mapping[str, tuple[str, ...]] = {}
    core: bool = True
    public: bool = True
    edge: EdgeBeacon | None = None
