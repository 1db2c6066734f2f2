"""The postgres probe, against a real server on TCP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from relight.detect.probes import Probe, Result
from relight.detect.probes.postgres import PostgresProbe
from tests.contracts.aim import PATIENCE_S, Aim
from tests.peers.certificates import make_authority
from tests.peers.outside import real_ports, settles
from tests.peers.postgres import behind_tls, on_loopback

pytestmark = pytest.mark.postgres

TRUST = "host all all 127.0.0.1/32 trust"


def at(host_port: str) -> PostgresProbe:
    return PostgresProbe(address=host_port, timeout_s=PATIENCE_S)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    with on_loopback(folder / "postgres", "SELECT 1;", "", TRUST) as host_port:
        yield PostgresProbe(address=host_port)


AIM = Aim(working, at=at)


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    statements = (
        "CREATE ROLE relight LOGIN PASSWORD 'hunter22' CONNECTION LIMIT 3;"
        "CREATE ROLE guest LOGIN PASSWORD 'hunter33' CONNECTION LIMIT 0;"
        "CREATE DATABASE app OWNER relight;"
    )
    settings = "max_connections = 20\nfsync = off\n"
    access = "host all relight,guest 127.0.0.1/32 scram-sha-256"
    root = tmp_path_factory.mktemp("postgres") / "data"
    with on_loopback(root, statements, settings, access) as address:
        yield address


async def ask(address: str, **settings: object) -> Result:
    known = {"user": "relight", "password": "hunter22", "database": "app"}
    probe = msgspec.convert({"address": address, **known, **settings}, PostgresProbe)
    return await probe.observe(real_ports())


BUSY = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'relight'"


@pytest.mark.parametrize(
    ("settings", "ok", "fault", "reason"),
    [
        ({}, True, "", "`SELECT 1` gave 1"),
        ({"query": "SELECT 41.5", "below": 90}, True, "", "`SELECT 41.5` is 41.5"),
        (
            {"query": "SELECT 97", "below": 90},
            False,
            "value",
            "`SELECT 97` is 97, wanted below 90",
        ),
        ({"query": "SELECT true", "equals": "true"}, True, "", "`SELECT true` gave true"),
        (
            {"query": "SELECT 1 WHERE false", "above": 0},
            False,
            "value",
            "`SELECT 1 WHERE false` gave nothing",
        ),
        ({"query": BUSY, "above": 0}, True, "", "the query is 1"),
        (
            {"password": "wrong"},
            False,
            "password",
            "the server refused the user or the password",
        ),
        ({"password": ""}, False, "password", "the server wants a password"),
        (
            {"user": "nobody"},
            False,
            "password",
            "the server does not let this user in from here",
        ),
        (
            {"user": "guest", "password": "hunter33"},
            False,
            "connections",
            "the server has too many connections",
        ),
        (
            {"database": "nope"},
            False,
            "session",
            'the server said: database "nope" does not exist',
        ),
        (
            {"query": "CREATE TABLE a (b int)"},
            False,
            "query",
            "the server said: cannot execute CREATE TABLE in a read-only transaction",
        ),
        ({"query": "SELEC"}, False, "query", 'the server said: syntax error at or near "SELEC"'),
        ({"query": "SELECT pg_sleep(30)", "timeout_s": 0.5}, False, None, None),
        ({"writable": True}, True, "", "`SELECT 1` gave 1"),
        (
            {"address": "postgresql://AT/app?options=-cdefault_transaction_read_only%3Don"},
            True,
            "",
            "`SELECT 1` gave 1",
        ),
        (
            {
                "address": "postgresql://AT/app?options=-cdefault_transaction_read_only%3Don",
                "writable": True,
            },
            False,
            "read-only",
            "the server takes no writes",
        ),
    ],
)
async def test_what_it_says(
    server: str, settings: dict[str, Any], ok: bool, fault: str | None, reason: str | None
) -> None:
    address = settings.get("address", "AT").replace("AT", server)
    result = await ask(**{**settings, "address": address})
    assert result.ok is ok, result.reason
    if reason is not None:
        assert result.reason == reason
    if fault is not None:
        assert dict(result.evidence).get("fault", "") == fault


async def test_a_url_by_reference_says_it_all(server: str) -> None:
    probe = PostgresProbe(address=f"postgresql://relight:hunter22@{server}/app")
    assert (await probe.observe(real_ports())).ok
    assert "hunter22" not in repr(probe)


async def test_a_look_leaves_no_session_behind(server: str) -> None:
    await ask(server)
    with psycopg.connect(f"postgresql://relight:hunter22@{server}/app") as session:

        def alone() -> bool:
            (count,) = session.execute(BUSY.encode()).fetchone() or (0,)
            session.rollback()
            return count == 1

        assert await settles(alone)


async def test_over_tls_the_name_and_the_authority_have_to_fit(server: str, tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    with behind_tls(server, authority.right) as address:
        unknown = await ask(address, tls=True)
        misnamed = await ask(address, tls=True, ca=authority.root.read_text())
        taken = await ask(address, tls=True, verify_tls=False)
    none = await ask(server, tls=True)
    assert "certificate verify failed" in unknown.reason
    assert "does not match host name" in misnamed.reason
    assert taken.ok, taken.reason
    assert "does not support SSL" in none.reason


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"address": "mysql://x.test/"}, "Write postgresql://"),
        ({"address": "postgresql://a.test,b.test/app"}, "one server"),
        ({"address": "postgresql://a.test/app?hostaddr=10.0.0.1"}, "Leave `hostaddr` out"),
        ({"address": "a.test:5432/app"}, "is not a port"),
    ],
)
def test_what_cannot_be_asked_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(settings, PostgresProbe)
