"""A thousand checks fail at once: how soon that is stored, and how many pages it makes."""

from __future__ import annotations

import http.server
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from bench.checks import EVERY_S, MONITORS, SETTLE_S
from bench.house import free_port, kit, serving, up
from bench.measure import Figure, NotMeasured, Section
from bench.targets import Silence, Targets, core, targets

WITHIN_S = 60.0
QUIET_S = 20.0


def run() -> Section:
    with targets() as at:
        sink = _Sink()
        stored_s, paged_s = _once(at, sink.url, lambda: sink.moments)
        pages = len(sink.moments)
        sink.close()
        at.fail(failing=False)
        silence = Silence()
        hanging_s, _ = _once(
            at, f"http://127.0.0.1:{silence.port}/page", lambda: silence.moments[:1]
        )
        silence.close()
    target = EVERY_S + 1
    return Section(
        title="A storm",
        how=f"All {MONITORS} checks, every {EVERY_S} s, fail at the same moment, once with a "
        "webhook that answers and once with one that takes the connection and hangs. Stored means "
        "that the database has the failure of each check; no peer.",
        figures=[
            Figure(
                what="all failures stored after",
                unit="s",
                ours=stored_s,
                target=target,
                better="less",
            ),
            Figure(
                what="the same, every channel hanging",
                unit="s",
                ours=hanging_s,
                target=target,
                better="less",
            ),
            Figure(what="pages", unit="", ours=pages, target=1, better="less"),
            Figure(what="first page after", unit="s", ours=paged_s, better="less"),
        ],
    )


class _Sink:
    """Takes webhooks and notes when."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        moments = self.moments

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                moments.append(time.time())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/page"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _once(at: Targets, hook: str, paged: Callable[[], list[float]]) -> tuple[float, float]:
    """Give the seconds until every failure was stored, and until the first page."""
    checks = "".join(
        f'      - http: {{name: c{n}, url: "http://127.0.0.1:{at.plain}/{n}", every: {EVERY_S}s}}\n'
        for n in range(MONITORS)
    )
    relight_yaml = (
        f"name: Bench\npeople:\n  - name: rebecca\n    contacts:\n      - webhook: {hook}\n"
        f"services:\n  - name: api\n    checks:\n{checks}"
    )
    port = free_port()
    with (
        kit(relight_yaml) as folder,
        serving([*core(0), *up(folder, port)], port, "/health"),
    ):
        _until(lambda: _count(folder, "$.status", "up") == MONITORS, WITHIN_S)
        time.sleep(SETTLE_S)
        at.fail(failing=True)
        begun = time.time()
        _until(lambda: _count(folder, "$.last_ok", 0) == MONITORS, WITHIN_S)
        stored_s = time.time() - begun
        _until(lambda: bool(paged()), WITHIN_S)
        time.sleep(QUIET_S)
        return stored_s, paged()[0] - begun


def _count(folder: Path, path: str, value: object) -> int:
    """Count the checks whose stored state says so."""
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(f"file:{folder}/.relight/state.db?mode=ro", uri=True)) as db,
    ):
        query = "SELECT count(*) FROM check_state WHERE json_extract(CAST(state AS TEXT), ?) = ?"
        return int(db.execute(query, (path, value)).fetchone()[0])
    return 0


def _until(reached: Callable[[], bool], within_s: float) -> None:
    ends = time.time() + within_s
    while not reached():
        if time.time() > ends:
            raise NotMeasured(f"it did not come about within {within_s:.0f} s")
        time.sleep(0.1)
