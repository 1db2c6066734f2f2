"""Reads a kit with every kind of plug-in there is. Light, so that a shell answers quickly."""

from datetime import datetime
from pathlib import Path

import msgspec

from relight.communicate.publishers import PUBLISHERS
from relight.config.kinds import Kinds
from relight.config.read import FILE, KitMissing, Reading, read_kit
from relight.desk.kit import Loaded
from relight.detect.intake import INTAKE
from relight.detect.probes import PROBES
from relight.detect.vendors import FEEDS
from relight.kernel.faults import Fault, Level, RelightError
from relight.notify.channels import CHANNELS

KINDS = Kinds(probes=PROBES, channels=CHANNELS, publishers=PUBLISHERS, intake=INTAKE, feeds=FEEDS)


class KitFaulty(RelightError):
    """The kit cannot be used as it is."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Take every fault that was found."""
        wrong = [fault for fault in faults if fault.level is Level.ERROR]
        super().__init__("\n".join(str(fault) for fault in wrong), hint="Mend these and try again.")
        self.faults = faults


def read(folder: Path, before: Loaded | None, now: datetime) -> Loaded:
    """Read a kit. A faulty one keeps the catalogue before it.

    Without one before, raises `KitFaulty` or `KitMissing`.
    """
    try:
        reading = read_kit(folder, KINDS)
    except KitMissing as error:
        if before is None:
            raise
        reading = Reading(None, (Fault(file=FILE, line=1, what=str(error), hint=error.hint),))
    if reading.catalog is None:
        if before is None:
            raise KitFaulty(reading.faults)
        return msgspec.structs.replace(before, faults=reading.faults, at=now)
    return Loaded(
        catalog=reading.catalog, faults=reading.faults, at=now, templates=_templates(folder)
    )


def _templates(folder: Path) -> dict[str, str]:
    found = sorted((folder / "templates").glob("*.md"))
    return {path.stem: path.read_text(encoding="utf-8", errors="replace") for path in found}
