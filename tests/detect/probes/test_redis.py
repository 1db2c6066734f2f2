"""The redis probe, against a real server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from relight.detect.probes import Probe, Result
from relight.detect.probes.redis import RedisProbe
from tests.contracts.aim import PATIENCE_S, Aim
from tests.peers.certificates import NAME, make_authority
from tests.peers.http_sink import http_sink
from tests.peers.outside import real_ports, settles
from tests.peers.redis import redis

pytestmark = pytest.mark.peer("redis-server")


def at(host_port: str) -> RedisProbe:
    return RedisProbe(address=host_port, timeout_s=PATIENCE_S)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[Probe]:
    with redis(folder) as host_port:
        yield RedisProbe(address=host_port)


AIM = Aim(working, at=at, peer="redis-server")


async def ask(address: str, **settings: object) -> Result:
    probe = msgspec.convert({"address": address, **settings}, RedisProbe)
    return await probe.observe(real_ports())


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("redis")
    users = ["--requirepass", "hunter22", "--user", "ro", "on", ">hunter33", "+ping", "+info"]
    with redis(folder, *users) as host_port:
        yield host_port


KNOWN = {"password": "hunter22"}


@pytest.mark.parametrize(
    ("settings", "ok", "fault", "reason"),
    [
        (KNOWN, True, "", "answered"),
        ({}, False, "password", "the server wants a password"),
        (
            {"password": "wrong"},
            False,
            "password",
            "the server refused the user or the password",
        ),
        ({"user": "ro", "password": "hunter33"}, True, "", "answered"),
        (
            {"user": "ro", "password": "hunter33", "query": "LLEN jobs"},
            False,
            "password",
            "the server does not let this user do that",
        ),
        ({**KNOWN, "query": "LLEN jobs", "below": 5}, True, "", "`LLEN jobs` is 0"),
        ({**KNOWN, "query": "GET nothing"}, True, "", "`GET nothing` gave nothing"),
        (
            {**KNOWN, "query": "GET nothing", "above": 1},
            False,
            "value",
            "`GET nothing` gave nothing",
        ),
        (
            {**KNOWN, "query": "INFO connected_clients", "below": 1},
            False,
            "value",
            "`INFO connected_clients` is 1, wanted below 1",
        ),
        ({**KNOWN, "query": "INFO role", "equals": "master"}, True, "", "`INFO role` gave master"),
        (
            {**KNOWN, "query": "INFO role", "equals": "slave"},
            False,
            "value",
            "`INFO role` gave master, wanted slave",
        ),
        ({**KNOWN, "query": "INFO nonsense"}, False, "missing", "there is no nonsense in INFO"),
        ({**KNOWN, "query": "PUBSUB CHANNELS"}, True, "", "`PUBSUB CHANNELS` gave 0"),
        (
            {**KNOWN, "query": "NONSENSE"},
            False,
            "answer",
            "the server said: ERR unknown command 'NONSENSE', with args beginning with:",
        ),
        ({**KNOWN, "database": "3", "writable": True}, True, "", "answered"),
        (
            {**KNOWN, "database": "99"},
            False,
            "answer",
            "the server said: ERR DB index is out of range",
        ),
        (
            {**KNOWN, "query": "ECHO pho", "below": 1},
            False,
            "value",
            "`ECHO pho` gave pho, which is not a number",
        ),
    ],
)
async def test_what_it_says(
    server: str, settings: dict[str, Any], ok: bool, fault: str, reason: str
) -> None:
    result = await ask(server, **settings)
    assert (result.ok, result.reason) == (ok, reason)
    assert dict(result.evidence).get("fault", "") == fault


async def test_a_url_by_reference_says_it_all(server: str) -> None:
    result = await ask(f"redis://:hunter22@{server}/2", query="INFO connected_clients")
    assert result.ok, result.reason
    assert dict(result.evidence)["value"] == "1"
    assert result.phases is not None


async def test_a_replica_is_not_writable(server: str, tmp_path: Path) -> None:
    host, _, port = server.partition(":")
    with redis(tmp_path, "--replicaof", host, port, "--masterauth", "hunter22") as replica:
        result = await ask(replica, writable=True)
        write = await ask(replica, query="SET a 1")
    assert (result.ok, result.reason) == (
        False,
        "the server is a replica, wanted one that takes writes",
    )
    assert write.reason == "the server is a read-only replica"


async def test_a_server_with_too_many_connections_says_so(tmp_path: Path) -> None:
    with redis(tmp_path, "--maxclients", "1") as host_port:
        host, _, port = host_port.partition(":")
        dialer = real_ports().dialer
        # The connection that looked whether the server is there may not be quite gone.
        while True:
            async with await dialer.open(host, int(port), timeout_s=5) as held:
                await held.write(b"PING\r\n")
                if await held.read() == b"+PONG\r\n":
                    result = await ask(host_port)
                    break
    assert (result.ok, result.reason) == (False, "the server has too many connections")


async def test_over_tls_the_name_and_the_authority_have_to_fit(tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    files = ["--tls-cert-file", "right.pem", "--tls-key-file", "right.key"]
    more = ["--tls-ca-cert-file", "root.pem", "--tls-auth-clients", "no"]
    with redis(tmp_path, *files, *more, tls=True) as host_port:
        ca = authority.root.read_text()
        unknown = await ask(host_port, tls=True)
        named = await ask(host_port, tls=True, ca=ca)
        taken = await ask(host_port, tls=True, verify_tls=False)
        url = await ask(f"rediss://{host_port}", verify_tls=False)
        plain = await ask(host_port, timeout_s=2)
    assert "certificate is not valid" in unknown.reason
    assert NAME not in named.reason
    assert not named.ok
    assert taken.ok
    assert url.ok
    assert not plain.ok


async def test_what_is_no_redis_is_said() -> None:
    async with http_sink() as sink:
        result = await ask(f"127.0.0.1:{sink.port}", timeout_s=PATIENCE_S)
    assert not result.ok
    assert await settles(lambda: True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"address": "http://x.test"}, "Write redis://"),
        ({"address": "redis://a.test,b.test/"}, "one server"),
        ({"address": "redis://a.test/first"}, "has a number"),
        ({"address": "redis://a.test/0?ssl=true"}, "what follows"),
        ({"address": "a.test", "query": "'"}, "not a command"),
        ({"address": "a.test", "below": 3}, "nothing to compare"),
        ({"address": "redis://:hunter2@a.test:99999/"}, "Write redis://"),
    ],
)
def test_what_cannot_be_asked_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words) as caught:
        msgspec.convert(settings, RedisProbe)
    assert "hunter2" not in str(caught.value)
