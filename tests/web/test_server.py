"""The short way for the public page gives what the ordinary way gives, whatever comes over the wire."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from relight.wiring.house import House
from tests.web.given import served


@pytest.fixture
def address(house: House) -> Iterator[tuple[str, int]]:
    with served(house) as (base, _, _):
        parts = urlsplit(base)
        assert parts.hostname
        assert parts.port
        yield parts.hostname, parts.port


def talk(address: tuple[str, int], sent: bytes, answers: int = 1) -> list[tuple[str, bytes, bytes]]:
    """Send bytes on one connection and read so many answers: status line, headers, body."""
    with socket.create_connection(address, timeout=20) as wire:
        wire.sendall(sent)
        file = wire.makefile("rb")
        got: list[tuple[str, bytes, bytes]] = []
        for _ in range(answers):
            status = file.readline().decode().strip()
            headers = b""
            while (line := file.readline()) not in {b"\r\n", b""}:
                headers += line.lower()
            length = headers.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            body = file.read(int(length)) if length and b"HEAD" not in sent else b""
            got.append((status, headers, body))
        file.close()
        return got


def get(path: str, *, version: str = "1.1", more: str = "", method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/{version}\r\nhost: x\r\n{more}\r\n".encode()


def without_date(headers: bytes) -> set[bytes]:
    return {
        line for line in headers.split(b"\r\n") if not line.startswith((b"date:", b"connection:"))
    }


@pytest.mark.parametrize("path", ["/status/", "/status/api/v2/summary.json", "/status/nothing"])
@pytest.mark.parametrize("more", ["", "accept-encoding: gzip\r\n", "If-None-Match: *\r\n"])
def test_both_ways_say_the_same(address: tuple[str, int], path: str, more: str):
    short = talk(address, get(path, more=more))[0]
    ordinary = talk(address, get(path, more=f"{more}connection: close\r\n"))[0]
    assert short[0] == ordinary[0]
    assert without_date(short[1]) == without_date(ordinary[1])
    assert short[2] == ordinary[2]
    assert b"date: " in short[1]


def test_requests_in_a_row_and_in_a_queue(address: tuple[str, int]):
    row = get("/status/") + get("/health") + get("/status/nothing") + get("/status/?x=1")
    answers = talk(address, row + get("/ready"), answers=5)
    assert [each[0] for each in answers] == [
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK",
        "HTTP/1.1 404 Not Found",
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK",
    ]
    assert answers[1][2] == b'{"status":"up"}'
    assert answers[3][2] == answers[0][2]


def test_a_get_with_a_body_does_not_spill_into_the_next(address: tuple[str, int]):
    body = "content-length: 5\r\n"
    answers = talk(address, get("/status/", more=body) + b"hello" + get("/health"), answers=2)
    assert [each[0] for each in answers] == ["HTTP/1.1 200 OK"] * 2
    assert answers[1][2] == b'{"status":"up"}'


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (get("/status/", version="1.0"), 200),
        (get("/status/", method="HEAD"), 200),
        (get("/status/", method="POST"), 405),
        (get("/status/%69ndex.html"), 200),
        (get("/status/../ready"), 404),
        (get("/status/", more="upgrade: websocket\r\nconnection: upgrade\r\n"), 200),
        (get("/status"), 307),
    ],
)
def test_what_is_unusual_goes_the_ordinary_way(address: tuple[str, int], sent: bytes, status: int):
    assert talk(address, sent)[0][0].split()[1] == str(status)


def test_header_by_header(address: tuple[str, int]):
    """What arrives in pieces is answered once it is whole."""
    with socket.create_connection(address, timeout=20) as wire:
        for byte in get("/status/"):
            wire.sendall(bytes([byte]))
        assert wire.recv(15) == b"HTTP/1.1 200 OK"
