"""The one body of what vendors say: when each is read, what is kept of it, and what it leads to."""

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from relight.catalog.service import Service
from relight.catalog.vendor import Vendor
from relight.desk.desk import Incidents
from relight.desk.kit import Kit
from relight.detect.alert import Alert
from relight.detect.situation import Notice, VendorStanding
from relight.detect.vendor import (
    VendorReading,
    begun,
    concerns,
    lasting,
    not_read,
    read_well,
    sentence,
    standing,
)
from relight.incident import commands as cmd
from relight.incident.refusals import NotLive
from relight.incident.state import Incident
from relight.kernel.actor import rule
from relight.kernel.clock import Clock
from relight.kernel.faults import NotFound, did_you_mean
from relight.kernel.ids import uuid7
from relight.kernel.ledger import Claim, Due
from relight.store.vendors import VENDOR, VendorDue, VendorRecords, alert_key

SOONEST_S = 15.0
"""However many alerts ask for it, a feed is not read again sooner than this."""
_LONGEST_WAIT_S = 3600.0
_REFRESH_S = 1.0
_MOST_NOTES = 5
_RULE = rule("vendors")


class VendorNotFound(NotFound):
    """There is no such vendor in `relight.yaml`."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor as people see it: how it stands, and which services depend on it."""

    vendor: Vendor
    standing: VendorStanding
    failing_since: datetime | None
    services: tuple[str, ...]

    def lasting(self, now: datetime) -> tuple[Notice, ...]:
        """Give what it says that goes on now."""
        return lasting(self.standing.notices, now)

    def coming(self, now: datetime) -> tuple[Notice, ...]:
        """Give the planned work that is still to come."""
        return tuple(each for each in self.standing.notices if each.began_at > now)

    def ended(self, now: datetime) -> tuple[Notice, ...]:
        """Give what ended lately."""
        return tuple(
            each for each in self.standing.notices if each.ended_at and each.ended_at <= now
        )


