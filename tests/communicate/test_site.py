import json
import posixpath
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from relight.catalog.catalog import Catalog, StatusPage
from relight.catalog.component import ComponentState
from relight.catalog.service import Service
from relight.communicate.render.site import site
from relight.communicate.render.templates import load
from relight.communicate.status_page import build
from relight.communicate.wording import printable
from relight.incident.state import Incident
from relight.kernel.severity import Severity
from tests.communicate.reading import Reader
from tests.communicate.samples import (
    CATALOG,
    INSTANCE,
    NOW,
    OUTAGE,
    PAST,
    ago,
    incident,
    standings,
    update,
)

TEMPLATES = load()
ATOM = "{http://www.w3.org/2005/Atom}"
STATUSPAGE = [
    "summary",
    "status",
    "components",
    "incidents",
    "incidents/unresolved",
    "scheduled-maintenances",
]


def drawn(
    incidents: Sequence[Incident] = (OUTAGE, *PAST),
    catalog: Catalog = CATALOG,
    base: str = "",
    **states: ComponentState,
) -> dict[str, bytes]:
    states = states or {"widget": ComponentState.MAJOR_OUTAGE}
    page = build(catalog, INSTANCE, standings(catalog, **states), incidents, NOW)
    return site(page, TEMPLATES, base=base)


def pages(files: dict[str, bytes]) -> dict[str, Reader]:
    return {path: Reader(body) for path, body in files.items() if path.endswith(".html")}


def test_the_site_is_these_files():
    files = drawn()
    assert {path for path in files if not path.startswith("incidents/")} == {
        "index.html",
        "history.html",
        "feed.atom",
        "style.css",
        "lamp.svg",
        *(f"api/v2/{name}.json" for name in STATUSPAGE),
    }
    assert sum(path.startswith("incidents/") for path in files) == 3


def test_the_same_facts_give_the_same_bytes():
    assert drawn() == drawn()
    again = site(build(CATALOG, INSTANCE, standings(), PAST, ago(-30)), load(), base="")
    assert again == site(build(CATALOG, INSTANCE, standings(), PAST, NOW), TEMPLATES, base="")


def test_links_within_the_site_are_relative_and_lead_somewhere():
    files = drawn()
    for path, reader in pages(files).items():
        assert reader.links
        for link in reader.links:
            if link.startswith("#"):
                assert link[1:] in reader.ids
                continue
            assert "//" not in link
            assert not link.startswith("/")
            assert posixpath.normpath(posixpath.join(posixpath.dirname(path), link)) in files


def test_pages_need_no_script_and_no_inline_style():
    for reader in pages(drawn()).values():
        assert not reader.tags & {"script", "style", "iframe", "form"}
        assert "style" not in reader.attributes
        assert not any(name.startswith("on") for name in reader.attributes)
    style = drawn()["style.css"]
    assert b"url(" not in style
    assert b"@import" not in style


def test_the_front_page_says_first_what_is_wrong_then_when_we_speak_next():
    text = pages(drawn())["index.html"].text
    found = [
        text.index(part)
        for part in (
            "Trouble with Widget since 02:03 UTC.",
            "We have found the cause",
            "Last update",
            "Next update by",
            "02:44 UTC",
            "Requests fail",
            "Components",
            "Major outage",
            "Last 15 days",
            "Search answers slowly",
        )
    ]
    assert found == sorted(found)


def test_nothing_internal_reaches_any_file():
    for body in drawn().values():
        for word in (b"pop-ams3", b"Origin graphs", b"Billing", b"billing-worker", b"sam"):
            assert word not in body.replace(b"same", b"")


def test_line_breaks_of_an_update_are_kept():
    files = drawn()
    assert b"delivery network.\nThe application" in files["index.html"]
    assert b"delivery network.&lt;br&gt;The application" in files["feed.atom"]


def test_a_long_list_folds_what_works_and_keeps_what_fails_in_sight():
    services = tuple(Service(name=f"s{n}", title=f"Service {n}") for n in range(60))
    many = Catalog(name="Many", version="1", services=services)
    text = pages(drawn((), many, s30=ComponentState.PARTIAL_OUTAGE))["index.html"].text
    assert "59 other components work" in text
    assert text.index("Service 30") < text.index("59 other") < text.index("Service 0")
    assert (
        "12 components work"
        not in pages(
            drawn((), replace(many, services=services[:12]), s0=ComponentState.OPERATIONAL)
        )["index.html"].text
    )


