"""Mail, through the kit's own mail server."""

import re
from typing import Any, ClassVar

from relight.kernel.ports import Mail, Ports
from relight.kernel.url import host_of
from relight.notify import letter
from relight.notify.channels import Channel
from relight.notify.message import Kind, Message


class EmailChannel(Channel, frozen=True, kw_only=True):
    """Send mail to the address `to`, as HTML with a plain text part.

    It goes to the server under `mail:` in relight.yaml, else to this machine's own on port 25. All
    mail of one incident lands in one thread. Taken by the server is not the same as read: where
    somebody has to wake up, give a second way to reach them.
    """

    to: str

    EXAMPLE: ClassVar[dict[str, Any]] = {"to": "rebecca@example.org"}

    def __post_init__(self) -> None:
        """Refuse what is not one plain address."""
        name, at, domain = self.to.rpartition("@")
        if not (name and at and domain) or re.search(r"[\s,;<>\x00-\x1f\x7f]", self.to):
            msg = f"`{self.to}` is not a mail address. Write one like rebecca@example.org."
            raise ValueError(msg)

    async def deliver(self, message: Message, ports: Ports) -> str:
        """Hand it to the mail server and give that server's answer."""
        domain = host_of(message.url) if message.url else "relight.invalid"
        headers: dict[str, str] = {}
        if message.incident:
            headers["References"] = f"<{_token(message.incident.id)}@{domain}>"
        if message.kind is Kind.PAGE:
            headers["Importance"] = "high"
        mail = Mail(
            to=self.to,
            subject=message.subject,
            text=letter.text(message),
            html=letter.html(message),
            message_id=f"<{_token(message.delivery_id)}@{domain}>",
            headers=headers,
        )
        answer = await ports.mailer.send(mail)
        return f"The mail server took it: {answer}"


def _token(identifier: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", identifier).strip("-.")


PLUGIN: type[Channel] = EmailChannel
