"""The demo as its user runs it: a command, its answer and its exit code."""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.timeout(180)

TIMES = (
    "first_failed_probe_s",
    "declared_s",
    "paged_s",
    "status_page_s",
    "acknowledged_s",
    "updated_s",
    "recovered_s",
    "resolved_s",
)


async def start(*options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "relight", "demo", *options),
        # Who runs the tests in the background of a script has interrupts ignored, and so passed on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def demo(*options: str) -> tuple[int | None, str, str]:
    process = await start(*options)
    printed, narrated = await process.communicate()
    return process.returncode, printed.decode(), narrated.decode()


def left_running(folder: Path) -> list[list[str]]:
    found: list[list[str]] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            found.append(process.cmdline())
    return [line for line in found if str(folder) in line]


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def lies_there(path: Path, text: str) -> None:
    assert path.is_absolute()
    assert text in path.read_text()


async def test_a_whole_outage_is_verified_from_outside(tmp_path: Path) -> None:
    folder = tmp_path / "kit"
    code, printed, narrated = await demo("--fast", "--json", "--port", "0", "--folder", str(folder))
    assert code == 0, narrated
    assert printed.count("\n") == 1
    answer: dict[str, Any] = json.loads(printed)
    assert answer["verified"] is True
    assert answer["verdict"] == "edge"
    assert answer["incident"] == "INC-1"
    assert all(isinstance(answer[name], float) for name in TIMES)
    lies_there(Path(answer["postmortem"]), "INC-1")
    lies_there(folder / "public" / "index.html", "Widget")
    assert "\x1b" not in narrated
    assert "INC-1" in narrated
    assert left_running(folder) == []


async def test_a_stage_that_is_broken_is_told_and_answered_with_1(tmp_path: Path) -> None:
    folder = tmp_path / "kit"
    code, printed, narrated = await demo(
        *("--fast", "--json", "--port", "0", "--folder", str(folder), "--break", "page")
    )
    assert code == 1, narrated
    answer: dict[str, Any] = json.loads(printed)
    assert (answer["verified"], answer["failed"]) == (False, "page")
    assert "554" in answer["why"]
    assert answer["declared_s"] is not None
    assert answer["paged_s"] is None
    assert answer["why"].partition(".")[0] in narrated
    assert left_running(folder) == []


async def test_a_port_in_use_is_told_in_the_words_of_up(tmp_path: Path) -> None:
    folder = tmp_path / "kit"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, printed, narrated = await demo(
            *("--fast", "--json", "--port", str(port), "--folder", str(folder))
        )
    assert code == 1, narrated
    assert json.loads(printed)["failed"] == "start"
    assert f"Port {port}" in narrated
    assert left_running(folder) == []


async def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    code, printed, narrated = await demo("--fast", "--folder", str(tmp_path))
    assert code == 2
    assert printed == ""
    assert "is not empty" in narrated
    assert names_in(tmp_path) == ["mine.txt"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_everything_that_was_started(
    tmp_path: Path, how: signal.Signals
) -> None:
    folder = tmp_path / "kit"
    process = await start("--fast", "--json", "--port", "0", "--folder", str(folder))
    assert process.stderr is not None
    while b"Public" not in (line := await process.stderr.readline()):
        assert line, "it ended by itself"
    assert left_running(folder) != []
    process.send_signal(how)
    printed, narrated = await process.communicate()
    assert process.returncode == 130, narrated
    assert printed == b""
    assert b"Nothing of it is left running" in narrated
    assert b"Traceback" not in narrated
    assert left_running(folder) == []
