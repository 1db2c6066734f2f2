"""A running Relight, a service for it to watch and a place for its pages: from outside."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil

from bench.measure import NotMeasured

RELIGHT = Path(sys.executable).with_name("relight")
_READY_WITHIN_S = 30.0


class Origin:
    """A service that answers 200 until told to fail, and takes webhooks; both note the time."""

    def __init__(self) -> None:
        self.failing = threading.Event()
        self.first_failed = threading.Event()
        self.paged = threading.Event()
        self.failed_at = self.paged_at = 0.0
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fails = origin.failing.is_set()
                if fails and not origin.first_failed.is_set():
                    origin.failed_at = time.monotonic()
                    origin.first_failed.set()
                self.answer(502 if fails else 200)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                if not origin.paged.is_set():
                    origin.paged_at = time.monotonic()
                    origin.paged.set()
                self.answer(200)

            def answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def kit(relight_yaml: str) -> Generator[Path]:
    """A kit folder with this one file."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    (folder / "relight.yaml").write_text(relight_yaml, encoding="utf-8")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def serving(command: list[str], port: int, path: str) -> Generator[tuple[psutil.Process, float]]:
    """Run a server; gives its process and the seconds until it answered 200 there."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as words:
        server = subprocess.Popen(command, stdout=words, stderr=words, stdin=subprocess.DEVNULL)
        try:
            while not _answers(port, path):
                late = time.monotonic() - begun > _READY_WITHIN_S
                if late or server.poll() is not None:
                    words.seek(0)
                    last = words.read().decode(errors="replace").strip().splitlines()[-3:]
                    raise NotMeasured(f"{' '.join(command[:2])} did not answer: {' '.join(last)}")
                time.sleep(0.01)
            yield psutil.Process(server.pid), time.monotonic() - begun
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def up(folder: Path, port: int) -> list[str]:
    return [str(RELIGHT), "up", str(folder), "--port", str(port)]


def bare(port: int) -> list[str]:
    """The least that answers HTTP by the same server: `bench.bare` under uvicorn."""
    options = ["--port", str(port), "--log-level", "error", "--no-access-log", "--loop", "uvloop"]
    return [sys.executable, "-m", "uvicorn", "bench.bare:app", *options]


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


def cpu_s(process: psutil.Process) -> float:
    """The seconds of CPU that a process and its children have used, from /proc."""
    tick = os.sysconf("SC_CLK_TCK")
    ticks = 0
    for each in (process, *process.children(recursive=True)):
        stat = Path(f"/proc/{each.pid}/stat").read_text(encoding="utf-8")
        fields = stat.rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / tick


def memory_mb(process: psutil.Process) -> float:
    """The resident memory of a process and its children, in MB."""
    family = (process, *process.children(recursive=True))
    return sum(each.memory_info().rss for each in family) / 1024 / 1024


def _answers(port: int, path: str) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
