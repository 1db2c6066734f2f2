"""The browser probe, in a real Chromium."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from relight.config.read import read_kit
from relight.detect.probes import Probe, Result
from relight.detect.probes._browser_run import Order, carry_out
from relight.detect.probes.browser import BrowserProbe
from relight.egress.policy import NotAllowed
from relight.kernel.plug import Permanent, Transient
from relight.wiring.kit import KINDS
from tests.contracts.aim import Aim
from tests.peers.http_sink import http_sink, plain
from tests.peers.outside import dead_port, real_ports, settles

pytestmark = [pytest.mark.browser, pytest.mark.peer("chromium")]

PAGE = b"""<!doctype html><title>Where2Eat</title>
<input id="who"><button onclick="said.textContent = 'Welcome back, ' + who.value">Sign in</button>
<p id="said"></p>"""
HTML = "Content-Type: text/html"
ANSWERS = {
    "login": plain(200, PAGE, HTML),
    "away": plain(502, b"<p>Bad gateway", HTML),
    "favicon.ico": plain(404),
}


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    async with http_sink(answers=ANSWERS) as sink:
        yield BrowserProbe(url=sink.url("/login"))


AIM = Aim(working, dials="nothing", peer="chromium")


async def walk(folder: Path, *steps: Any, at: str = "/login", **settings: Any) -> Result:  # noqa: ANN401
    async with http_sink(answers=ANSWERS) as sink:
        given = {"url": sink.url(at), "steps": steps, "screenshots": str(folder), **settings}
        return await msgspec.convert(given, BrowserProbe).observe(real_ports())


async def test_it_goes_through_the_steps_as_a_customer_would(tmp_path: Path) -> None:
    result = await walk(
        tmp_path,
        {"fill": {"#who": "{password}"}},
        {"click": "text=Sign in"},
        {"wait": "1s"},
        {"expect": "text=Welcome back, hunter2"},
        password="hunter2",
    )
    assert (result.ok, result.reason) == (True, "went through 4 steps")
    assert dict(result.evidence)["address"] == "127.0.0.1"
    assert files(tmp_path) == []


async def test_a_step_that_fails_is_named_and_a_picture_is_kept(tmp_path: Path) -> None:
    for number in range(55):
        (tmp_path / f"{number}.jpg").touch()
    steps = [{"click": "text=Sign in"}, {"expect": "#cart"}]
    result = await walk(tmp_path, *steps, timeout_s=4)
    assert not result.ok
    assert result.reason == "step 2, expect `#cart`: did not come about within 4 s"
    evidence = dict(result.evidence)
    assert evidence["fault"] == "expect"
    (picture,) = [each for each in files(tmp_path) if str(each) == evidence["screenshot"]]
    assert picture.read_bytes().startswith(b"\xff\xd8\xff")
    assert len(files(tmp_path)) == 50


async def test_what_the_server_answers_counts(tmp_path: Path) -> None:
    result = await walk(tmp_path, at="/away", screenshot=False)
    assert not result.ok
    assert result.reason.endswith("/away: answered 502")
    assert "screenshot" not in dict(result.evidence)


async def test_a_dead_port_an_unknown_name_and_a_forbidden_address(tmp_path: Path) -> None:
    async def at(url: str) -> Result:
        return await BrowserProbe(url=url, screenshot=False).observe(real_ports())

    dead = await at(f"http://127.0.0.1:{dead_port()}/")
    unknown = await at("http://nobody.invalid/")
    assert (dead.ok, unknown.ok) == (False, False)
    assert dead.reason.endswith("connection refused")
    assert "nobody.invalid does not exist" in unknown.reason
    with pytest.raises(NotAllowed):
        await at("http://169.254.169.254/latest")


async def test_a_page_that_never_comes_is_ended_with_its_browser(tmp_path: Path) -> None:
    before = {process.pid for process in psutil.process_iter()}
    result = await walk(tmp_path, at="/silent", timeout_s=2)
    assert (result.ok, dict(result.evidence)["fault"]) == (False, "open")
    assert result.reason.endswith("did not come about within 2 s")

    def gone() -> bool:
        new = (each for each in psutil.process_iter(["name", "cmdline"]) if each.pid not in before)
        return not any("_browser_run" in str(each.info["cmdline"]) for each in new)

    assert await settles(gone)


async def test_a_script_of_your_own(tmp_path: Path) -> None:
    script = tmp_path / "walk.py"
    async with http_sink(answers=ANSWERS) as sink:
        script.write_text(
            f"def run(page):\n    print('noise')\n    page.goto({sink.url('/login')!r})\n"
            "    assert page.title() == TITLE, page.title()\nTITLE = 'Where2Eat'\n"
        )
        probe = BrowserProbe(url=sink.url("/"), script=str(script), screenshot=False)
        good = await probe.observe(real_ports())
        script.write_text("def run(page):\n    raise ValueError('the basket is empty.')\n")
        bad = await probe.observe(real_ports())
    assert (good.ok, good.reason) == (True, "the script ran to its end")
    assert bad.reason == "the script failed: ValueError: the basket is empty"


async def test_without_a_browser_or_playwright_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Transient, match="could not be started"):
        await walk(tmp_path, chromium=str(tmp_path / "none"))
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    order = Order(url="", steps=(), script="", program="", resolve="", timeout_s=1)
    assert carry_out(order).fault == "playwright"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Permanent, match="no Chromium"):
        await walk(tmp_path)


def test_steps_are_written_in_the_kit(tmp_path: Path) -> None:
    (tmp_path / "relight.yaml").write_text(
        "name: Where2Eat\nservices:\n  - name: site\n    checks:\n      - browser:\n"
        "          url: https://where2eat.example/\n          steps:\n"
        "            - fill: {'#who': sam}\n            - click: text=Sign in\n"
    )
    catalog = read_kit(tmp_path, KINDS, environment={}).catalog
    assert catalog is not None
    settings = catalog.checks()["site/browser"].probe.settings
    assert settings["steps"] == [{"fill": {"#who": "sam"}}, {"click": "text=Sign in"}]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": [{"clik": "a"}]}, "Did you mean `click`"),
        ({"steps": [{"click": "a", "expect": "b"}]}, "one verb"),
        ({"steps": [{"fill": "a"}]}, "`fill` takes"),
        ({"steps": [{"click": {"a": "b"}}]}, "`click` takes text"),
        ({"steps": [{"wait": "soon"}]}, "is not a duration"),
        ({"steps": [{"open": "ftp://x"}]}, "is not a web address"),
        ({"steps": [{"click": "a"}], "script": "b.py"}, "Keep one"),
    ],
)
def test_what_cannot_be_done_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert({"url": "http://x.test/", **settings}, BrowserProbe)
