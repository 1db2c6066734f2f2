"""Figures that come in: from hosts, from programs that push, from pages that are scraped."""

import hashlib
import hmac
from enum import StrEnum

import msgspec

from relight.kernel.severity import Severity


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """A machine whose agent tells how it is. Ratios are shares from 0 to 1.

    It alerts where the disk is fuller than `disk` or will be full within `full_within_s`, where
    memory is fuller than `memory` for five minutes, where the kernel ended a process for lack of
    memory, where a systemd unit failed, and where the host itself is silent for `silent_s`. A busy
    processor is shown; it alerts only where `cpu` is set.
    """

    name: str
    service: str = ""
    severity: Severity = Severity.S3
    disk: float = 0.9
    full_within_s: int = 86400
    memory: float = 0.95
    cpu: float | None = None
    silent_s: int = 90


class MetricSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where figures come from: a page that is scraped, or, without one, OTLP that is pushed.

    `keep` are names, each perhaps with a `*` at its end; without any, everything is kept.
    """

    name: str
    service: str = ""
    scrape: str = ""
    bearer: str = ""
    every_s: int = 15
    keep: tuple[str, ...] = ()


class Combine(StrEnum):
    """How several series become one figure."""

    SUM = "sum"
    MAX = "max"
    MIN = "min"
    AVERAGE = "average"


class MetricRule(msgspec.Struct, frozen=True, kw_only=True):
    """A bound that a figure must keep, looked at for each value of the labels in `by`.

    `metric` is a name with label matchers; `rate_s` makes of a counter its rate per second over so
    long; `quantile` (0 to 1) reads a histogram over `rate_s`. It alerts once the figure was beyond
    the bound all through `for_s`.
    """

    name: str
    metric: str
    rate_s: int = 0
    quantile: float | None = None
    by: tuple[str, ...] = ()
    combine: Combine = Combine.SUM
    above: float | None = None
    below: float | None = None
    for_s: int = 120
    service: str = ""
    severity: Severity = Severity.S3


class Tile(StrEnum):
    """The questions of the owner's dashboard (article 002)."""

    P95 = "p95"
    ERRORS = "errors"
    REQUESTS = "requests"
    CONNECTIONS = "connections"
    JOB_AGE = "job_age"


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """Which metric answers which question, where not one of the well-known names does."""

    metrics: dict[Tile, str] = {}


def push_key(key: bytes, name: str) -> str:
    """Give the key that a host or program pushes with: 32 characters that follow from its name."""
    return hmac.digest(key, f"metrics/{name}".encode(), hashlib.sha256).hex()[:32]
