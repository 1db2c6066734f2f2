"""`relight up` as a process: how it starts, what it refuses, and how it ends."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

KIT = "name: Where2Eat\npeople:\n  - {name: sam, contacts: [{email: sam@example.org}]}\n"


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A small kit that has never been up."""
    folder = tmp_path / "kit"
    folder.mkdir()
    (folder / "relight.yaml").write_text(KIT, encoding="utf-8")
    return folder


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*arguments: object) -> list[str]:
    """Give the command line of `relight up`."""
    return [sys.executable, "-m", "relight", "up", *(str(each) for each in arguments)]


@contextmanager
def running(*arguments: object, port: int) -> Generator[subprocess.Popen[str]]:
    """Start it, wait until it is ready, and end it whatever happens."""
    process = subprocess.Popen(
        command(*arguments, "--port", port), stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until_ready(port, process)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_until_ready(port: int, process: subprocess.Popen[str]) -> None:
    """Ask `/ready` until it says yes."""
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail("it never became ready")


def refused(*arguments: object) -> tuple[int, str]:
    """Run it where it must not start; give its exit code and what it said."""
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


def test_a_shell_prints_links_to_where_it_serves(kit: Path) -> None:
    """Not to the usual port, where nobody answers."""
    port = free_port()
    ask = (sys.executable, "-m", "relight", "sign-in", "sam", str(kit))
    with running(kit, port=port):
        done = subprocess.run(ask, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith(f"http://127.0.0.1:{port}/sign-in?link=")
    later = subprocess.run(ask, capture_output=True, text=True, timeout=60, check=True)
    assert later.stdout.startswith(f"http://127.0.0.1:{port}/sign-in?link=")


def test_it_stops_on_sigterm_with_everything_closed(kit: Path) -> None:
    """Exit code 0, and the write-ahead log is folded in, so the files can be copied."""
    port = free_port()
    with running(kit, port=port) as process:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in said
    assert "/sign-in?link=" in said
    assert not (kit / ".relight" / "state.db-wal").exists()


def test_a_second_one_on_the_same_data_or_port_is_refused(kit: Path, tmp_path: Path) -> None:
    """Each with its own sentence; the first one goes on."""
    port = free_port()
    with running(kit, port=port) as process:
        code, said = refused(kit, "--port", free_port())
        assert (code, "Another `relight up`" in said) == (1, True)
        code, said = refused(kit, "--data", tmp_path / "other", "--port", port)
        assert (code, f"Port {port}" in said) == (1, True)
        assert "--port" in said
        assert process.poll() is None


def test_what_cannot_be_used_is_said_in_a_sentence(kit: Path, tmp_path: Path) -> None:
    """No traceback for what a user can cause."""
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    newer = tmp_path / "newer"
    newer.mkdir()
    with sqlite3.connect(newer / "state.db") as database:
        database.execute("create table alembic_version (version_num text)")
        database.execute("insert into alembic_version values ('9999')")
    database.close()
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "state.db").write_bytes(os.urandom(8192))
    for data, words in (
        (in_the_way / "data", "cannot be written to"),
        (newer, "newer Relight"),
        (broken, "no Relight database"),
    ):
        code, said = refused(kit, "--data", data, "--port", 0)
        assert code in {1, 3}, said
        assert words in said
        assert "Traceback" not in said


def test_a_folder_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    """A slip in the name leaves no empty folder behind."""
    code, said = refused(tmp_path / "my-ap", "--port", 0)
    assert (code, "There is no folder" in said, "relight init" in said) == (1, True, True)
    assert not (tmp_path / "my-ap").exists()


def test_an_address_that_is_not_ours_points_at_the_host(kit: Path) -> None:
    """Another port would not help."""
    code, said = refused(kit, "--host", "192.0.2.1", "--port", 0)
    assert code == 1
    assert "192.0.2.1 is not an address of this machine." in said
    assert "--host" in said


def test_a_database_of_another_kind_is_refused_by_its_form(kit: Path) -> None:
    """Before anything is asked of the network, and without its password."""
    for url in ("mysql://relight:s3cret@db/r", "no url", "postgresql://u:s3cret@h:port/r"):
        code, said = refused(kit, "--database", url, "--port", 0)
        assert (code, "postgresql://" in said, "s3cret" in said) == (1, True, False)


def test_only_its_owner_can_read_a_data_folder_that_others_may_enter(
    kit: Path, tmp_path: Path
) -> None:
    """The key that signs links lies in there."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    port = free_port()
    with running(kit, "--data", shared, port=port):
        open_to_others = [each.name for each in shared.iterdir() if each.stat().st_mode & 0o077]
        assert not [name for name in open_to_others if ".db" in name]


def test_a_faulty_kit_lists_its_faults_and_does_not_start(kit: Path) -> None:
    """The same words as `relight check`."""
    (kit / "relight.yaml").write_text("name: x\nservces: []\n")
    code, said = refused(kit, "--port", 0)
    assert code == 1
    assert "relight.yaml:2:" in said
    assert "Traceback" not in said
