"""The script on a customer's page, in a real browser: it says what happens there and breaks nothing.

The page, the widget on it, and Relight each have a port of their own.
"""

import shutil
import socket
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, sync_playwright

from relight.detect.edge.tally import Counts
from relight.wiring.house import House
from tests.web.given import house_at, served

pytestmark = [pytest.mark.browser, pytest.mark.peer("chromium"), pytest.mark.timeout(300)]

_FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
GOOD = "setTimeout(() => { window.Widget = {}; document.title = 'fine' }, 20)"


@dataclass
class Site:
    """A web server that answers as told by path, and remembers what was asked."""

    answers: dict[str, tuple[int, str, dict[str, str]]] = field(default_factory=dict)
    url: str = ""

    def put(
        self, path: str, body: str, headers: Mapping[str, str] | None = None, *, status: int = 200
    ) -> None:
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        # Open to scripts elsewhere, as a widget is whose errors its makers want to see.
        own = {"content-type": kind, "access-control-allow-origin": "*"}
        self.answers[path] = (status, body, own | dict(headers or {}))


@contextmanager
def a_site() -> Generator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = site.answers.get(self.path, (404, "", {}))
            self.send_response(status)
            for each in headers.items():
                self.send_header(*each)
            self.send_header("content-length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(_FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    kit = "name: Where2Eat\nservices:\n  - name: widget\n    edge: {slow: 2s}\n"
    with closing(house_at(tmp_path / "kit", kit=kit)) as house:
        yield house


@dataclass
class Stage:
    """A customer's page with the widget, and Relight behind `base`."""

    house: House
    base: str
    page: Site
    widget: Site
    browser: Browser

    def tag(self, host: str = "", more: str = "", **data: str) -> str:
        """The snippet, with further settings."""
        given = {"key": self.house.edge.key("widget", None), **data}
        shown = "".join(f' data-{name}="{value}"' for name, value in given.items())
        return f'<script async src="{host or self.base}/edge.js"{shown} {more}></script>'

    def open(self, head: str, policy: str = "") -> list[str]:
        """Show the page with this in its head; gives what went wrong on it, as it sees it."""
        body = (
            f"<!doctype html><head><script>window.broken = []; addEventListener('error', e => "
            f"e.message && broken.push(e.message))</script>{head}</head><body><h1>Menu</h1></body>"
        )
        self.page.put("/", body, {"content-security-policy": policy} if policy else None)
        tab = self.browser.new_page()
        crashed: list[str] = []
        tab.on("pageerror", lambda error: crashed.append(str(error)))
        tab.goto(self.page.url)
        assert tab.locator("h1").inner_text() == "Menu"
        return crashed

    def report(self) -> Counts:
        """Wait until something is in the database, and give it all together."""
        until = time.monotonic() + 60
        while True:
            found = self.house.edge.records.recent(self.house.clock.now()).get("widget", [])
            if found:
                return found[-1].counts
            assert time.monotonic() < until, "no report came"
            time.sleep(0.1)


@pytest.fixture
def stage(house: House, browser: Browser) -> Iterator[Stage]:
    with served(house) as (base, _, _), a_site() as page, a_site() as widget:
        widget.put("/widget.js", GOOD)
        yield Stage(house, base, page, widget, browser)


def script_of(stage: Stage, path: str = "/widget.js") -> str:
    return f'<script async crossorigin src="{stage.widget.url}{path}"></script>'


def test_a_widget_that_loads(stage: Stage):
    assert stage.open(stage.tag(ready="Widget") + script_of(stage)) == []
    seen = stage.report()
    assert (seen.loads, seen.failed, seen.slow) == (1, 0, 0)


def test_a_widget_that_marks_its_load_and_one_that_says_why_not(stage: Stage):
    stage.widget.put("/widget.js", "performance.mark('relight-fail', {detail: 'no menu <4711>'})")
    assert stage.open(stage.tag() + script_of(stage)) == []
    assert stage.report().failed == 1
    (reason,) = stage.house.edge.records.reasons("widget", stage.house.clock.now().replace(hour=0))
    assert reason.words == "no menu #"


def test_a_widget_that_cannot_be_fetched(stage: Stage):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        dead = f"http://127.0.0.1:{gone.getsockname()[1]}"
    late = f"<script>setTimeout(() => document.head.append(Object.assign(document.createElement('script'), {{src: '{dead}/widget.js'}})), 500)</script>"
    assert stage.open(stage.tag(ready="Widget", watch=dead, wait="600") + late) == []
    assert stage.report().failed == 1


def test_a_widget_that_never_gets_ready(stage: Stage):
    stage.widget.put("/widget.js", "")
    assert stage.open(stage.tag(ready="Widget", wait="1") + script_of(stage)) == []
    assert stage.report().failed == 1


def test_a_widget_that_is_slow(stage: Stage):
    stage.widget.put("/widget.js", GOOD.replace("20)", "2300)"))
    assert stage.open(stage.tag(ready="Widget", wait="30") + script_of(stage)) == []
    seen = stage.report()
    assert (seen.loads, seen.failed, seen.slow) == (1, 0, 1)


def test_a_widget_that_throws_and_a_page_that_does(stage: Stage):
    """An error in the widget's own script counts; one of the page's own is none of our business."""
    stage.widget.put("/widget.js", "setTimeout(() => { throw new Error('bad menu') }, 300)")
    page_own = "<script>setTimeout(() => { throw new Error('own') }, 300)</script>"
    crashed = stage.open(
        stage.tag(ready="Widget", watch=stage.widget.url, wait="600") + script_of(stage) + page_own
    )
    assert stage.report().errors == 1
    assert all("own" in each or "bad menu" in each for each in crashed)


def test_calls_that_fail(stage: Stage):
    stage.widget.put("/api/menu", "", status=502)
    stage.widget.put("/api/fine", "{}")
    calls = (
        f"<script>fetch('{stage.widget.url}/api/fine'); "
        f"setTimeout(() => fetch('{stage.widget.url}/api/menu'), 300)</script>"
    )
    tag = stage.tag(ready="Widget", api=f"{stage.widget.url}/api/", wait="600")
    assert stage.open(tag + calls) == []
    assert stage.report().api_failed == 1


def test_a_dead_host_is_passed_over(stage: Stage):
    """Two tags: the first host is dead, for the script and for the reports."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        dead = f"127.0.0.1:{gone.getsockname()[1]}"
    hosts = f"{dead} {urlsplit(stage.base).netloc}"
    tags = "".join(stage.tag(host, ready="Widget", hosts=hosts) for host in (f"http://{dead}", ""))
    assert stage.open(tags + script_of(stage)) == []
    seen = stage.report()
    assert (seen.loads, seen.failed) == (1, 0)


def test_two_hosts_that_live_report_once(stage: Stage):
    hosts = urlsplit(stage.base).netloc
    tags = stage.tag(ready="Widget", hosts=hosts) * 2
    assert stage.open(tags + script_of(stage)) == []
    stage.report()
    time.sleep(1.5)
    assert stage.report().loads == 1


def test_a_strict_policy_that_lets_it_in(stage: Stage):
    policy = (
        f"default-src 'none'; script-src 'nonce-n0nce' {stage.base} {stage.widget.url} "
        f"'unsafe-inline'; connect-src {stage.base}"
    )
    tag = stage.tag(ready="Widget", more='nonce="n0nce"')
    widget = script_of(stage).replace("crossorigin", 'nonce="n0nce"')
    assert stage.open(tag + widget, policy) == []
    assert stage.report().loads == 1


def test_a_policy_that_forbids_connections_leaves_images(stage: Stage):
    policy = f"connect-src 'none'; img-src {stage.base}"
    assert stage.open(stage.tag(ready="Widget") + script_of(stage), policy) == []
    assert stage.report().loads == 1


def test_a_policy_that_forbids_all_of_it_harms_nobody(stage: Stage):
    policy = f"script-src 'unsafe-inline' {stage.widget.url}; connect-src 'none'; img-src 'none'"
    crashed = stage.open(stage.tag(ready="Widget") + script_of(stage), policy)
    assert crashed == []
    assert stage.house.edge.records.recent(stage.house.clock.now()) == {}


def test_it_leaves_nothing_behind(stage: Stage):
    stage.open(stage.tag(ready="Widget") + script_of(stage))
    stage.report()
    (context,) = {each.context for each in stage.browser.contexts[0].pages} or {None}
    assert context is not None
    assert context.cookies() == []
    tab = context.pages[0]
    assert tab.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert tab.evaluate("Object.keys(window).filter(each => /relight/i.test(each))") == []
    assert tab.evaluate("/native code/.test(fetch) && /native code/.test(XMLHttpRequest)")


def test_a_sample_of_none_is_silent(stage: Stage):
    stage.open(stage.tag(ready="Widget", sample="0.0000001") + script_of(stage))
    time.sleep(1.5)
    assert stage.house.edge.records.recent(stage.house.clock.now()) == {}
