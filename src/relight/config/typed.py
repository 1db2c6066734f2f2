"""Plain text of the file turned into the types that a plug-in's fields declare."""

import operator
from collections.abc import Callable
from typing import Any

from msgspec import inspect

from relight.config.forms import NOTHING, Nothing, as_flag, as_whole, bounded_duration_s, one_text
from relight.config.notes import Notes, shown
from relight.config.section import refuse_key
from relight.config.tree import Items, Node, Pairs, Scalar

_LISTS = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)


def bare(kind: inspect.Type) -> inspect.Type:
    """Take a description off a type."""
    return bare(kind.type) if isinstance(kind, inspect.Metadata) else kind


def members(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    """Give the alternatives of a type; most have one."""
    kind = bare(kind)
    return (
        tuple(bare(each) for each in kind.types) if isinstance(kind, inspect.UnionType) else (kind,)
    )


def is_duration(field: inspect.Field) -> bool:
    """Whether a field is a length of time, written without its `_s`."""
    numbers = (inspect.FloatType, inspect.IntType)
    return field.name.endswith("_s") and any(isinstance(m, numbers) for m in members(field.type))


def written_name(field: inspect.Field) -> str:
    """Give the key that sets a field."""
    return field.name.removesuffix("_s") if is_duration(field) else field.name


def says(field: inspect.Field) -> str:
    """Describe how a field is written, for the reference page."""
    if is_duration(field):
        return "duration, like `30s`"
    return " or ".join(_says(each) for each in members(field.type))


def _says(kind: inspect.Type) -> str:
    match bare(kind):
        case inspect.BoolType():
            return "`true` or `false`"
        case inspect.IntType():
            return "whole number"
        case inspect.FloatType():
            return "number"
        case inspect.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case inspect.EnumType(cls=cls):
            return " or ".join(f"`{each.value}`" for each in cls)
        case (
            inspect.ListType(item_type=item)
            | inspect.VarTupleType(item_type=item)
            | inspect.SetType(item_type=item)
            | inspect.FrozenSetType(item_type=item)
        ):
            inner = " or ".join(_says(each) for each in members(item))
            return f"list: {inner}"
        case inspect.DictType() | inspect.StructType():
            return "keys and values"
        case inspect.NoneType():
            return "nothing"
        case _:
            return "text"


def field_value(field: inspect.Field, node: Node, notes: Notes) -> Any:  # noqa: ANN401 - typed by the plug
    """Read what was written for a field, or note what is wrong and give `NOTHING`."""
    key = written_name(field)
    if not is_duration(field):
        return value_of(field.type, node, notes, key)
    text = one_text(node, notes, key)
    if isinstance(text, Nothing):
        return NOTHING
    number = next(
        m for m in members(field.type) if isinstance(m, inspect.FloatType | inspect.IntType)
    )
    try:
        seconds = bounded_duration_s(text)
        _check_bounds(number, seconds, unit="s")
    except ValueError as error:
        notes.wrong(node.line, f"`{key}`: {error}")
        return NOTHING
    return seconds


def value_of(kind: inspect.Type, node: Node, notes: Notes, key: str) -> Any:  # noqa: ANN401
    """Read a value of a type; of several alternatives, the first that fits what was written."""
    options = members(kind)
    if isinstance(node, Scalar) and node.empty and _has(options, inspect.NoneType):
        return None
    lists = [each for each in options if isinstance(each, _LISTS)]
    mappings = [each for each in options if isinstance(each, inspect.DictType | inspect.StructType)]
    match node:
        case Items() if lists:
            item = lists[0].item_type
            values = [value_of(item, each, notes, key) for each in node.items]
            return [value for value in values if value is not NOTHING]
        case Pairs() if mappings:
            return _mapping(mappings[0], node, notes, key)
        case Scalar() if len(lists) + len(mappings) < len(options):
            return _scalar(options, node, notes, key)
        case _:
            wanted = " or ".join(_says(each) for each in options)
            notes.wrong(node.line, f"`{key}` does not fit.", f"Write it as {wanted}.")
            return NOTHING


def _mapping(kind: inspect.Type, node: Pairs, notes: Notes, key: str) -> Any:  # noqa: ANN401
    if isinstance(kind, inspect.DictType):
        read = {k.text: value_of(kind.value_type, value, notes, k.text) for k, value in node.pairs}
        return {name: value for name, value in read.items() if value is not NOTHING}
    if not isinstance(kind, inspect.StructType):
        return NOTHING
    fields = {written_name(field): field for field in kind.fields}
    values: dict[str, Any] = {}
    for written, value in node.pairs:
        if written.text not in fields:
            refuse_key(written, frozenset(), sorted(fields), f"`{key}`", notes)
            continue
        field = fields[written.text]
        values[field.name] = field_value(field, value, notes)
    for name, field in fields.items():
        if field.required and field.name not in values:
            notes.wrong(node.line, f"`{name}` is missing from `{key}`.")
    return {name: value for name, value in values.items() if value is not NOTHING}


def _scalar(options: tuple[inspect.Type, ...], node: Scalar, notes: Notes, key: str) -> Any:  # noqa: ANN401
    text = one_text(node, notes, key)
    if isinstance(text, Nothing):
        return NOTHING
    # Quotes say that text is meant, where text can be.
    if not node.plain and _has(options, inspect.StrType):
        return node.text
    complaints: list[str] = []
    for option in sorted(options, key=lambda each: isinstance(each, inspect.StrType)):
        convert = _conversion(option)
        if convert is None:
            continue
        try:
            return convert(text)
        except ValueError as error:
            complaints.append(str(error))
    if len(complaints) == 1:
        notes.wrong(node.line, f"`{key}`: {complaints[0]}")
    else:
        wanted = " or ".join(_says(each) for each in options if _conversion(each))
        notes.wrong(node.line, f"`{key}`: `{shown(text)}` does not fit.", f"Write it as {wanted}.")
    return NOTHING


def _conversion(kind: inspect.Type) -> Callable[[str], Any] | None:
    match kind:
        case inspect.BoolType():
            return as_flag
        case inspect.IntType():
            return lambda text: _check_bounds(kind, as_whole(text))
        case inspect.FloatType():
            return lambda text: _check_bounds(kind, _number(text))
        case inspect.LiteralType(values=values):
            return lambda text: _one_of(text, {str(value): value for value in values})
        case inspect.EnumType(cls=cls):
            return lambda text: _one_of(text, {str(each.value): each.value for each in cls})
        case inspect.StrType() | inspect.AnyType():
            return str
        case _:
            return None


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < 1e15 or "_" in text:
        msg = f"`{shown(text)}` is not a number."
        raise ValueError(msg)
    return number


def _one_of(text: str, words: dict[str, Any]) -> Any:  # noqa: ANN401
    if text not in words:
        msg = f"`{shown(text)}` is not one of: {', '.join(words)}."
        raise ValueError(msg)
    return words[text]


def _check_bounds(
    kind: inspect.IntType | inspect.FloatType, number: float, unit: str = ""
) -> float:
    bounds = (
        (kind.ge, "at least", operator.ge),
        (kind.gt, "more than", operator.gt),
        (kind.le, "at most", operator.le),
        (kind.lt, "less than", operator.lt),
    )
    for bound, words, holds in bounds:
        if bound is not None and not holds(number, bound):
            msg = f"It must be {words} {bound:g}{unit}."
            raise ValueError(msg)
    return number


def _has(options: tuple[inspect.Type, ...], kind: type[inspect.Type]) -> bool:
    return any(isinstance(option, kind) for option in options)