def test_an_empty_kit_gives_a_page():
    text = pages(drawn((), Catalog(name="New", version="1")))["index.html"].text
    assert "All systems work." in text
    assert "Nothing is listed here yet." in text
    assert "No incidents." in text


def test_the_feed_has_one_entry_for_each_update_and_absolute_links():
    feed = ET.fromstring(drawn()["feed.atom"])  # noqa: S314
    titles = [each.findtext(f"{ATOM}title") for each in feed.iter(f"{ATOM}entry")]
    assert titles == [
        "Identified: Trouble with Widget",
        "Investigating: Trouble with Widget",
        "Resolved: Search answers slowly",
        "Investigating: Search answers slowly",
        "Resolved: Trouble with Sign-in",
        "Investigating: Trouble with Sign-in",
    ]
    ids = [each.text for each in feed.iter(f"{ATOM}id")]
    assert len(ids) == len(set(ids)) == 7
    links = [each.get("href", "") for each in feed.iter(f"{ATOM}link")]
    assert all(link.startswith("https://status.where2eat.example/") for link in links)
    elsewhere = ET.fromstring(drawn(base="http://10.0.0.7/status")["feed.atom"])  # noqa: S314
    assert [each.text for each in elsewhere.iter(f"{ATOM}id")] == ids
    assert elsewhere.find(f"{ATOM}link") is not None


def test_a_base_makes_the_links_for_programs():
    answer = json.loads(drawn(base="http://10.0.0.7/status")["api/v2/summary.json"])
    assert answer["page"]["url"] == "http://10.0.0.7/status"
    assert answer["incidents"][0]["shortlink"].startswith("http://10.0.0.7/status/incidents/")
    placeless = replace(CATALOG, status_page=StatusPage())
    answer = json.loads(drawn(catalog=placeless)["api/v2/summary.json"])
    assert answer["incidents"][0]["shortlink"].startswith("incidents/")


@pytest.mark.parametrize("name", STATUSPAGE)
def test_json_has_the_shape_of_statuspage(name: str, snapshot: SnapshotAssertion):
    assert json.loads(drawn()[f"api/v2/{name}.json"]) == snapshot


@pytest.mark.parametrize("path", ["index.html", "history.html", "feed.atom"])
def test_pages_as_they_stand(path: str, snapshot: SnapshotAssertion):
    assert drawn()[path].decode() == snapshot


def test_an_incident_page_as_it_stands(snapshot: SnapshotAssertion):
    files = drawn((PAST[0],), widget=ComponentState.OPERATIONAL)
    (path,) = (each for each in files if each.startswith("incidents/"))
    assert files[path].decode() == snapshot


ANY = st.one_of(st.text(min_size=1), st.sampled_from(["<script>alert(1)</script>", "&amp;", "]]>"]))


@settings(max_examples=40)
@given(title=ANY, text=ANY, about=ANY, severity=st.sampled_from(Severity))
def test_whatever_is_written_is_shown_as_text(
    title: str, text: str, about: str, severity: Severity
):
    services = (Service(name="widget", title=title, description=about),)
    catalog = Catalog(name=about, version="1", services=services)
    told = incident(
        title=title,
        severity=severity,
        by_rule=False,
        updates=(update(3, 5, text), update(4, 4, text)),
    )
    files = drawn((told,), catalog)
    for reader in pages(files).values():
        assert not reader.tags & {"script", "style", "iframe"}
    front = pages(files)["index.html"]
    for each in (title, text, about):
        assert printable(each) in front.text
    summary = json.loads(files["api/v2/summary.json"])
    assert summary["incidents"][0]["name"] == printable(title)
    assert summary["incidents"][0]["incident_updates"][0]["body"] == printable(text)
    feed = ET.fromstring(files["feed.atom"])  # noqa: S314
    assert feed.findtext(f"{ATOM}entry/{ATOM}title") == f"Investigating: {printable(title)}"
    ET.fromstring(files["lamp.svg"])  # noqa: S314


def test_a_word_that_has_not_come_in_time_is_not_promised_again():
    late = replace(OUTAGE, next_public_at=ago(1))
    text = pages(drawn([late]))["index.html"].text
    assert "Next update was due at" in text
