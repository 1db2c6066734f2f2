"""Silences and maintenance: when something may fail without anybody being called."""

from datetime import datetime

import msgspec

from relight.catalog.service import Route
from relight.kernel.severity import Severity


class Recurring(msgspec.Struct, frozen=True, kw_only=True):
    """A window that comes again: on these weekdays (Monday is 0), at a local time, for so long.

    No weekday means every day. `at` is `HH:MM` in `zone`.
    """

    on: tuple[int, ...] = ()
    at: str
    for_s: int
    zone: str = "UTC"


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts that match everything written here call nobody while it lasts; they are kept.

    An empty field matches everything. It lasts from `starts` to `ends`, or again and again as
    `recurring` says. `maintenance` means that the services are being worked on: the status page
    shows it. Times are aware UTC.
    """

    name: str
    reason: str = ""
    maintenance: bool = False
    services: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    severities: tuple[Severity, ...] = ()
    starts: datetime | None = None
    ends: datetime | None = None
    recurring: Recurring | None = None
    by: str = ""
