"""How many alerts a second are taken in, each on disk before its answer, and how long they wait."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.house import free_port, kit, serving, up
from bench.measure import Figure, Section
from relight.wiring.house import House, build

T = TypeVar("T")

CLIENTS = 4
DELIVERIES = 1_500
KEYS = 80
ROUNDS = 3
KIT = """\
name: bench
services:
  - {name: api, checks: [{http: "http://127.0.0.1:9/"}]}
intake:
  - {name: prometheus, from: alertmanager}
"""
PEER = "Alerta 9 on PostgreSQL, measured by hand"
PEER_RATE = 78.0
"""The better of what was measured by hand for Alerta: 54 to 78 alerts a second."""


def run() -> Section:
    rates: list[float] = []
    lates: list[float] = []
    port = free_port()
    with kit(KIT) as folder:
        with serving(up(folder, port), port, "/ready"):
            key = _asked(folder, lambda house: house.intake.senders()["prometheus"].key)
            for n in range(ROUNDS + 1):
                rate, waits = asyncio.run(_load(port, key))
                if n:
                    rates.append(rate)
                    lates.append(_p99(waits) * 1000)
        stored = _asked(folder, _stored)
    wanted = CLIENTS * DELIVERIES * (ROUNDS + 1)
    return Section(
        title="Alerts from senders outside",
        how=(
            f"Alertmanager's webhook with one alert each, {CLIENTS} clients on keep-alive "
            f"connections, {DELIVERIES} deliveries each a round, over {KEYS} alerts; an answer "
            "comes only when delivery, alert and triage are on disk (SQLite WAL, synchronous "
            "FULL). Triage goes on beside it; clients and server share the machine; "
            f"{ROUNDS} rounds, the median."
        ),
        figures=[
            Figure(
                what="taken in and on disk",
                unit="alerts/s",
                ours=statistics.median(rates),
                better="more",
                target=1000,
                peer=PEER_RATE,
                peer_name=PEER,
            ),
            Figure(
                what="p99 of the wait for an answer",
                unit="ms",
                ours=statistics.median(lates),
                better="less",
                target=50,
            ),
            Figure(
                what="answered and not counted",
                unit="alerts",
                ours=wanted - stored,
                better="less",
                target=0,
            ),
        ],
    )


async def _load(port: int, key: str) -> tuple[float, list[float]]:
    waits: list[float] = []
    begun = time.perf_counter()
    await asyncio.gather(*(_client(port, key, n, waits) for n in range(CLIENTS)))
    return CLIENTS * DELIVERIES / (time.perf_counter() - begun), waits


async def _client(port: int, key: str, number: int, waits: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for n in range(DELIVERIES):
        name = f"HighLatency{(n * CLIENTS + number) % KEYS}"
        alert = {
            "status": "firing",
            "labels": {"alertname": name, "severity": "warning", "service": "api"},
            "annotations": {"summary": f"{name}: p95 is above 2 s", "description": "x" * 200},
            "startsAt": "2026-05-02T11:58:00.000Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.org:9090/graph",
            "fingerprint": name,
        }
        body = json.dumps({"version": "4", "status": "firing", "alerts": [alert]}).encode()
        begun = time.perf_counter()
        writer.write(
            b"POST /in/prometheus/%b HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (key.encode(), len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        waits.append(time.perf_counter() - begun)
        if not head.startswith(b"HTTP/1.1 200"):
            msg = f"refused: {head[:60]!r}"
            raise RuntimeError(msg)
    writer.close()
    await writer.wait_closed()


def _stored(house: House) -> int:
    found = house.alerts.alerts(limit=10 * KEYS)
    return sum(each.count for each in found if each.source == "intake/prometheus")


def _asked(folder: Path, ask: Callable[[House], T]) -> T:
    house = build(folder)
    try:
        return ask(house)
    finally:
        house.close()


def _p99(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=100)[98]
