"""`kind: settings` read into a declared plug-in, checked by the plug-in's own struct."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from relight.config.forms import NOTHING, Form, Nothing, read_secret
from relight.config.kinds import Kinds, Seam
from relight.config.notes import Notes, shown, suggestion
from relight.config.tree import Node, Pairs, Scalar
from relight.config.typed import field_value, written_name
from relight.kernel.faults import RelightError
from relight.kernel.plug import Plug, Plugged
from relight.kernel.registry import UnknownKind
from relight.kernel.secret import (
    Masker,
    Secret,
    SecretMissing,
    has_password,
    is_reference,
    resolve,
)

_PATH = re.compile(r" - at `\$(?:\.(?P<field>\w+))?[^`]*`\Z")


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """A kind with its class and what was written for it."""

    kind: Scalar
    plug: type[Plug]
    settings: Node


def declared(
    node: Node, seam: Seam, notes: Notes, short: Callable[[str], str | None]
) -> Declared | Nothing:
    """Read a one-key mapping, or a bare value of which `short` names the kind."""
    if isinstance(node, Scalar):
        guess = None if node.empty else short(node.text)
        if guess is None:
            what = f"A {seam.seam} is written `kind: settings`."
            notes.wrong(node.line, what, f"Known: {', '.join(seam.kinds())}.")
            return NOTHING
        return _looked_up(Scalar(node.line, guess), node, seam, notes)
    if not isinstance(node, Pairs) or len(node.pairs) != 1:
        what = f"A {seam.seam} is one kind, with its settings inside."
        notes.wrong(node.line, what, _inside(node, seam))
        return NOTHING
    kind, settings = node.pairs[0]
    return _looked_up(kind, settings, seam, notes)


def _inside(node: Node, seam: Seam) -> str:
    """Show how it is meant, with the user's own words where they can be recognised."""
    keys = [key.text for key, _ in node.pairs] if isinstance(node, Pairs) else []
    kinds = [key for key in keys if key in seam.kinds()]
    if len(kinds) != 1:
        return f"Write `- kind: settings`. Known: {', '.join(seam.kinds())}."
    others = ", ".join(f"{shown(key)}: …" for key in keys if key != kinds[0])
    return f"Write `- {kinds[0]}: {{…, {others}}}`."


def _looked_up(kind: Scalar, settings: Node, seam: Seam, notes: Notes) -> Declared | Nothing:
    try:
        return Declared(kind=kind, plug=seam.get(kind.text), settings=settings)
    except UnknownKind:
        what = f"`{shown(kind.text)}` is not a {seam.seam}."
        notes.wrong(kind.line, what, suggestion(kind.text, seam.kinds()))
        return NOTHING


def plugged(
    found: Declared, notes: Notes, *, also_known: frozenset[str] = frozenset()
) -> Plugged | Nothing:
    """Check the settings and keep them as plain values, with secrets still by reference.

    `also_known` are keys that stand beside the plug-in's own, for the nearest name of a slip.
    """
    kind = found.kind.text
    fields = fields_of(found.plug)
    node = found.settings
    if isinstance(node, Scalar):
        first = Scalar(node.line, next(iter(fields), ""))
        node = Pairs(found.kind.line, () if node.empty else ((first, node),))
    if not isinstance(node, Pairs):
        notes.wrong(node.line, f"The settings of `{kind}` are keys and values.")
        return NOTHING
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    sound = True
    for written, value in node.pairs:
        field = fields.get(written.text)
        if field is None:
            from_all = sorted(fields.keys() | also_known)
            what = f"`{shown(written.text)}` is not a setting of `{kind}`."
            notes.wrong(written.line, what, suggestion(written.text, from_all))
            sound = False
            continue
        if field.name in lines:
            what = f"`{written.text}` is here a second time."
            notes.wrong(written.line, what, f"The first is on line {lines[field.name]}.")
        lines[field.name] = value.line
        secret = field.name in found.plug.SECRETS or (
            field.name in found.plug.REFERABLE
            and isinstance(value, Scalar)
            and (is_reference(value.text) or has_password(value.text))
        )
        read = (
            read_secret(value, notes, written.text) if secret else field_value(field, value, notes)
        )
        sound = sound and read is not NOTHING
        values[field.name] = read
        if field.name in found.plug.PROGRAMS:
            notes.runs_program(value.line, kind)
    for name, field in fields.items():
        if field.required and field.name not in values:
            notes.wrong(found.kind.line, f"`{name}` is missing from `{kind}`.")
            sound = False
    if not sound or not _accepted(found, values, lines, notes):
        return NOTHING
    return Plugged(kind, values)


def fields_of(plug: type[Plug]) -> dict[str, inspect.Field]:
    """Give a plug-in's fields by the keys that set them, in order."""
    info = inspect.type_info(plug)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    return {written_name(field): field for field in fields}


def _accepted(
    found: Declared, values: Mapping[str, Any], lines: Mapping[str, int], notes: Notes
) -> bool:
    """Let the plug-in itself look at its settings, with the secrets that can be read in place."""
    masker = Masker()
    filled = dict(values)
    for name in (found.plug.SECRETS | found.plug.REFERABLE) & values.keys():
        if not is_reference(values[name]):
            continue
        try:
            secret = resolve(values[name], environment=notes.environment, root=notes.root)
        except SecretMissing:
            return True  # Warned of already; what it would hold cannot be judged.
        filled[name] = _learnt(secret, masker)
    try:
        msgspec.convert(filled, found.plug)
    except (msgspec.ValidationError, RelightError) as error:
        sentence = str(error)
        path = _PATH.search(sentence)
        field = (path["field"] if path else None) or _named_in(sentence, filled)
        line = lines.get(field, found.kind.line)
        what = masker.mask(_PATH.sub("", sentence))
        notes.wrong(line, f"`{found.kind.text}`: {what}")
        return False
    return True


def _learnt(secret: Secret, masker: Masker) -> str:
    masker.learn(secret)
    return secret.reveal()


def _named_in(sentence: str, values: Mapping[str, Any]) -> str:
    """Tell which setting a plug-in's sentence is about: the one it quotes, else the first."""
    for name, value in values.items():
        parts = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
        if any(f"`{part}`" in sentence for part in parts) or f"`{name}`" in sentence:  # pyright: ignore[reportUnknownVariableType]
            return name
    return next(iter(values), "")


def plug_form(
    seam: str,
    of: Callable[[Kinds], Seam],
    short: Callable[[str], str | None],
    look: Callable[[Plugged, int, Notes], None] | None = None,
) -> Form[Plugged]:
    """Read a plug-in of one seam; `look` may warn of what is allowed and unwise."""

    def read(node: Node, notes: Notes, key: str) -> Plugged | Nothing:
        del key  # The kind speaks for itself.
        found = declared(node, of(notes.kinds), notes, short)
        done = NOTHING if isinstance(found, Nothing) else plugged(found, notes)
        if look and not isinstance(done, Nothing):
            look(done, node.line, notes)
        return done

    return Form(f"`{seam}: settings`", read)
