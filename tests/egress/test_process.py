"""Programs: what they are given, what is kept of them, and that nothing of them stays."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from relight.egress.process import ProcessRunner
from relight.kernel.clock import SystemClock
from relight.kernel.plug import Permanent
from relight.kernel.ports import Ran
from tests.peers.outside import open_files, settles


async def run(script: str, *, timeout_s: float = 10, most_output: int = 65536, **more: str) -> Ran:
    runner = ProcessRunner(SystemClock())
    return await runner.run(
        ["/bin/sh", "-c", script], timeout_s=timeout_s, env=more, most_output=most_output
    )


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


async def test_it_gives_what_a_program_said_and_how_it_ended() -> None:
    ran = await run("echo out; echo err >&2; exit 3")
    assert (ran.status, ran.output, ran.errors, ran.cut) == (3, b"out\n", b"err\n", False)
    assert (await run("kill -9 $$")).status == -9


async def test_output_is_bounded_and_read_to_its_end() -> None:
    ran = await run("yes | head -c 3000000; yes no | head -c 3000000 >&2", most_output=100)
    assert ran.status == 0
    assert (len(ran.output), len(ran.errors), ran.cut) == (100, 100, True)


async def test_input_is_handed_over_whether_it_is_read_or_not() -> None:
    runner = ProcessRunner(SystemClock())
    read = await runner.run(["/bin/cat"], timeout_s=10, stdin=b"x" * 200_000, most_output=1 << 20)
    assert read.output == b"x" * 200_000
    unread = await runner.run(["/bin/true"], timeout_s=10, stdin=b"x" * 1_000_000)
    assert unread.status == 0


async def test_our_secrets_are_not_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELIGHT_SECRET", "hunter2")
    ran = await run("env", GREETING="hello")
    assert b"hunter2" not in ran.output
    assert b"GREETING=hello" in ran.output
    assert b"PATH=" in ran.output


async def test_the_whole_group_ends_when_the_time_is_over(tmp_path: Path) -> None:
    note = tmp_path / "child"
    files = open_files()
    ran = await run(f"sleep 60 & echo $! > {note}; echo begun; wait", timeout_s=0.5)
    assert (ran.status, ran.output) == (None, b"begun\n")
    child = int(note.read_text())
    assert await settles(lambda: not alive(child))
    assert await settles(lambda: open_files() <= files)


async def test_one_that_it_left_behind_ends_too(tmp_path: Path) -> None:
    note = tmp_path / "child"
    ran = await run(f"sleep 60 >/dev/null 2>&1 & echo $! > {note}")
    assert ran.status == 0
    child = int(note.read_text())
    assert await settles(lambda: not alive(child))


async def test_a_child_that_holds_the_pipes_does_not_hide_how_it_ended() -> None:
    assert (await run("sleep 60 & exit 2", timeout_s=0.5)).status == 2


async def test_cancelling_ends_it(tmp_path: Path) -> None:
    note = tmp_path / "own"
    running = asyncio.create_task(run(f"echo $$ > {note}; sleep 60"))
    assert await settles(lambda: note.exists() and note.read_text().strip() != "")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    own = int(note.read_text())
    assert await settles(lambda: not alive(own))


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["/no/such/program"], "/no/such/program cannot be run: No such file or directory."),
        ([os.devnull], "cannot be run: Permission denied."),
        (["a\0b"], "cannot be run: not a command."),
    ],
)
async def test_what_cannot_be_started_says_why(argv: list[str], why: str) -> None:
    with pytest.raises(Permanent) as caught:
        await ProcessRunner(SystemClock()).run(argv, timeout_s=1)
    assert why in str(caught.value)


async def test_it_starts_where_it_is_told(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import os; print(os.getcwd())"]
    ran = await ProcessRunner(SystemClock()).run(argv, timeout_s=20, cwd=str(tmp_path))
    assert ran.output.decode().strip() == str(tmp_path)
