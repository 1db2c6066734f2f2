"""What can be wrong, said once: errors of the house and faults in what a user wrote."""

import difflib
from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar

import msgspec


class RelightError(Exception):
    """Something went wrong.

    Base of every error that a user may meet. A subclass's docstring (first line) is its default
    sentence; `hint` says the next step, and `name` is the word that the API answers with.
    """

    hint: str = ""
    name: ClassVar[str] = "error"

    def __init__(self, sentence: str = "", *, hint: str = "") -> None:
        """Take the sentence for people and the next step; without one the docstring speaks."""
        default = (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(sentence or default)
        self.hint = hint or type(self).hint

    def __init_subclass__(cls) -> None:
        """Derive the API's word from the class: `AlreadyResolved` becomes `already_resolved`."""
        super().__init_subclass__()
        letters = (f"_{c.lower()}" if c.isupper() else c for c in cls.__name__)
        cls.name = "".join(letters).lstrip("_")


class Refused(RelightError):
    """That cannot be done in the present state."""


class NotFound(RelightError):
    """There is nothing by that name."""


class Denied(RelightError):
    """You may not do that."""


class Unavailable(RelightError):
    """Relight could not do that just now."""


class Level(StrEnum):
    """Whether a fault stops the configuration from being used."""

    ERROR = "error"
    WARNING = "warning"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong in a file, with its place (1-based line) and the nearest right thing."""

    file: str
    line: int
    what: str
    hint: str = ""
    level: Level = Level.ERROR

    def __str__(self) -> str:
        """Print as `relight.yaml:8: what; hint`."""
        warn = "warning: " if self.level is Level.WARNING else ""
        tail = f" {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}: {warn}{self.what}{tail}"


def nearest(word: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Name the known words closest to a misspelt one, best first."""
    return difflib.get_close_matches(word, sorted(known), n=most, cutoff=0.5)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Say the nearest right word, or list them all when none is near."""
    names = sorted(known)
    close = nearest(word, names, most=1)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"Known: {', '.join(names)}." if names else ""
