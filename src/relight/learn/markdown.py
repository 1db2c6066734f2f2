"""Markdown that no title or note can break: what people wrote always comes out as plain text."""

import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ruamel.yaml import YAML

Value: TypeAlias = str | int | bool | Sequence[str]

_MARKS = re.compile(r"[\\`*\[\]|~#<>]|&(?=#?\w+;)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_BACKTICKS = re.compile(r"`+")


def plain(text: str) -> str:
    """Write a text within a line: one line, nothing in it is a mark. Never begin a line with it."""
    return _MARKS.sub(lambda match: f"\\{match[0]}", one_line(text))


def one_line(text: str) -> str:
    """Give single-spaced words without control signs."""
    return " ".join(_printable(text).split())


def verbatim(text: str) -> str:
    """Write a text word for word, in a fence longer than any that it holds."""
    clean = _printable(text)
    fence = "`" * max(3, 1 + max((len(run) for run in _BACKTICKS.findall(clean)), default=0))
    return f"{fence}text\n{clean}\n{fence}"


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """Lay out cells whose texts went through `plain`."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def front_matter(values: Mapping[str, Value]) -> str:
    """Write the YAML 1.2 head of a document, keys in the order given, each text on one line."""
    yaml = YAML()
    yaml.width = 1 << 20
    clean = {
        key: one_line(value)
        if isinstance(value, str)
        else value
        if isinstance(value, int)
        else [one_line(each) for each in value]
        for key, value in values.items()
    }
    out = io.StringIO()
    yaml.dump(clean, out)  # pyright: ignore[reportUnknownMemberType]
    return f"---\n{out.getvalue()}---\n"


def _printable(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        char for char in lines if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"}
    )


def cite(*seqs: int, most: int = 6) -> str:
    """Name the entries that say so: `[#12] [#14]`."""
    shown = " ".join(f"[#{seq}]" for seq in seqs[:most])
    return shown if len(seqs) <= most else f"{shown} and {len(seqs) - most} more"
