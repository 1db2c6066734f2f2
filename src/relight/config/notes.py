"""Where faults and names are noted while a kit is read, so that all come out at once."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from relight.config.kinds import Kinds
from relight.kernel.faults import Fault, Level, did_you_mean, nearest

_LONGEST_SHOWN = 60
_LONGEST_SENTENCE = 400
_MOST_LISTED = 16
_MOST_KNOWN = 1000


def shown(text: str) -> str:
    """Write a user's own word into a sentence: on one line, short, no control characters."""
    return _one_line(text, _LONGEST_SHOWN).replace("`", "'")


def _one_line(text: str, longest: int) -> str:
    plain = "".join(c if c.isprintable() else " " for c in text[: longest * 4])
    plain = " ".join(plain.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def suggestion(word: str, known: list[str]) -> str:
    """Name the nearest right word, or all where they are few.

    A word too long to be a slip gets no answer; neither does one among thousands.
    """
    if len(word) > _LONGEST_SHOWN or len(known) > _MOST_KNOWN:
        return ""
    return did_you_mean(word, known if len(known) <= _MOST_LISTED else nearest(word, known))


_APART = (("service", "vendor"),)
"""Nouns that are named in one place, and so share their names."""


class _Reference(msgspec.Struct, frozen=True):
    nouns: tuple[str, ...]
    name: str
    line: int
    level: Level
    hint: str


class Notes:
    """Collects faults, and the names declared and used, over one reading of one file."""

    def __init__(
        self, file: str, *, kinds: Kinds, root: Path, environment: Mapping[str, str] | None
    ) -> None:
        """Take the file's name as people see it, and what kinds and secrets are looked up in."""
        self.file = file
        self.kinds = kinds
        self.root = root
        self.environment = environment
        self.files: dict[str, str] = {}
        self._faults: dict[Fault, None] = {}
        self._declared: dict[str, dict[str, int]] = {}
        self._references: list[_Reference] = []
        self._needs: dict[str, tuple[tuple[str, ...], int]] = {}
        self._programs: list[tuple[int, str]] = []

    def wrong(self, line: int, what: str, hint: str = "") -> None:
        """Note what stops the kit from being used."""
        self._note(line, what, hint, Level.ERROR)

    def warn(self, line: int, what: str, hint: str = "") -> None:
        """Note what works but may surprise."""
        self._note(line, what, hint, Level.WARNING)

    def _note(self, line: int, what: str, hint: str, level: Level) -> None:
        # Sentences of plug-ins and parsers may repeat whatever was written, line breaks and all.
        what, hint = (_one_line(words, _LONGEST_SENTENCE) for words in (what, hint))
        self._faults[Fault(file=self.file, line=line, what=what, hint=hint, level=level)] = None

    def took(self, name: str, text: str) -> None:
        """Remember a further file that was read; it is part of the kit's version."""
        self.files[name] = text

    def beside(self, file: str) -> "Notes":
        """Begin notes on another file of the same kit."""
        return Notes(file, kinds=self.kinds, root=self.root, environment=self.environment)

    def include(self, other: "Notes") -> None:
        """Take over what was noted of another file."""
        self._faults |= dict.fromkeys(other.faults())

    def declare(self, noun: str, name: str, line: int) -> None:
        """Remember a name; a second one of the same noun is a fault that names the first's line."""
        names = self._declared.setdefault(noun, {})
        if name in names:
            self.wrong(
                line,
                f"There is already a {noun} named `{shown(name)}`, on line {names[name]}.",
                "Give one of them another name.",
            )
        else:
            names[name] = line

    def refer(
        self,
        noun: str | tuple[str, ...],
        name: str,
        line: int,
        level: Level = Level.ERROR,
        hint: str = "",
    ) -> None:
        """Remember that a name was used; `settle` looks it up once everything has been read.

        `hint` is the next step where it is declared nowhere, instead of the nearest name.
        """
        nouns = (noun,) if isinstance(noun, str) else noun
        self._references.append(_Reference(nouns, name, line, level, hint))

    def depends(self, name: str, on: Iterable[str], line: int) -> None:
        """Remember what a service depends on, and where it says so."""
        self._needs[name] = (tuple(on), line)

    def runs_program(self, line: int, kind: str) -> None:
        """Remember that a plug-in would run a program of the owner's own."""
        self._programs.append((line, kind))

    def forbid_programs(self) -> None:
        """Note every plug-in that would run one, in a kit that does not allow it."""
        for line, kind in self._programs:
            what = f"`{kind}` runs a program of your own, and this kit does not allow that."
            self.wrong(line, what, "Add `allow_exec: true` to relight.yaml if you mean it.")

    def settle(self) -> None:
        """Note every name that was used and is declared nowhere, and what depends on itself."""
        self._refuse_cycles()
        self._refuse_shared()
        for used in self._references:
            names = {name for noun in used.nouns for name in self._declared.get(noun, {})}
            if used.name not in names:
                what = f"There is no {' or '.join(used.nouns)} named `{shown(used.name)}`."
                hint = used.hint or suggestion(used.name, sorted(names))
                self._note(used.line, what, hint, used.level)

    def _refuse_shared(self) -> None:
        for one, other in _APART:
            ones = self._declared.get(one, {})
            for name, line in self._declared.get(other, {}).items():
                if name in ones:
                    what = f"There is a {one} named `{shown(name)}` too, on line {ones[name]}."
                    self.wrong(line, what, "Give one of them another name.")

    def _refuse_cycles(self) -> None:
        done: set[str] = set()
        for start in self._needs:
            # Depth first without recursion: a kit may be long.
            path, pending = [start], [iter(self._needs[start][0])]
            while pending and start not in done:
                following = next(pending[-1], None)
                if following is None:
                    done.add(path.pop())
                    pending.pop()
                elif following in path:
                    self._circle(path[path.index(following) :])
                elif following in self._needs and following not in done:
                    path.append(following)
                    pending.append(iter(self._needs[following][0]))

    def _circle(self, path: list[str]) -> None:
        ring = [*path[1:], path[0]]
        said = ", ".join(
            f"`{shown(one)}` on `{shown(other)}` (line {self._needs[one][1]})"
            for one, other in zip(path, ring, strict=True)
        )
        line = min(self._needs[name][1] for name in path)
        self.wrong(line, f"Services depend on each other in a circle: {said}.", "Remove one.")

    @property
    def failed(self) -> bool:
        """Whether anything was noted that stops the kit from being used."""
        return any(fault.level is Level.ERROR for fault in self._faults)

    def faults(self) -> tuple[Fault, ...]:
        """Give everything noted, once each, by file and line; this file comes first."""

        def place(fault: Fault) -> tuple[bool, str, int]:
            return fault.file != self.file, fault.file, fault.line

        return tuple(sorted(self._faults, key=place))
