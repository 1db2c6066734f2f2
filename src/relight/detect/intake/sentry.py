"""Sentry's integration platform webhooks."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from relight.detect.handed import Handed, Raised, Received
from relight.detect.intake import Format
from relight.detect.intake._reading import (
    bounded,
    cut,
    details,
    key_of,
    links,
    moment,
    must_be_signed,
    read_object,
)
from relight.kernel.severity import Severity

_MESSAGE_PARTS = ("title", "message", "culprit", "level", "platform", "environment", "project")


class SentryFormat(Format, frozen=True, kw_only=True):
    """Take the webhooks of a Sentry internal integration.

    `secret` is the integration's client secret, by which Sentry signs. Issue alerts and new or
    returning issues open an alert by the issue; a resolved, archived or ignored issue clears it.
    Metric alerts open and clear one by their own id, with `critical` and `warning` as their
    severity. Errors one by one and comments are taken and change nothing. Labels are `project`,
    `environment` and the event's tags.
    """

    secret: str

    SECRETS: ClassVar[frozenset[str]] = frozenset({"secret"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"secret": "env:SENTRY_SECRET"}
    SEVERITIES: ClassVar[Mapping[str, Severity]] = {
        "critical": Severity.S1,
        "fatal": Severity.S1,
        "error": Severity.S2,
        "warning": Severity.S3,
        "info": Severity.S4,
        "debug": Severity.S4,
    }

    def read(self, handed: Handed) -> Received:
        """Read a hook by its resource."""
        must_be_signed(handed, self.secret, handed.headers.get("sentry-hook-signature", ""))
        raw = read_object(handed.body)
        data, action = _object(raw, "data"), _text(raw, "action")
        delivery = cut(handed.headers.get("request-id", ""), 200)
        match handed.headers.get("sentry-hook-resource", ""):
            case "event_alert":
                event = _object(data, "event")
                key = key_of("issue", _text(event, "issue_id") or _text(event, "title"))
                rule = ("rule", _text(data, "triggered_rule"))
                return Received(raised=(_raised(key, event, rule),), delivery=delivery)
            case "issue":
                issue = _object(data, "issue")
                key = key_of("issue", _text(issue, "id"))
                if action in {"resolved", "archived", "ignored"}:
                    return Received(cleared=(key,), delivery=delivery)
                if action in {"created", "unresolved"}:
                    return Received(raised=(_raised(key, issue, ("", "")),), delivery=delivery)
                return Received(delivery=delivery)
            case "metric_alert":
                alert = _object(data, "metric_alert")
                key = key_of("metric", _text(alert, "id") or _text(alert, "identifier"))
                if action == "resolved":
                    return Received(cleared=(key,), delivery=delivery)
                return Received(raised=(_metric(key, action, alert, data),), delivery=delivery)
            case _:
                return Received(delivery=delivery)


def _raised(key: str, event: dict[str, object], rule: tuple[str, str]) -> Raised:
    title = _text(event, "title") or _text(event, "message") or key
    project = event.get("project")
    slug = _text(project, "slug") if isinstance(project, dict) else _text(event, "project")  # pyright: ignore[reportUnknownArgumentType]
    tags = event.get("tags")
    pairs = [
        (str(pair[0]), str(pair[1]))
        for pair in (cast("list[list[object]]", tags) if isinstance(tags, list) else [])
        if isinstance(pair, list) and len(pair) == 2  # pyright: ignore[reportUnnecessaryIsInstance]
    ]
    return Raised(
        key=key,
        title=cut(title, 200),
        summary=cut(title, 1000),
        reason=cut(_text(event, "message") or _text(event, "culprit"), 4000),
        word=_text(event, "level"),
        labels={
            **dict(pairs),
            "project": slug,
            "environment": _text(event, "environment"),
        },
        details=bounded(
            (
                rule,
                *details({name: event.get(name) for name in _MESSAGE_PARTS}),
                *((f"tag {name}", value) for name, value in pairs),
            )
        ),
        links=links(
            (
                ("Sentry", _text(event, "web_url") or _text(event, "permalink")),
                ("Issue", _text(event, "issue_url")),
            )
        ),
        said_at=moment(_text(event, "datetime") or _text(event, "lastSeen")),
    )


def _metric(key: str, action: str, alert: dict[str, object], data: dict[str, object]) -> Raised:
    title = _text(data, "description_title") or _text(alert, "title") or key
    return Raised(
        key=key,
        title=cut(title, 200),
        summary=cut(title, 1000),
        reason=cut(_text(data, "description_text"), 4000),
        word=action,
        details=bounded(details(alert)),
        links=links([("Sentry", _text(data, "web_url"))]),
        said_at=moment(_text(alert, "date_started")),
    )


def _object(value: Mapping[str, object], name: str) -> dict[str, object]:
    found = value.get(name)
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def _text(value: Mapping[str, object], name: str) -> str:
    found = value.get(name)
    return str(found) if isinstance(found, str | int) else ""


PLUGIN: type[Format] = SentryFormat
