"""HTTP against a real server that behaves well, and then does not."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import pytest

from relight.egress.curl import Roots
from relight.egress.http import GuardedHttp
from relight.egress.policy import Egress, NotAllowed
from relight.egress.resolver import SystemResolver
from relight.kernel.clock import SystemClock
from relight.kernel.plug import NoAnswer, Permanent
from relight.kernel.ports import HttpAnswer, HttpRequest
from tests.peers.certificates import NAME, Authority, make_authority
from tests.peers.http_sink import http_sink
from tests.peers.outside import dead_port, open_files, settles

CLOCK = SystemClock()
RESOLVER = SystemResolver(Egress.OWNER)
HTTP = GuardedHttp(Egress.OWNER, RESOLVER, CLOCK)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


async def get(url: str, *, timeout_s: float = 5.0, **more: object) -> HttpAnswer:
    return await HTTP.request(HttpRequest(url=url, timeout_s=timeout_s, **more))  # pyright: ignore[reportArgumentType]


async def test_what_is_asked_arrives_and_the_answer_is_told() -> None:
    async with http_sink() as sink:
        request = HttpRequest(
            method="POST", url=sink.url("/ok?q=ph%E1%BB%9F"), headers={"X-A": "é"}, body=b"{}"
        )
        answer = await HTTP.request(request)
    (received,) = sink.received
    assert (received.method, received.target, received.body) == ("POST", "/ok?q=ph%E1%BB%9F", b"{}")
    assert received.headers["host"] == f"127.0.0.1:{sink.port}"
    assert received.headers["connection"] == "close"
    assert (answer.status, answer.body, answer.cut) == (200, b"fine pho", False)
    assert answer.headers["x-twice"] == "a, b"
    assert answer.address == "127.0.0.1"


async def test_each_request_has_a_connection_of_its_own() -> None:
    async with http_sink() as sink:
        await asyncio.gather(*(get(sink.url("/ok")) for _ in range(5)))
    assert sink.connections == 5


async def test_nothing_of_a_request_stays_for_the_next() -> None:
    asked = (
        HttpRequest(method="POST", url="/ok", headers={"X-A": "1"}, body=b"{}"),
        HttpRequest(url="/ok"),
        HttpRequest(method="HEAD", url="/ok", headers={"X-A": "2"}),
        HttpRequest(url="/ok", headers={"X-A": "3"}),
        HttpRequest(method="POST", url="/ok"),
        HttpRequest(url="/silent", timeout_s=0.1),
        HttpRequest(url="/ok", headers={"X-B": "4"}),
    )
    bodies: list[bytes] = []
    async with http_sink() as sink:
        for each in asked:
            with suppress(NoAnswer):
                url = sink.url(each.url)
                bodies.append((await HTTP.request(msgspec.structs.replace(each, url=url))).body)
    assert [(each.method, each.body) for each in sink.received] == [
        (each.method, each.body) for each in asked
    ]
    assert [(each.headers.get("x-a"), each.headers.get("x-b")) for each in sink.received] == [
        (each.headers.get("X-A"), each.headers.get("X-B")) for each in asked
    ]
    assert bodies == [b"fine pho", b"fine pho", b"", *[b"fine pho"] * 3]


@pytest.mark.parametrize("name", ["silent", "drip", "headers"])
async def test_what_never_ends_is_ended(name: str) -> None:
    async with http_sink() as sink:
        with pytest.raises(NoAnswer):
            await get(sink.url(f"/{name}"), timeout_s=0.2)


@pytest.mark.parametrize("name", ["reset", "garbage", "closed", "half", "nowhere", "loop"])
async def test_a_bad_answer_is_the_targets_fault(name: str) -> None:
    async with http_sink() as sink:
        with pytest.raises(NoAnswer, match=r"\.$"):
            await get(sink.url(f"/{name}"), follow_redirects=True)


async def test_a_large_body_is_cut() -> None:
    async with http_sink() as sink:
        answer = await get(sink.url("/flood"), longest_body=1000)
    assert (len(answer.body), answer.cut) == (1000, True)


async def test_a_packed_body_is_unpacked_no_further_than_the_bound() -> None:
    async with http_sink() as sink:
        answer = await get(sink.url("/bomb"), longest_body=100_000)
        plain = await get(sink.url("/notgzip"))
    assert (answer.body, answer.cut) == (b"0" * 100_000, True)
    assert plain.body == b"plain"


async def test_nobody_there() -> None:
    with pytest.raises(NoAnswer, match="connection refused"):
        await get(f"http://127.0.0.1:{dead_port()}/")


async def test_a_redirect_to_the_metadata_service_is_not_followed() -> None:
    async with http_sink() as sink:
        with pytest.raises(NoAnswer, match=r"does not go: 169\.254\.169\.254"):
            await get(sink.url("/metadata"), follow_redirects=True)
        assert (await get(sink.url("/metadata"))).status == 302


async def test_a_redirect_keeps_or_drops_the_body_as_its_status_says() -> None:
    async with http_sink() as sink:
        await get(sink.url("/moved"), method="POST", body=b"x", follow_redirects=True)
        await get(sink.url("/kept"), method="POST", body=b"x", follow_redirects=True)
    seen = [(each.method, each.target, each.body) for each in sink.received]
    assert seen[1] == ("GET", "/ok", b"")
    assert seen[3] == ("POST", "/ok", b"x")


async def test_a_key_does_not_travel_to_another_host() -> None:
    async with http_sink() as other:
        away = f"HTTP/1.1 302 Found\r\nLocation: {other.url('/ok')}\r\nContent-Length: 0\r\n\r\n"
        async with http_sink(answers={"away": away.encode()}) as sink:
            headers = {"Authorization": "Bearer k", "X-Kept": "1"}
            answer = await get(sink.url("/away"), headers=headers, follow_redirects=True)
    assert "authorization" in sink.received[0].headers
    assert "authorization" not in other.received[0].headers
    assert other.received[0].headers["x-kept"] == "1"
    assert answer.url == other.url("/ok")


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254%251]/",
    ],
)
async def test_a_refused_address_is_never_dialled(url: str) -> None:
    with pytest.raises(NotAllowed):
        await get(url)
    with pytest.raises(NotAllowed):
        await get("http://127.0.0.1/", connect_to="169.254.169.254")


async def test_the_policy_is_asked_again_when_an_address_is_dialled() -> None:
    def lies(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    trusting = SystemResolver(Egress.OWNER, lookup=lies)
    with pytest.raises(NotAllowed, match=r"127\.0\.0\.1 is not a public address"):
        await GuardedHttp(Egress.PUBLIC, trusting, CLOCK).request(
            HttpRequest(url="http://rebound.test/")
        )


@pytest.mark.parametrize("url", ["ftp://x.test/", "http://", "nonsense", "http://[::1/"])
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Permanent):
        await get(url)


@pytest.mark.parametrize("headers", [{"X-A": "a\r\nX-B: b"}, {"X A": "a"}, {"Ä": "a"}])
async def test_a_header_cannot_smuggle(headers: dict[str, str]) -> None:
    async with http_sink() as sink:
        with pytest.raises(Permanent):
            await get(sink.url("/ok"), headers=headers)
    assert sink.received == []


async def test_a_second_address_is_tried_when_the_first_is_dead() -> None:
    both = SystemResolver(Egress.OWNER, lookup=lambda _h, _p: ["::1", "127.0.0.1"])
    async with http_sink() as sink:
        url = f"http://two.test:{sink.port}/ok"
        answer = await GuardedHttp(Egress.OWNER, both, CLOCK).request(HttpRequest(url=url))
    assert answer.address == "127.0.0.1"


async def test_cancelling_leaves_nothing_open() -> None:
    async with http_sink() as sink:
        await get(sink.url("/ok"))
        before, tasks = open_files(), len(asyncio.all_tasks())
        request = asyncio.create_task(get(sink.url("/silent")))
        assert await settles(lambda: len(sink.received) == 2)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert await settles(lambda: open_files() <= before)
        assert await settles(lambda: len(asyncio.all_tasks()) <= tasks)


@pytest.mark.peer("openssl")
async def test_tls_to_a_fixed_address_under_the_urls_name(authority: Authority) -> None:
    http = GuardedHttp(Egress.OWNER, RESOLVER, CLOCK, roots=Roots(str(authority.root)))
    names: list[str | None] = []
    authority.right.sni_callback = lambda _object, name, _context: names.append(name)
    async with http_sink(authority.right) as sink:
        url = f"https://{NAME}:{sink.port}/ok"
        answer = await http.request(HttpRequest(url=url, connect_to="127.0.0.1"))
    authority.right.sni_callback = None
    assert (answer.status, answer.address, names) == (200, "127.0.0.1", [NAME])
    assert sink.received[0].headers["host"] == f"{NAME}:{sink.port}"


@pytest.mark.peer("openssl")
@pytest.mark.parametrize(
    ("server", "reason"),
    [("other_name", "not valid.*mismatch"), ("expired", "expired"), ("right", "local issuer")],
)
async def test_a_bad_certificate_is_said(authority: Authority, server: str, reason: str) -> None:
    trusted = None if server == "right" else Roots(str(authority.root))
    http = GuardedHttp(Egress.OWNER, RESOLVER, CLOCK, roots=trusted)
    async with http_sink(getattr(authority, server)) as sink:
        url = f"https://{NAME}:{sink.port}/ok"
        with pytest.raises(NoAnswer, match=reason):
            await http.request(HttpRequest(url=url, connect_to="127.0.0.1"))
        blind = await http.request(HttpRequest(url=url, connect_to="127.0.0.1", verify_tls=False))
    assert blind.status == 200


async def test_a_handshake_that_never_comes_is_ended() -> None:
    async with http_sink() as sink:
        await get(sink.url("/ok"))
        before = open_files()
        with pytest.raises(NoAnswer, match="did not finish"):
            await get(f"https://127.0.0.1:{sink.port}/", timeout_s=0.2)
        assert await settles(lambda: open_files() <= before)


async def test_it_tells_where_the_time_went() -> None:
    async with http_sink() as sink:
        answer = await get(sink.url("/ok"))
    assert answer.http_version == "1.1"
    phases = answer.phases
    assert phases is not None
    assert (phases.resolve, phases.tls) == (None, None)
    assert phases.connect is not None
    assert phases.first_byte is not None
    assert phases.connect + phases.first_byte <= phases.total == answer.took_s


@pytest.mark.peer("openssl")
async def test_it_tells_when_the_certificate_ends(authority: Authority) -> None:
    http = GuardedHttp(Egress.OWNER, RESOLVER, CLOCK, roots=Roots(str(authority.root)))
    async with http_sink(authority.right) as sink:
        request = HttpRequest(
            url=f"https://{NAME}:{sink.port}/ok", connect_to="127.0.0.1", tell_certificate=True
        )
        answer = await http.request(request)
    assert answer.certificate_ends is not None
    assert 28 <= (answer.certificate_ends - CLOCK.now()).days <= 30
    assert answer.phases is not None
    assert answer.phases.tls


async def test_headers_without_end_are_a_fault_of_their_own() -> None:
    line = f"X-Long: {'a' * 8000}\r\n"
    flood = f"HTTP/1.1 200 OK\r\n{line * 200}\r\n"
    async with http_sink(answers={"flood-of-headers": flood.encode()}) as sink:
        with pytest.raises(NoAnswer, match="more headers than Relight reads"):
            await get(sink.url("/flood-of-headers"))
