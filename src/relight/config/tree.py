"""YAML 1.2 text as a small tree in which every node knows its line.

ruamel.yaml scans and parses; the tree is built here from its events, so that depth and aliases
are bounded while it grows (ruamel's own composer follows any depth until Python gives up).
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from relight.config.notes import Notes, shown

_DEEPEST = 24
_MOST_NODES = 400_000
_EMPTY = frozenset({"", "~", "null", "Null", "NULL"})
# What ruamel lets through its own error type on text that no one writes by hand.
_SCANNER_SLIPS = (ValueError, OverflowError, IndexError, KeyError, AttributeError, TypeError)


class Scalar(msgspec.Struct, frozen=True):
    """A single value, as text; `plain` means written without quotes."""

    line: int
    text: str
    plain: bool = True

    @property
    def empty(self) -> bool:
        """Whether nothing was written here."""
        return self.plain and self.text in _EMPTY


class Items(msgspec.Struct, frozen=True):
    """A list."""

    line: int
    items: tuple["Node", ...]


class Pairs(msgspec.Struct, frozen=True):
    """A mapping, in the order written; a key comes once."""

    line: int
    pairs: tuple[tuple[Scalar, "Node"], ...]


Node: TypeAlias = Scalar | Items | Pairs


class NotYaml(Exception):
    """The text cannot be read as YAML at all."""

    def __init__(self, line: int, what: str, hint: str = "") -> None:
        """Take the 1-based line, what is wrong there, and what to do."""
        super().__init__(what)
        self.line = line
        self.what = what
        self.hint = hint


def grow(text: str, notes: Notes) -> Node:
    """Read one YAML document. What can be read around is noted; raises `NotYaml` for the rest."""
    builder = _Builder(notes)
    try:
        for event in _events(text):
            builder.take(event)
    except MarkedYAMLError as error:
        raise _plain(error) from None
    except (YAMLError, *_SCANNER_SLIPS):
        what = "There is text here that YAML cannot express."
        raise NotYaml(builder.line, what, "Look for odd escapes or characters.") from None
    return builder.root or Scalar(1, "")


def _events(text: str) -> Iterable[Any]:
    parser: Any = YAML(typ="safe", pure=True)
    events: Iterable[Any] = parser.parse(text)
    return events


class _Open:
    """A list or mapping whose end has not come yet."""

    def __init__(self, line: int, anchor: str | None, *, mapping: bool, before: int) -> None:
        self.line = line
        self.anchor = anchor
        self.mapping = mapping
        self.before = before
        self.nodes: list[Node] = []


class _Builder:
    def __init__(self, notes: Notes) -> None:
        self.root: Node | None = None
        self.line = 1
        self._notes = notes
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._count = 0
        self._documents = 0

    def take(self, event: Any) -> None:  # noqa: ANN401 - ruamel's events carry no types
        self.line = event.start_mark.line + 1
        match type(event).__name__:
            case "DocumentStartEvent":
                self._documents += 1
                if self._documents > 1:
                    what = "A second YAML document begins here."
                    raise NotYaml(self.line, what, "Keep one, and remove the `---` line.")
            case "ScalarEvent":
                self._refuse_tag(event.tag)
                self._count_up(1)
                plain = event.style is None
                self._add(Scalar(self.line, event.value, plain), event.anchor, size=1)
            case "AliasEvent":
                self._alias(event.anchor)
            case "SequenceStartEvent" | "MappingStartEvent":
                self._refuse_tag(event.tag)
                if len(self._open) >= _DEEPEST:
                    raise NotYaml(self.line, f"This is nested more than {_DEEPEST} deep.")
                self._count_up(1)
                mapping = type(event).__name__ == "MappingStartEvent"
                before = self._count - 1
                self._open.append(_Open(self.line, event.anchor, mapping=mapping, before=before))
            case "SequenceEndEvent" | "MappingEndEvent":
                done = self._open.pop()
                node = self._pairs(done) if done.mapping else Items(done.line, tuple(done.nodes))
                self._add(node, done.anchor, size=self._count - done.before)
            case _:
                pass

    def _add(self, node: Node, anchor: str | None, *, size: int) -> None:
        if anchor:
            self._anchors[anchor] = (node, size)
        if self._open:
            self._open[-1].nodes.append(node)
        else:
            self.root = node

    def _alias(self, name: str) -> None:
        if name not in self._anchors:
            what = f"`*{shown(name)}` points to nothing that is complete above it."
            hint = "Write a `&name` before the value it stands for, or quote the text."
            raise NotYaml(self.line, what, hint)
        node, size = self._anchors[name]
        self._count_up(size)
        self._add(node, None, size=size)

    def _count_up(self, size: int) -> None:
        self._count += size
        if self._count > _MOST_NODES:
            what = "With its aliases written out, this file has too many values."
            raise NotYaml(self.line, what, "Use fewer `*aliases`.")

    def _refuse_tag(self, tag: object) -> None:
        if tag is not None:
            hint = "Remove it, or quote the text if it is meant."
            self._notes.wrong(self.line, f"The tag `{shown(str(tag))}` means nothing here.", hint)

    def _pairs(self, done: _Open) -> Pairs:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        for key, value in zip(done.nodes[::2], done.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._notes.wrong(key.line, "A key must be a single word.")
            elif key.text == "<<":
                hint = "Write the keys out."
                self._notes.wrong(key.line, "Merging with `<<` is not part of YAML 1.2.", hint)
            elif key.text in pairs:
                first = pairs[key.text][0].line
                what = f"`{shown(key.text)}` is here a second time; the first is on line {first}."
                self._notes.wrong(key.line, what, "Keep one of them.")
            else:
                # ruamel puts what is left out after `key:` at the next token, lines further down.
                left_out = isinstance(value, Scalar) and value.plain and not value.text
                pairs[key.text] = (key, Scalar(key.line, "") if left_out else value)
        return Pairs(done.line, tuple(pairs.values()))


def _plain(error: Any) -> NotYaml:  # noqa: ANN401 - ruamel's errors carry no types
    """Say a scanner's or parser's complaint in plain words, at the line where to look."""
    problem = str(error.problem or "")
    context = str(error.context or "")
    line = _line_of(error.problem_mark) or _line_of(error.context_mark) or 1
    began = _line_of(error.context_mark) or line
    if "'\\t'" in problem:
        return NotYaml(line, "There is a tab here.", "YAML wants spaces; replace it by spaces.")
    if "unexpected end of stream" in problem and "quoted" in context:
        return NotYaml(began, "A quote is opened here and never closed.")
    if "flow" in context and ("got" in problem or "stream end" in problem):
        sign = "[" if "sequence" in context else "{"
        close = {"[": "]", "{": "}"}[sign]
        what = f"The `{sign}` opened on line {began} is not closed properly by here."
        return NotYaml(line, what, f"Look for a missing `{close}` or comma.")
    if "mapping values are not allowed" in problem:
        what = "There is a `:` where none can be."
        hint = "Check the indentation, or quote text that has `: ` in it."
        return NotYaml(line, what, hint)
    if "expected ':'" in problem:
        return NotYaml(line, "A key without its `:` stands here or just above.")
    if "cannot start any token" in problem:
        sign = problem.split("'")[1] if problem.count("'") > 1 else "this"
        return NotYaml(line, f"Text cannot begin with `{sign}`.", "Put it in quotes.")
    if "unknown escape" in problem:
        hint = "Write two, or use single quotes."
        return NotYaml(line, "This backslash in double quotes means nothing.", hint)
    if "block end" in problem or "block" in context:
        hint = "Line it up with the lines above it."
        return NotYaml(line, "This line does not fit the lines above it.", hint)
    return NotYaml(line, "This is not YAML.", "Check quotes, brackets and indentation here.")


def _line_of(mark: Any) -> int | None:  # noqa: ANN401 - ruamel's marks carry no types
    return None if mark is None else int(mark.line) + 1
