from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from relight.kernel.clock import Clock
from tests.worker.given import KIT, Place, place

Open: TypeAlias = Callable[..., Place]


@pytest.fixture
def open_place(tmp_path: Path) -> Iterator[Open]:
    """Opens houses and closes them at the end."""
    opened: list[Place] = []

    def make(kit: str = KIT, *, clock: Clock | None = None) -> Place:
        opened.append(place(tmp_path / "kit", kit, clock=clock))
        return opened[-1]

    yield make
    for each in opened:
        each.house.close()


@pytest.fixture
def at(open_place: Open) -> Place:
    return open_place()
