"""UptimeRobot's webhook alert contact."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

import msgspec

from relight.detect.handed import Handed, NotReadable, Raised, Received
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

_DOWN, _UP, _CERTIFICATE = "1", "2", "3"


class WireAlert(msgspec.Struct, frozen=True):
    """The variables that UptimeRobot fills in."""

    monitor_id: str = msgspec.field(default="", name="monitorID")
    monitor_url: str = msgspec.field(default="", name="monitorURL")
    monitor_name: str = msgspec.field(default="", name="monitorFriendlyName")
    alert_type: str | int = msgspec.field(default="", name="alertType")
    alert_word: str = msgspec.field(default="", name="alertTypeFriendlyName")
    details: str = msgspec.field(default="", name="alertDetails")
    seconds: str | float = msgspec.field(default="", name="alertDateTime")
    days_left: str | int = msgspec.field(default="", name="sslExpiryDaysLeft")


class UptimerobotFormat(Format, frozen=True, kw_only=True):
    """Take UptimeRobot's webhooks, sent as JSON, as POST parameters or in the query string.

    Tick at least one of "Send as JSON" and "Send default variables as query string" there. Down
    opens the monitor's alert, up clears it, and a certificate that is about to expire opens one of
    its own. The service is found by the label that `service: {label: …}` names among `monitor` (the
    monitor's friendly name) and `url`. With a `key`, add the custom header `Authorization: Bearer
    …` there, which is for JSON alone.
    """

    key: str = ""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"key"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"key": "env:UPTIMEROBOT_KEY"}
    SEVERITIES: ClassVar[Mapping[str, Severity]] = {"certificate": Severity.S3}

    def read(self, handed: Handed) -> Received:
        """Read one alert."""
        must_bear(handed, self.key)
        raw = _fields(handed)
        alert = typed(raw, WireAlert)
        kind = str(alert.alert_type)
        if not alert.monitor_id or kind not in {_DOWN, _UP, _CERTIFICATE}:
            msg = "`monitorID` and an `alertType` of 1, 2 or 3 are needed."
            raise NotReadable(msg)
        key = key_of(alert.monitor_id, "certificate" if kind == _CERTIFICATE else "")
        if kind == _UP:
            return Received(cleared=(key,))
        name = alert.monitor_name or alert.monitor_url or alert.monitor_id
        left = f"Its certificate expires in {alert.days_left} days" if alert.days_left else ""
        at = str(alert.seconds)
        raised = Raised(
            key=key,
            title=f"{name} is down" if kind == _DOWN else f"The certificate of {name} expires",
            summary=cut(f"{name}: {alert.details or left or alert.alert_word or 'down'}", 1000),
            word="certificate" if kind == _CERTIFICATE else "down",
            labels={"monitor": alert.monitor_name, "url": alert.monitor_url},
            details=bounded((("monitor", name), *left_over(raw, WireAlert))),
            links=links([("Monitored address", alert.monitor_url)]),
            said_at=at_second(float(at)) if at.isdigit() and len(at) < 12 else None,
        )
        return Received(raised=(raised,))


def _fields(handed: Handed) -> dict[str, object]:
    kind = handed.headers.get("content-type", "")
    if handed.method == "POST" and "json" in kind:
        return {**handed.query, **read_object(handed.body)}
    if handed.method == "POST" and handed.body.strip():
        if handed.body.lstrip()[:1] in {b"{", b"["}:
            return read_object(handed.body)
        try:
            form = parse_qs(handed.body.decode("utf-8", "replace"), max_num_fields=100)
        except ValueError:
            msg = "The form has too many fields."
            raise NotReadable(msg) from None
        return {**handed.query, **{name: values[0] for name, values in form.items()}}
    return dict(handed.query)


PLUGIN: type[Format] = UptimerobotFormat
