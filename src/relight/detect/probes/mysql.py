"""Signs in to a MySQL or MariaDB server and asks it one thing.

PyMySQL waits for its socket with no loop, so each look has a thread of its own, and a socket of
ours to an address that the egress policy has judged: when the time is over that socket is shut,
which ends the thread wherever it waits.
"""

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

import pymysql  # type: ignore[import-untyped]
from pymysql.converters import encoders  # type: ignore[import-untyped]

from relight.detect.probes import Probe
from relight.detect.probes._database import Asked, DatabaseProbe, Failed, Place, first_taking
from relight.kernel.plug import NoAnswer, Permanent
from relight.kernel.ports import Ports

T = TypeVar("T")

_OF_THE_CLIENT = 2000  # and above: errors that PyMySQL itself found
_NO_TLS = 2026

# https://mariadb.com/docs/server/reference/error-codes
_CODES = {
    1040: ("connections", "the server has too many connections"),
    1044: ("password", "the server does not let this user into that database"),
    1045: ("password", "the server refused the user or the password"),
    1053: ("starting", "the server is shutting down"),
    1129: ("connections", "the server has blocked this machine after too many broken connections"),
    1130: ("password", "the server does not let this machine in"),
    1203: ("connections", "this user has too many connections"),
    1226: ("connections", "this user has used up the connections or queries it may have"),
    1290: ("read-only", "the server takes no writes"),
    1698: ("password", "the server refused the user or the password"),
    1836: ("read-only", "the server takes no writes"),
    1969: ("slow", "the query took longer than it may"),
    3024: ("slow", "the query took longer than it may"),
    4151: ("password", "the account is locked"),
}


