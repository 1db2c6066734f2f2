"""How many GETs of the public page one core answers, beside a bare app with the same bytes."""

from __future__ import annotations

import os
import selectors
import socket
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.house import bare, free_port, kit, serving, up
from bench.measure import Figure, NotMeasured, Section, in_turn

PAGE = "/status/"
CONNECTIONS = 32
FOR_S = 5.0
ROUNDS = 5
_WRITTEN = "name: Bench\npeople:\n  - name: rebecca\nservices:\n  - name: api\n  - name: web\n"


def run() -> Section:
    if len(os.sched_getaffinity(0)) < 2:
        raise NotMeasured("one core for the server and one for who asks are needed")
    port, bare_port = free_port(), free_port()
    with (
        a_core_each() as (mine, other),
        kit(_WRITTEN) as folder,
        serving(up(folder, port), port, "/ready") as (ours, _),
        _answering(_ask(port).body, bare_port) as peer,
    ):
        os.sched_setaffinity(0, {mine})
        for server in (ours, peer):
            for each in (server, *server.children(recursive=True)):
                for thread in each.threads():
                    os.sched_setaffinity(thread.id, {other})
        plain = in_turn(
            lambda: _rate(ours, port, ""), lambda: _rate(peer, bare_port, ""), rounds=ROUNDS
        )
        known = in_turn(
            lambda: _rate(ours, port, _ask(port).etag),
            lambda: _rate(peer, bare_port, _ask(bare_port).etag),
            rounds=ROUNDS,
        )
    name = "bare uvicorn"
    return Section(
        title="Public page",
        how=f"`GET {PAGE}` over {CONNECTIONS} kept connections with one request under way on each, "
        f"{FOR_S:.0f} s at a time, {ROUNDS} times; the server on one core, the asker on the other. "
        "Counted by the seconds of CPU that the server spent, so that a slow asker does not make "
        "it look slow. The peer answers the same bytes from memory and does nothing else.",
        figures=[
            Figure(
                what="200",
                unit="GET per CPU s",
                ours=plain[0],
                peer=plain[1],
                peer_name=name,
                target=20_000,
                better="more",
            ),
            Figure(
                what="304",
                unit="GET per CPU s",
                ours=known[0],
                peer=known[1],
                peer_name=name,
                target=plain[0],
                better="more",
            ),
        ],
    )


class _Answer:
    """One answer as it came over the socket."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        self.length = len(raw)
        self.status = int(head.split(b" ", 2)[1])
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        lowered = {name.lower(): value for name, value in fields.items()}
        self.etag = lowered.get(b"etag", b"").decode()


def _request(port: int, etag: str) -> bytes:
    known = f"If-None-Match: {etag}\r\n" if etag else ""
    return f"GET {PAGE} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{known}\r\n".encode()


def _ask(port: int, etag: str = "") -> _Answer:
    """Ask once and read until the server falls silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(_request(port, etag))
        raw = connection.recv(1 << 20)
        connection.settimeout(0.3)
        try:
            while more := connection.recv(1 << 20):
                raw += more
        except TimeoutError:
            return _Answer(raw)
    raise NotMeasured("the server closes its connections")


def _rate(server: psutil.Process, port: int, etag: str) -> float:
    """Ask for `FOR_S` seconds and give the answers by second of the server's CPU.

    Every answer has to be as long as the first one.
    """
    first, wanted = _ask(port, etag), _request(port, etag)
    if first.status != (304 if etag else 200):
        raise NotMeasured(f"{PAGE} was answered with {first.status}")
    answered = 0
    with selectors.DefaultSelector() as waiting:
        left: dict[socket.socket, int] = {}
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            waiting.register(connection, selectors.EVENT_READ)
            left[connection] = first.length
            connection.sendall(wanted)
        begun, spent_s = time.perf_counter(), _cpu_s(server)
        while time.perf_counter() - begun < FOR_S:
            for key, _ in waiting.select(1):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                left[connection] -= len(connection.recv(1 << 20))
                if left[connection] == 0:
                    answered += 1
                    left[connection] = first.length
                    connection.sendall(wanted)
                elif left[connection] < 0:
                    raise NotMeasured("the answers differ in length")
        for connection in left:
            connection.close()
        spent_s = _cpu_s(server) - spent_s
    return answered / spent_s


def _cpu_s(server: psutil.Process) -> float:
    times = server.cpu_times()
    return times.user + times.system


@contextmanager
def _answering(body: bytes, port: int) -> Generator[psutil.Process]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_bytes(body)
        os.environ["BENCH_BODY"] = str(file)
        try:
            with serving(bare(port), port, PAGE) as (process, _):
                yield process
        finally:
            del os.environ["BENCH_BODY"]


@contextmanager
def a_core_each() -> Generator[tuple[int, int]]:
    """Name a core for the asker and one for the servers; give this process all of them back."""
    cores = os.sched_getaffinity(0)
    mine, other, *_ = sorted(cores)
    try:
        yield mine, other
    finally:
        os.sched_setaffinity(0, cores)
