"""Everything a kit declares, loaded once and never changed in place."""

from enum import StrEnum

import msgspec

from relight.catalog.customer import Customer
from relight.catalog.heartbeat import Heartbeat
from relight.catalog.intake import IntakeSource
from relight.catalog.metric import Dashboard, Host, MetricRule, MetricSource
from relight.catalog.person import Person, Schedule
from relight.catalog.service import Check, Service
from relight.catalog.severity_matrix import DEFAULT, SeverityMatrix
from relight.catalog.silence import Silence
from relight.catalog.vantage import VantagePoint
from relight.catalog.vendor import Vendor
from relight.catalog.watchdog import Watchdog
from relight.kernel.plug import Plugged


class FirstNotice(StrEnum):
    """Whether the neutral first notice goes out by itself or waits for a confirmation."""

    AUTO = "auto"
    CONFIRM = "confirm"


class StatusPage(msgspec.Struct, frozen=True, kw_only=True):
    """The public page: what it is called, where it is also published, and who speaks first."""

    title: str = ""
    url: str = ""
    publish: tuple[Plugged, ...] = ()
    first_notice: FirstNotice = FirstNotice.AUTO


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed over. The password is a reference, never a value."""

    server: str = "127.0.0.1:25"
    sender: str = "relight@localhost"
    user: str = ""
    password: str = ""
    tls: str = "auto"


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the kit. `version` is a hash of what was read."""

    name: str
    version: str
    people: tuple[Person, ...] = ()
    services: tuple[Service, ...] = ()
    customers: tuple[Customer, ...] = ()
    oncall: tuple[Schedule, ...] = ()
    status_page: StatusPage = StatusPage()
    mail: MailServer = MailServer()
    severities: SeverityMatrix = DEFAULT
    allow_exec: bool = False
    maintenance: tuple[Silence, ...] = ()
    silences: tuple[Silence, ...] = ()
    heartbeats: tuple[Heartbeat, ...] = ()
    watchdog: Watchdog | None = None
    intake: tuple[IntakeSource, ...] = ()

    vantage: tuple[VantagePoint, ...] = ()
    vendors: tuple[Vendor, ...] = ()
    hosts: tuple[Host, ...] = ()
    metrics: tuple[MetricSource, ...] = ()
    rules: tuple[MetricRule, ...] = ()
    dashboard: Dashboard = Dashboard()

    def telling(self) -> tuple[Host | MetricSource, ...]:
        """Give everything that tells figures, each by a name of its own."""
        return (*self.hosts, *self.metrics)

    def service(self, name: str) -> Service | None:
        """Find a service."""
        return next((each for each in self.services if each.name == name), None)

    def person(self, name: str) -> Person | None:
        """Find a person."""
        return next((each for each in self.people if each.name == name), None)

    def checks(self) -> dict[str, Check]:
        """Give every check by its key, in the order written."""
        return {check.key: check for service in self.services for check in service.checks}
