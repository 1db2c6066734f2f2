"""Builds what is declared, with the secrets that it refers to in place."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from relight.kernel.plug import Plug, Plugged
from relight.kernel.registry import Registry
from relight.kernel.secret import Secret, is_reference

P = TypeVar("P", bound=Plug)


def plug_in(registry: Registry[P], declared: Plugged, secret_of: Callable[[str], Secret]) -> P:
    """Build a plug-in; `secret_of` reads a reference. Raises what that does, and `UnknownKind`."""
    kind = registry.get(declared.kind)
    settings = {
        name: secret_of(value).reveal()
        if name in kind.SECRETS | kind.REFERABLE and isinstance(value, str) and is_reference(value)
        else value
        for name, value in declared.settings.items()
    }
    return msgspec.convert(settings, kind)
