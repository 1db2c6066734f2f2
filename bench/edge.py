"""How many reports of customers' pages one core takes, how soon it answers, what a kill loses."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Generator
from pathlib import Path

import psutil

from bench.house import RELIGHT, Origin, bare, free_port, kit, serving, up
from bench.measure import Figure, NotMeasured, Section, in_turn
from bench.public_page import a_core_each

CUSTOMERS = 50
CONNECTIONS = 32
FOR_S = 5.0
ROUNDS = 3
PACE = 3000
PAGED = 3
_WRITTEN = (
    "name: Bench\npeople:\n  - name: rebecca\n    contacts:\n      - webhook: PAGES\n"
    "customers: customers.csv\n"
    "services:\n  - name: widget\n    edge: {slow: 3s}\n"
)
# As Chromium sends it for `fetch(…, {mode: "no-cors", keepalive: true})`.
_HEADERS = (
    "Connection: keep-alive\r\n"
    'sec-ch-ua-platform: "Linux"\r\n'
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36\r\n"
    "Content-Type: text/plain;charset=UTF-8\r\n"
    "Accept: */*\r\n"
    "Origin: https://www.shop.example\r\n"
    "Sec-Fetch-Site: cross-site\r\n"
    "Sec-Fetch-Mode: no-cors\r\n"
    "Sec-Fetch-Dest: empty\r\n"
    "Referer: https://www.shop.example/\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
)


def run() -> Section:
    if len(os.sched_getaffinity(0)) < 2:
        raise NotMeasured("one core for the server and one for who reports are needed")
    port, bare_port = free_port(), free_port()
    with (
        a_core_each() as (mine, other),
        _reporting() as folder,
        serving(up(folder, port), port, "/ready") as (ours, _),
        serving(bare(bare_port), bare_port, "/edge") as (peer, _),
    ):
        os.sched_setaffinity(0, {mine})
        for server in (ours, peer):
            for each in (server, *server.children(recursive=True)):
                for thread in each.threads():
                    os.sched_setaffinity(thread.id, {other})
        wanted = _reports(folder, port)
        waits: list[float] = []
        full = in_turn(
            lambda: _rate(ours, port, wanted),
            lambda: _rate(peer, bare_port, wanted),
            rounds=ROUNDS,
        )
        _paced(port, wanted, waits)
    waits.sort()
    paged = sorted(_paged() for _ in range(PAGED))
    by_signal = [_lost(stop) for stop in (signal.SIGTERM, signal.SIGKILL)]
    return Section(
        title="Reports of customers’ pages",
        how=f"`POST /edge` with the headers that Chromium sends, of {CUSTOMERS} customers, over "
        f"{CONNECTIONS} kept connections with one request under way on each, {FOR_S:.0f} s at a "
        f"time, {ROUNDS} times; the server, which also writes and judges them, on one core. "
        "Counted by the seconds of CPU that it spent. The peer is uvicorn with an app that "
        f"answers and does nothing else. Waits are at a pace of {PACE}/s. What is lost is what "
        "was answered and is not in the database after the signal. From failing to paging: half a "
        f"minute of good loads, then none that is, {PAGED} times with a new kit.",
        figures=[
            Figure(
                what="reports",
                unit="per CPU s",
                ours=full[0],
                peer=full[1],
                peer_name="bare uvicorn",
                target=30_000,
                better="more",
            ),
            Figure(
                what="answered within, p99",
                unit="ms",
                ours=waits[int(len(waits) * 0.99)] * 1000,
                target=5,
                better="less",
            ),
            Figure(
                what="all loads fail, one a second, to page, slowest",
                unit="s",
                ours=paged[-1],
                target=10,
                better="less",
            ),
            Figure(
                what="lost on SIGTERM",
                unit="reports",
                ours=by_signal[0][0],
                target=0,
                better="less",
            ),
            Figure(
                what="lost on SIGKILL",
                unit="s of reports",
                ours=by_signal[1][1],
                target=1,
                better="less",
            ),
        ],
    )


@contextlib.contextmanager
def _reporting(pages: str = "http://127.0.0.1:9") -> Generator[Path]:
    with kit(_WRITTEN.replace("PAGES", pages)) as folder:
        rows = "".join(f"c{n},yes,shop.example\n" for n in range(CUSTOMERS))
        (folder / "customers.csv").write_text("key,paying,sites\n" + rows, encoding="utf-8")
        yield folder


def _reports(folder: Path, port: int) -> list[bytes]:
    """One request a customer, as their pages send it."""
    asked = [str(RELIGHT), "edge", "keys", "widget", str(folder), "--json"]
    done = subprocess.run(asked, capture_output=True, check=True)
    requests: list[bytes] = []
    for each in json.loads(done.stdout):
        if each["customer"] == "-":
            continue
        body = f"k={each['key']}&o=1&t=812"
        head = f"POST /edge HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n"
        requests.append(f"{head}{_HEADERS}\r\n{body}".encode())
    return requests


def _rate(server: psutil.Process, port: int, requests: list[bytes]) -> float:
    """Report for `FOR_S` seconds; gives the answers by second of the server's CPU.

    Every answer has to be as long as the first one.
    """
    answered, length = 0, _length(port, requests[0])
    with selectors.DefaultSelector() as waiting:
        left: dict[socket.socket, int] = {}
        for n in range(CONNECTIONS):
            wire = socket.create_connection(("127.0.0.1", port))
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            waiting.register(wire, selectors.EVENT_READ, requests[n % len(requests)])
            left[wire] = length
            wire.sendall(requests[n % len(requests)])
        before, until = _own_cpu_s(server), time.monotonic() + FOR_S
        while time.monotonic() < until:
            for key, _ in waiting.select(1):
                wire = key.fileobj
                assert isinstance(wire, socket.socket)
                left[wire] -= len(wire.recv(4096))
                if left[wire] == 0:
                    answered += 1
                    left[wire] = length
                    wire.sendall(key.data)
                elif left[wire] < 0:
                    raise NotMeasured("the answers differ in length")
        spent = _own_cpu_s(server) - before
        for wire in left:
            wire.close()
    return answered / spent


def _length(port: int, request: bytes) -> int:
    """Ask once and read until the server falls silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as wire:
        wire.sendall(request)
        raw = wire.recv(4096)
        wire.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            while more := wire.recv(4096):
                raw += more
    if not raw.startswith(b"HTTP/1.1 20"):
        raise NotMeasured("a report was refused")
    return len(raw)


