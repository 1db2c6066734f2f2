"""Reads vendors' feeds when they are due, beside everything else."""

import asyncio
from collections.abc import Callable

import msgspec
import structlog

from relight.catalog.vendor import Vendor
from relight.desk.vendors import Vendors
from relight.detect.situation import Notice
from relight.detect.vendors import Feed
from relight.egress.conditional import ConditionalHttp
from relight.kernel.faults import RelightError
from relight.kernel.ledger import Claim, Due
from relight.kernel.plug import PlugFailed, Plugged, Transient
from relight.kernel.ports import Http, Ports
from relight.kernel.secret import Masker
from relight.store.vendors import VendorDue

log = structlog.get_logger()

LONGEST_S = 90.0


class FeedReader:
    """Reads one feed for each claim. What it could not read is kept as not known."""

    def __init__(
        self,
        *,
        vendors: Vendors,
        due: Due,
        feed_of: Callable[[Plugged], Feed],
        ports: Callable[[], Ports],
        masker: Masker,
    ) -> None:
        """Take the parts."""
        self._vendors = vendors
        self._due = due
        self._feed_of = feed_of
        self._ports = ports
        self._masker = masker
        self._through: tuple[Http, ConditionalHttp] | None = None

    async def read(self, claim: Claim) -> None:
        """Read a vendor's feed and say when to come back; one that the kit lacks is let go."""
        name = msgspec.json.decode(claim.payload, type=VendorDue).name
        vendor = self._vendors.declared(name)
        if vendor is None:
            await asyncio.to_thread(self._due.complete, claim)
            return
        wait_s: float | None = None
        try:
            found = await self._ask(vendor)
        except TimeoutError:
            fault = f"It did not answer within {LONGEST_S:g} s."
        except (PlugFailed, RelightError) as error:
            wait_s = error.retry_after_s if isinstance(error, Transient) else None
            fault = self._masker.mask(str(error))
        else:
            await asyncio.to_thread(self._vendors.take, claim, vendor, found)
            return
        log.info("vendor.not_read", vendor=name, reason=fault)
        await asyncio.to_thread(self._vendors.miss, claim, vendor, fault, wait_s)

    async def _ask(self, vendor: Vendor) -> tuple[Notice, ...]:
        feed = self._feed_of(vendor.feed)
        ports = self._ports()
        if self._through is None or self._through[0] is not ports.http:
            self._through = (ports.http, ConditionalHttp(ports.http))
        async with asyncio.timeout(LONGEST_S):
            return await feed.read(
                vendor.name, msgspec.structs.replace(ports, http=self._through[1])
            )
