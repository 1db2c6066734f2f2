"""The seam: a plug-in is one frozen struct whose fields are its configuration."""

from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import msgspec

from relight.kernel.faults import RelightError
from relight.kernel.secret import MASK


class PlugFailed(RelightError):
    """A plug-in could not do its work."""


class Transient(PlugFailed):
    """It failed now and may work when tried again.

    `retry_after_s` is how long the other side asked us to wait, where it said so.
    """

    def __init__(
        self, sentence: str = "", *, hint: str = "", retry_after_s: float | None = None
    ) -> None:
        """Take the sentence, the next step and the wait that was asked for."""
        super().__init__(sentence, hint=hint)
        self.retry_after_s = retry_after_s


class NoAnswer(Transient):
    """The other side gave no usable answer.

    The fault lies with the target (refused, silent, endless, garbled, a bad certificate, an
    unknown name), not with our own way out: a probe makes a failed result of it.
    """


class Permanent(PlugFailed):
    """It failed and will fail again until someone changes something."""


class Plug(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every plug-in.

    The class docstring is its manual page, the fields are its configuration, the module's name is
    its kind, and the first field is the one that a bare scalar in `relight.yaml` sets. Fields typed
    `str` that hold a secret are listed in `SECRETS`; they arrive resolved. Those in
    `REFERABLE` may be a secret, like the address of a hook, and take a reference or a plain value.
    Those in `PATHS` name a file or a folder, and a relative one starts at the kit folder. Those in
    `PROGRAMS` have a program of the owner's own run, for which relight.yaml has to say
    `allow_exec: true`. Durations arrive in
    seconds in fields that end in `_s` and are written without that ending in `relight.yaml`
    (`timeout: 5s` sets `timeout_s`). The only failures that come out of the verb are `Transient`
    and `Permanent`.
    """

    SECRETS: ClassVar[frozenset[str]] = frozenset()
    REFERABLE: ClassVar[frozenset[str]] = frozenset()
    PATHS: ClassVar[frozenset[str]] = frozenset()
    PROGRAMS: ClassVar[frozenset[str]] = frozenset()
    EXAMPLE: ClassVar[dict[str, Any]] = {}

    def within(self, folder: Path) -> Self:
        """Give it with its paths starting at a folder, where they are relative."""
        given = {name: str(getattr(self, name)) for name in self.PATHS}
        paths = {name: str(folder / path) for name, path in given.items() if path}
        return msgspec.structs.replace(self, **paths) if paths else self

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Give the fields with secrets hidden; rich prints plug-ins by this."""
        fields = [(name, getattr(self, name)) for name in self.__struct_fields__]
        hidden = self.SECRETS | self.REFERABLE
        return [(name, MASK if value and name in hidden else value) for name, value in fields]

    def __repr__(self) -> str:
        """Show the configuration with secrets hidden."""
        shown = ", ".join(f"{field}={value!r}" for field, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"


class Plugged(msgspec.Struct, frozen=True):
    """A plug-in as declared: its kind, and plain settings with secrets still by reference."""

    kind: str
    settings: dict[str, Any]

    def label(self) -> str:
        """Name it for people without what may be secret: of a URL only the host is shown."""
        first = next(iter(self.settings.values()), "")
        text = str(first)
        if "://" in text:
            text = urlsplit(text).hostname or ""
        return f"{self.kind} {text}".strip()
