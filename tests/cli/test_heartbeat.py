"""Heartbeats at the shell, and jobs run with their reports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from relight.cli import cli
from relight.cli.job import LONGEST_TAIL
from relight.detect.heartbeat import Signal, Status
from relight.wiring.house import House
from tests.web.given import KIT, house_at, served

RUN = str(uuid.UUID(int=7))
NOWHERE = "http://127.0.0.1:9/ping/x"
KITTED = KIT + "heartbeats:\n  - {name: sync, every: 1h}\n  - {name: Nightly report, every: 1d}\n"


def relight(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def job(*words: str) -> subprocess.CompletedProcess[bytes]:
    """Run the real command, since its exit status and streams are what counts."""
    program = [sys.executable, "-m", "relight", "heartbeat", "run", *words]
    return subprocess.run(program, capture_output=True, check=False, timeout=60)


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    (tmp_path / "relight.yaml").write_text(KITTED, encoding="utf-8")
    return tmp_path


@pytest.fixture
def house(kit: Path) -> Iterator[House]:
    house = house_at(kit, kit=KITTED)
    yield house
    house.close()


@pytest.fixture
def url(house: House) -> Iterator[str]:
    """The address of `sync` at a server that is up."""
    with served(house, allowed_hosts=["127.0.0.1"]) as (base, _, _):
        yield house.heartbeats.url("sync").replace(house.base_url, base)


def test_heartbeats_are_listed_pinged_and_shown(kit: Path):
    where = str(kit)
    assert relight("heartbeat", "list", where).output.startswith("sync  new  never heard of\n")
    pinged = relight("heartbeat", "ping", "sync", where, "--signal", "start", "--run", RUN)
    assert pinged.output.startswith("sync is started. last heard ")
    relight("heartbeat", "ping", "sync", where, "--run", RUN)
    found = json.loads(relight("heartbeat", "show", "sync", where, "--json").output)
    assert (found["status"], found["pings"]) == ("up", 2)
    assert [each["signal"] for each in found["last_pings"]] == ["success", "start"]
    assert found["expected_at"] > found["last_success_at"]
    shown = relight("heartbeat", "show", "sync", where).output
    assert "success  took 0." in shown
    assert "Nothing was heard yet." in relight("heartbeat", "show", "Nightly report", where).output


def test_the_address_is_printed_alone(kit: Path):
    printed = relight("heartbeat", "url", "Nightly report", str(kit)).output
    found = json.loads(relight("heartbeat", "url", "Nightly report", str(kit), "--json").output)
    assert printed == found["url"] + "\n"
    assert found["slug_url"].endswith("/nightly-report")


def test_one_is_paused_resumed_and_only_a_made_one_removed(kit: Path):
    where = str(kit)
    assert "is paused" in relight("heartbeat", "pause", "sync", where).output
    assert "sync  paused" in relight("heartbeat", "list", where).output
    assert "sync is new" in relight("heartbeat", "resume", "sync", where).output
    assert relight("heartbeat", "remove", "sync", where).exit_code != 0
    unknown = relight("heartbeat", "ping", "sink", where)
    assert unknown.exit_code != 0
    assert "sync" in f"{unknown.exception!r}{getattr(unknown.exception, 'hint', '')}"


def test_without_heartbeats_it_says_where_to_begin(tmp_path: Path):
    (tmp_path / "relight.yaml").write_text(KIT, encoding="utf-8")
    assert "Add `heartbeats:`" in relight("heartbeat", "list", str(tmp_path)).output


def test_a_job_is_reported_with_its_status_and_output(house: House, url: str):
    done = job("sync", "--url", url, "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
    end, start = house.heartbeats.pings("sync")
    assert start.ping.signal is Signal.START
    assert (end.ping.signal, end.ping.exit_status) == (Signal.FAIL, 3)
    assert end.ping.run == start.ping.run != ""
    assert end.took_s is not None
    assert sorted(end.body.splitlines()) == [b"err", b"out"]
    assert house.heartbeats.view("sync").status is Status.DOWN


def test_of_much_output_the_last_is_sent(house: House, url: str):
    script = "import sys; sys.stdout.write('x' * 300_000 + 'end')"
    done = job("sync", "--url", url, "--", sys.executable, "-c", script)
    assert done.returncode == 0
    assert len(done.stdout) == 300_003
    end = house.heartbeats.pings("sync")[0]
    assert len(end.body) == LONGEST_TAIL
    assert end.body.endswith(b"xend")
    assert house.heartbeats.view("sync").status is Status.UP


def test_the_job_runs_where_nothing_can_be_reached(tmp_path: Path):
    for words in (("--url", NOWHERE), ("--kit", str(tmp_path))):
        done = job("sync", *words, "--", "sh", "-c", "echo ran; exit 4")
        assert (done.returncode, done.stdout) == (4, b"ran\n")
        assert done.stderr


def test_a_command_that_is_not_there_is_a_failure(house: House, url: str):
    done = job("sync", "--url", url, "--", "no-such-program")
    assert done.returncode == 127
    assert done.stderr == b"no-such-program: No such file or directory\n"
    assert house.heartbeats.pings("sync")[0].ping.exit_status == 127


def test_a_request_to_end_reaches_the_job(house: House, url: str):
    program = [sys.executable, "-m", "relight", "heartbeat", "run", "sync", "--url", url, "--"]
    script = "trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen([*program, "sh", "-c", script], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        os.kill(running.pid, signal.SIGTERM)
        assert running.stdout.read() == b"bye\n"
    assert running.returncode == 9
    assert house.heartbeats.pings("sync")[0].ping.exit_status == 9


def test_a_job_that_a_signal_ended_is_told_as_a_shell_does(house: House, url: str):
    done = job("sync", "--url", url, "--", "sh", "-c", "kill -9 $$")
    assert done.returncode == 137
    assert house.heartbeats.pings("sync")[0].ping.exit_status == 137


def test_the_address_may_be_a_reference(house: House, url: str, tmp_path: Path):
    file = tmp_path / "address"
    file.write_text(f"{url}\n", encoding="utf-8")
    assert job("sync", "--url", f"file:{file}", "--", "true").returncode == 0
    assert house.heartbeats.pings("sync")[0].ping.exit_status == 0