class Vendors:
    """Readings of vendors' feeds. Synchronous: async doors call it in threads."""

    def __init__(
        self, *, kit: Kit, records: VendorRecords, incidents: Incidents, due: Due, clock: Clock
    ) -> None:
        """Take the parts."""
        self._kit = kit
        self._records = records
        self._incidents = incidents
        self._due = due
        self._clock = clock
        self._known: dict[str, VendorReading] = {}
        self._known_at_s = float("-inf")

    # ---- questions

    def declared(self, name: str) -> Vendor | None:
        """Find a vendor of the kit."""
        return next((each for each in self._kit.catalog.vendors if each.name == name), None)

    def of(self, service: Service, now: datetime) -> tuple[VendorStanding, ...]:
        """Tell how the vendors of a service stand for it, leaving out what is still to come."""
        needed = [each for name in service.depends_on if (each := self.declared(name))]
        told = [standing(each, self._reading(each), now, service=service) for each in needed]
        return tuple(
            msgspec.structs.replace(each, notices=begun(each.notices, now)) for each in told
        )

    def views(self, services: Sequence[str] | None = None) -> list[View]:
        """Show every vendor, or those of some services with what touches these."""
        now, catalog = self._clock.now(), self._kit.catalog
        views: list[View] = []
        for vendor in catalog.vendors:
            users = [each for each in catalog.services if vendor.name in each.depends_on]
            if services is not None:
                users = [each for each in users if each.name in services]
                if not users:
                    continue
            reading = self._reading(vendor)
            told = standing(vendor, reading, now)
            if services is not None:
                touching = [each for each in told.notices if _touches(each, vendor, users)]
                told = msgspec.structs.replace(told, notices=tuple(touching))
            views.append(
                View(
                    vendor=vendor,
                    standing=told,
                    failing_since=reading.failing_since if reading else None,
                    services=tuple(each.name for each in users),
                )
            )
        return views

    def view(self, name: str) -> View:
        """Show one. Raises `VendorNotFound`."""
        found = {each.vendor.name: each for each in self.views()}
        if name not in found:
            msg = f"There is no vendor `{name}` in relight.yaml."
            raise VendorNotFound(msg, hint=did_you_mean(name, found))
        return found[name]

    def _reading(self, vendor: Vendor) -> VendorReading | None:
        """Give what is known; what was read with other settings is not known any more."""
        now_s = self._clock.monotonic_s()
        if now_s - self._known_at_s > _REFRESH_S:
            self._known, self._known_at_s = self._records.all(), now_s
        reading = self._known.get(vendor.name)
        return reading if reading and reading.feed == _mark(vendor) else None

    # ---- when to read

    def align(self) -> None:
        """Have every vendor of the kit read in turn, one that is new at once; forget the others."""
        now, waiting = self._clock.now(), self._due.keys(VENDOR)
        declared = {each.name: each for each in self._kit.catalog.vendors}
        self._known_at_s = float("-inf")
        for name in sorted(self._records.all().keys() - declared.keys()):
            self._records.forget(name, now)
        for name, vendor in declared.items():
            if name not in waiting or self._reading(vendor) is None:
                self._due.schedule(VENDOR, name, due_at=now, payload=VendorDue(name=name))

    def ask(self, services: Iterable[str]) -> None:
        """Have the vendors of these services read at once, unless they were read just now."""
        now, catalog = self._clock.now(), self._kit.catalog
        wanted = {
            name: vendor
            for service in services
            if (found := catalog.service(service))
            for name in found.depends_on
            if (vendor := self.declared(name))
        }
        for name, vendor in wanted.items():
            reading = self._reading(vendor)
            if reading is None or (now - reading.tried_at).total_seconds() > SOONEST_S:
                self._due.schedule(VENDOR, name, due_at=now, payload=VendorDue(name=name))

    # ---- what was read

    def take(self, claim: Claim, vendor: Vendor, found: Sequence[Notice]) -> None:
        """Keep a good reading with its alerts; what is new goes on the timelines that it touches.

        It may run twice after a crash: alerts are those that stand, and each note has an id.
        """
        now = self._clock.now()
        reading = read_well(self._before(vendor), vendor.name, _mark(vendor), found, now)
        # The notes first: where this process dies in between, the next reading writes the rest.
        self._note(vendor, reading, now)
        self._save(claim, vendor, reading, troubled=self._troubled(vendor, reading, now))

    def miss(self, claim: Claim, vendor: Vendor, fault: str, retry_after_s: float | None) -> None:
        """Keep that a feed could not be read, and since when."""
        now = self._clock.now()
        reading = not_read(self._before(vendor), vendor.name, _mark(vendor), fault, now)
        least_s = min(retry_after_s or 0.0, _LONGEST_WAIT_S)
        self._save(claim, vendor, reading, least_s=least_s)

    def _before(self, vendor: Vendor) -> VendorReading | None:
        self._known_at_s = float("-inf")
        return self._reading(vendor)

    def _save(
        self,
        claim: Claim,
        vendor: Vendor,
        reading: VendorReading,
        *,
        troubled: Sequence[Alert] | None = None,
        least_s: float = 0.0,
    ) -> None:
        before = self._reading(vendor)
        said = (before.notices, before.fault) if before else None
        quiet = said == (reading.notices, reading.fault) and vendor.declare is None
        wait_s = max(vendor.every_s * _spread(vendor.name, reading.tried_at), least_s)
        again_at = reading.tried_at + timedelta(seconds=wait_s)
        self._records.save(reading, claim=claim, again_at=again_at, troubled=troubled, quiet=quiet)
        self._known_at_s = float("-inf")

    def _troubled(self, vendor: Vendor, reading: VendorReading, now: datetime) -> list[Alert]:
        """Make the alerts that the kit wants of a vendor's trouble: one for each service."""
        if vendor.declare is None:
            return []
        trouble = [each for each in lasting(reading.notices, now) if not each.planned]
        alerts: list[Alert] = []
        for service in self._kit.catalog.services:
            touching = [
                each
                for each in trouble
                if vendor.name in service.depends_on and _touches(each, vendor, [service])
            ]
            if not touching:
                continue
            worst = max(touching, key=lambda each: each.state.rank)
            alerts.append(
                Alert(
                    id=uuid7(now),
                    source=VENDOR,
                    key=alert_key(vendor.name, service.name),
                    service=service.name,
                    severity=vendor.declare,
                    opened_at=now,
                    title=f"{vendor.title} has trouble",
                    summary=sentence(vendor.title, worst),
                    reason=worst.title,
                    links=(("What it says", worst.url),) if worst.url else (),
                )
            )
        return alerts

    def _note(self, vendor: Vendor, reading: VendorReading, now: datetime) -> None:
        current = lasting(reading.notices, now)
        if not current:
            return
        for incident in self._incidents.all(live=True):
            users = [
                service
                for name in incident.services
                if (service := self._kit.catalog.service(name))
                and vendor.name in service.depends_on
            ]
            touching = {each.id: each for each in current if _touches(each, vendor, users)}
            for notice in list(touching.values())[:_MOST_NOTES]:
                self._write_down(incident, vendor, notice, now)

    def _write_down(
        self, incident: Incident, vendor: Vendor, notice: Notice, now: datetime
    ) -> None:
        try:
            self._incidents.execute(
                incident.id,
                cmd.AddNote(text=sentence(vendor.title, notice)),
                by=_RULE,
                now=now,
                command_id=f"vendor:{incident.id}:{vendor.name}:{notice.id}",
            )
        except NotLive:
            return  # It ended meanwhile, and the record of it is whole without.


def _touches(notice: Notice, vendor: Vendor, services: Iterable[Service]) -> bool:
    return any(
        concerns(notice, each.vendor_parts.get(vendor.name, ()), vendor.aside) for each in services
    )


def _mark(vendor: Vendor) -> str:
    """Mark the settings of a feed, so that a reading with others is known as such."""
    return hashlib.sha256(msgspec.json.encode(vendor.feed, order="deterministic")).hexdigest()[:16]


def _spread(name: str, at: datetime) -> float:
    """Give a share between 0.9 and 1.1, so that no crowd of readers asks at the same moment."""
    return 0.9 + zlib.crc32(f"{name} {at.timestamp()}".encode()) % 201 / 1000
