"""What has not changed is not sent again."""

from __future__ import annotations

import os

from relight.egress.conditional import ConditionalHttp
from relight.kernel.ports import HttpRequest
from tests.peers.feed_server import feed_server
from tests.peers.outside import real_ports


async def test_what_has_not_changed_is_given_from_before():
    async with feed_server({"/a": b"one" * 1000}) as server:
        http = ConditionalHttp(real_ports().http)
        ask = HttpRequest(url=server.url("/a"))
        answers = [await http.request(ask) for _ in range(3)]
        assert [each.status for each in answers] == [200, 200, 200]
        assert {each.body for each in answers} == {b"one" * 1000}
        server.files["/a"] = b"two"
        assert (await http.request(ask)).body == b"two"
        server.status = 503
        assert (await http.request(ask)).status == 503
        server.status = 200
        assert (await http.request(ask)).body == b"two"
    assert [status for _, status in server.answered] == [200, 304, 304, 200, 503, 200]


async def test_only_so_much_is_kept():
    files = {f"/{n}": os.urandom(3 << 20) for n in range(7)}
    async with feed_server(files) as server:
        http = ConditionalHttp(real_ports().http)
        for path in [*files, "/0", "/6"]:
            asked = HttpRequest(url=server.url(path), longest_body=4 << 20)
            assert (await http.request(asked)).body == files[path]
    assert [status for _, status in server.answered] == [200] * 8 + [304]
