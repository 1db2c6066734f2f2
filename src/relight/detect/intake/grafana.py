"""Grafana Alerting's webhook contact point."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from relight.detect.handed import Handed, Received
from relight.detect.intake import Format
from relight.detect.intake._reading import left_over, must_bear, read_object, typed
from relight.detect.intake.alertmanager import (
    AlertmanagerFormat,
    WireAlert,
    WireGroup,
    read_group,
)
from relight.kernel.severity import Severity


class GrafanaAlert(WireAlert, frozen=True, rename="camel"):
    """An alert with what Grafana adds; `values`, `valueString` and `silenceURL` become details."""

    dashboard: str = msgspec.field(default="", name="dashboardURL")


class GrafanaFormat(Format, frozen=True, kw_only=True):
    """Take the webhook contact point of Grafana Alerting.

    Its message is Alertmanager's with more in it: values, panel and silence addresses are kept as
    details. Each alert counts by its `fingerprint`, and `resolved` clears it. With a `key`, set
    Grafana's "Authorization Header" to the scheme `Bearer` and the same key as credentials.
    """

    key: str = ""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"key"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"key": "env:GRAFANA_KEY"}
    SEVERITIES: ClassVar[Mapping[str, Severity]] = AlertmanagerFormat.SEVERITIES

    def read(self, handed: Handed) -> Received:
        """Read one group, whatever version it says it is."""
        must_bear(handed, self.key)
        raw = read_object(handed.body)
        group = typed({**raw, "version": "4"}, WireGroup)
        return read_group(group, left_over(raw, WireGroup), GrafanaAlert)


PLUGIN: type[Format] = GrafanaFormat
