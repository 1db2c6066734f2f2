"""Signs in to a PostgreSQL server and asks it one thing.

libpq opens the connection itself, so it is given an address that the egress policy has judged
(`hostaddr`) and looks nothing up. Its errors come without a code before a session exists, hence the
reading of sentences.
"""

import asyncio
import os
import re
import ssl
import tempfile
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import psycopg
from psycopg.conninfo import make_conninfo

from relight.detect.probes import Probe
from relight.detect.probes._database import Asked, DatabaseProbe, Failed, Place, first_taking
from relight.kernel.plug import NoAnswer
from relight.kernel.ports import Ports

_Session: TypeAlias = "psycopg.AsyncConnection[tuple[Any, ...]]"
_PREFIX = re.compile(
    r"^(?:connection failed: )?(?:connection to server at .*? failed: )?", re.DOTALL
)
_DEBIAN_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
_SAID = (
    ("password authentication failed", "password", "the server refused the user or the password"),
    ("no password supplied", "password", "the server wants a password"),
    ("no pg_hba.conf entry", "password", "the server does not let this user in from here"),
    ("too many clients", "connections", "the server has too many connections"),
    ("connection slots are reserved", "connections", "the server has too many connections"),
    ("too many connections", "connections", "the server has too many connections"),
    ("starting up", "starting", "the server is starting up"),
    ("shutting down", "starting", "the server is shutting down"),
    ("in recovery mode", "starting", "the server is recovering from a crash"),
    ("not accepting connections", "starting", "the server takes no connections yet"),
)
_CODES = {"57014": "slow", "42501": "password", "57P01": "starting"}
_TAKES_NO_WRITES = (
    b"SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"
)
_OPTIONS = frozenset(
    {"sslmode", "sslnegotiation", "channel_binding", "target_session_attrs", "options"}
)


class PostgresProbe(DatabaseProbe, frozen=True, kw_only=True):
    """Sign in to a PostgreSQL server and say whether it answers, and what.

    `address` is host or host:port, or a whole `postgresql://` URL by secret reference. `user` and
    `password` (a secret reference) sign in to `database`. It is good when the server answers within
    `timeout_s`, the query's time included.

    `query` is run in a read-only transaction. The first value of its first row `equals` a text, or
    is a number `above` and `below` the bounds given, and is kept as evidence: the connections in
    use, or the age of the oldest job. `writable` wants a server that takes writes, which a standby
    does not.

    Without `tls`, TLS is used where the server offers it. `tls: true` insists on it, with a
    certificate that holds for the host's name; `verify_tls: false` takes any, and `ca` refers to
    the PEM text of the only authority to trust.
    """

    query: str = "SELECT 1"

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "address": "db.where2eat.example:5432",
        "user": "relight",
        "password": "env:POSTGRES_PASSWORD",
        "database": "where2eat",
        "query": "SELECT count(*) FROM pg_stat_activity",
        "below": 90,
        "timeout_s": 5,
    }
    SCHEMES: ClassVar[tuple[str, ...]] = ("postgresql", "postgres")
    PORT: ClassVar[int] = 5432

    def __post_init__(self) -> None:
        """Refuse options of a URL that would lead elsewhere."""
        super().__post_init__()
        for name, _ in self._place().options:
            if name not in _OPTIONS:
                known = ", ".join(sorted(_OPTIONS))
                raise ValueError(f"Leave `{name}` out of the address. A check knows: {known}.")

    async def ask(self, ports: Ports, place: Place) -> Asked:
        """Sign in on the first address that takes the connection, and run the query."""
        with self._settings(place) as settings:

            async def sign_in(address: str) -> _Session:
                conninfo = make_conninfo(**settings, hostaddr=address)
                try:
                    return await psycopg.AsyncConnection.connect(conninfo)
                except BaseException as error:
                    # psycopg leaves a half-open connection to whoever holds the traceback.
                    traceback.clear_frames(error.__traceback__)
                    raise

            try:
                async with asyncio.timeout(self.timeout_s):
                    addresses = await ports.resolver.addresses(place.host, place.port)
                    session, address = await first_taking(addresses, self.timeout_s, sign_in)
                    try:
                        return Asked(address=address, value=await self._run(session))
                    finally:
                        await session.close()
            except TimeoutError as error:
                msg = f"{place.host} did not answer within {self.timeout_s:g} s."
                raise NoAnswer(msg) from error
            except psycopg.Error as error:
                raise _in_words(error, place) from error

    async def _run(self, session: _Session) -> str | None:
        await session.set_read_only(True)
        cursor = session.cursor()
        most_ms = max(1, int(self.timeout_s * 1000))
        await cursor.execute(f"SET LOCAL statement_timeout = {most_ms}".encode())
        if self.writable:
            await cursor.execute(_TAKES_NO_WRITES)
            if await cursor.fetchone() != (False,):
                raise Failed("read-only", "the server takes no writes")
        await cursor.execute(self.query.encode())
        row = await cursor.fetchone() if cursor.description else None
        value: object = row[0] if row else None
        if value is None:
            return None
        return str(value).lower() if isinstance(value, bool) else str(value)

    @contextmanager
    def _settings(self, place: Place) -> Generator[dict[str, str]]:
        """Give what libpq is told, with the authority to trust in a file while it lasts."""
        settings = {
            "application_name": "relight",
            "gssencmode": "disable",
            **dict(place.options),
            "host": place.host,
            "port": str(place.port),
            "user": place.user or "postgres",
            "password": place.password,
            "dbname": place.database or place.user or "postgres",
        }
        if self.tls:
            settings["sslmode"] = "verify-full" if self.verify_tls else "require"
        with tempfile.NamedTemporaryFile("w", prefix="relight-", suffix=".pem") as file:
            if self.ca:
                file.write(self.ca)
                file.flush()
            if self.verify_tls:
                settings["sslrootcert"] = file.name if self.ca else _roots()
            yield settings


def _roots() -> str:
    """Name the file of roots that the machine trusts; the libpq of a wheel looks elsewhere."""
    paths = ssl.get_default_verify_paths()
    found = (os.environ.get("SSL_CERT_FILE"), paths.cafile, _DEBIAN_ROOTS)
    return next((path for path in found if path and Path(path).is_file()), "system")


def _in_words(error: psycopg.Error, place: Place) -> Failed | NoAnswer:
    said = _PREFIX.sub("", str(error)).strip().partition("\n")[0]
    said = said.removeprefix("FATAL:").strip() or "the connection was lost"
    if error.sqlstate is not None:
        return Failed(_CODES.get(error.sqlstate, "query"), f"the server said: {said}")
    for part, fault, words in _SAID:
        if part in said:
            return Failed(fault, words)
    if "FATAL:" in str(error):
        return Failed("session", f"the server said: {said}")
    where = f"{place.host} port {place.port}"
    return NoAnswer(f"No connection: {where}: {said[:1].lower()}{said[1:].rstrip('.')}.")


PLUGIN: type[Probe] = PostgresProbe
