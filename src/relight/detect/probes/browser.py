"""Walks through a page in a real browser, as a customer would."""

import asyncio
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from relight.detect.probes import Probe, Result, failed, unanswered
from relight.detect.probes._browser_run import Order, Outcome
from relight.kernel.faults import did_you_mean
from relight.kernel.period import parse_duration_s
from relight.kernel.plug import NoAnswer, Permanent, Transient
from relight.kernel.ports import Ports
from relight.kernel.url import check_web_url, host_of

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_VERBS = ("open", "click", "fill", "expect", "wait")
_MOST_PICTURES = 50
_LARGEST_PICTURE = 2 << 20
_TO_START_AND_END_S = 18.0


class BrowserProbe(Probe, frozen=True, kw_only=True):
    """Walk through a page in your own Chromium, as a customer would.

    `url` is opened, and then every one of `steps` is taken, all within `timeout_s`: `open` a URL,
    `click` on something, `fill` a field with a value, `expect` something to be seen, `wait` for a
    time. Things are named as Playwright names them, by CSS or by `text=…`. In a value,
    `{password}` stands for `password`, which is a secret reference. A status of 400 or more is a
    failure too.

    Instead of steps, `script` names a Python file of your own whose `run(page)` is given a page of
    Playwright's synchronous interface; what it raises is the failure. Since that is a program, it
    works only where relight.yaml says `allow_exec: true`.

    When it fails, a picture of the page is kept in the folder `screenshots`, the last 50 of them,
    unless you say `screenshot: false`. `chromium` says where the browser is, if it is not found.
    Each look starts a browser of its own, which was measured at 2.5 s of CPU and 460 MB for a
    small page, so look every few minutes. It needs `pip install relight[browser]`.

    The egress policy judges the host of `url`, and the browser goes to the address judged. What
    the page leads to beyond that host, the browser fetches by itself.
    """

    url: str
    steps: tuple[Mapping[str, str | Mapping[str, str]], ...] = ()
    script: str = ""
    password: str = ""
    screenshot: bool = True
    screenshots: str = ".relight/screenshots"
    chromium: str = ""
    timeout_s: Annotated[float, Meta(gt=0, le=40)] = 30.0

    SECRETS: ClassVar[frozenset[str]] = frozenset({"password"})
    PATHS: ClassVar[frozenset[str]] = frozenset({"script", "screenshots"})
    PROGRAMS: ClassVar[frozenset[str]] = frozenset({"script"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "url": "https://where2eat.example/login",
        "steps": [
            {"fill": {"#email": "probe@where2eat.example"}},
            {"fill": {"#password": "{password}"}},
            {"click": "text=Sign in"},
            {"expect": "text=Welcome back"},
        ],
        "password": "env:PROBE_PASSWORD",
        "timeout_s": 20,
    }

    def __post_init__(self) -> None:
        """Refuse what could never be done, with a sentence that says what is wrong."""
        check_web_url(self.url)
        if self.script and self.steps:
            raise ValueError("`script` is run instead of `steps`. Keep one.")
        list(self._walk())

    async def observe(self, ports: Ports) -> Result:
        """Walk through once."""
        began_s = ports.clock.monotonic_s()
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            address = (await ports.resolver.addresses(host, port))[0]
        except NoAnswer as error:
            return unanswered(error, took_s=ports.clock.monotonic_s() - began_s)
        outcome = await self._ask(ports, f"MAP {host} {_bracketed(address)}")
        took_s = outcome.took_s
        evidence: tuple[tuple[str, str], ...] = (("address", address),)
        if outcome.ok:
            return Result(ok=True, took_s=took_s, reason=outcome.reason, evidence=evidence)
        if outcome.picture and self.screenshot:
            name = f"{host_of(self.url)}-{ports.clock.now():%Y%m%dT%H%M%S.%fZ}.jpg"
            kept = await asyncio.to_thread(_keep, Path(self.screenshots), name, outcome.picture)
            evidence = (*evidence, ("screenshot", kept))
        return failed(outcome.fault, outcome.reason, took_s=took_s, evidence=evidence)

    async def _ask(self, ports: Ports, resolve: str) -> Outcome:
        program = self.chromium or next(filter(None, map(shutil.which, _PROGRAMS)), "")
        if not program:
            msg = "There is no Chromium on this machine."
            raise Permanent(msg, hint="Install it, or say in `chromium` where it is.")
        order = Order(
            url=self.url,
            steps=tuple(self._walk()),
            script=self.script,
            program=program,
            resolve=resolve,
            timeout_s=self.timeout_s,
        )
        ran = await ports.runner.run(
            [sys.executable, "-m", "relight.detect.probes._browser_run"],
            timeout_s=self.timeout_s + _TO_START_AND_END_S,
            stdin=msgspec.json.encode(order),
            most_output=2 * _LARGEST_PICTURE,
        )
        if ran.status is None:
            reason = f"did not come to its end within {self.timeout_s:g} s"
            return Outcome(fault="slow", reason=reason, took_s=ran.took_s)
        try:
            outcome = msgspec.json.decode(ran.output, type=Outcome)
        except msgspec.DecodeError as error:
            raise Transient("The browser ended without an answer.") from error
        if outcome.fault == "playwright":
            msg = "Browser checks need Playwright, which is not installed."
            raise Permanent(msg, hint="Run `pip install relight[browser]`.")
        if outcome.fault == "chromium":
            raise Transient(f"Chromium could not be started: {outcome.reason}.")
        return outcome

    def _walk(self) -> Iterator[tuple[str, str, str]]:
        """Give each step as verb, where, and what. Raises `ValueError` with a sentence."""
        for number, step in enumerate(self.steps, start=1):
            if len(step) != 1:
                raise ValueError(f"Step {number} of `steps` is one verb with its object.")
            ((verb, what),) = step.items()
            if verb not in _VERBS:
                hint = did_you_mean(verb, _VERBS)
                raise ValueError(f"`{verb}` is not a step of `browser`. {hint}")
            if (verb == "fill") != isinstance(what, Mapping):
                form = "{'#field': value}" if verb == "fill" else "text"
                raise ValueError(f"Step {number} of `steps`: `{verb}` takes {form}.")
            if isinstance(what, Mapping):
                for where, value in what.items():
                    yield verb, where, value.replace("{password}", self.password)
            elif verb == "wait":
                yield verb, str(parse_duration_s(what)), ""
            else:
                yield verb, check_web_url(what) if verb == "open" else what, ""


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _keep(folder: Path, name: str, picture: bytes) -> str:
    """Write a picture, take the oldest away, and give its path; or say why there is none."""
    if len(picture) > _LARGEST_PICTURE:
        return "larger than 2 MB, and so not kept"
    path = folder / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(picture)
        for old in sorted(folder.glob("*.jpg"), key=lambda each: each.stat().st_mtime)[
            :-_MOST_PICTURES
        ]:
            old.unlink(missing_ok=True)
    except OSError as error:
        return f"not kept: {error.strerror}"
    return str(path)


PLUGIN: type[Probe] = BrowserProbe
