"""The public page: prepared answers, replaced as a whole."""

import gzip
from typing import Any, cast

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient
from litestar.types import HTTPReceiveMessage, HTTPScope, Message

from relight.incident.status import Audience
from relight.kernel.actor import person
from relight.web.front import Front
from relight.web.headers import security_headers
from relight.web.memory import FilesInMemory
from relight.web.public import public_site
from relight.wiring.house import House

LONG = b"<p>all is well</p>" * 100


def place(**files: bytes) -> FilesInMemory:
    site = public_site(security_headers(https=False))
    site.replace({"index.html": LONG, **files})
    return site


def ask(
    site: FilesInMemory, path: str = "/status/", method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    sent: list[Message] = []
    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": raw}

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> HTTPReceiveMessage:
        raise AssertionError("nothing is read")

    anyio.run(site, cast("HTTPScope", scope), receive, send)
    start, body = cast("list[dict[str, Any]]", sent)
    got = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], got, body["body"]


def test_a_page_is_given_whole_and_zipped():
    status, headers, body = ask(place())
    assert (status, body) == (200, LONG)
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-cache"
    assert headers["vary"] == "accept-encoding"
    assert "default-src 'none'" in headers["content-security-policy"]
    status, zipped, body = ask(place(), accept_encoding="br, gzip")
    assert zipped["content-encoding"] == "gzip"
    assert gzip.decompress(body) == LONG
    assert len(body) == int(zipped["content-length"])
    assert zipped["etag"] != headers["etag"]


@pytest.mark.parametrize("refused", ["", "br", "gzip;q=0", "gzip; q=0.0, br"])
def test_gzip_is_not_forced_on_anyone(refused: str):
    _, headers, body = ask(place(), accept_encoding=refused)
    assert "content-encoding" not in headers
    assert body == LONG


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_who_has_it_is_told_so(encoding: str):
    site = place()
    _, headers, _ = ask(site, accept_encoding=encoding)
    for known in (headers["etag"], f"W/{headers['etag']}", f'"x", {headers["etag"]}', "*"):
        status, again, body = ask(site, accept_encoding=encoding, if_none_match=known)
        assert (status, body) == (304, b"")
        assert "content-length" not in again
        if known != "*":
            assert again["etag"] == headers["etag"]
    assert ask(site, accept_encoding=encoding, if_none_match='"other"')[0] == 200


def test_the_tag_follows_from_the_content_alone():
    assert ask(place())[1]["etag"] == ask(place(other=b"x"))[1]["etag"]
    site = place()
    before = ask(site)[1]["etag"]
    assert not site.replace({"index.html": bytes(LONG)})
    assert ask(site)[1]["etag"] == before
    assert site.replace({"index.html": b"news"})
    assert ask(site, if_none_match=before)[2] == b"news"


def test_replacing_takes_out_what_is_gone():
    site = place(**{"incidents/x.html": b"x"})
    assert ask(site, "/status/incidents/x.html")[0] == 200
    assert site.replace({"index.html": LONG})
    assert ask(site, "/status/incidents/x.html")[0] == 404


def test_head_gives_the_headers_alone():
    status, headers, body = ask(place(), method="HEAD")
    assert (status, body) == (200, b"")
    assert headers["content-length"] == str(len(LONG))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_can_only_be_read(method: str):
    status, headers, _ = ask(place(), method=method)
    assert status == 405
    assert headers["allow"] == "GET, HEAD"


def test_other_sites_may_read_the_api_and_only_that():
    site = place(**{"api/v2/summary.json": b"{}"})
    _, headers, _ = ask(site, "/status/api/v2/summary.json")
    assert headers["access-control-allow-origin"] == "*"
    assert headers["content-type"] == "application/json"
    assert "access-control-allow-origin" not in ask(site)[1]


def test_before_it_is_drawn_it_says_so():
    site = public_site(security_headers(https=False))
    assert not site.ready
    status, headers, _ = ask(site)
    assert status == 503
    assert headers["retry-after"] == "2"


@given(path=st.text(), known=st.text(st.characters(codec="ascii")))
def test_any_path_and_any_tag_get_an_answer(path: str, known: str):
    status, headers, _ = ask(place(), f"/status/{path}", if_none_match=known)
    assert status in {200, 304, 404}
    assert status == 304 or headers["x-content-type-options"] == "nosniff"


def test_the_real_page_follows_the_incident(client: TestClient[Front], house: House):
    first = client.get("/status/")
    assert first.status_code == 200
    assert "checkout fails" not in first.text
    by = person("sam")
    done = house.desk.declare("checkout fails", by=by, services=["api"])
    house.desk.update(done.id, "We are on it.", audience=Audience.PUBLIC, by=by)
    while "We are on it." not in client.get("/status/").text:
        anyio.run(anyio.sleep, 0.02)
    assert client.get("/status/").headers["etag"] != first.headers["etag"]
    unresolved = client.get("/status/api/v2/incidents/unresolved.json").json()
    assert [each["name"] for each in unresolved["incidents"]] == ["checkout fails"]
    page = client.get(f"/status/incidents/{unresolved['incidents'][0]['id']}.html")
    assert page.status_code == 200


def test_the_page_without_its_slash_leads_there(client: TestClient[Front]):
    answer = client.get("/status", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == "/status/"


def test_a_page_that_cannot_be_drawn_leaves_the_one_before_and_comes_back(
    client: TestClient[Front], house: House
):
    before = client.get("/status/")
    by = person("sam")
    done = house.desk.declare("checkout fails", by=by, services=["api"])
    with house.database.engine.begin() as tx:
        (good,) = tx.exec_driver_sql("SELECT state FROM stream").one()
        tx.exec_driver_sql("UPDATE stream SET state = 'broken'")
    house.changes.announce()
    assert client.get("/status/").status_code == 200
    assert client.get("/status/").headers["etag"] == before.headers["etag"]
    with house.database.engine.begin() as tx:
        tx.exec_driver_sql("UPDATE stream SET state = ?", (good,))
    house.desk.update(done.id, "We are on it.", audience=Audience.PUBLIC, by=by)
    while "We are on it." not in client.get("/status/").text:
        anyio.run(anyio.sleep, 0.02)
