"""Merging: the other incident has to be one that goes on."""

from pathlib import Path

import pytest

from relight.incident.refusals import NotLive
from relight.kernel.actor import operator
from relight.wiring.house import build

KIT = "name: Where2Eat\npeople:\n  - {name: sam, contacts: [{email: sam@example.org}]}\n"
SAM = operator("sam")


def test_nothing_is_merged_into_what_has_ended(tmp_path: Path):
    (tmp_path / "relight.yaml").write_text(KIT, encoding="utf-8")
    house = build(tmp_path)
    try:
        first = house.desk.declare("checkout fails", by=SAM)
        second = house.desk.declare("payments fail", by=SAM)
        house.desk.resolve(first.name, by=SAM, override_reason="seen by hand")
        with pytest.raises(NotLive, match="INC-1 has ended"):
            house.desk.merge(second.name, into=first.name, by=SAM)
        third = house.desk.declare("cart fails", by=SAM)
        assert house.desk.merge(third.name, into=second.name, by=SAM).merged_into == second.id
    finally:
        house.close()
