"""Vendors by name, and what services depend on."""

from __future__ import annotations

import re

import msgspec
import pytest

from relight.config.known_vendors import known_vendors, search
from relight.detect.vendors import FEEDS
from relight.kernel.plug import Plugged
from relight.kernel.severity import Severity
from tests.config.conftest import Read

BASE = "name: x\npeople: [{name: a, contacts: [a@example.org]}]\n"


def test_vendors_are_known_by_name_or_by_their_feed(read: Read):
    reading = read(
        BASE
        + """\
vendors:
  - cloudflare
  - {name: aws, every: 5m, declare: S3}
  - {name: ours, feed: {statuspage: {url: https://status.example.org}}}
services:
  - name: web
    depends_on:
      - db
      - {vendor: cloudflare, components: [CDN/Cache, DNS]}
      - {vendor: cloudflare, components: [Dashboard]}
      - aws
      - {vendor: ours, components: [API]}
      - ours
  - {name: db}
"""
    )
    assert reading.catalog is not None, reading.faults
    flare, aws, ours = reading.catalog.vendors
    assert flare.feed == Plugged("statuspage", {"url": "https://www.cloudflarestatus.com"})
    assert (flare.title, flare.every_s, flare.declare) == ("Cloudflare", 120, None)
    assert re.search(flare.aside, "Amsterdam, Netherlands - (AMS)")
    assert (aws.every_s, aws.declare) == (300, Severity.S3)
    assert (ours.title, ours.feed.kind) == ("ours", "statuspage")
    web, _ = reading.catalog.services
    assert web.depends_on == ("db", "cloudflare", "aws", "ours")
    # Whoever names a vendor whole wants all of it.
    assert web.vendor_parts == {"cloudflare": ("CDN/Cache", "DNS", "Dashboard")}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("vendors: [cloudflair]\n", 3, "not known by name and has no `feed`. Did you mean"),
        ("vendors: [a, a]\n", 3, "already a vendor named `a`"),
        ("vendors: [{name: aws, feed: {atom: {url: https://a.example}}}]\n", 3, "not a feed"),
        ("vendors: [{name: aws, feed: {rss: {url: ftp://a.example}}}]\n", 3, "rss"),
        ("vendors: [aws]\nservices: [{name: aws}]\n", 3, "a service named `aws` too, on line 4"),
        ("services: [{name: a, depends_on: [{vendor: aws}]}]\n", 3, "Add `vendors: [aws]`"),
        ("services: [{name: a, depends_on: [{vendr: aws}]}]\n", 3, "not a key of a dependency"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(read: Read, text: str, line: int, words: str):
    faults = read(BASE + text).faults
    assert any(fault.line == line and words in str(fault) for fault in faults), faults


def test_every_known_vendor_can_be_read():
    known = known_vendors()
    assert len(known) >= 60
    for name, each in known.items():
        assert msgspec.convert(each.feed.settings, FEEDS.get(each.feed.kind)), name
        assert str(each.feed.settings["url"]).startswith("https://")
        assert each.title
        assert "20" in each.known or "manual page" in each.known
        re.compile(each.aside)
    addresses = [str(each.feed.settings["url"]) for each in known.values()]
    assert len(set(addresses)) == len(addresses)


def test_vendors_are_found_by_a_part_of_their_name():
    assert [each.name for each in search("CLOUDFL")] == ["cloudflare"]
    assert {each.name for each in search("google")} == {"google-cloud", "google-workspace"}
    assert search("nobody at all") == []
