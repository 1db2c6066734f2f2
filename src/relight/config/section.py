"""One table of keys: what the reader follows and what the reference page prints."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from relight.config.forms import NOTHING, Form, Nothing
from relight.config.notes import Notes, shown, suggestion
from relight.config.tree import Node, Pairs, Scalar

T = TypeVar("T")


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key: how its value is written, what it means, and which field of the struct it sets.

    `field` is empty where the field is named as the key. `default` is words for the reference
    page, only where the struct's own default does not say it.
    """

    name: str
    form: Form[Any]
    meaning: str
    field: str = ""
    required: bool = False
    default: str = ""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """The keys that stand together, the struct they make, and the keys that are still to come."""

    path: str
    noun: str
    meaning: str
    keys: tuple[Key, ...]
    shape: type[msgspec.Struct] | None = None
    later: frozenset[str] = frozenset()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of a section: good values by field, and the line of every key written."""

    line: int
    values: Mapping[str, Any]
    lines: Mapping[str, int]

    def line_of(self, key: str) -> int:
        """Give the line of a key, else of the whole."""
        return self.lines.get(key, self.line)

    def lacks(self, key: str) -> bool:
        """Whether a list was left out or left empty; one whose items are faulty is neither."""
        return key not in self.lines or self.values.get(key, None) == ()


def read_section(section: Section, node: Node, notes: Notes) -> Found | Nothing:
    """Read the keys of a mapping, noting every unknown, missing and faulty one."""
    if isinstance(node, Scalar) and node.empty:
        node = Pairs(node.line, ())
    if not isinstance(node, Pairs):
        what = f"{section.noun.capitalize()} is written as keys and values."
        notes.wrong(node.line, what, f"Its keys: {', '.join(key.name for key in section.keys)}.")
        return NOTHING
    known = {key.name: key for key in section.keys}
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for written, value in node.pairs:
        name = written.text
        if name not in known:
            refuse_key(written, section.later, sorted(known), section.noun, notes)
            continue
        lines[name] = written.line
        read = known[name].form.read(value, notes, name)
        if read is not NOTHING:
            values[known[name].field or name] = read
    for key in section.keys:
        if key.required and key.name not in lines:
            notes.wrong(node.line, f"`{key.name}` is missing from {section.noun}.")
    return Found(line=node.line, values=values, lines=lines)


def refuse_key(
    written: Scalar, later: frozenset[str], known: list[str], noun: str, notes: Notes
) -> None:
    """Note a key that means nothing here: one that is still to come, or a slip."""
    name = written.text
    if name in later:
        what = f"`{name}:` is not served by this version yet; remove it or comment it out."
        notes.wrong(written.line, what)
    else:
        what = f"`{shown(name)}` is not a key of {noun}."
        notes.wrong(written.line, what, suggestion(name, known))


def made_of(
    section: Section, make: Callable[[Found, Notes], T | Nothing], says: str = ""
) -> Form[T]:
    """Read a section and make a value of it."""

    def read(node: Node, notes: Notes, key: str) -> T | Nothing:
        del key  # A section has a noun of its own.
        found = read_section(section, node, notes)
        return NOTHING if isinstance(found, Nothing) else make(found, notes)

    return Form(says or f"keys of `{section.path}`", read)


def build(shape: type[T], values: Mapping[str, Any]) -> T | Nothing:
    """Make the struct of what was found; `NOTHING` where a required field had a fault."""
    given = values.keys()
    if any(field.required and field.name not in given for field in _fields(shape)):
        return NOTHING
    return shape(**values)


def default_words(section: Section, key: Key) -> str:
    """Write a key's default as a user would write it; empty for none."""
    if key.default or key.required or section.shape is None:
        return key.default
    name = key.field or key.name
    field = next((each for each in _fields(section.shape) if each.name == name), None)
    return (
        "" if field is None or field.default is msgspec.NODEFAULT else written(name, field.default)
    )


def written(field: str, value: object) -> str:
    """Write a field's value in the language of the file: 60 in `every_s` is `1m`."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float() if field.endswith("_s"):
            return _duration(value)
        case StrEnum():
            return value.value
        case str() | int() | float():
            return str(value)
        case tuple() | list():
            return ", ".join(str(each) for each in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            return ""


def _duration(seconds: float) -> str:
    for unit, size in (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and not seconds % size:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def _fields(shape: type[Any]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(shape)
