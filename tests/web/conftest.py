from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from relight.web.app import create_app
from relight.web.front import Front
from relight.wiring.house import House
from tests.web.given import client_of, house_at


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = house_at(tmp_path / "kit")
    yield house
    house.close()


@pytest.fixture
def app(house: House) -> Front:
    return create_app(house)


@pytest.fixture
def client(app: Front) -> Iterator[TestClient[Front]]:
    with client_of(app) as client:
        yield client
