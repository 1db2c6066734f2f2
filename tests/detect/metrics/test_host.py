from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from relight.catalog.metric import Host
from relight.detect.metrics import host as hosts
from relight.detect.metrics.finding import Finding
from relight.detect.metrics.reading import History, Point

NOW = datetime(2026, 1, 16, 2, 0, tzinfo=UTC)
WEB = Host(name="web-1", service="api")


def steady(value: float, minutes: int = 10) -> list[Point]:
    end = int(NOW.timestamp() * 1000)
    return [Point(end - n * 15_000, value) for n in range(minutes * 4, -1, -1)]


def history(points: list[Point], **labels: str) -> list[History]:
    return [History(tuple(sorted(labels.items())), points)]


def judged(
    *,
    trends: Sequence[History] = (),
    heard_s: float = 5,
    host: Host = WEB,
    **series: list[History],
) -> dict[str, Finding]:
    names = {"disk": hosts.DISK, "memory": hosts.MEMORY, "cpu": hosts.CPU}
    names |= {"oom": hosts.OOM_KILLS, "unit": hosts.FAILED_UNIT}
    found = hosts.of_host(
        host,
        {names[name]: each for name, each in series.items()},
        trends,
        NOW - timedelta(seconds=heard_s),
        NOW,
    )
    return {each.key: each for each in found}


def test_a_host_that_never_spoke_is_not_silent() -> None:
    assert hosts.of_host(WEB, {}, [], None, NOW) == []


def test_a_silent_host_says_nothing_else() -> None:
    found = judged(heard_s=200, memory=history(steady(0.99)))
    assert list(found) == ["web-1/silence"]
    assert found["web-1/silence"].kept is False
    assert found["web-1/silence"].reason == "nothing heard for 3 min 20 s"


def test_a_full_disk_is_told_by_its_mount() -> None:
    found = judged(disk=history(steady(0.93), mountpoint="/var"))
    disk = found["web-1/disk /var"]
    assert disk.kept is False
    assert disk.title == "Disk /var of web-1 fills up"
    assert disk.reason == "93 % of /var is used"
    assert disk.service == "api"


def rising(start: float, a_day: float, hours: int = 6) -> list[Point]:
    end = int(NOW.timestamp() * 1000)
    steps = hours * 12
    return [Point(end - (steps - n) * 300_000, start + a_day * n / 288) for n in range(steps + 1)]


def test_a_disk_that_will_be_full_tonight_alerts_before_it_is() -> None:
    trend = history(rising(0.70, 0.30), mountpoint="/")
    found = judged(disk=history(steady(0.775), mountpoint="/"), trends=trend)
    disk = found["web-1/disk /"]
    assert disk.kept is False
    assert disk.reason == "77.5 % of / is used; at this rate it is full in 18 h"


@pytest.mark.parametrize(
    "points",
    [
        rising(0.3, 0.3),  # fast, and far from full
        rising(0.7, 0.01),  # near, and slow
        [
            Point(p.at_ms, 0.7 + 0.1 * (n % 2)) for n, p in enumerate(rising(0.7, 0))
        ],  # comes and goes
        rising(0.7, 0),
        rising(0.7, 0.5)[:4],
    ],
)
def test_what_does_not_fill_steadily_is_no_trend(points: list[Point]) -> None:
    full_s = hosts.full_in_s(points)
    assert full_s is None or full_s > WEB.full_within_s


def test_memory_alerts_after_five_minutes_and_a_busy_processor_does_not() -> None:
    found = judged(memory=history(steady(0.97)), cpu=history(steady(1.0)))
    assert found["web-1/memory"].kept is False
    assert found["web-1/memory"].reason == "97 % used for 5 min"
    assert "web-1/cpu" not in found
    asked = judged(host=Host(name="web-1", cpu=0.9), cpu=history(steady(1.0, 12)))
    assert asked["web-1/cpu"].kept is False


def test_one_process_ended_for_lack_of_memory_is_told() -> None:
    points = steady(2)
    ended = [*points[:-3], *(Point(p.at_ms, 3) for p in points[-3:])]
    assert judged(oom=history(ended))["web-1/oom"].kept is False
    assert judged(oom=history(points))["web-1/oom"].kept is True


def test_a_failed_unit_is_told_and_ends_when_it_runs_again() -> None:
    failed = judged(unit=history(steady(1), unit="nginx.service"))["web-1/unit nginx.service"]
    assert failed.kept is False
    assert failed.title == "nginx.service failed on web-1"
    assert judged(unit=history(steady(0), unit="nginx.service"))["web-1/unit nginx.service"].kept
