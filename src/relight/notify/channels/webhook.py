"""A signed POST to a URL of your own."""

import hashlib
import hmac
from typing import Any, ClassVar

import msgspec

from relight.kernel.ports import HttpRequest, Ports
from relight.kernel.url import check_web_url, host_of
from relight.notify.channels import Channel
from relight.notify.channels._answers import check_taken
from relight.notify.message import Message


class WebhookChannel(Channel, frozen=True, kw_only=True):
    """POST the message as JSON to `url`.

    The body holds `delivery_id`, `kind`, `recipient`, `title`, `sentence`, `severity`, `incident`
    (`id`, `number`, `title`), `services`, `url`, `acknowledge_url`, `details`, `drill` and `at`.
    `Idempotency-Key` is the delivery id, the same on every attempt. With a `key`,
    `Relight-Signature` is `v1=` and the hex HMAC-SHA256 of the `Relight-Timestamp`, a dot and the
    body; refuse what is older than five minutes. Any 2xx answer counts as delivered; redirects are
    not followed.
    """

    url: str
    key: str = ""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"key"})
    REFERABLE: ClassVar[frozenset[str]] = frozenset({"url"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "url": "https://hooks.example.org/rebecca",
        "key": "env:HOOK_KEY",
    }

    def __post_init__(self) -> None:
        """Refuse what is not a web address."""
        check_web_url(self.url)

    async def deliver(self, message: Message, ports: Ports) -> str:
        """Post it."""
        now = ports.clock.now()
        body = msgspec.json.encode(message)
        timestamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.delivery_id,
            "Relight-Timestamp": timestamp,
        }
        if self.key:
            headers["Relight-Signature"] = signature(self.key, timestamp, body)
        answer = await ports.http.request(
            HttpRequest(method="POST", url=self.url, headers=headers, body=body)
        )
        check_taken(answer, self.url, now)
        return f"{host_of(self.url)} answered {answer.status}."


def signature(key: str, timestamp: str, body: bytes) -> str:
    """Sign a body for one moment, as the receiver computes it again."""
    mac = hmac.digest(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={mac.hex()}"


PLUGIN: type[Channel] = WebhookChannel
