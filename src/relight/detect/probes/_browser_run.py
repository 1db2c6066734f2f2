"""The program that `browser` runs for one look: an order on stdin, the outcome on stdout.

Playwright is imported here alone, in a process that ends with the look.
"""

import os
import re
import runpy
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from time import monotonic
from typing import Any

import msgspec

_FLAGS = (
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_NET = re.compile(r"net::ERR_([A-Z_]+)")
_ERRORS = {
    "ERR_CONNECTION_REFUSED": "connection refused",
    "ERR_CONNECTION_RESET": "the connection was reset",
    "ERR_EMPTY_RESPONSE": "the connection was closed without an answer",
    "ERR_TOO_MANY_REDIRECTS": "it redirects too many times",
    "ERR_CERT_": "the certificate is not valid",
    "ERR_SSL_": "TLS failed",
}


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, and in which Chromium. A `script` is run instead of the steps."""

    url: str
    steps: tuple[tuple[str, str, str], ...]
    script: str
    program: str
    resolve: str
    timeout_s: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How it went; `picture` is a JPEG of the page where it did not go well."""

    ok: bool = False
    fault: str = ""
    reason: str = ""
    took_s: float = 0.0
    picture: bytes = b""


class _Unmet(Exception):
    """A step that did not come about, in words."""


def carry_out(order: Order) -> Outcome:
    """Open the page, take every step, and tell."""
    try:
        library: Any = import_module("playwright.sync_api")
    except ImportError:
        return Outcome(fault="playwright")
    flags = [*_FLAGS, f"--host-resolver-rules={order.resolve}"]
    with library.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=order.program, args=flags, chromium_sandbox=os.geteuid() != 0
            )
        except library.Error as error:
            return Outcome(fault="chromium", reason=_first_line(error))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        began_s = monotonic()
        fault, reason = _walked(page, order, library.Error, lambda: monotonic() - began_s)
        took_s = monotonic() - began_s
        picture = _picture(page, library.Error) if fault else b""
        browser.close()
    return Outcome(ok=not fault, fault=fault, reason=reason, took_s=took_s, picture=picture)


def _walked(
    page: Any,  # noqa: ANN401 - Playwright is not imported where types are checked
    order: Order,
    error_type: type[Exception],
    passed_s: Callable[[], float],
) -> tuple[str, str]:
    """Give what went wrong, as a fault and a reason, or an empty fault and what was done."""
    steps = [("open", order.url, ""), *order.steps]
    if order.script:
        steps = []
        page.set_default_timeout(order.timeout_s * 1000)
    for number, (verb, where, what) in enumerate(steps):
        said = f"step {number}, {verb} `{where}`" if number else f"opening {where}"
        left_ms = max(1.0, (order.timeout_s - passed_s()) * 1000)
        try:
            _VERBS[verb](page, where, what, left_ms)
        except _Unmet as error:
            return verb, f"{said}: {error}"
        except error_type as error:
            return verb, f"{said}: {_in_words(error, order.timeout_s)}"
    if order.script:
        try:
            found: Mapping[str, Any] = runpy.run_path(order.script)
            found["run"](page)
        except Exception as error:  # noqa: BLE001 - whatever a script raises says that it failed
            return "script", f"the script failed: {type(error).__name__}: {_first_line(error)}"
        return "", "the script ran to its end"
    return "", f"went through {len(order.steps)} steps" if order.steps else "opened"


def _open(page: Any, where: str, _what: str, left_ms: float) -> None:  # noqa: ANN401
    answer = page.goto(where, timeout=left_ms, wait_until="load")
    if answer is not None and answer.status >= 400:
        raise _Unmet(f"answered {answer.status}")


def _click(page: Any, where: str, _what: str, left_ms: float) -> None:  # noqa: ANN401
    page.locator(where).first.click(timeout=left_ms)


def _fill(page: Any, where: str, what: str, left_ms: float) -> None:  # noqa: ANN401
    page.locator(where).first.fill(what, timeout=left_ms)


def _expect(page: Any, where: str, _what: str, left_ms: float) -> None:  # noqa: ANN401
    page.locator(where).first.wait_for(state="visible", timeout=left_ms)


def _wait(page: Any, where: str, _what: str, left_ms: float) -> None:  # noqa: ANN401
    page.wait_for_timeout(min(float(where) * 1000, left_ms))


_VERBS: dict[str, Callable[[Any, str, str, float], None]] = {
    "open": _open,
    "click": _click,
    "fill": _fill,
    "expect": _expect,
    "wait": _wait,
}


def _in_words(error: Exception, timeout_s: float) -> str:
    text = str(error)
    for code, words in _ERRORS.items():
        if code in text:
            return words
    if known := _NET.search(text):
        return known[1].replace("_", " ").lower()
    if type(error).__name__ == "TimeoutError":
        return f"did not come about within {timeout_s:g} s"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200].rstrip(".")


def _picture(page: Any, error_type: type[Exception]) -> bytes:  # noqa: ANN401
    try:
        taken: bytes = page.screenshot(type="jpeg", quality=60, timeout=2000)
    except error_type:
        return b""
    return taken


def main() -> None:
    """Read one order, carry it out, and tell."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    # Whatever a script prints must not be taken for the outcome.
    with os.fdopen(os.dup(1), "wb") as answer:
        os.dup2(2, 1)
        answer.write(msgspec.json.encode(carry_out(order)))


if __name__ == "__main__":
    main()