def _paced(port: int, requests: list[bytes], waits: list[float]) -> None:
    """Send `PACE` reports a second on a few connections and note how long each answer took."""
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begun = time.monotonic()
        for n in range(int(PACE * FOR_S)):
            due = begun + n / PACE
            while (now := time.monotonic()) < due:
                time.sleep(min(due - now, 0.0005))
            sent = time.monotonic()
            wire.sendall(requests[n % len(requests)])
            if not wire.recv(4096).startswith(b"HTTP/1.1 204"):
                raise NotMeasured("a report was refused")
            waits.append(time.monotonic() - sent)


def _paged() -> float:
    """Report good loads, then failed ones, once a second; gives the seconds until somebody knew."""
    origin, port = Origin(), free_port()
    with (
        contextlib.closing(origin),
        _reporting(origin.url) as folder,
        serving(up(folder, port), port, "/ready"),
    ):
        requests = _reports(folder, port)
        for n in range(30):
            _visit(port, requests[n % len(requests)], n)
            time.sleep(1)
        begun = time.monotonic()
        for n in range(30, 90):
            _visit(port, requests[n % len(requests)].replace(b"&o=1", b"&o=0"), n)
            if origin.paged.wait(1):
                return origin.paged_at - begun
    raise NotMeasured("nobody was paged within a minute")


def _visit(port: int, request: bytes, n: int) -> None:
    """Send one report as the nth visitor, through a proxy on this machine."""
    who = f"\r\nX-Forwarded-For: 8.8.{n // 200}.{n % 200}\r\nAccept: ".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
        wire.sendall(request.replace(b"\r\nAccept: ", who, 1))
        if not wire.recv(4096).startswith(b"HTTP/1.1 204"):
            raise NotMeasured("a report was refused")


def _lost(stop: signal.Signals) -> tuple[float, float]:
    """Report until the server is stopped: what was answered and not kept, and in seconds of it."""
    port = free_port()
    with _reporting() as folder:
        with serving(up(folder, port), port, "/ready") as (server, _):
            requests, answered = _reports(folder, port), 0
            begun = time.monotonic()
            stopping = threading.Timer(3, server.send_signal, [stop])
            stopping.start()
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", port)) as wire,
            ):
                wire.sendall(requests[0])
                while wire.recv(4096):
                    answered += 1
                    wire.sendall(requests[answered % len(requests)])
            pace = answered / (time.monotonic() - begun)
            server.wait(20)
        with contextlib.closing(sqlite3.connect(folder / ".relight" / "state.db")) as database:
            (kept,) = database.execute(
                "SELECT coalesce(sum(loads), 0) FROM edge_count WHERE span_s = 10"
            ).fetchone()
    lost = float(max(0, answered - kept))
    return lost, lost / pace


def _own_cpu_s(server: psutil.Process) -> float:
    times = server.cpu_times()
    return times.user + times.system
