"""Builds the house: the one place that knows which part serves which."""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec

from relight.catalog.catalog import Catalog
from relight.communicate.publishers import PUBLISHERS, Publisher
from relight.communicate.react import react as communicate_react
from relight.communicate.render.site import site
from relight.communicate.render.templates import load as load_templates
from relight.desk.changes import Changes
from relight.desk.desk import Desk
from relight.desk.edge import EdgeDesk
from relight.desk.heartbeats import Heartbeats
from relight.desk.intake import Intake
from relight.desk.intake_tasks import IntakeTasks
from relight.desk.kit import Kit, Loaded
from relight.desk.metrics import Metrics
from relight.desk.placing import Placing
from relight.desk.rules import Rules, ask_triage
from relight.desk.sign_in import SIGN_IN, DeliverSignIn
from relight.desk.silencing import Silencing
from relight.desk.vantage import VantagePoints
from relight.desk.vendors import Vendors
from relight.desk.verdicts import Verdicts
from relight.detect.intake import INTAKE, Format
from relight.detect.probes import PROBES, Probe
from relight.detect.react import react as detect_react
from relight.detect.vendors import FEEDS, Feed
from relight.egress.outside import open_ports
from relight.incident.commands import IncidentCommand
from relight.incident.decide import decide
from relight.incident.events import IncidentEvent
from relight.incident.evolve import evolve
from relight.incident.state import Incident
from relight.kernel.clock import Clock, SystemClock
from relight.kernel.ids import uuid7
from relight.kernel.ledger import StreamKind
from relight.kernel.plug import Plug, Plugged
from relight.kernel.ports import Ports
from relight.kernel.registry import Registry
from relight.kernel.secret import Masker, Secret, resolve
from relight.learn.react import react as learn_react
from relight.notify.channels import CHANNELS, Channel
from relight.oncall.react import react as oncall_react
from relight.recover.react import react as recover_react
from relight.store.access import AccessRecords
from relight.store.alerts import AlertRecords
from relight.store.changes import ChangeRecords
from relight.store.due import SqlDue
from relight.store.edge import EdgeRecords
from relight.store.engine import Database, DataFolderNotWritable, postgres_url
from relight.store.files import write_whole
from relight.store.heartbeats import HeartbeatRecords
from relight.store.intake import IntakeRecords
from relight.store.ledger import SqlLedger
from relight.store.metrics import MetricRecords
from relight.store.records import (
    CheckRecords,
    InstanceRecord,
    load_instance,
    next_number,
    served_at,
)
from relight.store.schema import prepare
from relight.store.series import Series
from relight.store.silences import SilenceRecords
from relight.store.vendors import VendorRecords
from relight.wiring.facts import HouseFacts
from relight.wiring.kit import read
from relight.wiring.plugs import plug_in

P = TypeVar("P", bound=Plug)

Outside: TypeAlias = Callable[[Catalog, Clock, Secret | None], Ports]
"""Opens the ways out for a catalogue; the secret is the mail server's password."""

INCIDENT = StreamKind[Incident, IncidentCommand, IncidentEvent](
    name="incident",
    events=IncidentEvent,
    state=Incident,
    decide=decide,
    evolve=evolve,
    live=lambda incident: incident.live,
    reactors=(
        ("oncall", oncall_react),
        ("communicate", communicate_react),
        ("recover", recover_react),
        ("learn", learn_react),
        ("detect", detect_react),
    ),
    open_key=lambda incident: incident.open_key,
    name_of=lambda incident: incident.name,
)


