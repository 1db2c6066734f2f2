"""A real vantage point and a real house, cut off from each other and killed."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relight.cli.probe_agent.buffer import MOST, Buffer
from relight.detect.vantage import Seen
from tests.cli.test_up import free_port, running
from tests.peers.http_sink import http_sink

KIT = """\
name: Where2Eat
services:
  - name: api
    checks:
      - http: {{url: "http://127.0.0.1:{port}/ok", name: site, every: 1s, failures: 1}}
      - http: {{url: "http://127.0.0.1:{port}/ok", name: keyed, every: 1s, bearer: "env:ONLY_THERE", from: [ams]}}
vantage: [ams]
"""


def seen(n: int) -> Seen:
    at = datetime(2026, 1, 16, 2, 0, n % 60, tzinfo=UTC)
    return Seen(check="api/site", at=at, ok=True, took_s=0.1, reason=f"look {n}")


def test_results_wait_in_order_and_outlive_the_process(tmp_path: Path) -> None:
    buffer = Buffer(tmp_path / "seen.db")
    buffer.add([seen(1), seen(2)])
    buffer.add([seen(3)])
    mark, first = buffer.oldest(2)
    assert [each.reason for each in first] == ["look 1", "look 2"]
    buffer.close()
    again = Buffer(tmp_path / "seen.db")
    again.drop(mark)
    assert again.oldest(9)[1] == (seen(3),)
    assert len(again) == 1
    again.close()


def test_where_there_is_no_room_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    buffer = Buffer(tmp_path / "seen.db")
    buffer.add([seen(0)] * MOST)
    buffer.add([seen(1)] * 3)
    assert (len(buffer), buffer.lost) == (MOST, 3)
    buffer.close()


class Ground:
    """A kit, a house on one port, and a vantage point beside it."""

    def __init__(self, folder: Path, target: int) -> None:
        self.kit = folder / "kit"
        self.kit.mkdir()
        (self.kit / "relight.yaml").write_text(KIT.format(port=target), encoding="utf-8")
        self.away = folder / "ams"
        self.away.mkdir()
        self.port = free_port()

    def relight(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "relight", *arguments, str(self.kit)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    @contextmanager
    def agent(self, token: str = "") -> Generator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "relight", "probe-agent"),
                *("--join", f"http://127.0.0.1:{self.port}", "--data", str(self.away)),
            ],
            env={**os.environ, "RELIGHT_JOIN_TOKEN": token},
            cwd=self.away,
            stderr=subprocess.PIPE,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.communicate()

    def looks(self, check: str = "api/site") -> int:
        """Count the results that the house has of a check."""
        file = self.kit / ".relight" / "series.db"
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as tx:
            names = dict(tx.execute("select name, id from series_check").fetchall())
            tables = [row[0] for row in tx.execute("select name from sqlite_master")]
            raw = [each for each in tables if each.startswith("raw_2")]
            return sum(
                tx.execute(
                    f'select count(*) from "{each}" where "check" = ?', [names.get(check)]
                ).fetchone()[0]
                for each in raw
            )

    def waiting(self) -> int:
        """Count the results that wait at the vantage point."""
        with sqlite3.connect(f"file:{self.away / 'seen.db'}?mode=ro", uri=True) as tx:
            return int(tx.execute("select count(*) from seen").fetchone()[0])

    def views(self) -> set[str]:
        with sqlite3.connect(f"file:{self.kit / '.relight' / 'state.db'}?mode=ro", uri=True) as tx:
            query = "select state from check_state where \"check\" = 'api/site'"
            row = tx.execute(query).fetchone()
        return {each["vantage"] for each in json.loads(row[0])["views"]} if row else set()


def until(true: Callable[[], bool], what: str, within_s: float = 60) -> None:
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        with suppress(sqlite3.Error, TypeError, KeyError):
            if true():
                return
        time.sleep(0.1)
    pytest.fail(f"it did not come about: {what}")


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    loop = asyncio.new_event_loop()
    sink = http_sink()
    target = loop.run_until_complete(sink.__aenter__())
    import threading

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield Ground(tmp_path, target.port)
    finally:
        asyncio.run_coroutine_threadsafe(sink.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def test_it_joins_looks_is_cut_off_killed_and_loses_nothing(ground: Ground) -> None:
    token = ""
    with running(str(ground.kit), port=ground.port) as house:
        token = ground.relight("vantage", "invite", "ams").strip()
        with ground.agent(token):
            until(lambda: ground.views() == {"here", "ams"}, "both look")
            listed = ground.relight("vantage", "list")
            assert "ams: looking" in listed
        # Its key outlives it; the invitation is used up.
        with ground.agent():
            before = ground.looks()
            until(lambda: ground.looks() > before + 2, "it looks again")
            house.send_signal(signal.SIGTERM)
            house.wait(20)
            until(lambda: ground.waiting() >= 3, "results wait on disk")
        held = ground.waiting()
        assert held >= 3
    had = ground.looks()
    with running(str(ground.kit), port=ground.port), ground.agent():
        until(lambda: ground.waiting() == 0, "all that waited is handed over")
        until(lambda: ground.looks() >= had + held - 1, "the house has it")
        ground.relight("vantage", "revoke", "ams")
    with running(str(ground.kit), port=ground.port), ground.agent() as refused:
        refused.wait(30)
        assert refused.stderr is not None
        said = refused.stderr.read().decode()
        assert "not known, or was revoked" in said
        assert "Traceback" not in said


def test_without_an_invitation_it_says_what_to_do(ground: Ground) -> None:
    with ground.agent() as process:
        process.wait(30)
        assert process.stderr is not None
        assert b"relight vantage invite" in process.stderr.read()
