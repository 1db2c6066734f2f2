"""Channels: one file for each way to reach a person."""

from relight.kernel.plug import Plug
from relight.kernel.ports import Ports
from relight.kernel.registry import Registry
from relight.notify.message import Message


class Channel(Plug, frozen=True, kw_only=True):
    """Base of every channel. A plug-in module names its class as `PLUGIN`."""

    async def deliver(self, message: Message, ports: Ports) -> str:
        """Hand the message over and give the provider's own answer in one short sentence.

        Returning means that the provider took it. Raises `Transient` (with `retry_after_s` where
        the provider asked for a wait) or `Permanent`.
        """
        raise NotImplementedError


CHANNELS = Registry("relight.notify.channels", seam="channel", base=Channel)
