"""What every publisher keeps to, walked over the registry."""

import asyncio
from pathlib import Path

import pytest

from relight.communicate.publishers import PUBLISHERS, Publisher
from relight.kernel.plug import Permanent
from tests.contracts.plugs import check_plug, check_secrets_hidden, check_unknown_kind, example
from tests.peers.outside import open_files, real_ports, settles

KINDS = PUBLISHERS.kinds()
SITE = {"index.html": b"<h1>fine</h1>", "api/v2/summary.json": b"{}"}


def folder_holds(place: Path) -> list[str]:
    return sorted(each.name for each in place.iterdir())


def aimed(kind: str, folder: Path) -> Publisher:
    """Point a kind at a place; a new kind says here how."""
    where = {"folder": {"path": str(folder)}}
    made = example(PUBLISHERS.get(kind), **where[kind])
    assert isinstance(made, Publisher)
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_plug_in(kind: str) -> None:
    check_plug(PUBLISHERS.get(kind), Publisher, "publish")
    check_secrets_hidden(PUBLISHERS.get(kind))


def test_an_unknown_kind_names_the_nearest() -> None:
    check_unknown_kind(PUBLISHERS)


@pytest.mark.parametrize("kind", KINDS)
async def test_it_publishes_twice_and_says_so_in_one_sentence(kind: str, tmp_path: Path) -> None:
    publisher = aimed(kind, tmp_path)
    for _ in range(2):
        answer = await publisher.publish(SITE, real_ports())
        assert answer
        assert "\n" not in answer


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["../out.html", "/etc/out.html", "", "a/../../b", "a\0b", "..\\b"])
async def test_a_name_that_leads_out_is_refused(kind: str, name: str, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    with pytest.raises(Permanent):
        await aimed(kind, folder).publish({**SITE, name: b"x"}, real_ports())
    assert not folder_holds(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
async def test_cancelling_leaves_nothing_open(kind: str, tmp_path: Path) -> None:
    ports = real_ports()
    await aimed(kind, tmp_path).publish(SITE, ports)
    files, tasks = open_files(), len(asyncio.all_tasks())
    publishing = asyncio.create_task(aimed(kind, tmp_path).publish({"a": b"1"}, ports))
    await asyncio.sleep(0)
    publishing.cancel()
    await asyncio.gather(publishing, return_exceptions=True)
    assert await settles(lambda: open_files() <= files)
    assert await settles(lambda: len(asyncio.all_tasks()) <= tasks)
