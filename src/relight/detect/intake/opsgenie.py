"""Opsgenie's alert API."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec

from relight.detect.handed import (
    Answer,
    Handed,
    Noted,
    NotGenuine,
    NotReadable,
    NotServed,
    NotTaken,
    Raised,
    Received,
)
from relight.detect.intake import Format
from relight.detect.intake._reading import (
    bounded,
    cut,
    details,
    key_of,
    left_over,
    read_object,
    typed,
)
from relight.kernel.severity import Severity

ALERTS = "/v2/alerts"
_MESSAGE = 130
_ALIAS = 512
_DESCRIPTION = 15_000
_NOTE = 25_000


class WireCreate(msgspec.Struct, frozen=True, rename="camel"):
    """A new alert. Only `message` is required."""

    message: str = ""
    alias: str = ""
    description: str = ""
    responders: list[object] = []
    visible_to: list[object] = []
    actions: list[str] = []
    tags: list[str] = []
    details: dict[str, object] = {}
    entity: str = ""
    source: str = ""
    priority: str = "P3"
    user: str = ""
    note: str = ""


class WireAct(msgspec.Struct, frozen=True):
    """What is done to an alert: who does it, and a word on it."""

    user: str = ""
    source: str = ""
    note: str = ""


class OpsgenieFormat(Format, frozen=True, kw_only=True):
    """Take Opsgenie's alert API, so that what sends there can send here instead.

    Point the sender's API address here and give it this source's key as its `GenieKey`. Served are:
    create, close, acknowledge, add note, and the status of a request. The alias is the key: an
    alert that is open by it counts up, and its id is its alias, or the request's id where it has
    none. Limits are Opsgenie's, and longer texts are cut. `priority` is how bad an alert is that
    says nothing of it.
    """

    priority: str = "P3"

    EXAMPLE: ClassVar[dict[str, Any]] = {"priority": "P2"}
    DOORS: ClassVar[tuple[str, ...]] = (ALERTS,)
    SEVERITIES: ClassVar[Mapping[str, Severity]] = {
        "p1": Severity.S1,
        "p2": Severity.S2,
        "p3": Severity.S3,
        "p4": Severity.S4,
        "p5": Severity.S4,
    }

    def read(self, handed: Handed) -> Received:
        """Read a call by its method and path."""
        below = handed.path.removeprefix(ALERTS).strip("/")
        parts = [unquote(part) for part in below.split("/")] if below else []
        match handed.method, parts:
            case "POST", []:
                return self._create(handed)
            case "GET", ["requests", request]:
                return Received(
                    answer=Answer(status=404, body=_problem("Request not found.", handed)),
                    asks_for=request,
                )
            case "POST", [alert, "close" | "acknowledge" | "notes" as verb]:
                return _act(handed, alert, verb)
            case _:
                raise NotServed

    def _create(self, handed: Handed) -> Received:
        raw = read_object(handed.body)
        given = typed(raw, WireCreate)
        if not given.message.strip():
            msg = "Message can not be empty."
            raise NotReadable(msg)
        alias = key_of(given.alias[:_ALIAS] or handed.id)
        own = {
            "entity": cut(given.entity, 512),
            "source": cut(given.source, 100),
            "tags": ", ".join(cut(tag, 50) for tag in given.tags[:20]),
            "user": cut(given.user, 100),
            "actions": ", ".join(given.actions[:10]),
        }
        custom = details(given.details)
        raised = Raised(
            key=alias,
            title=cut(given.message, _MESSAGE),
            summary=cut(given.message, _MESSAGE),
            reason=cut(given.description, _DESCRIPTION),
            word=given.priority if "priority" in raw else self.priority,
            labels={**dict(custom), **{name: value for name, value in own.items() if value}},
            details=bounded((*custom, *own.items(), *left_over(raw, WireCreate))),
        )
        notes = (_note(alias, given.note, given.user),) if given.note else ()
        return Received(
            answer=_accepted(handed),
            raised=(raised,),
            notes=notes,
            told=_status(handed, "Create", alias, "Created alert"),
        )

    @classmethod
    def key_of(cls, handed: Handed) -> str:
        """Read `Authorization: GenieKey …`."""
        scheme, _, given = handed.headers.get("authorization", "").partition(" ")
        return given.strip() if scheme.lower() == "geniekey" else ""

    @classmethod
    def refusal(cls, error: NotTaken, handed: Handed) -> Answer:
        """Refuse as Opsgenie does."""
        if isinstance(error, NotGenuine):
            body = _problem("Could not authenticate", handed)
            return Answer(status=401, body=body)
        if isinstance(error, NotReadable):
            body = _problem("Request body is not processable. Please check the errors.", handed)
            told = {**msgspec.json.decode(body), "errors": {"body": str(error)}}
            return Answer(status=422, body=msgspec.json.encode(told))
        return Answer(status=error.status, body=_problem(str(error), handed))


def _act(handed: Handed, alert: str, verb: str) -> Received:
    by = typed(read_object(handed.body), WireAct) if handed.body.strip() else WireAct()
    if handed.query.get("identifierType") == "tiny":
        msg = "Alerts have no tiny id here. Name them by id or alias."
        raise NotReadable(msg)
    key = key_of(alert)
    if verb == "notes" and not by.note.strip():
        msg = "Note can not be empty."
        raise NotReadable(msg)
    action, done = {
        "close": ("Close", "Closed alert"),
        "acknowledge": ("Acknowledge", "Acknowledged alert"),
        "notes": ("AddNote", "Added note"),
    }[verb]
    return Received(
        answer=_accepted(handed),
        cleared=(key,) if verb == "close" else (),
        acknowledged=(key,) if verb == "acknowledge" else (),
        notes=(_note(key, by.note, by.user or by.source),) if by.note else (),
        told=_status(handed, action, key, done),
    )


def _note(key: str, text: str, by: str) -> Noted:
    return Noted(key=key, text=cut(text, _NOTE), by=cut(by, 100))


def _accepted(handed: Handed) -> Answer:
    body = {"result": "Request will be processed", "took": 0.0, "requestId": handed.id}
    return Answer(status=202, body=msgspec.json.encode(body))


def _status(handed: Handed, action: str, alert: str, done: str) -> bytes:
    data = {
        "success": True,
        "isSuccess": True,
        "action": action,
        "processedAt": handed.now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "integrationId": "",
        "status": done,
        "alertId": alert,
        "alias": alert,
    }
    return msgspec.json.encode({"data": data, "took": 0.0, "requestId": handed.id})


def _problem(message: str, handed: Handed) -> bytes:
    return msgspec.json.encode({"message": message, "took": 0.0, "requestId": handed.id})


PLUGIN: type[Format] = OpsgenieFormat
