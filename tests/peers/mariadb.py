"""A real MariaDB on loopback."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.programs import free_port, running


@contextmanager
def mariadb(folder: Path, *options: str) -> Generator[tuple[str, Path]]:
    """Run one with these options; give its host:port, and its socket for `say`."""
    data, door, port = folder / "data", folder / "door", free_port()
    # Whoever runs the tests runs the server, even root.
    given = ["--no-defaults", f"--datadir={data}", "--user=root"]
    install = ["mariadb-install-db", *given, "--auth-root-authentication-method=normal"]
    subprocess.run([*install, "--skip-test-db"], check=True, capture_output=True)
    listens = [f"--socket={door}", "--bind-address=127.0.0.1", f"--port={port}"]
    fast = ["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--skip-name-resolve"]
    with running(["mariadbd", *given, *listens, *fast, *options], port=port, folder=folder):
        yield f"127.0.0.1:{port}", door


def say(door: Path, statements: str) -> None:
    """Run statements as root."""
    argv = ["mariadb", "--no-defaults", "--user=root", f"--socket={door}"]
    subprocess.run([*argv, "-e", statements], check=True, capture_output=True)
