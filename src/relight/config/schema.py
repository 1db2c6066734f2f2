"""The language of `relight.yaml` as plain rows, for the reference pages.

The rows come from the table that the reader itself follows, so the pages cannot tell otherwise.
"""

import inspect
from typing import cast

import msgspec
from msgspec import NODEFAULT
from msgspec import inspect as types

from relight.config.kinds import Kinds, Seam
from relight.config.language import SECTIONS
from relight.config.plugs import fields_of
from relight.config.section import default_words, written
from relight.config.typed import says
from relight.kernel.plug import Plug


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One key, in words. `default` is empty where nothing is the default."""

    key: str
    type: str
    default: str
    meaning: str
    required: bool = False


class DocumentedSection(msgspec.Struct, frozen=True, kw_only=True):
    """Keys that stand together. `title` is their path (`services[]`) or a kind (`probe http`)."""

    title: str
    meaning: str
    rows: tuple[KeyRow, ...]


def document(kinds: Kinds) -> list[DocumentedSection]:
    """Describe every key, first the language's own, then each plug-in's. Imports every kind."""
    own = [
        DocumentedSection(
            title=section.path or "relight.yaml",
            meaning=section.meaning,
            rows=tuple(
                KeyRow(
                    key=key.name,
                    type=key.form.says,
                    default=default_words(section, key),
                    meaning=key.meaning,
                    required=key.required,
                )
                for key in section.keys
            ),
        )
        for section in SECTIONS
    ]
    seams = (kinds.probes, kinds.channels, kinds.publishers, kinds.intake, kinds.feeds)
    return own + [_kind(seam, kind) for seam in seams for kind in seam.kinds()]


def _kind(seam: Seam, kind: str) -> DocumentedSection:
    plug = seam.get(kind)
    rows = tuple(_row(plug, name, field) for name, field in fields_of(plug).items())
    return DocumentedSection(
        title=f"{seam.seam} {kind}", meaning=inspect.getdoc(plug) or "", rows=rows
    )


_REFERENCE = "secret, as `env:NAME` or `file:PATH`"
_OR_REFERENCE = f", or a {_REFERENCE}"


def _row(plug: type[Plug], key: str, field: types.Field) -> KeyRow:
    secret, referable = field.name in plug.SECRETS, field.name in plug.REFERABLE
    return KeyRow(
        key=key,
        type=_REFERENCE if secret else says(field) + (_OR_REFERENCE if referable else ""),
        default="" if field.default is NODEFAULT else written(field.name, field.default),
        meaning=_described(field.type),
        required=field.required,
    )


def _described(kind: types.Type) -> str:
    """Give a field's own description, where its type carries one (`Meta(description=…)`)."""
    if not isinstance(kind, types.Metadata):
        return ""
    extra = cast("dict[str, object]", kind.extra_json_schema or {})
    return str(extra.get("description", ""))
