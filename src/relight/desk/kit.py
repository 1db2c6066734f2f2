"""The kit that is in force: its folder, the catalogue read from it, and what was wrong with it."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from relight.catalog.catalog import Catalog
from relight.kernel.faults import Fault, Level


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of the kit.

    `faults` are of the newest reading, which may have been refused; `templates` are the kit's own
    words by file stem.
    """

    catalog: Catalog
    faults: tuple[Fault, ...]
    at: datetime
    templates: Mapping[str, str] = {}

    @property
    def refused(self) -> bool:
        """Whether the files on disk are faulty, so that an older catalogue is still in force."""
        return any(fault.level is Level.ERROR for fault in self.faults)


class Kit:
    """Holds what is in force. Replaced as a whole, so a reader never sees half of a change."""

    def __init__(self, folder: Path, loaded: Loaded) -> None:
        """Begin with a good reading."""
        self.folder = folder
        self.loaded = loaded

    @property
    def catalog(self) -> Catalog:
        """The catalogue in force."""
        return self.loaded.catalog
