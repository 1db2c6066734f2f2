"""How many pings one core takes, each answered only after it is on disk."""

from __future__ import annotations

import os
import selectors
import socket
import statistics
import time
from itertools import count

import psutil

from bench.house import cpu_s, free_port, kit, serving, up
from bench.measure import Figure, NotMeasured, Section
from relight.wiring.house import build

HEARTBEATS = 1000
CLIENTS = 64
FOR_S = 5.0
ROUNDS = 5
_WRITTEN = "name: Bench\nheartbeats:\n" + "".join(
    f"  - {{name: job-{n}, every: 1h}}\n" for n in range(HEARTBEATS)
)


def run() -> Section:
    if len(os.sched_getaffinity(0)) < 2:
        raise NotMeasured("one core for the server and one for the jobs are needed")
    cores = sorted(os.sched_getaffinity(0))
    port = free_port()
    try:
        with kit(_WRITTEN) as folder:
            house = build(folder)
            names = [f"job-{n}" for n in range(HEARTBEATS)]
            paths = [house.heartbeats.url(name).partition("/ping/")[2] for name in names]
            house.close()
            with serving(up(folder, port), port, "/ready") as (ours, _):
                os.sched_setaffinity(0, {cores[0]})
                for each in (ours, *ours.children(recursive=True)):
                    for thread in each.threads():
                        os.sched_setaffinity(thread.id, {cores[1]})
                _ping(ours, port, paths, 1.0)
                rounds = [_ping(ours, port, paths, FOR_S) for _ in range(ROUNDS)]
            house = build(folder)
            stored = sum(view.state.pings for view in house.heartbeats.views())
            house.close()
    finally:
        os.sched_setaffinity(0, cores)
    by_cpu, by_wall, late = (statistics.median(each) for each in zip(*rounds, strict=True))
    if stored < _answered:
        raise NotMeasured(f"{_answered} pings were answered and {stored} are stored")
    return Section(
        title="Heartbeats",
        how=f"Success pings to {HEARTBEATS} heartbeats over {CLIENTS} kept connections with one "
        f"ping under way on each, {FOR_S:.0f} s at a time, {ROUNDS} times; the server on one core, "
        "the jobs on the other. 200 comes after the commit (SQLite, `synchronous=FULL`); after the "
        "last round every ping that was answered was found on disk.",
        figures=[
            Figure(what="pings by CPU second", unit="/s", ours=by_cpu, better="more", target=5000),
            Figure(what="pings by the clock", unit="/s", ours=by_wall, better="more"),
            Figure(what="answered, p99", unit="ms", ours=late, better="less", target=20),
        ],
    )


_answered = 0


def _ping(
    server: psutil.Process, port: int, paths: list[str], for_s: float
) -> tuple[float, float, float]:
    """Ping for some seconds; gives pings by CPU second, by second, and the p99 in ms."""
    global _answered  # noqa: PLW0603 - counted over the rounds, compared with what is stored
    numbers = count()
    took: list[float] = []

    def send(connection: socket.socket) -> float:
        path = paths[next(numbers) % len(paths)]
        connection.sendall(f"GET /ping/{path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        return time.perf_counter()

    with selectors.DefaultSelector() as waiting:
        sent: dict[socket.socket, float] = {}
        half: dict[socket.socket, bytes] = {}
        for _ in range(CLIENTS):
            connection = socket.create_connection(("127.0.0.1", port))
            waiting.register(connection, selectors.EVENT_READ)
            sent[connection] = send(connection)
        begun, used = time.perf_counter(), cpu_s(server)
        while sent:
            for key, _ in waiting.select(1):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                half[connection] = half.get(connection, b"") + connection.recv(4096)
                if not half[connection].endswith(b"\r\n\r\nOK"):
                    continue  # the head comes before the body
                if not half.pop(connection).startswith(b"HTTP/1.1 200 "):
                    raise NotMeasured("a ping was refused")
                now = time.perf_counter()
                took.append(now - sent.pop(connection))
                if now - begun < for_s:
                    sent[connection] = send(connection)
                else:
                    waiting.unregister(connection)
                    connection.close()
        lasted, used = time.perf_counter() - begun, cpu_s(server) - used
    _answered += len(took)
    took.sort()
    return len(took) / used, len(took) / lasted, took[int(len(took) * 0.99)] * 1000
