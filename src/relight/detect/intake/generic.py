"""Any JSON, by JMESPath expressions of the kit's own."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from relight.detect.handed import Handed, Noted, NotReadable, Raised, Received
from relight.detect.intake import Format
from relight.detect.intake._mapping import found_text, must_be_expressions, search
from relight.detect.intake._reading import (
    bounded,
    details,
    key_of,
    links,
    moment,
    must_be_signed,
    must_bear,
    read_json,
)
from relight.kernel.severity import Severity

_MOST_ITEMS = 1000


class GenericFormat(Format, frozen=True, kw_only=True):
    """Take any JSON, read by JMESPath expressions (jmespath.org).

    `alert_key` and `summary` are required: the first gives what is the same for the same trouble,
    the second what people read. `each` gives the list of alerts where a delivery holds several;
    the other expressions then start at one of them. `state` gives a word, and any of `clear_words`
    clears the alert, any of `acknowledge_words` acknowledges it. `severity` gives the word that the
    source's own `severity:` maps, `title` the incident's title, `reason` the words below it,
    `service` goes into the label `service`, `link` gives an address, `at` a time, `delivery` the
    sender's id of the delivery and `note` a word for the timeline. With `bearer`, the sender has
    to send that as `Authorization: Bearer`; with `signature`, the hex HMAC-SHA256 of the body by
    that key in the header that `signed_in` names, where a leading `sha256=` is left out. Try a
    sample on the source's page, or with `relight intake try`.
    """

    alert_key: str
    summary: str = "@"
    each: str = ""
    state: str = ""
    severity: str = ""
    title: str = ""
    reason: str = ""
    service: str = ""
    link: str = ""
    at: str = ""
    note: str = ""
    delivery: str = ""
    clear_words: tuple[str, ...] = ("resolved", "ok", "up", "closed", "recovered")
    acknowledge_words: tuple[str, ...] = ("acknowledged",)
    bearer: str = ""
    signature: str = ""
    signed_in: str = "X-Signature"

    SECRETS: ClassVar[frozenset[str]] = frozenset({"bearer", "signature"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "alert_key": "host",
        "summary": "join(' ', [host, problem])",
        "state": "state",
        "severity": "level",
    }
    SEVERITIES: ClassVar[Mapping[str, Severity]] = {
        "critical": Severity.S1,
        "error": Severity.S2,
        "warning": Severity.S3,
        "info": Severity.S4,
    }

    def __post_init__(self) -> None:
        """Refuse an expression that cannot be read."""
        must_be_expressions(self, _EXPRESSIONS)

    def read(self, handed: Handed) -> Received:
        """Read every item."""
        must_bear(handed, self.bearer)
        if self.signature:
            given = handed.headers.get(self.signed_in.lower(), "").removeprefix("sha256=")
            must_be_signed(handed, self.signature, given)
        body = read_json(handed.body)
        items = search(self.each, body) if self.each else [body]
        if not isinstance(items, list):
            msg = "`each` gives no list."
            raise NotReadable(msg)
        raised: list[Raised] = []
        cleared: list[str] = []
        acknowledged: list[str] = []
        notes: list[Noted] = []
        for item in cast("list[object]", items)[:_MOST_ITEMS]:
            key = key_of(self._text("alert_key", item))
            state = self._text("state", item).lower()
            if note := self._text("note", item):
                notes.append(Noted(key=key, text=note))
            if state and state in {word.lower() for word in self.clear_words}:
                cleared.append(key)
            elif state and state in {word.lower() for word in self.acknowledge_words}:
                acknowledged.append(key)
            else:
                raised.append(self._raised(key, item))
        return Received(
            raised=tuple(raised),
            cleared=tuple(cleared),
            acknowledged=tuple(acknowledged),
            notes=tuple(notes),
            delivery=self._text("delivery", body),
        )

    def _raised(self, key: str, item: object) -> Raised:
        shown = details(item)
        service = self._text("service", item)
        return Raised(
            key=key,
            summary=self._text("summary", item) or key,
            title=self._text("title", item),
            reason=self._text("reason", item),
            word=self._text("severity", item),
            labels={**dict(shown), **({"service": service} if service else {})},
            details=bounded(shown),
            links=links([("Link", self._text("link", item))]),
            said_at=moment(self._text("at", item)),
        )

    def _text(self, name: str, item: object) -> str:
        return found_text(cast("str", getattr(self, name)), item)


_EXPRESSIONS = (
    "alert_key",
    "summary",
    "each",
    "state",
    "severity",
    "title",
    "reason",
    "service",
    "link",
    "at",
    "note",
    "delivery",
)


PLUGIN: type[Format] = GenericFormat
