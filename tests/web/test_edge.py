"""Reports of customers' pages over the wire: taken at once, alike whatever they say, and kept."""

import gzip
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from relight.catalog.person import Role
from relight.detect.edge.tally import Counts, Drained
from relight.store.engine import StoreUnavailable
from relight.web.app import create_app
from relight.web.edge import script
from relight.web.edge.report import Report, visitor, whole
from relight.wiring.house import House
from tests.web.given import client_of, house_at, served, with_token

KIT = """\
name: Where2Eat
customers: customers.csv
services:
  - name: widget
    edge: {slow: 2s}
"""
TABLE = "key,paying,sites\nacme,yes,acme.example\nbistro,no,\n"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "kit"
    folder.mkdir()
    (folder / "customers.csv").write_text(TABLE, encoding="utf-8")
    with closing(house_at(folder, kit=KIT)) as house:
        yield house


def key_of(house: House, customer: str = "acme") -> str:
    return house.edge.key("widget", house.edge.customer(customer) if customer else None)


def post(text: str | bytes, more: str = "", path: str = "/edge") -> bytes:
    body = text.encode() if isinstance(text, str) else text
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode()
        + body
    )


def get(path: str, more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()


def talk(base: str, sent: bytes, answers: int = 1) -> list[tuple[str, bytes, bytes]]:
    """Send bytes on one connection and read so many answers: status line, headers, body."""
    parts = urlsplit(base)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as wire:
        wire.sendall(sent)
        with wire.makefile("rb") as file:
            got: list[tuple[str, bytes, bytes]] = []
            for _ in range(answers):
                status = file.readline().decode().strip()
                headers = b""
                while (line := file.readline()) not in {b"\r\n", b""}:
                    headers += line.lower()
                length = re.search(rb"content-length: (\d+)", headers)
                got.append((status, headers, file.read(int(length[1])) if length else b""))
            return got


def stored(house: House) -> list[Counts]:
    return [each.counts for each in house.edge.records.recent(house.clock.now()).get("widget", [])]


def test_the_script_fits_into_a_kilobyte():
    assert len(gzip.compress(script(), 6)) <= 1024


def test_the_script_is_kept_by_browsers_and_may_run_anywhere(house: House):
    with served(house) as (base, _, _):
        short, usual = (
            talk(base, get("/edge.js", more))[0]
            for more in (
                "accept-encoding: gzip\r\n",
                "Accept-Encoding: gzip\r\nconnection: close\r\n",
            )
        )
    assert short[0] == usual[0] == "HTTP/1.1 200 OK"
    assert gzip.decompress(short[2]) == gzip.decompress(usual[2]) == script()
    assert len(short[2]) <= 1024
    for each in (
        b"cache-control: public, max-age=3600",
        b"access-control-allow-origin: *",
        b"cross-origin-resource-policy: cross-origin",
        b"content-type: text/javascript",
    ):
        assert each in short[1]
        assert each in usual[1]


def test_reports_are_answered_at_once_and_written_at_the_stop(house: House):
    key = key_of(house)
    reports = [
        post(f"k={key}&o=1&t=300"),
        post(f"k={key}&o=1&t=2500"),
        post(f"k={key}&o=0&t=5000&m=not+loaded", "Origin: https://www.acme.example\r\n"),
        get(f"/edge?k={key}&e=1", "Referer: https://acme.example/menu\r\n"),
        post(f"k={key}&a=1", "connection: close\r\n"),
    ]
    with served(house) as (base, _, _):
        statuses = [talk(base, each)[0][0].split()[1] for each in reports]
        house.edge.records.recent(house.clock.now())
    assert statuses == ["204", "204", "204", "200", "204"]
    assert Counter({"loads": 3}) == Counter({"loads": sum(each.loads for each in stored(house))})
    (total,) = house.edge.records.by_site("widget", house.clock.now().replace(second=0, minute=0))
    assert total == Counts(
        service="widget", site="acme", loads=3, failed=1, slow=1, errors=1, api_failed=1, visitors=1
    )
    (reason,) = house.edge.records.reasons("widget", house.clock.now().replace(minute=0))
    assert reason.words == "not loaded"


def test_many_on_one_connection(house: House):
    one = post(f"k={key_of(house)}&o=1&t=300")
    with served(house) as (base, _, _):
        answers = talk(base, one * 50 + get("/health"), answers=51)
    assert {each[0] for each in answers[:50]} == {"HTTP/1.1 204 No Content"}
    assert answers[50][2] == b'{"status":"up"}'
    assert sum(each.loads for each in stored(house)) == 50


def test_a_report_that_comes_byte_by_byte(house: House):
    with served(house) as (base, _, _):
        parts = urlsplit(base)
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as wire:
            for byte in post(f"k={key_of(house)}&o=1&t=300"):
                wire.sendall(bytes([byte]))
            assert wire.recv(15) == b"HTTP/1.1 204 No"
    assert sum(each.loads for each in stored(house)) == 1


def test_it_is_written_while_the_server_runs(house: House):
    with served(house) as (base, _, _):
        talk(base, post(f"k={key_of(house)}&o=1&t=300"))
        until = time.monotonic() + 20
        while not stored(house):
            assert time.monotonic() < until
            time.sleep(0.02)


def test_what_cannot_be_written_is_not_lost(house: House, monkeypatch: pytest.MonkeyPatch):
    """The database is away for the first writing; what came then is added to the next."""
    add, failed = house.edge.records.add, Counter[str]()

    def away(*given: object) -> None:
        if not failed["once"]:
            failed["once"] += 1
            raise StoreUnavailable
        add(*given)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(house.edge.records, "add", away)
    with served(house) as (base, _, _):
        talk(base, post(f"k={key_of(house)}&o=1&t=300"))
        until = time.monotonic() + 20
        while not failed:
            assert time.monotonic() < until
            time.sleep(0.02)
        talk(base, post(f"k={key_of(house)}&o=1&t=300"))
    assert sum(each.loads for each in stored(house)) == 2


@pytest.mark.parametrize(
    ("text", "more", "why"),
    [
        ("k=" + "a" * 20 + "&o=1&t=1", "", "unknown"),
        ("hello", "", "unreadable"),
        (b"\x00\xff" * 100, "", "unreadable"),
        ("KEY&o=1&t=1", "Origin: https://elsewhere.example\r\n", "foreign"),
        ("KEY&o=1&t=1&m=" + "x" * 5000, "", "unreadable"),
        ("KEY&o=1&t=1" + " " * 500_000, "", "unreadable"),
    ],
)
def test_nobody_can_tell_what_was_left_out(house: House, text: str | bytes, more: str, why: str):
    if isinstance(text, str):
        text = text.replace("KEY", f"k={key_of(house)}")
    with served(house) as (base, _, _):
        for usual in ("", "connection: close\r\n"):
            status, _, body = talk(base, post(text, more + usual))[0]
            assert (status, body) == ("HTTP/1.1 204 No Content", b"")
        picture = talk(base, get("/edge?k=" + "a" * 20, more))[0]
    assert picture[0] == "HTTP/1.1 200 OK"
    assert picture[2].startswith(b"GIF89a")
    assert house.edge.left_out[why] >= 2
    assert stored(house) == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"PUT /edge HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405"),
        (b"OPTIONS /edge HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
        (b"POST /edge.js HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405"),
        (b"GET /edges HTTP/1.1\r\nHost: x\r\n\r\n", "421"),
        (b"GET /edge HTTP/1.0\r\nHost: x\r\n\r\n", "200"),
        (b"POST /edge?x=%41 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "204"),
        (b"POST /edge HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "204"),
    ],
)
def test_what_is_unusual_goes_the_ordinary_way(house: House, sent: bytes, status: str):
    with served(house) as (base, _, _):
        assert talk(base, sent)[0][0].split()[1] == status


def test_a_new_customer_may_report_without_a_restart(house: House):
    with served(house) as (base, _, _):
        talk(base, post(f"k={key_of(house)}&o=1&t=300"))
        (house.folder / "customers.csv").write_text(TABLE + "new,yes,\n", encoding="utf-8")
        house.kit.loaded = house.read_kit(house.folder, house.kit.loaded)
        key = key_of(house, "new")
        until = time.monotonic() + 20
        while not any(each.site == "new" for each in stored(house)):
            assert time.monotonic() < until
            talk(base, post(f"k={key}&o=1&t=300"))
            time.sleep(0.05)


@pytest.mark.parametrize(
    "sent",
    [
        post("x", "Transfer-Encoding: chunked\r\n"),
        post("x", "transfer-encoding : chunked\r\n"),
        post("x", "Content-Length: 1\r\n"),
        post("x", "Expect: 100-continue\r\n"),
        post("x", "Connection: close\r\n"),
        post("x", "Connection: upgrade\r\nUpgrade: h2c\r\n"),
        post("x", "X: 1\nContent-Length: 5\r\n"),
        post("x", "X: 1\r\n folded\r\n"),
        post("x") + b"POST",
        post("x")[:-1],
        post("x")[:30],
        post("x" * 600),
        b"POST /edge HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /edge HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\nx",
    ],
)
def test_a_message_whose_end_is_in_doubt_is_not_read_in_short(sent: bytes):
    assert whole(sent) is None


def test_a_whole_message_is_read_in_short():
    sent = post(
        "x", "oRIGIN:https://a.example\r\nReferer: https://b.example/\r\nCONNECTION: Keep-Alive\r\n"
    )
    assert whole(sent) == Report(b"x", b"https://a.example")


@pytest.mark.parametrize(
    ("peer", "forwarded", "who"),
    [
        ("9.9.9.9", b"", "9.9.9.9"),
        ("9.9.9.9", b"198.51.100.1", "9.9.9.9"),
        ("127.0.0.1", b"", ""),
        ("127.0.0.1", b"evil, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", b"198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", b"", "10.0.0.2"),
        ("2001:db8:1:2:3::4", b"", "2001:db8:1:2::/64"),
        ("", b"", ""),
        ("somewhere", b"", ""),
    ],
)
def test_who_is_one_visitor(peer: str, forwarded: bytes, who: str):
    assert visitor(peer, forwarded) == who


def test_the_snippet_has_a_tag_for_each_host(house: House):
    snippet = house.edge.snippet("widget", house.edge.customer("acme"))
    assert snippet == (
        f'<script async src="http://127.0.0.1:8181/edge.js" data-key="{key_of(house)}"></script>'
    )
    kit = KIT.replace("{slow: 2s}", "{hosts: [e1.example, e2.example], ready: 'a\"b', sample: 5%}")
    (house.folder / "relight.yaml").write_text(kit, encoding="utf-8")
    house.kit.loaded = house.read_kit(house.folder, house.kit.loaded)
    first, second = house.edge.snippet("widget", None).splitlines()
    assert 'src="http://e1.example/edge.js"' in first
    assert 'src="http://e2.example/edge.js"' in second
    for each in (first, second):
        assert 'data-hosts="e1.example e2.example" data-ready="a&quot;b" data-sample="0.05"' in each


def test_keys_differ_by_service_and_customer_and_tell_nothing(house: House):
    keys = {key_of(house), key_of(house, "bistro"), key_of(house, "")}
    assert len(keys) == 3
    assert all(re.fullmatch(r"[a-z2-7]{20}", each) for each in keys)


def test_the_api_gives_what_pages_report(house: House):
    counts = Counts(service="widget", site="acme", loads=30, failed=20, visitors=9)
    house.edge.records.add(Drained((counts,), ()), house.clock.now())
    with client_of(create_app(house)) as client:
        headers = with_token(house, Role.VIEWER)
        found = client.get("/api/v1/services/widget/edge?hours=2", headers=headers).json()
        assert client.get("/api/v1/services/api/edge", headers=headers).status_code == 404
    assert found["now"]["failed"] == 20
    assert found["now"]["failing_sites"] == ["acme"]
    assert found["sites"][0]["loads"] == 30
