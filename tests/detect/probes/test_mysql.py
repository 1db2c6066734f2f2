"""The mysql probe, against a real MariaDB."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pymysql
import pytest

from relight.detect.probes import Probe, Result
from relight.detect.probes.mysql import MysqlProbe
from tests.contracts.aim import PATIENCE_S, Aim
from tests.peers.certificates import make_authority
from tests.peers.mariadb import mariadb, say
from tests.peers.outside import real_ports

pytestmark = pytest.mark.peer("mariadbd")


def at(host_port: str) -> MysqlProbe:
    return MysqlProbe(address=host_port, timeout_s=PATIENCE_S)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    with mariadb(folder) as (host_port, _):
        yield MysqlProbe(address=host_port)


AIM = Aim(working, at=at, peer="mariadbd")


class Server(NamedTuple):
    address: str
    door: Path
    ca: str


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("mariadb")
    authority = make_authority(folder)
    files = [f"--ssl-cert={folder / 'right.pem'}", f"--ssl-key={folder / 'right.key'}"]
    with mariadb(folder, *files, "--max-connections=12") as (address, door):
        say(
            door,
            "CREATE USER relight IDENTIFIED BY 'hunter22' WITH MAX_USER_CONNECTIONS 2;"
            "CREATE USER secure IDENTIFIED BY 'hunter22' REQUIRE SSL;"
            "CREATE DATABASE app; CREATE TABLE app.jobs (id INT);"
            "INSERT INTO app.jobs VALUES (1), (2); GRANT SELECT, INSERT ON app.* TO relight;",
        )
        yield Server(address, door, authority.root.read_text())


async def ask(address: str, **settings: object) -> Result:
    known = {"user": "relight", "password": "hunter22"}
    probe = msgspec.convert({"address": address, **known, **settings}, MysqlProbe)
    return await probe.observe(real_ports())


COUNT = "SELECT COUNT(*) FROM app.jobs"


@pytest.mark.parametrize(
    ("settings", "ok", "fault", "reason"),
    [
        ({}, True, "", "`SELECT 1` gave 1"),
        ({"query": COUNT, "below": 3}, True, "", f"`{COUNT}` is 2"),
        ({"query": COUNT, "below": 2}, False, "value", f"`{COUNT}` is 2, wanted below 2"),
        (
            {"query": "SELECT NULL", "equals": "a"},
            False,
            "value",
            "`SELECT NULL` gave nothing",
        ),
        ({"database": "app", "query": "SELECT DATABASE()", "equals": "app"}, True, "", None),
        (
            {"password": "wrong"},
            False,
            "password",
            "the server refused the user or the password",
        ),
        (
            {"database": "mysql"},
            False,
            "password",
            "the server does not let this user into that database",
        ),
        (
            {"query": "INSERT INTO app.jobs VALUES (3)"},
            False,
            "query",
            "the server said: Cannot execute statement in a READ ONLY transaction",
        ),
        (
            {"query": "SELECT SLEEP(30)", "timeout_s": 0.5},
            False,
            None,
            None,
        ),
        ({"writable": True}, True, "", "`SELECT 1` gave 1"),
    ],
)
async def test_what_it_says(
    server: Server, settings: dict[str, Any], ok: bool, fault: str | None, reason: str | None
) -> None:
    result = await ask(server.address, **settings)
    assert result.ok is ok, result.reason
    if reason is not None:
        assert result.reason == reason
    if fault is not None:
        assert dict(result.evidence).get("fault", "") == fault


async def test_a_url_by_reference_says_it_all(server: Server) -> None:
    probe = MysqlProbe(address=f"mysql://relight:hunter22@{server.address}/app")
    assert (await probe.observe(real_ports())).ok
    assert "hunter22" not in repr(probe)


async def test_a_server_that_takes_no_writes_is_told_apart(server: Server) -> None:
    say(server.door, "SET GLOBAL read_only = 1")
    try:
        wanted = await ask(server.address, writable=True)
        asked = await ask(server.address)
    finally:
        say(server.door, "SET GLOBAL read_only = 0")
    assert (wanted.ok, wanted.reason) == (False, "the server takes no writes")
    assert asked.ok


async def test_too_many_connections_are_said(server: Server) -> None:
    host, _, port = server.address.partition(":")
    held = [
        pymysql.connect(host=host, port=int(port), user="relight", password="hunter22")
        for _ in range(2)
    ]
    try:
        result = await ask(server.address)
    finally:
        for each in held:
            each.close()
    assert (result.ok, dict(result.evidence)["fault"]) == (False, "connections")
    assert "connections" in result.reason


async def test_over_tls_the_name_and_the_authority_have_to_fit(server: Server) -> None:
    unknown = await ask(server.address, tls=True)
    misnamed = await ask(server.address, tls=True, ca=server.ca)
    taken = await ask(server.address, tls=True, verify_tls=False)
    offered = await ask(server.address, user="secure")
    broken = msgspec.convert({"address": "a.test", "tls": True, "ca": "none"}, MysqlProbe)
    assert "the certificate is not valid" in unknown.reason
    assert "the certificate is not valid" in misnamed.reason
    assert taken.ok
    assert offered.ok, offered.reason
    assert broken.ca == "none"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"address": "postgres://x.test/"}, "Write mysql://"),
        ({"address": "mysql://a.test/b?ssl=1"}, "what follows"),
        ({"address": "a.test", "query": "", "above": 1}, "nothing to compare"),
    ],
)
def test_what_cannot_be_asked_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(settings, MysqlProbe)
