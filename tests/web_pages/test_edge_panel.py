"""What customers' pages report, as people read it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from relight.detect.edge.tally import Counts, Drained
from relight.web.app import create_app
from relight.wiring.house import House
from tests.web.given import client_of, house_at, with_session
from tests.web_pages.reading import Browser

KIT = """\
name: Where2Eat
customers: customers.csv
people:
  - name: sam
services:
  - name: widget
    edge: {}
  - name: api
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "kit"
    folder.mkdir()
    (folder / "customers.csv").write_text(
        "key,name,paying\nacme,Acme <Inc>,yes\nbistro,Bistro,no\n", encoding="utf-8"
    )
    with closing(house_at(folder, kit=KIT)) as house:
        yield house


@pytest.fixture
def sam(house: House) -> Iterator[Browser]:
    with client_of(create_app(house)) as client:
        yield Browser(client, with_session(house, "sam", csrf=False))


def shown(browser: Browser, path: str) -> str:
    """Open a page, which has to be well-formed, and give its source."""
    browser.open(path)
    assert browser.answer
    return browser.answer.text


def reported(house: House) -> None:
    counts = (
        Counts(service="widget", site="acme", loads=40, failed=10, visitors=9),
        Counts(service="widget", site="bistro", loads=60),
    )
    drained = Drained(counts, (("widget", "not loaded", 10),))
    house.edge.records.add(drained, house.clock.now())


def test_the_panel_says_the_share_the_sites_and_the_words(house: House, sam: Browser):
    reported(house)
    page = shown(sam, "/services/widget")
    assert "10 % of loads failed (10 of 100 loads)." in page
    assert "What is usual at this hour is not known yet." in page
    assert "Acme &lt;Inc&gt;" in page
    assert page.index("Acme &lt;Inc&gt;") < page.index("Bistro")
    assert "not loaded (10)" in page
    assert '<path class="line"' in page


def test_a_service_without_reports_and_one_without_pages(house: House, sam: Browser):
    page = shown(sam, "/services/widget")
    assert "No page has reported in this time." in page
    assert "pages" not in shown(sam, "/services/api").split("<main")[1].lower()


def test_customers_with_what_to_copy(house: House, sam: Browser):
    reported(house)
    page = shown(sam, "/customers")
    assert house.edge.key("widget", house.edge.customer("acme")) in page
    assert house.edge.key("widget", None) in page
    assert "40 loads in the last hour, 10 failed." in page
    assert "&lt;script async src=" in page


def test_customers_before_there_are_any(house: House, sam: Browser):
    (house.folder / "relight.yaml").write_text("name: X\npeople:\n  - name: sam\n")
    house.kit.loaded = house.read_kit(house.folder, house.kit.loaded)
    page = shown(sam, "/customers")
    assert "No customer is listed." in page
    assert "edge: {slow: 3s}" in page
