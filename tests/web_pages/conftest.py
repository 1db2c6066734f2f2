from collections.abc import Iterator
from pathlib import Path

import pytest

from relight.web.app import create_app
from relight.wiring.house import House
from tests.web.given import client_of, with_session
from tests.web_pages.given import house_of
from tests.web_pages.reading import Browser


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = house_of(tmp_path / "kit", 1)
    yield house
    house.close()


@pytest.fixture
def sam(house: House) -> Iterator[Browser]:
    with client_of(create_app(house)) as client:
        yield Browser(client, with_session(house, "sam", csrf=False))
