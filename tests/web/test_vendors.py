"""What vendors say, on the pages and through the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from relight.catalog.component import ComponentState
from relight.catalog.person import Role
from relight.detect.situation import Notice
from relight.kernel.actor import person
from relight.kernel.severity import Severity
from relight.store.vendors import VENDOR
from relight.web.app import create_app
from relight.wiring.house import House
from tests.web.given import client_of, house_at, with_session, with_token

KIT = """\
name: Where2Eat
people:
  - {name: sam, contacts: [sam@example.org]}
services:
  - {name: api, depends_on: [{vendor: cloudflare, components: [CDN]}, github]}
  - {name: blog}
vendors: [cloudflare, github]
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with closing(house_at(tmp_path / "kit", kit=KIT)) as house:
        yield house


def told(house: House) -> None:
    """Cloudflare has trouble and plans work; GitHub's feed cannot be read."""
    house.vendors.align()
    now = house.clock.now()
    claims = {each.key: each for each in house.due.claim([VENDOR], now=now, limit=2, lease_s=60)}
    flare, hub = house.desk.catalog.vendors

    def notice(id: str, component: str, title: str, minutes: int) -> Notice:  # noqa: A002
        return Notice(
            vendor="cloudflare",
            id=id,
            component=component,
            state=ComponentState.PARTIAL_OUTAGE,
            title=title,
            url="https://stspg.io/x",
            began_at=now + timedelta(minutes=minutes),
            planned=minutes > 0,
        )

    said = (
        notice("1", "CDN/Cache", "Errors <b>at</b> the edge", -5),
        notice("2", "Dashboard", "Slow sign-in", -5),
        notice("3", "CDN/Cache", "New disks", 600),
    )
    house.vendors.take(claims["cloudflare"], flare, said)
    house.vendors.miss(claims["github"], hub, "www.githubstatus.com answered 503.", None)


def test_the_pages_show_what_vendors_say_and_what_is_not_known(house: House):
    api, blog = (
        house.desk.declare("It is slow", by=person("sam"), severity=Severity.S3, services=[name])
        for name in ("api", "blog")
    )
    told(house)
    with client_of(create_app(house)) as client:
        sam = with_session(house, "sam", csrf=False)

        def page(path: str) -> str:
            answer = client.get(path, headers=sam)
            assert answer.status_code == 200
            return answer.text

        every = page("/vendors")
        assert "1 vendor with trouble" in every
        assert "Not known: GitHub" in every
        for words in ("Errors &lt;b&gt;at&lt;/b&gt; the edge", "Slow sign-in", "New disks"):
            assert words in every
        for path in ("/services/api", f"/incidents/{api.name}", f"/incidents/{api.name}/fragment"):
            shown = page(path)
            assert "What vendors say" in shown
            assert "the edge" in shown
            assert "Slow sign-in" not in shown
            assert "Not readable since" in shown
            assert "answered 503" in shown
        for path in ("/services/blog", f"/incidents/{blog.name}"):
            assert "What vendors say" not in page(path)
    notes = [row.event for row in house.desk.timeline(api)]
    assert any("Cloudflare says: Errors" in str(each) for each in notes)
    assert len(house.desk.timeline(blog)) < len(notes)


def test_a_kit_without_vendors_says_how_to_name_one(tmp_path: Path):
    kit, _, _ = KIT.partition("services:")
    with closing(house_at(tmp_path / "kit", kit=kit)) as house, client_of(create_app(house)) as app:
        shown = app.get("/vendors", headers=with_session(house, "sam", csrf=False)).text
    assert "vendors: [cloudflare, aws]" in shown


def test_the_api_gives_each_vendor_with_its_fault(house: House):
    told(house)
    with client_of(create_app(house)) as client:
        headers = with_token(house, Role.VIEWER)
        flare, hub = client.get("/api/v1/vendors", headers=headers).json()
        assert (flare["format"], flare["services"], flare["fault"]) == ("statuspage", ["api"], "")
        assert len(flare["notices"]) == 3
        assert hub["read_at"] is None
        assert hub["failing_since"]
        assert client.get("/api/v1/vendors/github", headers=headers).json() == hub
        assert client.get("/api/v1/vendors/nobody", headers=headers).status_code == 404
        assert client.get("/api/v1/vendors").status_code == 401
