"""The entries of an RSS or Atom feed, and what their words say of the end."""

import calendar
import io
import re
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from relight.detect.vendors import Unreadable
from relight.detect.vendors._reading import line

LONGEST_FEED = 1 << 20
_TAG = re.compile(r"<[^>]{0,2000}>")
_MOST = 200

_OPEN = "investigating|identified|monitoring|mitigating|ongoing|in progress|verifying|unresolved"
_ENDED = "resolved|mitigated|completed|operating normally|fully recovered|postmortem|closed"
_WORDS = re.compile(
    rf"\b(?P<denied>(?:not|no|never|awaiting|pending)(?:\s\w+){{0,2}}\s)?"
    rf"(?:(?P<ended>{_ENDED})|(?P<open>{_OPEN}))\b",
    re.IGNORECASE,
)
_PLANNED = re.compile(r"\bmaintenance\b", re.IGNORECASE)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry; `text` is its body without markup. Times are None where it gives none."""

    id: str
    title: str
    text: str
    link: str
    tags: tuple[str, ...]
    published_at: datetime | None
    updated_at: datetime | None

    @property
    def over(self) -> bool:
        """Whether its own words say that it ended.

        The title's last word on it counts; where the title says nothing, the first in the body
        does, since the newest stands there.
        """
        in_title = list(_WORDS.finditer(self.title))
        found = in_title[-1] if in_title else _WORDS.search(self.text)
        return bool(found and found["ended"] and not found["denied"])

    @property
    def going_on(self) -> bool:
        """Whether its words say that it lasts."""
        return not self.over and bool(_WORDS.search(self.title) or _WORDS.search(self.text))

    @property
    def planned(self) -> bool:
        """Whether it is planned work."""
        return bool(_PLANNED.search(self.title))


def entries(raw: bytes) -> list[Entry]:
    """Read an RSS or Atom feed, newest as the feed has it. Raises `Unreadable`.

    A feed that is cut off or malformed is refused as a whole: what is missing might be the outage.
    """
    if b"<!ENTITY" in raw:
        msg = "The feed declares entities, which no status feed needs."
        raise Unreadable(msg)
    import feedparser  # type: ignore[import-untyped]  # it brings a lot along

    try:
        # A stream, never a text: a text may be taken for an address or a file's name.
        read = cast(
            "dict[str, Any]",
            feedparser.parse(  # pyright: ignore[reportUnknownMemberType]
                io.BytesIO(raw), resolve_relative_uris=False, sanitize_html=False
            ),
        )
    except Exception as error:
        msg = f"The feed cannot be parsed: {line(str(error)) or type(error).__name__}."
        raise Unreadable(msg) from error
    broken = read.get("bozo_exception")
    if broken is not None and not isinstance(broken, feedparser.CharacterEncodingOverride):
        msg = f"The feed is malformed: {line(str(broken)) or type(broken).__name__}."
        raise Unreadable(msg)
    if not str(read.get("version") or ""):
        msg = "This is neither RSS nor Atom."
        raise Unreadable(msg)
    return [_entry(each) for each in cast("list[dict[str, Any]]", read["entries"])[:_MOST]]


def _entry(found: dict[str, Any]) -> Entry:
    bodies = [str(each.get("value") or "") for each in found.get("content") or ()]
    body = str(found.get("summary") or "") or " ".join(bodies)
    tags = (str(each.get("term") or "") for each in found.get("tags") or ())
    return Entry(
        id=str(found.get("id") or found.get("link") or ""),
        title=line(_plain(str(found.get("title") or ""))),
        text=line(_plain(body[:20_000]), 4000),
        link=str(found.get("link") or ""),
        tags=tuple(tag for tag in tags if tag),
        published_at=_moment(found.get("published_parsed")),
        # feedparser's own `get` gives the other time where this one is missing, and warns.
        updated_at=_moment(dict[str, Any].get(found, "updated_parsed")),
    )


def _plain(markup: str) -> str:
    return _TAG.sub(" ", markup)


def _moment(written: Any) -> datetime | None:  # noqa: ANN401 - feedparser's own time
    try:
        return datetime.fromtimestamp(calendar.timegm(written), UTC) if written else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None
