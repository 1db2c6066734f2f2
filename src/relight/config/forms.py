"""Small readers, one for each form that a value may have. Each notes its faults and goes on."""

import re
from collections.abc import Callable
from datetime import date
from enum import Enum, StrEnum
from functools import lru_cache
from typing import Generic, TypeVar
from zoneinfo import available_timezones

import msgspec

from relight.catalog.person import EVERYONE
from relight.config.notes import Notes, shown, suggestion
from relight.config.tree import Items, Node, Scalar
from relight.kernel.faults import Level
from relight.kernel.period import parse_duration_s
from relight.kernel.secret import SecretMissing, is_reference, resolve
from relight.kernel.url import check_web_url, split_host_port

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_LONGEST_S = 10 * 366 * 86400
_LONGEST_NAME = 64
_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII)


class Nothing(Enum):
    """The type of `NOTHING`: no value, either not written or faulty and noted."""

    NOTHING = "nothing"


NOTHING = Nothing.NOTHING


class Form(msgspec.Struct, Generic[T], frozen=True):
    """How a value is written, in words for the reference page, and what reads it.

    `read(node, notes, key)` gives the value, or notes what is wrong with `key` and gives `NOTHING`.
    """

    says: str
    read: Callable[[Node, Notes, str], T | Nothing]


def scalar(says: str, convert: Callable[[str], T]) -> Form[T]:
    """Read one value; `convert` raises `ValueError` with a sentence for people."""

    def read(node: Node, notes: Notes, key: str) -> T | Nothing:
        text = one_text(node, notes, key)
        if isinstance(text, Nothing):
            return NOTHING
        try:
            return convert(text)
        except ValueError as error:
            notes.wrong(node.line, f"`{key}`: {error}")
            return NOTHING

    return Form(says, read)


def one_text(node: Node, notes: Notes, key: str) -> str | Nothing:
    """Read the text of a single value that must not be empty."""
    if not isinstance(node, Scalar):
        kind = "a list" if isinstance(node, Items) else "a mapping"
        notes.wrong(node.line, f"`{key}` is a single value, not {kind}.")
        return NOTHING
    if node.empty or not node.text.strip():
        notes.wrong(node.line, f"`{key}` is empty.", "Write a value or remove the key.")
        return NOTHING
    return node.text.strip()


def many(item: Form[T], noun: str) -> Form[tuple[T, ...]]:
    """Read a list, leaving out the items that are faulty. Nothing written is an empty list."""

    def read(node: Node, notes: Notes, key: str) -> tuple[T, ...] | Nothing:
        if isinstance(node, Scalar) and node.empty:
            return ()
        if not isinstance(node, Items):
            notes.wrong(node.line, f"`{key}` is a list.", f"Write `- ` before each {noun}.")
            return NOTHING
        values = [item.read(each, notes, noun) for each in node.items]
        good = tuple(value for value in values if not isinstance(value, Nothing))
        return good if good or not values else NOTHING

    return Form(f"list: {item.says}", read)


def duration(*, least_s: int = 1) -> Form[int]:
    """Read `30s`, `5m`, `2h`, `1d` or `1w` as seconds."""
    return scalar("duration, like `30s`", lambda text: bounded_duration_s(text, least_s))


def bounded_duration_s(text: str, least_s: int = 0) -> int:
    """Read a duration between a least length and ten years, in seconds. Raises `ValueError`."""
    if len(text) > 20:
        msg = f"`{shown(text)}` is not a duration. Write one like `30s`."
        raise ValueError(msg)
    seconds = parse_duration_s(text)
    if seconds < least_s:
        msg = f"`{text}` is too short. The least is {least_s}s."
        raise ValueError(msg)
    if seconds > _LONGEST_S:
        msg = f"`{text}` is too long. The most is ten years."
        raise ValueError(msg)
    return seconds


def _duration_or_never(text: str) -> int | None:
    return None if text == "never" else bounded_duration_s(text, 1)


def _days(text: str) -> int:
    seconds = bounded_duration_s(text, 1)
    if seconds % 86400:
        msg = f"`{text}` is not whole days. Write `1d` or `1w`."
        raise ValueError(msg)
    return seconds // 86400


def as_flag(text: str) -> bool:
    """Read `true` or `false`, as YAML 1.2 writes them. Raises `ValueError`."""
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    msg = f"`{shown(text)}` is neither `true` nor `false`."
    raise ValueError(msg)


def as_whole(text: str) -> int:
    """Read a whole number. Raises `ValueError`."""
    if re.fullmatch(r"[-+]?[0-9]{1,15}", text):
        return int(text)
    msg = f"`{shown(text)}` is not a whole number."
    raise ValueError(msg)


def whole(least: int, most: int) -> Form[int]:
    """Read a whole number within bounds, both included."""

    def convert(text: str) -> int:
        number = as_whole(text)
        if not least <= number <= most:
            msg = f"{number} is out of bounds. Write {least} to {most}."
            raise ValueError(msg)
        return number

    return scalar(f"whole number from {least} to {most}", convert)


