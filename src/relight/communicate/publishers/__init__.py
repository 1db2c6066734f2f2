"""Publishers: one file for each place that can hold a static copy of the status page."""

from collections.abc import Mapping

from relight.kernel.plug import Plug
from relight.kernel.ports import Ports
from relight.kernel.registry import Registry


class Publisher(Plug, frozen=True, kw_only=True):
    """Base of every publisher. A plug-in module names its class as `PLUGIN`."""

    async def publish(self, site: Mapping[str, bytes], ports: Ports) -> str:
        """Make the place hold exactly this site and give what was done in one short sentence.

        Keys are relative paths with `/`, values the files' bytes. Files of others are left alone.
        Returning means that it was read back. Raises `Transient` or `Permanent`.
        """
        raise NotImplementedError


PUBLISHERS = Registry("relight.communicate.publishers", seam="publisher", base=Publisher)
