"""One reading of one vendor's feed, with or without a kit, and nothing of it kept."""

from pathlib import Path

from relight.catalog.catalog import Catalog
from relight.config.known_vendors import known_vendors
from relight.config.read import FILE
from relight.detect.situation import Notice
from relight.detect.vendors import FEEDS
from relight.egress.outside import open_ports
from relight.kernel.clock import SystemClock
from relight.kernel.faults import NotFound, did_you_mean, nearest
from relight.kernel.plug import Plugged
from relight.kernel.secret import resolve
from relight.wiring.kit import read
from relight.wiring.plugs import plug_in


class NotKnown(NotFound):
    """No vendor of that name is in the kit or known."""


def feed_by_name(name: str, kit: Path) -> Plugged:
    """Give a vendor's feed as the kit has it, else as it is known. Raises `NotKnown`."""
    clock = SystemClock()
    declared = read(kit, None, clock.now()).catalog.vendors if (kit / FILE).is_file() else ()
    feeds = {each.name: each.feed for each in known_vendors().values()}
    feeds |= {each.name: each.feed for each in declared}
    if name not in feeds:
        msg = f"`{name}` is not a vendor of the kit, and not known by name."
        raise NotKnown(msg, hint=did_you_mean(name, nearest(name, feeds)))
    return feeds[name]


async def read_once(name: str, feed: Plugged, kit: Path) -> tuple[Notice, ...]:
    """Read a feed now. Raises `PlugFailed` where it cannot be read, and `SecretMissing`."""
    ports = open_ports(Catalog(name="", version=""), SystemClock())
    plug = plug_in(FEEDS, feed, lambda reference: resolve(reference, root=kit))
    return await plug.read(name, ports)
