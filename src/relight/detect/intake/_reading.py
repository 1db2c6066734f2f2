"""What the formats share: JSON with its faults named, details in bounds, signatures compared."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar, cast

import msgspec

from relight.detect.handed import (
    LONGEST_KEY,
    LONGEST_VALUE,
    MOST_DETAILS,
    Handed,
    NotGenuine,
    NotReadable,
    Pairs,
)

T = TypeVar("T")

_DEEPEST = 4
_HASHED = 32


def read_json(body: bytes) -> object:
    """Read any JSON. Raises `NotReadable` without repeating what was sent."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        msg = "The body is not JSON."
    except RecursionError:
        msg = "The body is nested too deeply."
    raise NotReadable(msg)


def read_object(body: bytes) -> dict[str, object]:
    """Read a JSON object. Raises `NotReadable`."""
    value = read_json(body)
    if not isinstance(value, dict):
        msg = "The body is not a JSON object."
        raise NotReadable(msg)
    return cast("dict[str, object]", value)


def typed(value: object, shape: type[T]) -> T:
    """Give plain values the shape that the sender documents. Raises `NotReadable`."""
    try:
        return msgspec.convert(value, shape, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        msg = f"The body is not as documented: {error}."
        raise NotReadable(msg) from None


def left_over(value: Mapping[str, object], shape: type[msgspec.Struct]) -> Pairs:
    """Give what a sender says beyond the fields that are known, so that nothing is lost."""
    known = shape.__struct_encode_fields__
    return details({name: each for name, each in value.items() if name not in known})


def details(value: object) -> Pairs:
    """Write nested values as labelled text, within bounds; deeper ones as JSON."""
    return bounded(_flat("", value, 0))


def bounded(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """Keep so many pairs, each value so long, and none that is empty."""
    kept: list[tuple[str, str]] = []
    for label, text in pairs:
        if text and len(kept) < MOST_DETAILS:
            kept.append((cut(label, 120), cut(text, LONGEST_VALUE)))
    return tuple(kept)


def _flat(label: str, value: object, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and depth < _DEEPEST:
        for name, each in cast("dict[str, object]", value).items():
            yield from _flat(f"{label}.{name}" if label else str(name), each, depth + 1)
    elif isinstance(value, str):
        yield label, value
    elif value is not None and value not in ({}, []):
        try:
            yield label, msgspec.json.encode(value).decode()
        except RecursionError:
            yield label, "(nested too deeply)"


def cut(text: str, longest: int) -> str:
    """Shorten a text to so many characters, without control characters but line breaks."""
    if len(text) <= longest and text.isprintable():
        return text.strip()
    plain = "".join(c if c.isprintable() or c == "\n" else " " for c in text[: longest * 2]).strip()
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def key_of(*parts: str) -> str:
    """Make a key of what names the trouble; one that is too long is hashed, so it stays unique."""
    key = "/".join(part for part in parts if part)
    if not key:
        msg = "Nothing names the trouble."
        raise NotReadable(msg)
    if len(key) <= LONGEST_KEY and key.isprintable():
        return key
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:_HASHED]


def links(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """Keep the web addresses among labelled addresses, one label each."""
    found = {
        url: label
        for label, url in pairs
        if url.startswith(("https://", "http://")) and len(url) <= 2000 and url.isprintable()
    }
    return tuple((cut(label, 120), url) for url, label in found.items())[:MOST_DETAILS]


def must_equal(handed: Handed, given: str, wanted: str) -> None:
    """Compare in constant time, unless it is a trial. Raises `NotGenuine`."""
    if handed.trial:
        return
    if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        raise NotGenuine


def must_be_signed(handed: Handed, key: str, given: str) -> None:
    """Check the hex HMAC-SHA256 of the body. Raises `NotGenuine`."""
    must_equal(handed, given, hmac.digest(key.encode(), handed.body, hashlib.sha256).hex())


def must_bear(handed: Handed, key: str) -> None:
    """Check `Authorization: Bearer KEY`, where a key is declared. Raises `NotGenuine`."""
    if key:
        scheme, _, given = handed.headers.get("authorization", "").partition(" ")
        must_equal(handed, given.strip() if scheme.lower() == "bearer" else "", key)


def moment(text: str) -> datetime | None:
    """Read a sender's time as UTC; None for what is none, and for the year 1 that stands for it."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.year < 2000:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def at_second(seconds: float) -> datetime | None:
    """Read seconds since 1970 as UTC; None for what cannot be a time of this century."""
    return datetime.fromtimestamp(seconds, UTC) if 946684800 <= seconds < 4102444800 else None
