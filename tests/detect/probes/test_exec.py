"""The exec probe: a script's exit status and its first line."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from relight.detect.probes import Probe, Result
from relight.detect.probes.exec import ExecProbe
from relight.kernel.plug import Permanent, Transient
from tests.contracts.aim import Aim
from tests.peers.outside import real_ports, settles


def script(folder: Path, body: str) -> Path:
    path = folder / "check.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    script(folder, "echo 'OK - 3 jobs'")
    yield ExecProbe(command="./check.sh", folder=str(folder))


AIM = Aim(working, dials="nothing")


async def run(folder: Path, body: str, *arguments: str, timeout_s: float = 10) -> Result:
    script(folder, body)
    command = ("./check.sh", *arguments)
    probe = ExecProbe(command=command, folder=str(folder), timeout_s=timeout_s)
    return await probe.observe(real_ports())


@pytest.mark.parametrize(
    ("body", "ok", "reason", "evidence"),
    [
        ("echo OK - all well.", True, "OK - all well", {"status": "0"}),
        ("exit 0", True, "ended with status 0", {"status": "0"}),
        (
            "echo 'slow | time=1.5s;1;2;0 '\\''jobs waiting'\\''=12'; exit 1",
            True,
            "warning: slow",
            {"status": "1", "time": "1.5s", "jobs waiting": "12"},
        ),
        (
            "echo no answer; echo more; exit 2",
            False,
            "no answer",
            {"fault": "status", "status": "2"},
        ),
        ("echo broken >&2; exit 9", False, "broken", {"fault": "status", "status": "9"}),
        ("exit 2", False, "ended with status 2", {"fault": "status", "status": "2"}),
    ],
)
async def test_its_word_is_taken(
    tmp_path: Path, body: str, ok: bool, reason: str, evidence: dict[str, str]
) -> None:
    result = await run(tmp_path, body)
    assert (result.ok, result.reason, dict(result.evidence)) == (ok, reason, evidence)


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ("echo the host is away; exit 3", Transient, "could not find out: the host is away."),
        ("kill -9 $$", Transient, "was ended by signal 9."),
        ("exec /nowhere/at/all 2>/dev/null", Permanent, "could not be run"),
    ],
)
async def test_what_it_could_not_find_out_says_nothing_about_the_target(
    tmp_path: Path, body: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await run(tmp_path, body)


async def test_a_script_that_is_not_there_is_our_own_fault(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="No such file"):
        await ExecProbe(command="./none.sh", folder=str(tmp_path)).observe(real_ports())


async def test_one_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    result = await run(tmp_path, "sleep 60 & echo $! > child; wait", timeout_s=0.5)
    assert (result.ok, result.reason) == (False, "./check.sh did not end within 0.5 s")
    child = int((tmp_path / "child").read_text())
    assert await settles(lambda: not Path(f"/proc/{child}/cmdline").is_file() or _is_gone(child))


def _is_gone(child: int) -> bool:
    return Path(f"/proc/{child}/stat").read_text().split()[2] == "Z"


async def test_no_shell_reads_the_arguments_and_nothing_of_our_environment_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "RELIGHT_SECRET", "hunter2")
    result = await run(tmp_path, 'echo "$1" "[$RELIGHT_SECRET]"', "$(id); a  b")
    assert result.reason == "$(id); a  b []"


async def test_a_flood_of_words_is_cut(tmp_path: Path) -> None:
    result = await run(tmp_path, "head -c 3000000 /dev/zero | tr '\\0' x")
    assert result.reason == "x" * 300


@pytest.mark.parametrize(
    ("command", "words"),
    [("", "names no program"), ([], "names no program"), ("./check.sh -v", "no shell")],
)
def test_what_is_no_command_is_refused(command: object, words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert({"command": command}, ExecProbe)
