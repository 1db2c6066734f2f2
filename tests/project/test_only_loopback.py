"""The guard in conftest.py lets a test reach this machine and nothing else."""

from __future__ import annotations

import asyncio
import socket

import pytest

ELSEWHERE = "192.0.2.1"  # RFC 5737: in nobody's use


def test_a_socket_reaches_loopback() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_socket_goes_nowhere_else(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as client:
        with pytest.raises(pytest.fail.Exception, match="leave this machine"):
            client.connect((ELSEWHERE, 9))
        with pytest.raises(pytest.fail.Exception, match="leave this machine"):
            client.connect_ex((ELSEWHERE, 9))


def test_a_datagram_goes_nowhere_else() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        pytest.raises(pytest.fail.Exception, match="leave this machine"),
    ):
        client.sendto(b"?", (ELSEWHERE, 53))


async def test_an_asynchronous_client_goes_nowhere_else() -> None:
    with pytest.raises(pytest.fail.Exception, match="leave this machine"):
        await asyncio.open_connection(ELSEWHERE, 9)


def test_a_name_is_not_asked_of_the_world() -> None:
    with pytest.raises(pytest.fail.Exception, match="leave this machine"):
        socket.getaddrinfo("example.org", 443)


def test_a_name_that_cannot_exist_does_not_exist() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("vendor.invalid", 443)


def test_localhost_is_found() -> None:
    assert socket.getaddrinfo("localhost", 80)
