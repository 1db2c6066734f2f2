"""What all feed formats share: fetching, encodings, times and words, each within bounds."""

import asyncio
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TypeVar

import msgspec

from relight.catalog.component import ComponentState
from relight.detect.situation import Notice
from relight.detect.vendors import Unreadable
from relight.kernel.plug import Permanent
from relight.kernel.ports import HttpRequest, Ports
from relight.kernel.url import host_of

T = TypeVar("T")

LONGEST = 4 << 20
MOST = 500
KEPT = timedelta(days=1)
"""How long what has ended is still told."""
LINGERS = timedelta(days=1)
"""After this long without a word, what was only information has ended."""
_GONE = frozenset({401, 403, 404, 405, 410})
_LONGEST_TITLE = 300
_LONGEST_NAME = 160


async def fetched(url: str, ports: Ports, *, timeout_s: float, longest: int = LONGEST) -> bytes:
    """Fetch a feed's bytes. Raises `Unreadable`, `Permanent`, or what `Http.request` raises."""
    answer = await ports.http.request(
        HttpRequest(
            url=url,
            headers={"Accept": "application/json, application/rss+xml, application/atom+xml, */*"},
            timeout_s=timeout_s,
            follow_redirects=True,
            longest_body=longest,
        )
    )
    if answer.cut:
        msg = f"{host_of(url)}: the feed is larger than {longest >> 20} MB."
        raise Unreadable(msg)
    if answer.status != HTTPStatus.OK:
        msg = f"{host_of(url)} answered {answer.status} instead of the feed."
        if answer.status in _GONE:
            raise Permanent(msg, hint="Look whether the address of the feed is still right.")
        raise Unreadable(msg, retry_after_s=_seconds(answer.headers.get("retry-after", "")))
    return answer.body


def _seconds(written: str) -> float | None:
    return float(written) if written.isascii() and written.isdigit() else None


async def parsed(
    parse: Callable[[], tuple[Notice, ...]],
) -> tuple[Notice, ...]:
    """Parse beside the event loop, since feeds may be megabytes, and bound what comes out."""
    return (await asyncio.to_thread(parse))[:MOST]


def decoded(raw: bytes, shape: type[T]) -> T:
    """Decode JSON in whatever encoding its first bytes show. Raises `Unreadable`."""
    try:
        text = raw.decode(json.detect_encoding(raw))
        return msgspec.json.decode(text, type=shape, strict=False)
    except UnicodeDecodeError as error:
        msg = "The feed is no text in an encoding that is known."
        raise Unreadable(msg) from error
    except (msgspec.MsgspecError, RecursionError) as error:
        msg = f"The feed does not have its format: {line(str(error))}."
        raise Unreadable(msg) from error


def line(text: str, longest: int = _LONGEST_TITLE) -> str:
    """Write a vendor's words on one line, without control characters, and not endless."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text[: longest * 4]).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def web(url: str | None, otherwise: str = "") -> str:
    """Keep a link only when it is a web address."""
    text = line(url or "", 500)
    return text if text.startswith(("https://", "http://")) else otherwise


def moment(written: str | float | None) -> datetime | None:
    """Read ISO 8601 or seconds (or milliseconds) since 1970; without a zone it is UTC."""
    if written is None or written == "":
        return None
    try:
        if isinstance(written, str) and not written.strip().isdigit():
            found = datetime.fromisoformat(written.strip())
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        number = float(written)
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def notice(
    *,
    vendor: str,
    id: str,  # noqa: A002 - the field's own word
    component: str = "",
    state: ComponentState,
    title: str,
    url: str = "",
    began_at: datetime,
    ended_at: datetime | None = None,
    planned: bool = False,
) -> Notice:
    """Make a notice of a vendor's words, each kept within bounds."""
    return Notice(
        vendor=vendor,
        id=line(id, _LONGEST_NAME) or line(title, _LONGEST_NAME),
        component=line(component, _LONGEST_NAME),
        state=state,
        title=line(title) or "No words given",
        url=url,
        began_at=began_at,
        ended_at=ended_at,
        planned=planned,
    )


def recent(notices: Iterable[Notice], now: datetime) -> tuple[Notice, ...]:
    """Leave out what ended long ago."""
    return tuple(each for each in notices if each.ended_at is None or each.ended_at > now - KEPT)


def worst(states: Iterable[ComponentState]) -> ComponentState:
    """Give the one that troubles users most."""
    return max(states, key=lambda state: state.rank, default=ComponentState.OPERATIONAL)
