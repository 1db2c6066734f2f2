"""Programs of the owner's own are run only where the kit says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from relight.config.read import Reading, read_kit
from relight.kernel.faults import Level
from relight.wiring.kit import KINDS

KIT = """\
name: Where2Eat
{allow}
services:
  - name: jobs
    checks:
      - exec: ./queue.sh
"""


def reading(folder: Path, allow: str) -> Reading:
    (folder / "relight.yaml").write_text(KIT.format(allow=allow))
    return read_kit(folder, KINDS, environment={})


@pytest.mark.parametrize("allow", ["", "allow_exec: false"])
def test_without_a_word_a_program_is_refused_at_its_line(tmp_path: Path, allow: str) -> None:
    faults = reading(tmp_path, allow).faults
    (fault,) = (str(fault) for fault in faults if fault.level is Level.ERROR)
    assert fault == (
        "relight.yaml:6: `exec` runs a program of your own, and this kit does not allow that. "
        "Add `allow_exec: true` to relight.yaml if you mean it."
    )


def test_with_that_word_it_is_taken(tmp_path: Path) -> None:
    catalog = reading(tmp_path, "allow_exec: true").catalog
    assert catalog is not None
    assert catalog.checks()["jobs/exec"].probe.settings == {"command": "./queue.sh"}
