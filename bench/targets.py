"""What checks look at: nginx on loopback, in plain and in TLS with a chain of ours, and silence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.house import free_port
from bench.measure import NotMeasured

NAME = "bench.test"
ROOTS = Path("/etc/ssl/certs")
_CONF = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
worker_processes 1;
worker_rlimit_nofile 8192;
events {{ worker_connections 8192; }}
http {{
    log_format seen '$msec $uri $status';
    access_log {folder}/seen.log seen;
    keepalive_timeout 0;
    ssl_session_tickets off;
    ssl_session_cache off;
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
    uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    server {{
        listen 127.0.0.1:{plain} backlog=4096;
        listen 127.0.0.1:{tls} ssl backlog=4096;
        ssl_certificate {folder}/chain.pem;
        ssl_certificate_key {folder}/leaf.key;
        location / {{
            if (-f {folder}/failing) {{ return 503; }}
            return 200 "all is well";
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Targets:
    """nginx under way. `seen` is its log, `roots` the folder of roots that trusts its chain."""

    folder: Path
    plain: int
    tls: int

    @property
    def roots(self) -> Path:
        return self.folder / "roots"

    def fail(self, *, failing: bool) -> None:
        file = self.folder / "failing"
        file.touch() if failing else file.unlink(missing_ok=True)

    def seen(self, begun: float, ended: float) -> dict[str, list[float]]:
        """Give the moments, between these two, at which each path was asked for."""
        found: dict[str, list[float]] = {}
        for line in (self.folder / "seen.log").read_text(encoding="utf-8").splitlines():
            moment, path, _ = line.split()
            if begun <= float(moment) < ended:
                found.setdefault(path, []).append(float(moment))
        return found


@contextmanager
def targets() -> Generator[Targets]:
    if shutil.which("nginx") is None:
        raise NotMeasured("there is no nginx on this machine")
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    folder.chmod(0o755)  # nginx looks into it as another user
    made = Targets(folder, free_port(), free_port())
    _chain(folder)
    conf = folder / "nginx.conf"
    conf.write_text(_CONF.format(folder=folder, plain=made.plain, tls=made.tls), encoding="utf-8")
    server = subprocess.Popen([*core(1), "nginx", "-p", str(folder), "-c", str(conf)])
    try:
        _wait(made.plain)
        yield made
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(folder)


def core(number: int) -> list[str]:
    """Keep a program on one core, so that who is measured and who is asked do not share it."""
    there = shutil.which("taskset") is not None and (os.cpu_count() or 1) > number
    return ["taskset", "-c", str(number)] if there else []


class Silence:
    """Takes connections and never answers; counts them."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port: int = self._socket.getsockname()[1]
        self.moments: list[float] = []
        self._kept: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                self._kept.append(self._socket.accept()[0])
                self.moments.append(time.time())
                if len(self._kept) > 5000:
                    self._kept.pop(0).close()

    def close(self) -> None:
        self._socket.close()
        for each in self._kept:
            each.close()


def _chain(folder: Path) -> None:
    """Make a root, a server certificate, and a folder of roots as Debian keeps it, with ours."""

    def openssl(*words: str) -> str:
        done = subprocess.run(
            ["openssl", *words], cwd=folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    for stem in ("root", "leaf"):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{stem}.key")
    openssl(
        *("req", "-x509", "-new", "-key", "root.key", "-days", "9", "-out", "root.pem"),
        *("-subj", "/CN=Bench root"),
    )
    openssl("req", "-new", "-key", "leaf.key", "-subj", f"/CN={NAME}", "-out", "leaf.csr")
    (folder / "leaf.ext").write_text(f"subjectAltName=DNS:{NAME}\n", encoding="utf-8")
    openssl(
        *("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key"),
        *("-set_serial", "2", "-days", "9", "-extfile", "leaf.ext", "-out", "leaf.pem"),
    )
    chain = (folder / "leaf.pem").read_text() + (folder / "root.pem").read_text()
    (folder / "chain.pem").write_text(chain, encoding="utf-8")
    roots = folder / "roots"
    roots.mkdir()
    for known in ROOTS.glob("????????.0"):
        (roots / known.name).symlink_to(known.resolve())
    name = openssl("x509", "-hash", "-noout", "-in", "root.pem")
    shutil.copy(folder / "root.pem", roots / f"{name}.0")
    (folder / "roots.pem").write_text(
        "".join(each.read_text() for each in sorted(roots.iterdir())), encoding="utf-8"
    )


def _wait(port: int) -> None:
    for _ in range(500):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise NotMeasured("nginx did not start")