class House:
    """One installation with all its parts, built once. The doors take what they need from here.

    `publishing` gives, by place, why the copy of the public page there is not up to date;
    `failing`, by part, what of Relight itself does not work while requests may still come.
    """

    def __init__(
        self,
        *,
        kit: Kit,
        data: Path,
        database: Database,
        base_url: str,
        clock: Clock,
        outside: Outside,
    ) -> None:
        """Put the parts together; the databases are prepared already."""
        self.kit = kit
        self.folder = kit.folder
        self.data = data
        self.database = database
        self.base_url = base_url.rstrip("/")
        self.clock = clock
        self.masker = Masker()
        self.changes = Changes()
        self.publishing: dict[str, str] = {}
        self.failing: dict[str, str] = {}
        self.instance: InstanceRecord = load_instance(database, clock.now())
        self.masker.learn(Secret(self.instance.key.hex()))
        self.incidents = SqlLedger(database, INCIDENT)
        self.due = SqlDue(database, owner=_owner_of(data))
        self.access = AccessRecords(database)
        self.checks = CheckRecords(database)
        self.alerts = AlertRecords(database)
        self.series = Series(database)
        self.vantage = VantagePoints(kit=kit, database=database, clock=clock, masker=self.masker)
        self.metrics = Metrics(
            kit=kit,
            database=database,
            records=MetricRecords(self.series.database),
            clock=clock,
            key=self.instance.key,
        )
        self.what_changed = ChangeRecords(database)
        self.handed_in = IntakeRecords(database)
        self.edge = EdgeDesk(
            kit=kit,
            database=database,
            records=EdgeRecords(database),
            clock=clock,
            key=self.instance.key,
            base_url=self.base_url,
        )
        self.vendors = Vendors(
            kit=kit,
            records=VendorRecords(database, ask_triage=ask_triage),
            incidents=self.incidents,
            due=self.due,
            clock=clock,
        )
        self.desk = Desk(
            kit=kit,
            incidents=self.incidents,
            checks=self.checks,
            alerts=self.alerts,
            facts=HouseFacts(edge=self.edge, changes=self.what_changed, vendors=self.vendors),
            silences=Silencing(SilenceRecords(database)),
            numbers=lambda name: next_number(database, name),
            clock=clock,
            instance_id=self.instance.id,
        )
        self.rules = Rules(self.desk)
        self.verdicts = Verdicts(self.desk)
        self.placing = Placing(self.desk, self.verdicts)
        self.intake = Intake(
            desk=self.desk,
            database=database,
            records=self.handed_in,
            instance_key=self.instance.key,
            masker=self.masker,
            format_of=lambda source: self.format(source.format),
        )
        self.intake_tasks = IntakeTasks(self.desk, database, self.alerts)
        self.heartbeats = Heartbeats(
            kit=kit,
            records=HeartbeatRecords(database, ask_triage=ask_triage),
            clock=clock,
            key=self.instance.key,
            base_url=self.base_url,
        )
        self._site_templates = load_templates()
        self._outside = outside
        self._ports: tuple[Catalog, Ports] | None = None
        database.on_commit.append(self.changes.announce)

    def read_kit(self, folder: Path, before: Loaded | None) -> Loaded:
        """Read the kit anew; see `read`."""
        return read(folder, before, self.clock.now())

    def render_site(self) -> Mapping[str, bytes]:
        """Write the public page as it should read now, every file of it."""
        page = self.desk.status_page()
        if any(each.format.kind == "report" for each in self.kit.catalog.intake):
            page = msgspec.structs.replace(page, report_url=f"{self.base_url}/report")
        return site(page, self._site_templates, base=page.url or f"{self.base_url}/status/")

    def ports(self) -> Ports:
        """Give the ways out for the catalogue in force."""
        catalog = self.kit.catalog
        if self._ports is None or self._ports[0] is not catalog:
            password = self.secret(catalog.mail.password) if catalog.mail.password else None
            self._ports = (catalog, self._outside(catalog, self.clock, password))
        return self._ports[1]

    def probe(self, declared: Plugged) -> Probe:
        """Build a probe from what the kit declares."""
        return self._plug(PROBES, declared)

    def channel(self, declared: Plugged) -> Channel:
        """Build a channel from what the kit declares. Raises `SecretMissing`."""
        return self._plug(CHANNELS, declared)

    def format(self, declared: Plugged) -> Format:
        """Build an intake format from what the kit declares. Raises `SecretMissing`."""
        return self._plug(INTAKE, declared)

    def feed(self, declared: Plugged) -> Feed:
        """Build a vendor's feed from what the kit declares. Raises `SecretMissing`."""
        return self._plug(FEEDS, declared)

    def publisher(self, declared: Plugged) -> Publisher:
        """Build a publisher from what the kit declares."""
        return self._plug(PUBLISHERS, declared)

    def _plug(self, registry: Registry[P], declared: Plugged) -> P:
        return plug_in(registry, declared, self.secret).within(self.folder)

    def secret(self, reference: str) -> Secret:
        """Read what a reference in the kit stands for. Raises `SecretMissing`."""
        secret = resolve(reference, root=self.folder)
        self.masker.learn(secret)
        return secret

    def new_link(self, person: str, valid_s: float) -> Secret:
        """Make a single-use link secret for a person to sign in with."""
        return self.access.new_link(person, self.clock.now(), valid_s)

    def send_sign_in(self, person: str) -> None:
        """Have the worker send a person a link to sign in with."""
        now = self.clock.now()
        self.due.schedule(SIGN_IN, uuid7(now), due_at=now, payload=DeliverSignIn(person))

    def close(self) -> None:
        """Close the databases."""
        self.series.close()
        self.database.close()


def _network(catalog: Catalog, clock: Clock, password: Secret | None) -> Ports:
    return open_ports(catalog, clock, mail_password=password)


def _owner_of(data: Path) -> str:
    """Name the data folder, so that its next process frees what the last one held."""
    file = data / "owner"
    if not file.exists():
        write_whole(file, secrets.token_hex(8).encode())
    return file.read_text(encoding="ascii").strip()


def open_data(folder: Path) -> Path:
    """Make sure the data folder is there and can be written; only its owner may look inside."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trial = folder / ".trial"
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as error:
        msg = f"{folder} cannot be written to: {error.strerror}."
        raise DataFolderNotWritable(msg) from error
    return folder


def build(
    folder: Path,
    *,
    data: Path | None = None,
    database_url: str = "",
    base_url: str = "",
    clock: Clock | None = None,
    outside: Outside | None = None,
) -> House:
    """Open a kit with its data folder, bringing the database up to date.

    Without a `base_url` it is the one where `up` last served. `outside` stands in for the network
    where an outage is replayed. Raises `KitMissing`, `KitFaulty`, or a `StoreUnavailable` that says
    what to do.
    """
    clock = clock or SystemClock()
    kit = Kit(folder, read(folder, None, clock.now()))
    where = open_data(data or folder / ".relight")
    if database_url:
        database = Database(postgres_url(database_url))
    else:
        # The folder may be older than Relight and open to others. SQLite's logs take after these.
        for name in ("state.db", "series.db"):
            (where / name).touch(mode=0o600)
        database = Database.at(where / "state.db")
    prepare(database)
    return House(
        kit=kit,
        data=where,
        database=database,
        base_url=base_url or served_at(database),
        clock=clock,
        outside=outside or _network,
    )
