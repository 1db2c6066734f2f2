"""What the figures say of one thing that can be wrong, ready to become an alert or its end."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from relight.catalog.metric import MetricRule
from relight.detect.alert import Alert
from relight.detect.metrics.reading import History
from relight.detect.metrics.rule import stands
from relight.kernel.severity import Severity

SOURCE = "metric"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing, by a key that stays the same. `kept` is as in `rule.Stand`."""

    key: str
    kept: bool | None
    title: str
    reason: str
    service: str
    severity: Severity


def findings(rule: MetricRule, histories: Sequence[History], now: datetime) -> list[Finding]:
    """Judge every group of a rule of the kit."""
    found: list[Finding] = []
    for stand in stands(rule, histories, now):
        words = " ".join(value for _, value in stand.group if value)
        found.append(
            Finding(
                key=f"{rule.name}/{words}" if words else rule.name,
                kept=stand.kept,
                title=f"{rule.name}: {words}" if words else rule.name,
                reason=stand.reason,
                service=rule.service,
                severity=rule.severity,
            )
        )
    return found


def as_alert(finding: Finding, now: datetime, id: str) -> Alert:  # noqa: A002 - the field's own word
    """Make the alert that a broken bound asks for."""
    return Alert(
        id=id,
        source=SOURCE,
        key=finding.key,
        service=finding.service,
        severity=finding.severity,
        opened_at=now,
        title=finding.title,
        summary=f"{finding.title}: {finding.reason}",
        reason=finding.reason,
    )
