"""What each format says in its samples, and that no bytes bring more than a named fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.catalog.component import ComponentState as State
from relight.detect.situation import Notice
from relight.detect.vendors import (
    FEEDS,
    Unreadable,
    aws,
    azure,
    betterstack,
    google,
    incidentio,
    instatus,
    rss,
    slack,
    statusio,
    statuspage,
)
from relight.detect.vendors import json as mapped

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
PAGE = "https://status.example.org"
HEROKU = mapped.JsonFeed(**mapped.JsonFeed.EXAMPLE)
DAY = timedelta(days=1)


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def open_ones(notices: tuple[Notice, ...]) -> list[tuple[str, str, State]]:
    return [(each.id, each.component, each.state) for each in notices if each.ended_at is None]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_statuspage_tells_incidents_components_and_planned_work():
    told = statuspage.parse(sample("statuspage-github.json"), vendor="github", page=PAGE, now=NOW)
    assert open_ones(told) == [
        ("8zc63m64hy36", "API Requests", State.DEGRADED_PERFORMANCE),
        ("m1", "Git Operations", State.UNDER_MAINTENANCE),
        ("component/br0l2tvcx85d", "Actions", State.PARTIAL_OUTAGE),
    ]
    incident, work, _ = told
    assert incident.vendor == "github"
    assert incident.url == "https://stspg.io/m1ps7yrhp4n8"
    assert incident.began_at == at("2026-09-23T10:11:12.836Z")
    assert work.planned
    assert work.began_at == at("2026-09-25T02:00:00Z")


def test_an_incident_that_is_only_watched_has_ended_with_its_last_word():
    raw = sample("statuspage-github.json").replace(
        b'"status": "investigating",\n    "impact"', b'"status": "monitoring",\n    "impact"'
    )
    told = statuspage.parse(raw, vendor="github", page=PAGE, now=NOW)
    assert told[0].ended_at == at("2026-09-23T13:35:44.672Z")


def test_cloudflare_tells_its_parts_and_its_data_centres():
    now = at("2025-11-18T11:50:00Z")
    told = statuspage.parse(sample("statuspage-cloudflare.json"), vendor="cf", page=PAGE, now=now)
    assert open_ones(told) == [
        ("8gmgl950y3h7", "CDN/Cache", State.MAJOR_OUTAGE),
        ("8gmgl950y3h7", "Dashboard", State.DEGRADED_PERFORMANCE),
        (
            "component/4kksskxyfhzp",
            "Amsterdam, Netherlands - (AMS)",
            State.UNDER_MAINTENANCE,
        ),
        ("component/7pwmqmmnvpkm", "Frankfurt, Germany - (FRA)", State.PARTIAL_OUTAGE),
    ]


def test_a_page_of_incident_io_in_this_format_names_no_component():
    told = statuspage.parse(sample("statuspage-incidentio.json"), vendor="o", page=PAGE, now=NOW)
    assert open_ones(told) == [("01M36RMC01ZFWQ861WYJKC4XE1", "", State.DEGRADED_PERFORMANCE)]
    assert told[0].url == PAGE


def test_aws_tells_each_service_in_its_region_and_lets_information_end():
    told = aws.parse(sample("aws-currentevents.json"), vendor="aws", now=NOW)
    assert [(component, state) for _, component, state in open_ones(told)] == [
        (
            "Amazon CloudWatch Synthetics, UAE (cloudwatchsynthetics-me-central-1)",
            State.MAJOR_OUTAGE,
        ),
        ("Amazon Elastic Compute Cloud, UAE (ec2-me-central-1)", State.PARTIAL_OUTAGE),
    ]
    soon = at("2026-09-21T14:20:00Z")
    fresh = aws.parse(sample("aws-currentevents.json"), vendor="aws", now=soon)
    assert fresh[-1].component == "Amazon Simple Storage Service (Ireland) (s3-eu-west-1)"
    assert fresh[-1].ended_at is None


def test_google_tells_products_with_their_regions():
    told = google.parse(sample("google-cloud.json"), vendor="google", page=PAGE, now=NOW)
    assert open_ones(told) == [
        ("oKjB9WALjmjZRtQe5yUv", "Cloud SQL (europe-west4, europe-west1)", State.MAJOR_OUTAGE),
        (
            "oKjB9WALjmjZRtQe5yUv",
            "AlloyDB for PostgreSQL (europe-west4, europe-west1)",
            State.MAJOR_OUTAGE,
        ),
    ]
    assert told[0].url == f"{PAGE}/incidents/oKjB9WALjmjZRtQe5yUv"


def test_google_workspace_speaks_the_same_language_and_its_information_ends():
    read = partial(google.parse, sample("google-workspace.json"), vendor="google", page=PAGE)
    assert read(now=NOW)[0].title == (
        "Gmail Android App users on the latest Gmail Android release may experience crashes"
    )
    assert read(now=at("2026-09-24T02:56:00Z"))[0].ended_at is None
    assert read(now=at("2026-09-24T02:57:00Z")) == ()


def test_azure_is_silent_while_well_and_tells_each_category():
    assert azure.parse(sample("azure-quiet.xml"), vendor="azure", now=NOW) == ()
    now = at("2026-07-23T17:00:00Z")
    told = azure.parse(sample("azure-west-us.xml"), vendor="azure", now=now)
    assert open_ones(told) == [
        ("west-us-1", "Network Infrastructure", State.DEGRADED_PERFORMANCE),
        ("west-us-1", "West US", State.DEGRADED_PERFORMANCE),
    ]
    assert told[-1].ended_at == at("2026-07-23T12:00:00Z")


def test_slack_tells_its_services_and_lets_notices_end():
    now = at("2018-09-08T03:00:00Z")
    assert slack.parse(sample("slack-ok.json"), vendor="slack", now=now) == ()
    told = slack.parse(sample("slack-active.json"), vendor="slack", now=now)
    assert open_ones(told) == [("546", "Apps/Integrations/APIs", State.PARTIAL_OUTAGE)]
    assert told[0].began_at == at("2018-09-07T21:35:00Z")


def test_instatus_tells_incidents_and_components_and_drops_work_that_never_began():
    now = at("2022-06-12T08:00:00Z")
    told = instatus.parse(
        sample("instatus-summary.json"),
        sample("instatus-components.json"),
        vendor="easy",
        page=PAGE,
        now=now,
    )
    assert open_ones(told) == [
        ("cl1", "", State.MAJOR_OUTAGE),
        ("component/c2", "Checkout", State.PARTIAL_OUTAGE),
    ]
    assert [each.id for each in told if each.planned] == ["cm1"]


def test_statusio_tells_parts_with_the_places_where_they_run():
    now = at("2026-03-20T12:00:00Z")
    told = statusio.parse(sample("statusio-gitlab.json"), vendor="gitlab", now=now)
    assert [(component, state) for _, component, state in open_ones(told)] == [
        ("API", State.DEGRADED_PERFORMANCE),
        ("API", State.UNDER_MAINTENANCE),
        ("CI/CD - Hosted runners on Linux (Google Compute Engine)", State.MAJOR_OUTAGE),
    ]
    assert [each.title for each in told if each.ended_at] == ["Slow registry"]


def test_betterstack_reads_the_end_from_the_state():
    told = betterstack.parse(sample("betterstack.json"), vendor="better", page=PAGE, now=NOW)
    assert open_ones(told) == [
        ("report/1050900", "Europe ingest", State.DEGRADED_PERFORMANCE),
        ("component/4188760", "Heartbeats", State.MAJOR_OUTAGE),
    ]


def test_incidentio_names_groups_and_planned_work():
    now = at("2026-01-26T02:30:00Z")
    told = incidentio.parse(sample("incidentio.json"), vendor="neon", page=PAGE, now=now)
    assert [(each.component, each.state, each.planned) for each in told] == [
        ("Authentication / Login", State.MAJOR_OUTAGE, False),
        ("", State.UNDER_MAINTENANCE, True),
    ]


def test_rss_ends_by_its_words_or_by_its_age():
    read = partial(rss.parse, sample("rss-github.xml"), vendor="github", lasts=DAY)
    assert [(each.title, each.ended_at is None) for each in read(now=NOW)] == [
        ("Incident across several services", True),
        ("Disruption with some services", False),
        ("Words without a state", True),
    ]
    assert [each.ended_at is None for each in read(now=NOW + 3 * DAY)] == [True]


def test_atom_knows_planned_work():
    told = rss.parse(sample("atom-openai.xml"), vendor="openai", lasts=DAY, now=NOW)
    assert [(each.planned, each.ended_at is None) for each in told] == [
        (False, False),
        (True, True),
    ]
    assert told[1].component == "API"


def test_any_json_is_read_by_its_mapping():
    told = mapped.parse(sample("json-heroku.json"), HEROKU, vendor="heroku", now=NOW)
    assert open_ones(told) == [("Data", "Data", State.DEGRADED_PERFORMANCE)]


@pytest.mark.parametrize(
    "changed", [{"items": "a["}, {"states": {"odd": "broken"}}, {"url": "status.example.org"}]
)
def test_a_mapping_that_can_never_work_is_refused(changed: dict[str, Any]):
    with pytest.raises(ValueError, match="is not"):
        mapped.JsonFeed(**{**mapped.JsonFeed.EXAMPLE, **changed})


READERS: dict[str, tuple[Callable[[bytes], tuple[Notice, ...]], list[str]]] = {
    "statuspage": (
        lambda raw: statuspage.parse(raw, vendor="v", page=PAGE, now=NOW),
        ["statuspage-github.json", "statuspage-cloudflare.json", "statuspage-incidentio.json"],
    ),
    "aws": (lambda raw: aws.parse(raw, vendor="v", now=NOW), ["aws-currentevents.json"]),
    "google": (
        lambda raw: google.parse(raw, vendor="v", page=PAGE, now=NOW),
        ["google-cloud.json", "google-workspace.json"],
    ),
    "azure": (
        lambda raw: azure.parse(raw, vendor="v", now=NOW),
        ["azure-quiet.xml", "azure-west-us.xml"],
    ),
    "slack": (
        lambda raw: slack.parse(raw, vendor="v", now=NOW),
        ["slack-active.json", "slack-ok.json"],
    ),
    "rss": (
        lambda raw: rss.parse(raw, vendor="v", lasts=DAY, now=NOW),
        ["rss-github.xml", "atom-openai.xml"],
    ),
    "instatus": (
        lambda raw: instatus.parse(raw, raw, vendor="v", page=PAGE, now=NOW),
        ["instatus-summary.json", "instatus-components.json"],
    ),
    "statusio": (lambda raw: statusio.parse(raw, vendor="v", now=NOW), ["statusio-gitlab.json"]),
    "betterstack": (
        lambda raw: betterstack.parse(raw, vendor="v", page=PAGE, now=NOW),
        ["betterstack.json"],
    ),
    "incidentio": (
        lambda raw: incidentio.parse(raw, vendor="v", page=PAGE, now=NOW),
        ["incidentio.json"],
    ),
    "json": (
        lambda raw: mapped.parse(raw, HEROKU, vendor="v", now=NOW),
        ["json-heroku.json"],
    ),
}


def test_every_format_has_samples_that_name_their_source():
    assert sorted(READERS) == FEEDS.kinds()
    for path in SAMPLES.iterdir():
        raw = path.read_bytes()
        text = raw.decode("utf-16" if raw.startswith(b"\xfe\xff") else "utf-8")
        assert '"_source"' in text or "Source: " in text, path.name


def safely(read: Callable[[bytes], tuple[Notice, ...]], raw: bytes) -> tuple[Notice, ...]:
    """Read, letting nothing but the named fault out, and check what came."""
    try:
        told = read(raw)
    except Unreadable as fault:
        told, said = (), str(fault)
    else:
        said = "read"
    assert said
    assert "\n" not in said
    for each in told:
        assert len(each.title) <= 300
        assert len(each.component) <= 160
        assert each.id
        assert "\n" not in each.title + each.component + each.id + each.url
        assert each.began_at.tzinfo is not None
    return told


@pytest.mark.parametrize("kind", sorted(READERS))
@given(data=st.data())
def test_any_bytes_give_notices_or_a_named_fault(kind: str, data: st.DataObject):
    read, names = READERS[kind]
    real = sample(data.draw(st.sampled_from(names)))
    spoilt = st.tuples(st.integers(0, len(real)), st.integers(0, 40), st.binary(max_size=40)).map(
        lambda cut: real[: cut[0]] + cut[2] + real[cut[0] + cut[1] :]
    )
    safely(read, data.draw(st.one_of(spoilt, st.binary(max_size=200))))


@pytest.mark.parametrize("kind", sorted(READERS))
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"<html><body>Just a moment...</body></html>",
        b"[" * 100_000,
        b"\xff\xfe\x00\xd8",
        b'<!DOCTYPE a [<!ENTITY b "b">]><rss version="2.0"><channel/></rss>',
    ],
    ids=["empty", "list", "object", "null", "html", "deep", "surrogate", "entity"],
)
def test_what_is_not_the_feed_is_never_taken_for_all_clear(kind: str, raw: bytes):
    read, _ = READERS[kind]
    if raw == b"[]" and kind in {"aws", "google"}:
        assert read(raw) == ()
        return
    with pytest.raises(Unreadable):
        read(raw)


@pytest.mark.parametrize("kind", sorted(READERS))
def test_a_feed_that_broke_off_is_unreadable(kind: str):
    read, names = READERS[kind]
    for name in names:
        raw = sample(name)
        with pytest.raises(Unreadable):
            read(raw[: len(raw) * 2 // 3])
