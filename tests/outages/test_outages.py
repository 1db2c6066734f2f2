"""Whole outages from the articles, told in `stories/`; what each led to is written in `told/`.

`pytest tests/outages --snapshot-update` writes it anew. Read the difference as the person who is
paged would.
"""

from pathlib import Path

import pytest

from tests.outages.script import read
from tests.outages.stage import Stage
from tests.outages.telling import tell
from tests.peers.postgres import schema

HERE = Path(__file__).parent
STORIES = sorted(path.stem for path in (HERE / "stories").glob("*.txt"))


async def _play(story: str, tmp_path: Path, database_url: str = "") -> str:
    stage = Stage(read(HERE / "stories" / f"{story}.txt"), tmp_path / "kit", database_url)
    async with stage.open():
        await stage.play()
        return tell(stage)


def _compare(story: str, told: str, request: pytest.FixtureRequest) -> None:
    kept = HERE / "told" / f"{story}.txt"
    if request.config.getoption("update_snapshots"):
        kept.write_text(told, encoding="utf-8")
    assert told == kept.read_text(encoding="utf-8")


@pytest.mark.parametrize("story", STORIES)
async def test_outage(story: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    _compare(story, await _play(story, tmp_path), request)


@pytest.mark.postgres
@pytest.mark.parametrize("story", ["bad_deploy", "cdn_dies"])
async def test_outage_on_postgres(
    story: str,
    tmp_path: Path,
    postgres: str,
    worker_id: str,
    request: pytest.FixtureRequest,
) -> None:
    with schema(postgres, worker_id) as url:
        _compare(story, await _play(story, tmp_path, url), request)
