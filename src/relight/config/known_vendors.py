"""The vendors that are known by name, from the table beside the feed formats."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from relight.kernel.plug import Plugged

_PACKAGE, _FILE = "relight.detect.vendors", "catalogue.toml"
_OWN = frozenset({"title", "parts", "aside", "known"})


class KnownVendor(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor: its feed, some usual names of its components, and how the address is known.

    `aside` matches the components that count only where they are asked for.
    """

    name: str
    title: str
    feed: Plugged
    parts: tuple[str, ...] = ()
    aside: str = ""
    known: str


@cache
def known_vendors() -> Mapping[str, KnownVendor]:
    """Give every one by its name, in the order of names."""
    table = tomllib.loads(files(_PACKAGE).joinpath(_FILE).read_text(encoding="utf-8"))
    sources: dict[str, str] = table["sources"]
    return {name: _known(name, entry, sources) for name, entry in table["vendors"].items()}


def _known(name: str, entry: Mapping[str, Any], sources: Mapping[str, str]) -> KnownVendor:
    (kind,) = entry.keys() - _OWN
    feed = entry[kind]
    settings: dict[str, Any] = {"url": feed} if isinstance(feed, str) else feed
    return KnownVendor(
        name=name,
        title=entry["title"],
        feed=Plugged(kind, settings),
        parts=tuple(entry.get("parts", ())),
        aside=entry.get("aside", ""),
        known=sources[entry["known"]],
    )


def search(words: str) -> list[KnownVendor]:
    """Find vendors by a part of their name or title, whatever the case."""
    wanted = words.casefold()
    return [
        each
        for each in known_vendors().values()
        if wanted in each.name.casefold() or wanted in each.title.casefold()
    ]
