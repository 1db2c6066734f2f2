"""How a machine is, from what its agent tells: the few things worth telling someone about.

A disk that fills, memory that is used up, a process that the kernel ended, a unit that failed, and
silence. A busy processor is work being done, so it alerts only where somebody set a bound.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import StatisticsError, correlation, linear_regression

from relight.catalog.metric import Combine, Host, MetricRule
from relight.detect.bounds import shown
from relight.detect.metrics.finding import Finding
from relight.detect.metrics.reading import History, Point
from relight.detect.metrics.rule import Stand, stands
from relight.kernel.period import write_duration

CPU = "system_cpu_utilization_ratio"
MEMORY = "system_memory_utilization_ratio"
DISK = "system_filesystem_utilization_ratio"
OOM_KILLS = "system_memory_oom_kills_total"
FAILED_UNIT = "systemd_unit_failed"
NAMES = (CPU, MEMORY, DISK, OOM_KILLS, FAILED_UNIT)

TREND_S = 6 * 3600
"""So far back a disk's filling is followed."""
_TREND_LEAST_S = 1800
_TREND_FROM = 0.6
_STEADY = 0.9
_OOM_OVER_S = 600


def of_host(
    host: Host,
    histories: Mapping[str, Sequence[History]],
    trends: Sequence[History],
    heard_at: datetime | None,
    now: datetime,
) -> list[Finding]:
    """Judge one machine.

    `histories` are its series by metric name, over at least ten minutes; `trends` those of its
    disks over `TREND_S`; `heard_at` is when it last told anything, None before the first time.
    """
    if heard_at is None:
        return []
    silent_s = (now - heard_at).total_seconds()
    silence = _finding(
        host,
        "silence",
        kept=silent_s < host.silent_s,
        title=f"{host.name} is silent",
        reason=f"nothing heard for {write_duration(silent_s)}"
        if silent_s >= host.silent_s
        else "it tells how it is",
    )
    if not silence.kept:
        # What it said last is no longer true or false.
        return [silence]
    return [
        silence,
        *_disks(host, histories.get(DISK, ()), trends, now),
        *_above(host, _memory(host), "Memory", histories, now),
        *(_above(host, _cpu(host.cpu), "Processor", histories, now) if host.cpu else ()),
        *_oom_kills(host, histories, now),
        *_units(host, histories, now),
    ]


def _disks(
    host: Host, histories: Sequence[History], trends: Sequence[History], now: datetime
) -> list[Finding]:
    rule = MetricRule(
        name="disk", metric=DISK, by=("mountpoint",), combine=Combine.MAX, below=host.disk
    )
    filling = {dict(each.labels).get("mountpoint", ""): each.points for each in trends}
    found: list[Finding] = []
    for stand in stands(rule, histories, now):
        mount = dict(stand.group)["mountpoint"]
        full_s = full_in_s(filling.get(mount, ()))
        soon = full_s is not None and full_s < host.full_within_s
        reason = f"{_percent(stand)} of {mount} is used"
        if soon and full_s is not None:
            reason += f"; at this rate it is full in {write_duration(full_s)}"
        kept = False if soon and stand.value is not None else stand.kept
        found.append(
            _finding(
                host,
                f"disk {mount}",
                kept=kept,
                title=f"Disk {mount} of {host.name} fills up",
                reason=reason,
            )
        )
    return found


def full_in_s(points: Sequence[Point]) -> float | None:
    """Tell in how many seconds a disk is full, from its used share; None where it does not fill.

    Only a steady rise counts, over at least half an hour and from 60 % on: a build that comes and
    goes is not a disk that fills.
    """
    if len(points) < 5 or points[-1].value < _TREND_FROM:
        return None
    if points[-1].at_ms - points[0].at_ms < _TREND_LEAST_S * 1000:
        return None
    times = [(each.at_ms - points[-1].at_ms) / 1000 for each in points]
    shares = [each.value for each in points]
    try:
        slope, _ = linear_regression(times, shares)
        steady = correlation(times, shares)
    except StatisticsError:
        return None  # it stands still
    if slope <= 0 or steady < _STEADY:
        return None
    return max(0.0, (1 - shares[-1]) / slope)


def _memory(host: Host) -> MetricRule:
    return MetricRule(
        name="memory", metric=MEMORY, combine=Combine.MAX, below=host.memory, for_s=300
    )


def _cpu(bound: float) -> MetricRule:
    return MetricRule(name="cpu", metric=CPU, combine=Combine.MAX, below=bound, for_s=600)


def _above(
    host: Host,
    rule: MetricRule,
    word: str,
    histories: Mapping[str, Sequence[History]],
    now: datetime,
) -> list[Finding]:
    lasts = f" for {write_duration(rule.for_s)}"
    return [
        _finding(
            host,
            rule.name,
            kept=stand.kept,
            title=f"{word} of {host.name} is used up",
            reason=f"{_percent(stand)} used{lasts if stand.kept is False else ''}",
        )
        for stand in stands(rule, histories.get(rule.metric, ()), now)
    ]


def _oom_kills(
    host: Host, histories: Mapping[str, Sequence[History]], now: datetime
) -> list[Finding]:
    rule = MetricRule(name="oom", metric=OOM_KILLS, rate_s=_OOM_OVER_S, below=1e-9, for_s=0)
    return [
        _finding(
            host,
            "oom",
            kept=stand.kept,
            title=f"{host.name} ran out of memory",
            reason="the kernel ended a process for lack of memory within the last 10 min"
            if stand.kept is False
            else "no process was ended for lack of memory lately",
        )
        for stand in stands(rule, histories.get(OOM_KILLS, ()), now)
    ]


def _units(host: Host, histories: Mapping[str, Sequence[History]], now: datetime) -> list[Finding]:
    rule = MetricRule(name="unit", metric=FAILED_UNIT, by=("unit",), below=0.5, for_s=30)
    return [
        _finding(
            host,
            f"unit {dict(stand.group)['unit']}",
            kept=stand.kept,
            title=f"{dict(stand.group)['unit']} failed on {host.name}",
            reason="systemd says it failed" if stand.kept is False else "systemd says it runs",
        )
        for stand in stands(rule, histories.get(FAILED_UNIT, ()), now)
    ]


def _percent(stand: Stand) -> str:
    return "An unknown part" if stand.value is None else f"{shown(round(stand.value * 100, 1))} %"


def _finding(host: Host, what: str, *, kept: bool | None, title: str, reason: str) -> Finding:
    return Finding(
        key=f"{host.name}/{what}",
        kept=kept,
        title=title,
        reason=reason,
        service=host.service,
        severity=host.severity,
    )
