"""Any of the services that Apprise knows.

Apprise opens its own connections, so the egress policy does not see them: this channel is for
addresses in the owner's relight.yaml only. It bounds each read, not the whole exchange, and reads
an answer of any size into memory; a thread could not be stopped in that. So each message has a
short-lived process of its own, which is killed when its time is over. The address goes to it
through a pipe, where no list of processes shows it.
"""

import asyncio
import sys
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from relight.kernel.plug import NoAnswer, Permanent, Transient
from relight.kernel.ports import Ports
from relight.notify import letter
from relight.notify.channels import Channel
from relight.notify.channels._apprise_send import Order, Outcome
from relight.notify.message import Kind, Message


class AppriseChannel(Channel, frozen=True, kw_only=True):
    """Send through Apprise to the service that `url` names, like `tgram://…` or `slack://…`.

    The forms are listed at https://appriseit.com/services/. Such a URL holds the service's key, so
    write it as `env:NAME` or `file:PATH`. Apprise opens its own connections, which Relight's egress
    policy does not see, and tells only whether it worked, not why: the service's own words are
    lost. What has not worked within `timeout_s` is stopped and tried again.
    """

    url: str
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 30.0

    SECRETS: ClassVar[frozenset[str]] = frozenset({"url"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"url": "env:REBECCA_TELEGRAM"}

    async def deliver(self, message: Message, ports: Ports) -> str:
        """Send it from a process of its own."""
        del ports  # Apprise brings its own.
        order = Order(
            url=self.url,
            title=message.subject,
            body=letter.text(message),
            mood="success" if message.kind is Kind.RESOLVED else "failure",
        )
        try:
            async with asyncio.timeout(self.timeout_s):
                outcome = await _carry_out(order)
        except TimeoutError as error:
            msg = f"The service behind Apprise did not finish within {self.timeout_s:g} s."
            raise NoAnswer(msg) from error
        if outcome.failed:
            msg = f"{', '.join(outcome.failed)} did not take the message from Apprise."
            raise Transient(msg)
        if not outcome.taken:
            msg = "Apprise does not know that kind of address, or it is not complete."
            raise Permanent(msg, hint="See https://appriseit.com/services/ for the forms.")
        return f"{', '.join(outcome.taken)} took it from Apprise."


async def _carry_out(order: Order) -> Outcome:
    program = "relight.notify.channels._apprise_send"
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", program, stdin=pipe, stdout=pipe, stderr=nothing
        )
    except OSError as error:
        msg = "Apprise could not be started."
        raise Transient(msg) from error
    try:
        said, _ = await process.communicate(msgspec.json.encode(order))
        return msgspec.json.decode(said, type=Outcome)
    except msgspec.DecodeError as error:
        msg = "Apprise ended without an answer."
        raise Transient(msg) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


PLUGIN: type[Channel] = AppriseChannel
