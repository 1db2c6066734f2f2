"""The plug-in seams that a kit may name, handed in so that this room knows no other."""

from typing import Protocol

import msgspec

from relight.kernel.plug import Plug


class Seam(Protocol):
    """What is needed of a `kernel.registry.Registry`."""

    seam: str

    def kinds(self) -> list[str]:
        """List every kind by name."""
        ...

    def get(self, kind: str) -> type[Plug]:
        """Give the class of a kind. Raises `UnknownKind` with the nearest names."""
        ...


class Kinds(msgspec.Struct, frozen=True, kw_only=True):
    """The registries in which checks, contacts, publishers, senders and feeds are looked up."""

    probes: Seam
    channels: Seam
    publishers: Seam
    intake: Seam
    feeds: Seam
