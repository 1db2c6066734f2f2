"""What the record holds: events, commands, and the refusals that people and programs meet."""

import importlib
import pkgutil
from typing import Any, get_args

import msgspec
from msgspec import inspect as types

import relight
from relight.incident.commands import IncidentCommand
from relight.incident.events import IncidentEvent
from relight.kernel.faults import Denied, NotFound, Refused, RelightError, Unavailable
from relight.web.errors import status_of
from tools.docs.page import Page, code, first_sentence, manual, table


def events() -> Page:
    """List the closed union of incident events."""
    page = Page(
        "events.md",
        "Incident events",
        "What can happen in an incident, as it stands on the timeline and in `relight export`. "
        "Each entry also says who (`by`), when it happened (`occurred_at`) and when it was "
        "recorded (`recorded_at`). Entries are never changed or removed.",
    )
    for event in sorted(get_args(IncidentEvent), key=_name):
        _struct(page, "event", event)
    return page


def commands() -> Page:
    """List the closed union of incident commands."""
    page = Page(
        "commands.md",
        "Incident commands",
        "What can be asked of an incident. A command is accepted, and then one or more "
        "[events](events.md) are appended, or it is refused by [name](refusals.md). Pages, API "
        "and shell give the same commands.",
    )
    for command in sorted(get_args(IncidentCommand), key=_name):
        _struct(page, "command", command)
    return page


def _name(kind: type) -> str:
    return kind.__name__


def _struct(page: Page, noun: str, kind: type[msgspec.Struct]) -> None:
    page.add(f"## {kind.__name__}", manual(kind))
    if not manual(kind):
        page.lacks(f"the {noun} `{kind.__name__}`")
    info = types.type_info(kind)
    fields = info.fields if isinstance(info, types.StructType) else ()
    rows = [(code(each.encode_name), type_words(each.type), _default(each)) for each in fields]
    page.add(table(("Field", "Holds", "Default"), rows))


def _default(field: types.Field) -> str:
    if field.required:
        return "required"
    value = field.default
    return "" if value in (msgspec.NODEFAULT, None, "", (), ()) else code(_plain(value))


def _plain(value: Any) -> str:  # noqa: ANN401 - any field's default
    return str(value).lower() if isinstance(value, bool) else str(value)


def type_words(kind: types.Type) -> str:
    """Say in a few words what a field holds."""
    match kind:
        case types.Metadata():
            return type_words(kind.type)
        case types.UnionType(types=options):
            named = [each for each in options if not isinstance(each, types.NoneType)]
            tail = ", or nothing" if len(named) < len(options) else ""
            return " or ".join(type_words(each) for each in named) + tail
        case types.VarTupleType(item_type=item) | types.ListType(item_type=item):
            return f"list: {type_words(item)}"
        case types.DictType():
            return "keys and values"
        case types.EnumType(cls=cls):
            return "one of " + ", ".join(code(each.value) for each in cls)
        case types.StructType(cls=cls):
            return f"{_name(cls)}: {', '.join(code(f.encode_name) for f in kind.fields)}"
        case _:
            return _WORDS.get(type(kind), "text")


_WORDS: dict[type[types.Type], str] = {
    types.BoolType: "true or false",
    types.IntType: "whole number",
    types.FloatType: "number",
    types.DateTimeType: "time, UTC",
}


def refusals() -> Page:
    """List every error that a person or a program may meet."""
    page = Page(
        "refusals.md",
        "Refusals and errors",
        "What Relight says when it does not do what was asked: the word that the API answers with "
        "(`error`), the sentence, the next step where there is one, and the HTTP status. The "
        "sentence says more where more is known. At the shell it is printed and the exit code is "
        "1, or 3 for what is not possible just now.",
    )
    groups: dict[str, list[type[RelightError]]] = {}
    for kind in _errors():
        if not first_sentence(kind):
            page.lacks(f"the error `{kind.__name__}`")
        groups.setdefault(_group(kind), []).append(kind)
    for title in (*_GROUPS.values(), _OTHERS):
        kinds = groups.get(title, [])
        rows = [
            (code(kind.name), first_sentence(kind), kind.hint, _status(kind))
            for kind in sorted(kinds, key=lambda each: each.name)
        ]
        page.add(f"## {title}", table(("Word", "Sentence", "Next step", "HTTP"), rows))
    return page


def _status(kind: type[RelightError]) -> str:
    # The status follows from the class alone; `__new__` spares each class's own arguments.
    status = status_of(kind.__new__(kind))
    # What no request can lead to falls through to 409, which would say nothing.
    return "" if _group(kind) == _OTHERS and status == _FALLEN_THROUGH else str(status)


_OTHERS = "At the shell, in a kit, in a plug-in"
_FALLEN_THROUGH = 409
_GROUPS: dict[type[RelightError], str] = {
    Denied: "Not allowed",
    NotFound: "Not there",
    Refused: "Not in the present state",
    Unavailable: "Not just now",
}


def _group(kind: type[RelightError]) -> str:
    return next((title for base, title in _GROUPS.items() if issubclass(kind, base)), _OTHERS)


def _errors() -> list[type[RelightError]]:
    """Give every error class of the package, by importing all of it."""
    for module in pkgutil.walk_packages(relight.__path__, "relight."):
        if module.name != "relight.__main__" and ".migrations" not in module.name:
            importlib.import_module(module.name)
    found: set[type[RelightError]] = set()
    waiting: list[type[RelightError]] = [RelightError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("relight."):
            found.add(kind)
    return sorted(found - {RelightError}, key=_name)
