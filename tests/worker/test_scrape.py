"""Reads real pages of figures from a real server."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from relight.desk.kit import Kit
from relight.kernel.secret import Secret
from relight.wiring.house import House, build
from relight.worker.metrics import Scraper
from tests.peers.http_sink import http_sink
from tests.peers.outside import dead_port, real_ports

KIT = """\
name: Where2Eat
metrics:
  - {name: shop, scrape: "http://127.0.0.1:%d/%s", keep: [orders_*]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "kit"
    folder.mkdir()
    return folder


def opened(folder: Path, port: int, path: str) -> tuple[House, Scraper]:
    (folder / "relight.yaml").write_text(KIT % (port, path), encoding="utf-8")
    house = build(folder)
    scraper = Scraper(
        kit=Kit(folder, house.kit.loaded),
        metrics=house.metrics,
        ports=real_ports,
        secret=lambda _reference: Secret("token"),
        clock=house.clock,
        masker=house.masker,
    )
    return house, scraper


async def served(text: bytes) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(text)
        writer.write(head + text)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


PAGE = b"""\
# HELP orders_open Orders that wait.
# TYPE orders_open gauge
orders_open{shop="a"} 3
orders_open{shop="b"} 4 1700000000000
orders_failed NaN
other_things 9
"""


async def test_a_page_is_kept_by_name(folder: Path) -> None:
    async with await served(PAGE) as server:
        port = server.sockets[0].getsockname()[1]
        house, scraper = opened(folder, port, "metrics")
        await scraper.turn()
        await scraper.turn()
    now = house.clock.now()
    found = house.metrics.records.histories("orders_open", now - timedelta(minutes=1), now)
    values = {dict(each.labels)["shop"]: [p.value for p in each.points] for each in found}
    assert values == {"a": [3], "b": [4]}
    assert house.metrics.records.names() == ["orders_open"]
    assert scraper.faults == {"shop": ""}
    house.close()


async def test_a_page_that_cannot_be_read_is_told_in_words(folder: Path) -> None:
    house, scraper = opened(folder, dead_port(), "metrics")
    await scraper.turn()
    assert "refused" in scraper.faults["shop"]
    house.close()


async def test_an_error_page_is_no_page_of_figures(folder: Path) -> None:
    async with http_sink() as sink:
        house, scraper = opened(folder, sink.port, "busy")
        await scraper.turn()
    assert scraper.faults["shop"] == "It answered 429."
    house.close()
