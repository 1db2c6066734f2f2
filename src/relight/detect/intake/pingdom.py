"""Pingdom's state change webhook."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from relight.detect.handed import Handed, NotReadable, Raised, Received
from relight.detect.intake import Format
from relight.detect.intake._reading import (
    at_second,
    bounded,
    cut,
    details,
    key_of,
    left_over,
    must_bear,
    read_object,
    typed,
)
from relight.kernel.severity import Severity


class WireChange(msgspec.Struct, frozen=True):
    """A check that changed its state."""

    check_id: int
    current_state: str
    check_name: str = ""
    check_type: str = ""
    check_params: dict[str, object] = {}
    tags: list[str] = []
    previous_state: str = ""
    importance_level: str = ""
    state_changed_timestamp: float = 0
    state_changed_utc_time: str = ""
    long_description: str = ""
    description: str = ""
    first_probe: dict[str, object] = {}
    second_probe: dict[str, object] = {}
    version: int = 1


class PingdomFormat(Format, frozen=True, kw_only=True):
    """Take Pingdom's state change webhook, of uptime and transaction checks.

    DOWN or FAILING opens the check's alert, UP or SUCCESS clears it; the importance (high, low) is
    its severity. The service is found by the label that `service: {label: …}` names among `check`
    (its name), `hostname`, and `tag`, which is the first of its tags. Pingdom cannot sign or send a
    key of its own, so the address is the secret; a `key` is checked as `Authorization: Bearer` for
    those that put a proxy in between.
    """

    key: str = ""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"key"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"key": "env:PINGDOM_KEY"}
    SEVERITIES: ClassVar[Mapping[str, Severity]] = {"high": Severity.S2, "low": Severity.S3}

    def read(self, handed: Handed) -> Received:
        """Read one change of state."""
        must_bear(handed, self.key)
        raw = read_object(handed.body)
        change = typed(raw, WireChange)
        key = key_of(str(change.check_id))
        state = change.current_state.upper()
        if state in {"UP", "SUCCESS"}:
            return Received(cleared=(key,))
        if state not in {"DOWN", "FAILING"}:
            msg = "`current_state` is none of DOWN, UP, FAILING, SUCCESS."
            raise NotReadable(msg)
        name = change.check_name or key
        host = change.check_params.get("hostname")
        raised = Raised(
            key=key,
            title=cut(f"{name} is {state.lower()}", 200),
            summary=cut(f"{name}: {change.description or state.lower()}", 1000),
            reason=cut(change.long_description or change.description, 4000),
            word=change.importance_level,
            labels={
                "check": change.check_name,
                "hostname": host if isinstance(host, str) else "",
                "tag": next(iter(change.tags), ""),
            },
            details=bounded(
                (
                    ("check", f"{name} ({change.check_type})"),
                    ("tags", ", ".join(change.tags)),
                    *details({"first probe": change.first_probe.get("location")}),
                    *details({"second probe": change.second_probe.get("location")}),
                    *left_over(raw, WireChange),
                )
            ),
            said_at=at_second(change.state_changed_timestamp),
        )
        return Received(raised=(raised,))


PLUGIN: type[Format] = PingdomFormat
