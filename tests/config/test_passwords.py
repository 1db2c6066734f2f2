"""A URL with a password in it is a secret, wherever a reference could stand for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from relight.config.read import read_kit
from relight.kernel.faults import Level
from relight.wiring.kit import KINDS

KIT = """\
name: Where2Eat
services:
  - name: db
    checks:
      - postgres: {address}
"""


def errors(folder: Path, address: str) -> list[str]:
    (folder / "relight.yaml").write_text(KIT.format(address=address))
    faults = read_kit(folder, KINDS, environment={"DB": "postgresql://a:hunter2@db/app"}).faults
    return [str(fault) for fault in faults if fault.level is Level.ERROR]


@pytest.mark.parametrize("address", ["env:DB", "postgresql://relight@db.test/app", "db.test:5432"])
def test_without_a_password_it_may_stand_there(tmp_path: Path, address: str) -> None:
    assert errors(tmp_path, address) == []


def test_with_one_it_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (fault,) = errors(tmp_path, "postgresql://relight:hunter2@db.test/app")
    assert fault == (
        "relight.yaml:5: `address` holds a secret in plain sight. "
        "Write `env:NAME` or `file:PATH` instead of the secret itself."
    )
