"""Silences, maintenance, the new keys of a check, and services that depend in a circle."""

from collections.abc import Callable
from datetime import UTC, datetime

from relight.catalog.service import Window
from relight.catalog.silence import Recurring, Silence
from relight.config.read import Reading
from relight.kernel.faults import Level
from relight.kernel.severity import Severity

Read = Callable[..., Reading]

GOOD = """\
name: Where2Eat
services:
  - name: api
    checks:
      - http: {url: "https://api.example.org", slow: 2s over 5m, errors: 5% over 10m, quorum: 2}
      - http: {url: "https://api.example.org", name: quick, slow: 3s, quorum: any}
maintenance:
  - {name: disks, services: [api], every: week, on: [tue, thu], at: "02:00", for: 1h,
     zone: Europe/Amsterdam, reason: New disks.}
silences:
  - {name: noisy, sources: [intake/prometheus], severities: [S3, S4],
     from: 2026-07-01T02:00, to: 2026-07-01T04:00, zone: Europe/Amsterdam}
  - {name: nightly, checks: [api/http], every: day, at: "23:30", for: 90m}
"""


def test_windows_are_read_with_their_zone(read: Read) -> None:
    reading = read(GOOD)
    assert [str(each) for each in reading.faults if each.level is Level.ERROR] == []
    catalog = reading.catalog
    assert catalog is not None

    assert catalog.maintenance == (
        Silence(
            name="disks",
            reason="New disks.",
            maintenance=True,
            services=("api",),
            recurring=Recurring(on=(1, 3), at="02:00", for_s=3600, zone="Europe/Amsterdam"),
            by="relight.yaml",
        ),
    )
    noisy, nightly = catalog.silences
    assert noisy.starts == datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
    assert noisy.ends == datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
    assert noisy.severities == (Severity.S3, Severity.S4)
    assert nightly.recurring == Recurring(at="23:30", for_s=5400)


def test_a_limit_over_time_is_the_checks_and_one_of_each_look_is_the_probes(read: Read) -> None:
    catalog = read(GOOD).catalog
    assert catalog is not None
    check, quick = catalog.services[0].checks

    assert (check.slow, check.errors, check.quorum) == (Window(2, 300), Window(0.05, 600), 2)
    assert (quick.slow, quick.quorum) == (None, "any")
    assert quick.probe.settings["slow_s"] == 3


BAD = """\
name: Where2Eat
services:
  - name: api
    depends_on: [db]
    checks:
      - http: {url: "https://api.example.org", slow: 2s over ages, errors: lots over 5m, quorum: 0}
  - name: db
    depends_on: [net]
    checks: [http: https://db.example.org]
  - name: net
    depends_on: [api, net]
    checks: [http: https://net.example.org]
maintenance:
  - {name: a, services: [apo], every: week, at: "2:00", for: 1h}
  - {name: b, services: [api], from: 2026-01-02T02:00, to: 2026-01-01T02:00}
silences:
  - {name: c, services: [api], from: 2026-01-02T02:00}
  - {name: d, services: [api], every: day, on: [mon], to: 2026-01-01T02:00}
"""

SAID = """\
relight.yaml:4: Services depend on each other in a circle: `api` on `db` (line 4), `db` on `net` \
(line 8), `net` on `api` (line 11). Remove one.
relight.yaml:6: `errors`: `lots` is not a share. Write one like `5% over 10m`.
relight.yaml:6: `quorum`: `0` is no quorum. Write majority, any, all or a number from 1 to 100.
relight.yaml:6: `slow`: `ages` is not a duration. Write a whole number \
and s, m, h, d or w, like `30s`.
relight.yaml:11: Services depend on each other in a circle: `net` on `net` (line 11). Remove one.
relight.yaml:14: There is no service named `apo`. Did you mean `api`?
relight.yaml:14: `at`: `2:00` is not a time of day. Write one like `"02:00"`.
relight.yaml:14: `every: week` needs `on`. Write `on: [tue]`.
relight.yaml:15: `to` is not after `from`.
relight.yaml:17: This has no end: nobody would be called ever again. \
Write `to`, or `every` with `at` and `for`.
relight.yaml:18: `every` needs `at` and `for`.
relight.yaml:18: `on` goes with `every: week`.
relight.yaml:18: `to` does not go with `every`. Remove one.
"""


def test_every_fault_is_said_at_its_line(read: Read) -> None:
    reading = read(BAD)

    assert reading.catalog is None
    said = sorted((each.line, str(each)) for each in reading.faults if each.level is Level.ERROR)
    assert [text for _, text in said] == SAID.splitlines()
