"""PagerDuty's Events API v2."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

import msgspec

from relight.detect.handed import (
    Answer,
    Handed,
    NotGenuine,
    NotReadable,
    NotServed,
    NotTaken,
    Raised,
    Received,
    TooMany,
)
from relight.detect.intake import Format
from relight.detect.intake._reading import (
    bounded,
    cut,
    details,
    key_of,
    left_over,
    links,
    moment,
    read_object,
    typed,
)
from relight.detect.situation import Change, ChangeKind
from relight.kernel.severity import Severity

EVENTS = "/v2/enqueue"
CHANGES = "/v2/change/enqueue"
_SUMMARY = 1024
_DEDUP_KEY = 255
_WORDS = ("critical", "error", "warning", "info")


class WirePayload(msgspec.Struct, frozen=True):
    """What is wrong."""

    summary: str = ""
    source: str = ""
    severity: str = ""
    timestamp: str = ""
    component: str = ""
    group: str = ""
    class_: str = msgspec.field(default="", name="class")
    custom_details: object = None


class WireLink(msgspec.Struct, frozen=True):
    """An address with a text; images have a `src` instead."""

    href: str = ""
    text: str = ""
    src: str = ""
    alt: str = ""


class WireEvent(msgspec.Struct, frozen=True):
    """One event, or one change, which has no action and no key."""

    routing_key: str = ""
    event_action: str = ""
    dedup_key: str = ""
    payload: dict[str, object] = {}
    links: list[WireLink] = []
    images: list[WireLink] = []
    client: str = ""
    client_url: str = ""


class PagerdutyFormat(Format, frozen=True, kw_only=True):
    """Take PagerDuty's Events API v2, so that what sends there can send here instead.

    Point the sender's base address here and give it this source's key as `routing_key`. `trigger`
    opens an alert by its `dedup_key`, or a new one where there is none; `acknowledge` says that its
    incident is taken; `resolve` clears it. Change events (`/v2/change/enqueue`) never notify and
    are shown beside incidents. The limits are PagerDuty's: 512 KB, 1024 characters of `summary`,
    255 of `dedup_key`. `client` is the name that changes are said to be from where they name no
    source of their own.
    """

    client: str = "pagerduty"

    EXAMPLE: ClassVar[dict[str, Any]] = {"client": "billing"}
    DOORS: ClassVar[tuple[str, ...]] = (EVENTS, CHANGES)
    LARGEST: ClassVar[int] = 512 * 1024
    SEVERITIES: ClassVar[Mapping[str, Severity]] = {
        "critical": Severity.S1,
        "error": Severity.S2,
        "warning": Severity.S3,
        "info": Severity.S4,
    }

    def read(self, handed: Handed) -> Received:
        """Read an event or a change by the address it came to."""
        if handed.method != "POST":
            raise NotServed
        raw = read_object(handed.body)
        event = typed(raw, WireEvent)
        payload = typed(event.payload, WirePayload)
        if handed.path == CHANGES:
            return self._change(handed, raw, event, payload)
        _check(event, payload)
        key = event.dedup_key or handed.id.replace("-", "")
        body = {"status": "success", "message": "Event processed", "dedup_key": key}
        answer = Answer(status=202, body=msgspec.json.encode(body))
        match event.event_action:
            case "trigger":
                return Received(answer=answer, raised=(_raised(key, raw, event, payload),))
            case "acknowledge":
                return Received(answer=answer, acknowledged=(key_of(key),))
            case _:
                return Received(answer=answer, cleared=(key_of(key),))

    def _change(
        self, handed: Handed, raw: dict[str, object], event: WireEvent, payload: WirePayload
    ) -> Received:
        if not payload.summary.strip():
            raise NotReadable(_blank("payload.summary"))
        found = links((each.text or "Link", each.href) for each in event.links)
        change = Change(
            id=handed.id,
            source="",
            kind=_kind_of(payload.summary),
            at=moment(payload.timestamp) or handed.now,
            summary=cut(payload.summary, _SUMMARY),
            by=payload.source or self.client,
            link=found[0][1] if found else "",
            details=bounded(
                (
                    *details(payload.custom_details),
                    *left_over(raw, WireEvent),
                    *left_over(event.payload, WirePayload),
                )
            ),
        )
        body = {"status": "success", "message": "Change event processed"}
        answer = Answer(status=202, body=msgspec.json.encode(body))
        return Received(answer=answer, changes=(change,))

    @classmethod
    def key_of(cls, handed: Handed) -> str:
        """Read `routing_key`, or the header that some senders use instead."""
        given = handed.headers.get("x-routing-key", "")
        if given:
            return given
        found = read_object(handed.body).get("routing_key")
        return found if isinstance(found, str) else ""

    @classmethod
    def refusal(cls, error: NotTaken, handed: Handed) -> Answer:
        """Refuse as PagerDuty does: its clients give up at 400 and try again at 429."""
        del handed
        status, word, message = error.status, "invalid event", "Event object is invalid"
        if isinstance(error, NotGenuine):
            status = 400
        elif isinstance(error, TooMany):
            word = "throttle exceeded"
            message = "Requests for this service are arriving too quickly.  Please retry later."
        body = {"status": word, "message": message, "errors": [str(error)]}
        return Answer(status=status, body=msgspec.json.encode(body))


def _blank(field: str) -> str:
    return f"'{field}' is missing or blank"


def _check(event: WireEvent, payload: WirePayload) -> None:
    action = event.event_action
    if action not in {"trigger", "acknowledge", "resolve"}:
        wrong = "must be one of trigger, acknowledge, resolve"
        raise NotReadable(f"'event_action' {wrong}" if action else _blank("event_action"))
    if len(event.dedup_key) > _DEDUP_KEY:
        raise NotReadable(f"'dedup_key' is longer than {_DEDUP_KEY} characters")
    if action != "trigger":
        if not event.dedup_key:
            raise NotReadable(_blank("dedup_key"))
        return
    for field in ("summary", "source", "severity"):
        if not cast("str", getattr(payload, field)).strip():
            raise NotReadable(_blank(f"payload.{field}"))
    if payload.severity.lower() not in _WORDS:
        raise NotReadable(f"'payload.severity' must be one of {', '.join(_WORDS)}")


def _raised(key: str, raw: dict[str, object], event: WireEvent, payload: WirePayload) -> Raised:
    said = {
        "source": payload.source,
        "component": payload.component,
        "group": payload.group,
        "class": payload.class_,
    }
    custom = details(payload.custom_details)
    known = {name: value for name, value in said.items() if value}
    return Raised(
        key=key_of(key),
        title=cut(payload.summary, _SUMMARY),
        summary=cut(payload.summary, _SUMMARY),
        word=payload.severity,
        labels={**dict(custom), **known},
        details=bounded(
            (
                *known.items(),
                *custom,
                ("client", event.client),
                *left_over(raw, WireEvent),
                *left_over(event.payload, WirePayload),
            )
        ),
        links=links(
            (
                *((each.text or "Link", each.href) for each in event.links),
                *((each.alt or "Image", each.src) for each in event.images),
                (event.client or "Client", event.client_url),
            )
        ),
        said_at=moment(payload.timestamp),
    )


def _kind_of(summary: str) -> ChangeKind:
    words = summary.lower()
    named = {"deploy": ChangeKind.DEPLOY, "release": ChangeKind.RELEASE, "flag": ChangeKind.FLAG}
    return next((kind for word, kind in named.items() if word in words), ChangeKind.OTHER)


PLUGIN: type[Format] = PagerdutyFormat
