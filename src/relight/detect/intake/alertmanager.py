"""Prometheus Alertmanager's webhook, version 4."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from relight.detect.handed import Handed, NotReadable, Raised, Received
from relight.detect.intake import Format
from relight.detect.intake._reading import (
    bounded,
    details,
    key_of,
    left_over,
    links,
    moment,
    must_bear,
    read_object,
    typed,
)
from relight.kernel.severity import Severity


class WireAlert(msgspec.Struct, frozen=True, rename="camel"):
    """One alert of a group; `endsAt` of the year 1 means that it still fires."""

    status: str = "firing"
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts_at: str = ""
    ends_at: str = ""
    generator_url: str = msgspec.field(default="", name="generatorURL")
    fingerprint: str = ""


class WireGroup(msgspec.Struct, frozen=True, rename="camel"):
    """The whole message, as far as it is the same for all its alerts."""

    alerts: list[dict[str, object]]
    version: str = "4"
    group_key: str = ""
    truncated_alerts: int = 0
    receiver: str = ""
    status: str = ""
    group_labels: dict[str, str] = {}
    common_labels: dict[str, str] = {}
    common_annotations: dict[str, str] = {}
    external_url: str = msgspec.field(default="", name="externalURL")


class AlertmanagerFormat(Format, frozen=True, kw_only=True):
    """Take the webhook of Prometheus Alertmanager (version 4).

    Each alert of a group is one alert here, by its `fingerprint`; `resolved` clears it. The labels
    `severity` and `service`, or the one that `service: {label: …}` names, say how bad it is and of
    what; the annotations `summary`, `description` and `runbook_url` are shown. With a `key`,
    Alertmanager has to send it: `http_config: {authorization: {credentials: …}}` in the receiver.
    Set `send_resolved: true` there, else alerts stay open.
    """

    key: str = ""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"key"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"key": "env:AM_KEY"}
    SEVERITIES: ClassVar[Mapping[str, Severity]] = {
        "critical": Severity.S1,
        "page": Severity.S1,
        "error": Severity.S2,
        "high": Severity.S2,
        "warning": Severity.S3,
        "info": Severity.S4,
        "none": Severity.S4,
    }

    def read(self, handed: Handed) -> Received:
        """Read one group."""
        must_bear(handed, self.key)
        raw = read_object(handed.body)
        group = typed(raw, WireGroup)
        if group.version != "4":
            msg = "Only version 4 of the webhook is read."
            raise NotReadable(msg)
        return read_group(group, left_over(raw, WireGroup), WireAlert)


def read_group(
    group: WireGroup, rest: tuple[tuple[str, str], ...], shape: type[WireAlert]
) -> Received:
    """Read the alerts of a group that Alertmanager or a relative of it sends."""
    raised: list[Raised] = []
    cleared: list[str] = []
    for each in group.alerts:
        alert = typed(each, shape)
        key = key_of(alert.fingerprint or _told_apart(alert.labels))
        if alert.status == "resolved":
            cleared.append(key)
        else:
            raised.append(_raised(key, alert, group, left_over(each, shape), rest))
    return Received(raised=tuple(raised), cleared=tuple(cleared))


def _told_apart(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def _raised(
    key: str,
    alert: WireAlert,
    group: WireGroup,
    more: tuple[tuple[str, str], ...],
    rest: tuple[tuple[str, str], ...],
) -> Raised:
    notes = {**group.common_annotations, **alert.annotations}
    name = alert.labels.get("alertname", "")
    cut_off = (
        [("alerts left out", str(group.truncated_alerts))] if group.truncated_alerts > 0 else []
    )
    return Raised(
        key=key,
        title=notes.get("summary", "") or name,
        summary=notes.get("summary", "") or notes.get("description", "") or name or key,
        reason=notes.get("description", ""),
        word=alert.labels.get("severity", ""),
        labels=alert.labels,
        details=bounded(
            (
                *details(alert.labels),
                *more,
                *((k, v) for k, v in notes.items() if k not in {"summary", "description"}),
                *cut_off,
                *rest,
            )
        ),
        links=links(
            (
                ("Runbook", notes.get("runbook_url", "")),
                ("Dashboard", notes.get("dashboard_url", "") or getattr(alert, "dashboard", "")),
                ("Source", alert.generator_url),
                ("Alertmanager", group.external_url),
            )
        ),
        said_at=moment(alert.starts_at),
    )


PLUGIN: type[Format] = AlertmanagerFormat
