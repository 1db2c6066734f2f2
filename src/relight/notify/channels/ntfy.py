"""Push messages to a phone through ntfy."""

from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from relight.kernel.plug import Permanent, Transient
from relight.kernel.ports import HttpAnswer, HttpRequest, Ports
from relight.kernel.severity import Severity
from relight.kernel.url import check_web_url, host_of
from relight.notify import letter
from relight.notify.channels import Channel
from relight.notify.channels._answers import check_taken
from relight.notify.message import Kind, Message

# ntfy's scale: 5 rings through "do not disturb" where the phone allows it, 3 is the default.
_PRIORITY = {Severity.S1: 5, Severity.S2: 4, Severity.S3: 3, Severity.S4: 2}


class _Taken(msgspec.Struct):
    """ntfy's answer: the stored message has an id; an error has a code and a text."""

    id: str = ""
    error: str = ""
    http: int = 0


class NtfyChannel(Channel, frozen=True, kw_only=True):
    """Push to the topic that `url` names, on ntfy.sh or a server of your own.

    A page rings with the highest priority at S1 and carries a button that opens the acknowledge
    page. Whoever knows a topic of an open server can read it: choose a long random one, or protect
    it and give the `token`. The fields are those of ntfy's JSON publishing
    (https://docs.ntfy.sh/publish/#publish-as-json).
    """

    url: str
    token: str = ""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"token"})
    REFERABLE: ClassVar[frozenset[str]] = frozenset({"url"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "url": "https://ntfy.sh/where2eat-9f2k7q",
        "token": "env:NTFY_TOKEN",
    }

    def __post_init__(self) -> None:
        """Refuse what names no topic."""
        check_web_url(self.url)
        if not self._topic()[1]:
            msg = "The URL names no topic. Write one like https://ntfy.sh/my-topic."
            raise ValueError(msg)

    async def deliver(self, message: Message, ports: Ports) -> str:
        """Publish it."""
        server, topic = self._topic()
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = msgspec.json.encode({"topic": topic, **_fields(message)})
        answer = await ports.http.request(
            HttpRequest(method="POST", url=server, headers=headers, body=body)
        )
        check_taken(answer, self.url, ports.clock.now())
        taken = _read(answer, self.url)
        return f"{host_of(self.url)} took it as {taken.id[:40]}."

    def _topic(self) -> tuple[str, str]:
        parts = urlsplit(self.url)
        above, _, topic = parts.path.rstrip("/").rpartition("/")
        return urlunsplit((parts.scheme, parts.netloc, above + "/", "", "")), unquote(topic)


def _fields(message: Message) -> dict[str, Any]:
    lines = [message.sentence, *(f"{label}: {value}" for label, value in letter.facts(message))]
    urgent = message.kind is Kind.PAGE and message.severity is not None
    fields: dict[str, Any] = {
        "title": message.subject,
        "message": "\n".join(lines),
        "priority": _PRIORITY[message.severity] if urgent and message.severity else 3,
        "tags": ["white_check_mark" if message.kind is Kind.RESOLVED else "rotating_light"],
    }
    if message.url:
        fields["click"] = message.url
    if message.acknowledge_url:
        view = {"action": "view", "label": "Acknowledge", "url": message.acknowledge_url}
        fields["actions"] = [view]
    return fields


def _read(answer: HttpAnswer, url: str) -> _Taken:
    """Look inside a 2xx answer, which may be an error, or a page of something that is not ntfy."""
    host = host_of(url)
    try:
        taken = msgspec.json.decode(answer.body, type=_Taken)
    except msgspec.DecodeError as error:
        msg = f"{host} answered {answer.status}, but not as ntfy does."
        raise Transient(msg) from error
    if taken.error or not taken.id:
        msg = f"{host} answered {answer.status} with an error inside."
        raise (Permanent if 400 <= taken.http < 500 and taken.http != 429 else Transient)(msg)
    return taken


PLUGIN: type[Channel] = NtfyChannel