def choice(options: type[E], later: frozenset[str] = frozenset()) -> Form[E]:
    """Read one of a few words; those in `later` are known and not served yet."""
    words = [option.value for option in options]

    def convert(text: str) -> E:
        if text in words:
            return options(text)
        if text in later:
            msg = f"`{text}` is not served by this version yet. Known: {', '.join(words)}."
            raise ValueError(msg)
        msg = f"`{shown(text)}` is not one of: {', '.join(words)}."
        raise ValueError(msg)

    return scalar(" or ".join(f"`{word}`" for word in words), convert)


def as_name(text: str) -> str:
    """Read the name of a thing. Raises `ValueError`."""
    if text == EVERYONE:
        msg = "`everyone` is reserved for all people together. Choose another name."
        raise ValueError(msg)
    if len(text) > _LONGEST_NAME or "/" in text or not text.isprintable():
        msg = f"`{shown(text)}` is no name. Keep it to one line without `/`, at most 64 characters."
        raise ValueError(msg)
    return text


def declared(noun: str) -> Form[str]:
    """Read a thing's own name and remember it; a second one is a fault."""
    name = scalar("name", as_name)

    def read(node: Node, notes: Notes, key: str) -> str | Nothing:
        value = name.read(node, notes, key)
        if not isinstance(value, Nothing):
            notes.declare(noun, value, node.line)
        return value

    return Form(name.says, read)


def named(noun: str, level: Level = Level.ERROR) -> Form[str]:
    """Read the name of a thing declared elsewhere in the file, before or after."""

    def read(node: Node, notes: Notes, key: str) -> str | Nothing:
        text = one_text(node, notes, key)
        if not isinstance(text, Nothing):
            notes.refer(noun, text, node.line, level)
        return text

    return Form(f"name of a {noun}", read)


@lru_cache(maxsize=256)
def _as_zone(text: str) -> str:
    zones = available_timezones()
    if text in zones:
        return text
    hint = suggestion(text, [*zones]) or "Write one like Europe/Amsterdam."
    msg = f"`{shown(text)}` is not a time zone. {hint}"
    raise ValueError(msg)


def _local_time(text: str) -> str:
    written = text.replace(" ", "T", 1)
    if re.search(r"(Z|[+-]\d{2}:?\d{2})\Z", written) and "T" in written:
        msg = f"`{shown(text)}` has an offset. Leave it out; the time is in the schedule's `zone`."
        raise ValueError(msg)
    if not _LOCAL.fullmatch(written) or not _on_calendar(written):
        msg = f"`{shown(text)}` is not a local date and time. Write one like 2026-01-05T09:00."
        raise ValueError(msg)
    return written


def _on_calendar(written: str) -> bool:
    try:
        date.fromisoformat(written[:10])
    except ValueError:
        return False
    return True


def _mail_address(text: str) -> str:
    name, at, domain = text.rpartition("@")
    if not (name and at and domain) or not text.isprintable():
        msg = f"`{shown(text)}` is not a mail address. Write one like relight@example.org."
        raise ValueError(msg)
    return text


def _mail_server(text: str) -> str:
    try:
        split_host_port(text)
    except ValueError:
        msg = f"`{shown(text)}` is not host:port. Write one like smtp.example.org:587."
        raise ValueError(msg) from None
    return text


def read_secret(node: Node, notes: Notes, key: str) -> str | Nothing:
    """Read a secret's reference. One that cannot be read now is a warning; a value is a fault."""
    text = one_text(node, notes, key)
    if isinstance(text, Nothing):
        return NOTHING
    if not is_reference(text):
        hint = "Write `env:NAME` or `file:PATH` instead of the secret itself."
        notes.wrong(node.line, f"`{key}` holds a secret in plain sight.", hint)
        return NOTHING
    try:
        resolve(text, environment=notes.environment, root=notes.root)
    except SecretMissing as error:
        notes.warn(node.line, str(error), error.hint)
    except ValueError:  # a path that no file can have
        notes.wrong(node.line, f"`{key}` names no file.", "Write `file:` and a path.")
        return NOTHING
    return text


TEXT = scalar("text", str)
FLAG = scalar("`true` or `false`", as_flag)
URL = scalar("web address", check_web_url)
ZONE = scalar("time zone, like `Europe/Amsterdam`", _as_zone)
LOCAL_TIME = scalar("local date and time, like `2026-01-05T09:00`", _local_time)
WHOLE_DAYS = scalar("duration in whole days, like `1w`", _days)
DURATION_OR_NEVER = scalar("duration, like `30m`, or `never`", _duration_or_never)
MAIL_ADDRESS = scalar("mail address", _mail_address)
MAIL_SERVER = scalar("host:port", _mail_server)
SECRET = Form("secret, as `env:NAME` or `file:PATH`", read_secret)
