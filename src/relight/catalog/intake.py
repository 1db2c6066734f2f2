"""Senders outside whose alerts, changes and reports are taken in."""

from collections.abc import Mapping

import msgspec

from relight.kernel.plug import Plugged
from relight.kernel.severity import Severity


class IntakeSource(msgspec.Struct, frozen=True, kw_only=True):
    """One sender. `service` is what it is about, else the value of `service_label` names it.

    `severity` maps the sender's words, in lower case, where its format's own table does not fit.
    """

    name: str
    format: Plugged
    service: str = ""
    service_label: str = "service"
    severity: Mapping[str, Severity] = {}

    @property
    def key(self) -> str:
        """Name it as the source of alerts."""
        return f"intake/{self.name}"
