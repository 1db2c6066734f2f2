"""Any of the services that Apprise knows.

Apprise opens its own connections: the egress policy, its time-outs and its one TLS context do not
see them. So this channel is for addresses in the owner's relight.yaml only.
"""

import asyncio
import logging
from importlib import import_module
from typing import Any, ClassVar

from relight.kernel.plug import Permanent, Transient
from relight.kernel.ports import Ports
from relight.notify import letter
from relight.notify.channels import Channel
from relight.notify.message import Kind, Message


class AppriseChannel(Channel, frozen=True, kw_only=True):
    """Send through Apprise to the service that `url` names, like `tgram://…` or `slack://…`.

    The forms are listed at https://appriseit.com/services/. Such a URL holds the service's key, so
    write it as `env:NAME` or `file:PATH`. Apprise opens its own connections, which Relight's egress
    policy does not see, and tells only whether it worked, not why: the service's own words are
    lost.
    """

    url: str

    SECRETS: ClassVar[frozenset[str]] = frozenset({"url"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"url": "env:REBECCA_TELEGRAM"}

    async def deliver(self, message: Message, ports: Ports) -> str:
        """Send it in a thread, because Apprise blocks; its own time-outs end it."""
        del ports  # Apprise brings its own.
        return await asyncio.to_thread(_send, self.url, message)


def _send(url: str, message: Message) -> str:
    library: Any = import_module("apprise")
    # Its log lines hold addresses and keys; the outcome is on the timeline instead.
    logging.getLogger("apprise").disabled = True
    services: Any = library.Apprise()
    if not services.add(url) or not len(services):
        msg = "Apprise does not know that kind of address, or it is not complete."
        raise Permanent(msg, hint="See https://appriseit.com/services/ for the forms.")
    taken: list[str] = []
    failed: list[str] = []
    for service in services:
        name = str(service.service_name or "the service")
        try:
            worked = service.notify(
                body=letter.text(message),
                title=message.subject,
                notify_type="success" if message.kind is Kind.RESOLVED else "failure",
                body_format="text",
            )
        except Exception:  # noqa: BLE001 - 170 services of others; whatever it is, it did not work
            worked = False
        (taken if worked else failed).append(name)
    if failed:
        msg = f"{', '.join(failed)} did not take the message from Apprise."
        raise Transient(msg)
    return f"{', '.join(taken)} took it from Apprise."


PLUGIN: type[Channel] = AppriseChannel
