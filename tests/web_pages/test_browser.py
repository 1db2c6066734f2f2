"""With script: what changes shows up without a reload, and what is typed stays."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from relight.web.access import COOKIE
from relight.web.server import Server
from relight.wiring.house import House
from tests.web.given import served, with_session
from tests.web_pages.given import SAM, declared

pytestmark = [pytest.mark.browser, pytest.mark.peer("chromium")]

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Opened:
    """A page as sam has it open; `complaints` is what its console says is wrong."""

    page: Page
    server: Server
    complaints: list[str] = field(default_factory=list[str])

    def listen(self) -> None:
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))


@contextmanager
def opened(house: House, path: str) -> Generator[Opened, None, None]:
    """Open a page in a real browser, served over a real socket."""
    with served(house) as (url, server, _thread), sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        context = browser.new_context(timezone_id="Europe/Amsterdam")
        name, _, value = with_session(house, "sam")["cookie"].partition("=")
        assert name == COOKIE
        context.add_cookies([{"name": name, "value": value, "url": url}])
        page = context.new_page()
        seen = Opened(page, server)
        seen.listen()
        page.goto(url + path)
        page.evaluate("window.unchanged = true")
        yield seen
        browser.close()


def test_a_change_shows_up_while_words_are_being_typed(house: House) -> None:
    incident = declared(house)
    with opened(house, f"/incidents/{incident.name}") as seen:
        page = seen.page
        box = page.locator("#public-update")
        box.fill("We are looking into")
        row = page.locator(".entry").first.locator("summary")
        row.click()
        house.desk.note(incident.id, "The provider has answered.", by=SAM)
        house.desk.acknowledge(incident.id, person="sam", via="page", by=SAM)
        expect(page.locator("#timeline")).to_contain_text("The provider has answered.")
        expect(page.locator("#room-head h1")).to_contain_text("sam has it.")
        expect(page.locator("#room-actions")).not_to_contain_text("Acknowledge incident")
        expect(box).to_have_value("We are looking into")
        assert page.evaluate("window.unchanged")
        page.reload()
        expect(page.locator("#public-update")).to_have_value("We are looking into")
        assert seen.complaints == []


def test_home_follows_by_itself(house: House) -> None:
    with opened(house, "/") as seen:
        page = seen.page
        declared(house, "Checkout fails")
        expect(page.locator("h1")).to_contain_text("Checkout fails")
        assert page.evaluate("window.unchanged")
        assert seen.complaints == []


def test_times_are_the_readers_with_utc_beside(house: House) -> None:
    incident = declared(house)
    with opened(house, f"/incidents/{incident.name}") as seen:
        page = seen.page
        time = page.locator("#timeline time").first
        expect(time).to_have_attribute("title", f"{incident.declared_at:%Y-%m-%d %H:%M:%S} UTC")
        shown = page.evaluate(
            "at => new Date(at).toTimeString().slice(0, 8)",
            f"{incident.declared_at:%Y-%m-%dT%H:%M:%SZ}",
        )
        expect(time).to_have_text(shown)


def test_a_stream_that_ends_is_said(house: House) -> None:
    incident = declared(house)
    with opened(house, f"/incidents/{incident.name}") as seen:
        page = seen.page
        expect(page.locator("#stale")).to_be_hidden()
        seen.server.should_exit = True
        expect(page.locator("#stale")).to_be_visible(timeout=20_000)
        expect(page.locator("#stale")).to_contain_text("Not live since")
