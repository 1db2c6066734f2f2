"""All that deciding may see of the world at one moment, as plain values.

The rules of the verdict see observations only: what checks saw, what vendors say, what changed,
what customers' pages report, and how the services stand that this one depends on.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from relight.catalog.component import ComponentState
from relight.catalog.service import Service
from relight.detect.judge import CheckState


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a vendor says of itself: trouble, or planned work. Times are aware UTC.

    `id` is the vendor's own; `component` is in the vendor's words, empty where it names none;
    `ended_at` is None while it lasts.
    """

    vendor: str
    id: str
    component: str = ""
    state: ComponentState
    title: str
    url: str = ""
    began_at: datetime
    ended_at: datetime | None = None
    planned: bool = False


class VendorStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a vendor. An unreadable feed is unknown, never well.

    `read_at` is the last good reading, None before the first; `fault` says why the newest failed.
    """

    vendor: str
    read_at: datetime | None = None
    fault: str = ""
    notices: tuple[Notice, ...] = ()


class ChangeKind(StrEnum):
    """What sort of change it was."""

    DEPLOY = "deploy"
    RELEASE = "release"
    PUSH = "push"
    FLAG = "flag"
    MIGRATION = "migration"
    CONFIG = "config"
    OTHER = "other"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something that someone changed, as told by `source`; an empty `service` means it is unknown.

    `id` is unique for its source, so that a repeat counts once. `at` is when it took effect.
    """

    id: str
    source: str
    kind: ChangeKind
    service: str = ""
    at: datetime
    summary: str
    by: str = ""
    link: str = ""
    details: tuple[tuple[str, str], ...] = ()


class EdgeWindow(msgspec.Struct, frozen=True, kw_only=True):
    """What customers' pages reported of a service within `[since, until)`, in counts of loads.

    `usual_loads` is what such a window usually has, None where that is not known yet.
    `failing_sites` of all `sites` are those where most loads failed.
    """

    service: str
    since: datetime
    until: datetime
    loads: int
    failed: int
    slow: int
    errors: int
    api_failed: int
    sites: int
    failing_sites: tuple[str, ...] = ()
    usual_loads: float | None = None


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """A service and everything known about it now.

    `states` are by check key; `vendors` are those that the service depends on; `dependencies` tells
    how the services it depends on stand; `changes` are those of the last hour, newest first.
    """

    service: Service
    now: datetime
    states: Mapping[str, CheckState]
    vendors: tuple[VendorStanding, ...] = ()
    dependencies: Mapping[str, ComponentState] = {}
    changes: tuple[Change, ...] = ()
    edge: EdgeWindow | None = None
