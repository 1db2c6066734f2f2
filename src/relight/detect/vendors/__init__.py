"""Vendor feeds: one file for each format in which vendors say how they stand."""

from relight.detect.situation import Notice
from relight.kernel.plug import Plug, Transient
from relight.kernel.ports import Ports
from relight.kernel.registry import Registry


class Unreadable(Transient):
    """The vendor's feed cannot be read.

    That says nothing about the vendor: it is unknown, never well.
    """


class Feed(Plug, frozen=True, kw_only=True):
    """Base of every vendor feed. A plug-in module names its class as `PLUGIN`.

    Beside it each module has a pure `parse`, which takes the bytes and the moment of reading.
    """

    async def read(self, vendor: str, ports: Ports) -> tuple[Notice, ...]:
        """Read once what the vendor says now; no notice is the vendor saying that it is well.

        Raises `Transient` (such as `Unreadable`) or `Permanent`, which say nothing about it.
        """
        raise NotImplementedError


FEEDS = Registry("relight.detect.vendors", seam="feed", base=Feed)
