"""Datadog's webhooks integration."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from relight.detect.handed import Handed, Raised, Received
from relight.detect.intake import Format
from relight.detect.intake._reading import (
    at_second,
    bounded,
    cut,
    key_of,
    left_over,
    links,
    must_bear,
    read_object,
    typed,
)
from relight.kernel.severity import Severity

_OVER = {"recovered", "resolved"}


class WireEvent(msgspec.Struct, frozen=True):
    """The fields that the payload template of the manual page sends, and Datadog's own default."""

    id: str = ""
    title: str = ""
    body: str = ""
    event_type: str = ""
    last_updated: str = ""
    date: str = ""
    org: dict[str, object] = {}
    alert_id: str = ""
    transition: str = ""
    alert_type: str = ""
    priority: str = ""
    scope: str = ""
    hostname: str = ""
    tags: str = ""
    link: str = ""
    snapshot: str = ""
    aggregate: str = ""


class DatadogFormat(Format, frozen=True, kw_only=True):
    """Take Datadog's webhooks.

    The payload there is a template; this one says all that is read: `{"id": "$ID", "title":
    "$EVENT_TITLE", "body": "$EVENT_MSG", "alert_id": "$ALERT_ID", "transition":
    "$ALERT_TRANSITION", "alert_type": "$ALERT_TYPE", "priority": "$ALERT_PRIORITY", "scope":
    "$ALERT_SCOPE", "hostname": "$HOSTNAME", "tags": "$TAGS", "link": "$LINK", "snapshot":
    "$SNAPSHOT", "aggregate": "$AGGREG_KEY", "date": "$DATE"}`. An alert counts by its id and scope,
    and the transition `Recovered` clears it. Tags (`service:api`) are labels. With a `key`, add the
    custom header `{"Authorization": "Bearer …"}` there.
    """

    key: str = ""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"key"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"key": "env:DATADOG_KEY"}
    SEVERITIES: ClassVar[Mapping[str, Severity]] = {
        "p1": Severity.S1,
        "p2": Severity.S2,
        "p3": Severity.S3,
        "p4": Severity.S4,
        "p5": Severity.S4,
        "error": Severity.S2,
        "warning": Severity.S3,
        "info": Severity.S4,
        "success": Severity.S4,
    }

    def read(self, handed: Handed) -> Received:
        """Read one event."""
        must_bear(handed, self.key)
        raw = read_object(handed.body)
        event = typed(raw, WireEvent)
        about = "/".join(part for part in (event.alert_id, event.scope) if part)
        key = key_of(about or event.aggregate or event.title)
        delivery = f"{event.id}/{event.transition}" if event.id else ""
        if event.transition.lower() in _OVER or event.alert_type == "success":
            return Received(cleared=(key,), delivery=delivery)
        tags = [tag.partition(":") for tag in event.tags.split(",") if ":" in tag]
        labels = {name.strip(): value.strip() for name, _, value in tags}
        milliseconds = float(event.date) if event.date.isdigit() and len(event.date) < 16 else 0.0
        raised = Raised(
            key=key,
            title=cut(event.title, 200),
            summary=cut(event.title, 1000) or key,
            reason=cut(event.body, 4000),
            word=event.priority if event.priority.lower() in self.SEVERITIES else event.alert_type,
            labels=labels,
            details=bounded(
                (
                    ("transition", event.transition),
                    ("scope", event.scope),
                    ("host", event.hostname),
                    ("event", event.event_type),
                    ("tags", event.tags),
                    *left_over(raw, WireEvent),
                )
            ),
            links=links((("Datadog", event.link), ("Snapshot", event.snapshot))),
            said_at=at_second(milliseconds / 1000),
        )
        return Received(raised=(raised,), delivery=delivery)


PLUGIN: type[Format] = DatadogFormat
