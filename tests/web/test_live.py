"""Live streams over a real socket."""

import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from relight.kernel.actor import person
from relight.wiring.house import House
from tests.web.given import served, with_session

SAM = person("sam")


class Stream:
    """One open event stream, read line by line from a plain socket."""

    def __init__(self, base: str, path: str, headers: dict[str, str]) -> None:
        parts = urlsplit(base)
        assert parts.hostname
        self.socket = socket.create_connection((parts.hostname, parts.port or 80), timeout=20)
        lines = [f"GET {path} HTTP/1.1", f"host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])

    def lines(self) -> Iterator[str]:
        """Give every line until the server ends the stream."""
        for line in self.file:
            yield line.decode().strip()

    def until(self, start: str) -> str:
        return next(line for line in self.lines() if line.startswith(start))

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def test_an_incident_is_followed(house: House):
    incident = house.desk.declare("api fails", by=SAM)
    with served(house) as (base, _, _):
        path = f"/live/incidents/{incident.name}?after={incident.seq}"
        stream = Stream(base, path, with_session(house, "vera"))
        assert stream.status == 200
        assert stream.until("content-type") == "content-type: text/event-stream; charset=utf-8"
        stream.until("retry")
        for n in range(1, 4):
            house.desk.note(incident.id, "looked", by=SAM)
            assert stream.until("event") == "event: changed"
            assert stream.until("data") == f"data: {incident.seq + n}"
        stream.close()


@pytest.mark.parametrize("how", ["after", "last-event-id"])
def test_what_was_missed_is_told_at_once(house: House, how: str):
    incident = house.desk.declare("api fails", by=SAM)
    house.desk.note(incident.id, "looked", by=SAM)
    headers = with_session(house, "vera")
    query = f"?after={incident.seq}" if how == "after" else ""
    if how != "after":
        headers["last-event-id"] = str(incident.seq)
    with served(house) as (base, _, _):
        stream = Stream(base, f"/live/incidents/{incident.id}{query}", headers)
        assert stream.until("data") == f"data: {incident.seq + 1}"
        stream.close()


def test_home_follows_everything(house: House):
    with served(house) as (base, _, _):
        stream = Stream(base, "/live/home", with_session(house, "vera"))
        stream.until("retry")
        house.desk.declare("api fails", by=SAM)
        stream.until("event: changed")
        seen = stream.until("data")
        stream.close()
        late = Stream(
            base,
            "/live/home",
            {**with_session(house, "vera"), "last-event-id": "of-another-day"},
        )
        late.until("event: changed")
        late.close()
        assert seen


def test_strangers_get_no_stream(house: House):
    with served(house) as (base, _, _):
        stream = Stream(base, "/live/home", {"host": "127.0.0.1"})
        assert stream.status == 401
        stream.close()


def test_open_streams_do_not_hold_up_a_stop(house: House):
    incident = house.desk.declare("api fails", by=SAM)
    with served(house) as (base, server, thread):
        headers = with_session(house, "vera")
        paths = ["/live/home", f"/live/incidents/{incident.id}"] * 10
        streams = [Stream(base, path, headers) for path in paths]
        for stream in streams:
            stream.until("retry")
        before = threading.active_count()
        assert before < 15, "streams hold no threads"
        server.should_exit = True
        for stream in streams:
            # Ended by us: a chunked answer that ends with its last chunk, not a cut connection.
            assert [line for line in stream.lines() if line][-1] == "0"
            stream.close()
        thread.join(20)
        assert not thread.is_alive()
