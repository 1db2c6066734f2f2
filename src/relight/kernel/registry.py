"""Finds the plug-ins of a folder and of installed packages, importing each on first use."""

import importlib
import pkgutil
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from relight.kernel.faults import RelightError, did_you_mean
from relight.kernel.plug import Plug

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

P = TypeVar("P", bound=Plug)


class UnknownKind(RelightError):
    """There is no plug-in of that kind."""


class Registry(Generic[P]):
    """All kinds of one seam: a folder of ours, and entry points of other packages."""

    def __init__(self, package: str, *, seam: str, base: type[P]) -> None:
        """Name the folder's package, the seam's noun (`probe`) and the class all kinds extend."""
        self.package = package
        self.seam = seam
        self._base = base

    @cached_property
    def _installed(self) -> "dict[str, EntryPoint]":
        # Looking through every installed package is slow, and our own kinds come first.
        from importlib.metadata import entry_points

        return {point.name: point for point in entry_points(group=f"relight.{self.seam}")}

    @cached_property
    def _own(self) -> frozenset[str]:
        folder = importlib.import_module(self.package)
        names = (module.name for module in pkgutil.iter_modules(folder.__path__))
        return frozenset(name for name in names if not name.startswith("_"))

    def kinds(self) -> list[str]:
        """List every kind by name, without importing any."""
        return sorted(self._own | self._installed.keys())

    def get(self, kind: str) -> type[P]:
        """Import and give the class of a kind.

        Raises `UnknownKind` with the nearest names.
        """
        if kind in self._own:
            found: type[P] = importlib.import_module(f"{self.package}.{kind}").PLUGIN
            return found
        if kind in self._installed:
            offered: type[P] = self._installed[kind].load()
            return offered
        msg = f"`{kind}` is not a {self.seam}."
        raise UnknownKind(msg, hint=did_you_mean(kind, self.kinds()))
