"""The owner's dashboard, with figures that programs pushed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from litestar.testing import TestClient

from relight.desk.metrics import Pushed
from relight.detect.metrics import host as hosts
from relight.detect.metrics.reading import Reading
from relight.store.series import Result
from relight.web.app import create_app
from relight.web.front import Front
from relight.web.pages.dashboard import written
from relight.wiring.house import House
from tests.web.given import KIT, client_of, house_at, with_session

METRICS = (
    KIT
    + """\
hosts: [web-1, db-1]
metrics:
  - {name: shop, service: api}
rules:
  - {name: full, metric: system_filesystem_utilization_ratio, below: 0.2}
dashboard:
  job_age: my_job_age_seconds
"""
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = house_at(tmp_path / "kit", kit=METRICS)
    yield house
    house.close()


@pytest.fixture
def client(house: House) -> Iterator[TestClient[Front]]:
    with client_of(create_app(house)) as client:
        yield client


def shown(client: TestClient[Front], house: House, query: str = "") -> str:
    answer = client.get(f"/dashboard{query}", headers=with_session(house, "vera"))
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def tell(house: House, source: str, name: str, *values: float, **labels: str) -> None:
    now: datetime = house.clock.now()
    own = tuple(sorted(labels.items()))
    readings = tuple(
        Reading(
            name=name, labels=own, at=now - timedelta(seconds=15 * (len(values) - n)), value=value
        )
        for n, value in enumerate(values)
    )
    house.metrics.take([Pushed(source, readings)])


def test_without_figures_it_says_what_brings_them(client: TestClient[Front], house: House) -> None:
    text = shown(client, house)
    assert "No figures have come in yet." in text
    assert "Not answered yet" in text
    assert "relight agent key web-1" in text
    assert "scrape:" in text


def test_each_question_is_answered_by_the_first_metric_there_is(
    client: TestClient[Front], house: House
) -> None:
    for bound, counts in (("1", (0, 10)), ("5", (0, 100)), ("+Inf", (0, 100))):
        name = "http_request_duration_seconds_bucket"
        tell(house, "shop", name, *counts, le=bound)
    tell(house, "shop", "http_requests_total", 0, 30, 60, code="500")
    tell(house, "shop", "http_requests_total", 0, 300, 600, code="200")
    tell(house, "shop", "my_job_age_seconds", 90.0)
    text = shown(client, house)
    assert "How long do the slowest 5 % of answers take?" in text
    assert "4.78 s" in text
    assert "Beyond its bound: latency (p95)." in text
    assert "above 1.00 s" in text
    assert "2/s" in text
    assert "22/s" in text
    assert "2 min" in text
    assert "How many database connections are in use?</li>" in text


def test_the_bound_of_a_rule_is_drawn(client: TestClient[Front], house: House) -> None:
    tell(house, "web-1", hosts.DISK, 0.3, 0.3, host="web-1", mountpoint="/")
    text = shown(client, house)
    assert "30 %" in text
    assert "above 20 %" in text
    assert "Last heard" in text
    assert "Never heard" in text


def test_uptime_is_what_checks_saw(client: TestClient[Front], house: House) -> None:
    (check,) = house.kit.catalog.checks()
    now = house.clock.now()
    house.series.append(
        [Result(check, now - timedelta(minutes=n), ok=n != 1, took_s=0.1) for n in range(1, 9)]
    )
    assert "87.500 %" in shown(client, house, "?hours=24")


def test_strangers_see_nothing(client: TestClient[Front]) -> None:
    answer = client.get("/dashboard", follow_redirects=False)
    assert answer.status_code in {302, 303, 307, 401}


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (None, "s", "no figure"),
        (0.34, "s", "340 ms"),
        (2.1, "s", "2.10 s"),
        (600, "s", "10 min"),
        (0.831, "share", "83.1 %"),
        (12, "/s", "12/s"),
        (0, "/s", "0/s"),
        (1234.5, "", "1234"),
    ],
)
def test_figures_are_written_for_people(value: float | None, unit: str, words: str) -> None:
    assert written(value, unit) == words
