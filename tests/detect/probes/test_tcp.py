"""The tcp probe."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from relight.detect.probes import Probe
from relight.detect.probes.tcp import TcpProbe
from tests.contracts.aim import PATIENCE_S, Aim
from tests.peers.hostile import hostile


def at(host_port: str) -> TcpProbe:
    return TcpProbe(address=host_port, timeout_s=PATIENCE_S)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    async with hostile("silent") as host_port:
        yield at(host_port)


AIM = Aim(working, at=at)


@pytest.mark.parametrize(
    "address", ["x.test", "x.test:0", "x.test:99999", ":80", "::1:80", "a b:80"]
)
def test_what_cannot_be_dialled_is_refused(address: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"address": address}, TcpProbe)


@pytest.mark.parametrize("address", ["x.test:80", "[::1]:5432", "127.0.0.1:1"])
def test_what_can_be_dialled_is_taken(address: str) -> None:
    assert msgspec.convert({"address": address}, TcpProbe).address == address
