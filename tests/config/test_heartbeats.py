"""Heartbeats and the watchdog as the kit writes them."""

import pytest

from relight.kernel.severity import Severity
from tests.config.conftest import Read

KIT = """\
name: Where2Eat
services:
  - name: api
    checks:
      - https://api.example.org/health
heartbeats:
{}
"""


def test_a_heartbeat_is_read_with_all_it_says(read: Read):
    text = '  - {name: nightly-report, cron: "0 2 * * *", zone: Europe/Berlin, grace: 30m, max: 2h, severity: S2, service: api}'
    catalog = read(KIT.format(text)).catalog
    assert catalog is not None
    (found,) = catalog.heartbeats
    assert (found.cron, found.zone, found.grace_s, found.max_s) == (
        "0 2 * * *",
        "Europe/Berlin",
        1800,
        7200,
    )
    assert (found.severity, found.service) == (Severity.S2, "api")


def test_what_is_left_out_has_a_default(read: Read):
    catalog = read(KIT.format("  - {name: Sync of orders, every: 1h}")).catalog
    assert catalog is not None
    (found,) = catalog.heartbeats
    assert (found.slug, found.every_s, found.grace_s, found.severity) == (
        "sync-of-orders",
        3600,
        3600,
        Severity.S3,
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '  - {name: a, cron: "61 2 * * *"}',
            "relight.yaml:7: `cron`: `61 2 * * *` is not a cron expression. Its minute is not one that cron knows.",
        ),
        (
            '  - {name: a, cron: "0 2 * *"}',
            "It has five fields: minute, hour, day, month, weekday.",
        ),
        (
            '  - {name: a, cron: "0 2 * * *", zone: Europe/Berlln}',
            "relight.yaml:7: `zone`: `Europe/Berlln` is not a time zone. Did you mean `Europe/Berlin`?",
        ),
        ("  - {name: a}", "relight.yaml:7: This heartbeat does not say when it is expected."),
        (
            '  - {name: a, every: 1h, cron: "0 2 * * *"}',
            "A heartbeat has either `cron` or `every`, not both.",
        ),
        ("  - {name: a, every: 1s}", "`1s` is too short. The least is 10s."),
        (
            "  - {name: a, every: 1h, service: appi}",
            "There is no service named `appi`. Did you mean `api`?",
        ),
        (
            "  - {name: a, every: 1h, graze: 2m}",
            "`graze` is not a key of a heartbeat. Did you mean `grace`?",
        ),
        ("  - {name: a, every: 1h, severity: S9}", "`S9` is not one of: S1, S2, S3, S4."),
        ("  - {name: 夜, every: 1h}", "has nothing that can stand in an address."),
        (
            "  - {name: a, every: 1h}\n  - {name: a, every: 2h}",
            "There is already a heartbeat named `a`, on line 7.",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(read: Read, text: str, says: str):
    reading = read(KIT.format(text))
    assert reading.catalog is None
    assert any(says in str(fault) for fault in reading.faults), [
        str(fault) for fault in reading.faults
    ]


def test_a_zone_without_cron_is_warned_of(read: Read):
    reading = read(KIT.format("  - {name: a, every: 1h, zone: UTC}"))
    assert reading.catalog is not None
    assert "`zone` means nothing without `cron`." in str(reading.faults)


def test_the_watchdog_takes_an_address_or_a_reference(read: Read):
    text = "name: Where2Eat\nwatchdog:\n  url: {}\n  every: 30s\n"
    for url in ("https://hc.example.org/ping/1", "env:PING_URL"):
        catalog = read(text.format(url), {"PING_URL": "https://hc.example.org/ping/1"}).catalog
        assert catalog is not None
        assert catalog.watchdog is not None
        assert (catalog.watchdog.url, catalog.watchdog.every_s) == (url, 30)


def test_a_watchdog_without_an_address_is_a_fault(read: Read):
    reading = read("name: Where2Eat\nwatchdog:\n  every: 30s\n")
    assert "relight.yaml:3: `url` is missing from the watchdog." in "\n".join(
        map(str, reading.faults)
    )
