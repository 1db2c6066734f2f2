"""Alerts by mail, for what can send nothing else."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from relight.detect.handed import Handed, NotServed, Raised, Received
from relight.detect.intake import Format
from relight.detect.intake._reading import bounded, cut, key_of
from relight.kernel.severity import Severity

_REPLIES = re.compile(r"^(\s*(re|fwd?|aw|wg|sv|antw)\s*:)+", re.IGNORECASE)
_NOT_IN_KEY = re.compile(r"\[[^\]]{0,80}\]|[^\w./:-]+")
_WORD = re.compile(r"[A-Za-z]+")


class EmailFormat(Format, frozen=True, kw_only=True):
    """Take alerts by mail at `NAME+KEY@` any host.

    `listen` is where this machine takes mail in: `host:port` speaks SMTP, `lmtp:host:port` LMTP, on
    loopback unless you write another address; have your mail server pass on what is meant for it.
    The subject is the alert's title. What stays of it without brackets, reply marks and state words
    is the key, or the first group of the regular expression `key`. A subject with one of
    `clear_words` clears the alert. A letter is taken once, by its Message-ID.
    """

    listen: str = "127.0.0.1:2525"
    key: str = ""
    clear_words: tuple[str, ...] = ("resolved", "recovered", "recovery", "ok", "up", "closed")

    EXAMPLE: ClassVar[dict[str, Any]] = {"listen": "127.0.0.1:2525"}
    SEVERITIES: ClassVar[Mapping[str, Severity]] = {
        "critical": Severity.S1,
        "down": Severity.S1,
        "error": Severity.S2,
        "problem": Severity.S2,
        "firing": Severity.S2,
        "alert": Severity.S2,
        "warning": Severity.S3,
        "info": Severity.S4,
    }

    def __post_init__(self) -> None:
        """Refuse a key that is no regular expression with one group."""
        try:
            groups = re.compile(self.key).groups
        except re.error as error:
            msg = f"`key` is no regular expression: {error}."
            raise ValueError(msg) from None
        if self.key and groups != 1:
            msg = "`key` needs one group in brackets, like `Check (\\S+)`."
            raise ValueError(msg)

    def read(self, handed: Handed) -> Received:
        """Read a letter."""
        if not handed.by_mail:
            raise NotServed
        delivery = cut(handed.headers.get("message-id", ""), 400)
        if handed.headers.get("auto-submitted", "no").lower() == "auto-replied":
            return Received(delivery=delivery)
        subject = cut(_REPLIES.sub("", handed.headers.get("subject", "")), 500) or "(no subject)"
        words = [word.lower() for word in _WORD.findall(subject)]
        clears = {word.lower() for word in self.clear_words}
        key = self._key(subject, clears)
        if clears & set(words):
            return Received(cleared=(key,), delivery=delivery)
        text = cut(handed.body.decode("utf-8", "replace"), 4000)
        raised = Raised(
            key=key,
            title=subject,
            summary=subject,
            reason=text,
            word=next((word for word in self.SEVERITIES if word in words), ""),
            details=bounded((("from", handed.headers.get("from", "")), ("text", text))),
        )
        return Received(raised=(raised,), delivery=delivery)

    def _key(self, subject: str, clears: set[str]) -> str:
        if self.key and (match := re.search(self.key, subject)):
            return key_of(match[1] or subject)
        states = clears | set(self.SEVERITIES)
        words = _NOT_IN_KEY.sub(" ", subject).lower().split()
        return key_of(
            " ".join(word for word in words if word.strip(":.-") not in states) or subject
        )


PLUGIN: type[Format] = EmailFormat