class MysqlProbe(DatabaseProbe, frozen=True, kw_only=True):
    """Sign in to a MySQL or MariaDB server and say whether it answers, and what.

    `address` is host or host:port, or a whole `mysql://` URL by secret reference. `user` and
    `password` (a secret reference) sign in to `database`. It is good when the server answers within
    `timeout_s`, the query's time included.

    `query` is run in a read-only transaction. The first value of its first row `equals` a text, or
    is a number `above` and `below` the bounds given, and is kept as evidence: the connections in
    use, or the age of the oldest job. `writable` wants a server that takes writes, which a replica
    does not.

    Without `tls`, TLS is used where the server offers it. `tls: true` insists on it, with a
    certificate that holds for the host's name; `verify_tls: false` takes any, and `ca` refers to
    the PEM text of the only authority to trust.
    """

    query: str = "SELECT 1"

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "address": "db.where2eat.example:3306",
        "user": "relight",
        "password": "env:MYSQL_PASSWORD",
        "database": "where2eat",
        "query": "SELECT COUNT(*) FROM jobs WHERE done = 0",
        "below": 1000,
        "timeout_s": 5,
    }
    SCHEMES: ClassVar[tuple[str, ...]] = ("mysql", "mariadb")
    PORT: ClassVar[int] = 3306

    def __post_init__(self) -> None:
        """Refuse the options of a URL, which each client writes in its own way."""
        super().__post_init__()
        if self._place().options:
            raise ValueError("Leave what follows `?` out of the address; use the settings.")

    async def ask(self, ports: Ports, place: Place) -> Asked:
        """Sign in on the first address that takes the connection, and run the query."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + self.timeout_s
        try:
            async with asyncio.timeout_at(ends):
                addresses = await ports.resolver.addresses(place.host, place.port)
                connection, address = await first_taking(
                    addresses, ends - loop.time(), lambda each: _dial(each, place.port)
                )
                value = await _stoppable(connection, lambda: self._session(connection, place))
        except TimeoutError as error:
            msg = f"{place.host} did not answer within {self.timeout_s:g} s."
            raise NoAnswer(msg) from error
        return Asked(address=address, value=value)

    def _session(self, connection: socket.socket, place: Place) -> str | None:
        """Do all of it, in a thread. Raises `Failed`, `NoAnswer` or `Permanent`."""
        connection.settimeout(self.timeout_s)
        connect: Any = pymysql.Connection
        client: Any = connect(
            host=place.host,
            user=place.user or "root",
            password=place.password,
            database=place.database or None,
            charset="utf8mb4",
            program_name="relight",
            read_timeout=self.timeout_s,
            write_timeout=self.timeout_s,
            ssl=_context(self.ca, verify=self.verify_tls) if self.tls else None,
            conv=encoders,  # and no decoders: values stay the text that they come as
            defer_connect=True,
        )
        try:
            client.connect(connection)
            return self._asked(client)
        except pymysql.MySQLError as error:
            raise _in_words(error, place.host) from error
        except (Failed, Permanent):
            raise
        except Exception as error:
            # Whatever a stranger's bytes led to: struct.error, IndexError, UnicodeDecodeError…
            raise NoAnswer(f"{place.host} does not speak as MySQL does.") from error
        finally:
            if client.open:
                client.close()
            connection.close()

    def _asked(self, client: Any) -> str | None:  # noqa: ANN401 - PyMySQL has no types
        cursor = client.cursor()
        if "MariaDB" in client.server_version:
            cursor.execute(f"SET SESSION max_statement_time = {self.timeout_s:f}")
        else:
            most_ms = max(1, int(self.timeout_s * 1000))
            cursor.execute(f"SET SESSION max_execution_time = {most_ms}")
        if self.writable:
            cursor.execute("SELECT @@global.read_only")
            if cursor.fetchone() not in {("0",), ("OFF",)}:
                raise Failed("read-only", "the server takes no writes")
        cursor.execute("START TRANSACTION READ ONLY")
        cursor.execute(self.query)
        row = cursor.fetchone()
        value: object = row[0] if row else None
        return value.decode(errors="replace") if isinstance(value, bytes) else _text(value)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


async def _dial(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (address, port))
    except OSError as error:
        connection.close()
        why = os.strerror(error.errno).lower() if error.errno else "the connection was lost"
        raise NoAnswer(f"No connection: {address} port {port}: {why}.") from error
    except BaseException:
        connection.close()
        raise
    return connection


async def _stoppable(connection: socket.socket, work: Callable[[], T]) -> T:
    """Do it in a thread of its own; whoever stops waiting shuts the connection, which ends it."""
    # Another number for the same connection: TLS takes the first one over.
    lever = connection.dup()
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001 - carried over to the caller, as it is
            done.set_exception(error)

    done.set_running_or_notify_cancel()
    threading.Thread(target=run, name="mysql", daemon=True).start()
    try:
        return await asyncio.wrap_future(done)
    finally:
        with suppress(OSError):
            lever.shutdown(socket.SHUT_RDWR)
        lever.close()


@lru_cache(maxsize=16)
def _context(ca: str, *, verify: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=ca or None)
    except ssl.SSLError as error:
        raise Permanent("`ca` is not certificates in PEM.") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _in_words(error: Exception, host: str) -> Failed | NoAnswer:
    code, said = (*error.args, "", "")[:2] if error.args else (0, "")
    if code in _CODES:
        return Failed(*_CODES[code])
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return NoAnswer(f"{host}: the certificate is not valid ({cause.verify_message}).")
    if isinstance(cause, ssl.SSLError):
        return NoAnswer(f"{host}: TLS failed ({(cause.reason or 'no reason given').lower()}).")
    if not isinstance(code, int) or code in {0, _NO_TLS}:
        what = "offers no TLS" if code == _NO_TLS else "does not speak as MySQL does"
        return NoAnswer(f"{host} {what}.")
    if code >= _OF_THE_CLIENT:
        return NoAnswer(f"{host} broke the connection off.")
    return Failed("query", f"the server said: {str(said)[:200]}")


PLUGIN: type[Probe] = MysqlProbe
