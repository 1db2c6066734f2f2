"""Secrets: named by reference in files, resolved late, masked wherever text goes out."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from relight.kernel.faults import RelightError

MASK = "•••"
_SHORTEST = 4
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):([^/\s@]+)(?=@)")


class SecretMissing(RelightError):
    """A secret that the configuration refers to cannot be read."""


class Secret:
    """A value that never shows itself; `reveal` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Wrap the plain value."""
        self._value = value

    def reveal(self) -> str:
        """Give the plain value, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        """Show only that there is one."""
        return f"Secret({MASK})"

    __str__ = __repr__


def is_reference(text: str) -> bool:
    """Whether a configured text names a secret (`env:NAME`, `file:PATH`) rather than being one."""
    return text.startswith(("env:", "file:"))


def has_password(url: str) -> bool:
    """Whether a URL has a password in it, and so is a secret itself."""
    return bool(_URL_PASSWORD.search(url))


def resolve(reference: str, *, environment: Mapping[str, str] | None = None, root: Path) -> Secret:
    """Read the secret behind `env:NAME` or `file:PATH` (relative to the kit folder).

    Raises `SecretMissing` with the reference and what to do; never with the value.
    """
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = (os.environ if environment is None else environment).get(name)
        if not value:
            msg = f"`{reference}` is not set."
            raise SecretMissing(msg, hint=f"Set the environment variable {name} and start again.")
        return Secret(value)
    if kind == "file":
        path = root / name
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            msg = f"`{reference}` cannot be read: {type(error).__name__}."
            raise SecretMissing(msg, hint=f"Put the secret into {name}.") from error
        if not value:
            msg = f"`{reference}` is empty."
            raise SecretMissing(msg, hint=f"Put the secret into {name}.")
        return Secret(value)
    msg = f"`{kind}:` is not a way to name a secret."
    raise SecretMissing(msg, hint="Write env:NAME or file:PATH.")


class Masker:
    """The one choke point for errors, logs and stored answers before people see them."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        """Know the secrets to hide; values shorter than four characters would hide plain words."""
        self._values: set[str] = set()
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: Secret) -> None:
        """Hide this one from now on."""
        if len(secret.reveal()) >= _SHORTEST:
            self._values.add(secret.reveal())

    def mask(self, text: str) -> str:
        """Replace every known secret, and any password in a URL."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, MASK)
        return _URL_PASSWORD.sub(rf"\1:{MASK}", text) if "@" in text else text
