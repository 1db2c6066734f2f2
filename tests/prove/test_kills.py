"""Nothing that was answered and no page is lost, whenever the process dies."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.prove.killed_outage import KilledOutage, Phase, Result

Say = Callable[[str], None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def killed(folder: Path, seed: int, database: str, say: Say) -> Result:
    found = await KilledOutage(folder, free_port(), seed, database, say).play()
    say(
        f"seed {seed}: {found.kills} kills, {len(found.mails)} mails,"
        f" {len(found.answered)} updates answered: {found.judge() or 'nothing lost'}"
    )
    return found


@pytest.mark.timeout(240)
async def test_five_kills_through_one_outage_lose_nothing(kit_folder: Path, say: Say) -> None:
    found = await killed(kit_folder, 1, "", say)
    assert found.judge() == []
    assert found.kills == len(Phase)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(100, 110))
async def test_kills_on_sqlite_lose_nothing(kit_folder: Path, say: Say, seed: int) -> None:
    found = await killed(kit_folder, seed, "", say)
    assert found.judge() == []
    assert found.kills == len(Phase)


@pytest.mark.prove
@pytest.mark.postgres
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(200, 210))
async def test_kills_on_postgresql_lose_nothing(
    kit_folder: Path, say: Say, fresh_postgres: Callable[[], str], seed: int
) -> None:
    found = await killed(kit_folder, seed, fresh_postgres(), say)
    assert found.judge() == []
    assert found.kills == len(Phase)
