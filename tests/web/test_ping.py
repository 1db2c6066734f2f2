"""The ping protocol, as Healthchecks documents it, spoken by its own clients."""

from __future__ import annotations

import asyncio
import subprocess
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from relight.desk.heartbeats import View
from relight.detect.heartbeat import Signal, Status
from relight.web.app import create_app
from relight.web.front import Front
from relight.web.ping import KEPT_BODY, Asked, read_path
from relight.wiring.house import House
from tests.web.given import KIT, client_of, house_at, served

RUN = "b1c1d1e1-0000-4000-8000-000000000001"
HEARTBEATS = (
    KIT
    + """\
heartbeats:
  - {name: Nightly report, cron: "0 2 * * *", grace: 30m, service: api}
  - {name: sync, every: 1h}
  - {name: quiet, every: 1h, post_only: true}
  - {name: twin one, every: 1h}
  - {name: twin-one, every: 1h}
"""
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = house_at(tmp_path / "kit", kit=HEARTBEATS)
    house.heartbeats.align()
    yield house
    house.close()


@pytest.fixture
def client(house: House) -> Iterator[TestClient[Front]]:
    with client_of(create_app(house)) as client:
        yield client


def by_id(house: House, name: str = "sync") -> str:
    return house.heartbeats.url(name).removeprefix(house.base_url)


def by_slug(house: House, slug: str) -> str:
    return f"/ping/{house.heartbeats.ping_key}/{slug}"


def view(house: House, name: str = "sync") -> View:
    return house.heartbeats.view(name)


def last(house: House, name: str = "sync") -> Signal:
    return house.heartbeats.pings(name)[0].ping.signal


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_ping_is_a_success(house: House, client: TestClient[Front], method: str):
    answer = client.request(method, by_id(house))
    assert answer.status_code == 200
    assert answer.text == ("" if method == "HEAD" else "OK")
    assert answer.headers["ping-body-limit"] == str(KEPT_BODY)
    assert view(house).status is Status.UP
    assert house.heartbeats.pings("sync")[0].ping.method == method


@pytest.mark.parametrize(
    ("action", "signal", "status"),
    [
        ("/start", Signal.START, Status.STARTED),
        ("/fail", Signal.FAIL, Status.DOWN),
        ("/log", Signal.LOG, Status.NEW),
        ("/0", Signal.SUCCESS, Status.UP),
        ("/1", Signal.FAIL, Status.DOWN),
        ("/255", Signal.FAIL, Status.DOWN),
        ("/", Signal.SUCCESS, Status.UP),
    ],
)
def test_what_comes_after_the_address_says_what_happened(
    house: House, client: TestClient[Front], action: str, signal: Signal, status: Status
):
    for path, name in (
        (by_id(house), "sync"),
        (by_slug(house, "nightly-report"), "Nightly report"),
    ):
        assert client.get(f"{path}{action}").text == "OK"
        assert last(house, name) is signal
        assert view(house, name).status is status


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("{id}/256", 400, "invalid url format"),
        ("{id}/nope", 400, "invalid url format"),
        ("{id}/start/more", 400, "invalid url format"),
        ("{id}?rid=1", 400, "invalid uuid format"),
        ("/ping/", 400, "invalid url format"),
        ("/ping", 400, "invalid url format"),
        ("/ping/nope", 400, "invalid url format"),
        ("/ping/4a0b5f2e-9a9a-4b61-8a3e-0c5ad1b9e000", 404, "not found"),
        ("/ping/wrong-key/sync", 404, "not found"),
        ("/ping/wrong-key/sync?create=1", 404, "not found"),
        ("/ping/{key}/nobody", 404, "not found"),
        ("/ping/{key}/No%20Slug?create=1", 400, "invalid url format"),
        ("/ping/{key}/twin-one", 409, "ambiguous slug"),
    ],
)
def test_what_cannot_count_is_refused_and_writes_nothing(
    house: House, client: TestClient[Front], path: str, status: int, text: str
):
    answer = client.get(path.format(id=by_id(house), key=house.heartbeats.ping_key))
    assert (answer.status_code, answer.text) == (status, text)
    assert all(each.state.pings == 0 for each in house.heartbeats.views())


def test_other_methods_are_refused(house: House, client: TestClient[Front]):
    answer = client.delete(by_id(house))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_the_first_bytes_of_a_body_are_kept(house: House, client: TestClient[Front]):
    client.post(f"{by_id(house)}/fail", content=b"x" * (KEPT_BODY + 1))
    (kept,) = house.heartbeats.pings("sync")
    assert (len(kept.body), kept.cut) == (KEPT_BODY, True)
    client.post(by_id(house), content="fine ✓".encode())
    assert house.heartbeats.pings("sync")[0].body.decode() == "fine ✓"


def test_a_run_id_pairs_start_and_success(house: House, client: TestClient[Front]):
    other = uuid.uuid4()
    for path in (f"start?rid={RUN}", f"start?rid={other}", f"0?rid={RUN.upper()}"):
        assert client.get(f"{by_id(house)}/{path}").status_code == 200
    found = view(house)
    assert found.state.last_duration_s is not None
    assert [run.run for run in found.state.runs] == [str(other)]


def test_a_slug_makes_its_heartbeat_where_it_is_asked_to(house: House, client: TestClient[Front]):
    path = by_slug(house, "srv01")
    assert client.get(path).status_code == 404
    made = client.post(f"{path}?create=1", content=b"hello")
    assert (made.status_code, made.text) == (201, "Created")
    assert client.get(f"{path}?create=1").status_code == 200
    found = view(house, "srv01")
    assert (found.provisioned, found.state.pings, found.heartbeat.every_s) == (True, 2, 86400)
    assert client.get(by_id(house, "srv01")).status_code == 200


def test_link_previews_count_for_nothing_where_the_kit_says_so(
    house: House, client: TestClient[Front]
):
    assert client.get(by_id(house, "quiet")).text == "OK"
    assert (view(house, "quiet").status, last(house, "quiet")) == (Status.NEW, Signal.IGNORED)
    client.post(by_id(house, "quiet"))
    assert view(house, "quiet").status is Status.UP


def test_one_that_pings_too_often_is_held_back(house: House, client: TestClient[Front]):
    answers = [client.get(by_id(house)) for _ in range(200)]
    limited = [each for each in answers if each.status_code == 429]
    assert limited
    assert limited[0].headers["retry-after"] == "1"
    assert view(house).state.pings == len(answers) - len(limited)
    assert client.get(by_slug(house, "nightly-report")).status_code == 200


def test_any_host_name_is_answered(house: House, client: TestClient[Front]):
    assert client.get(by_id(house), headers={"host": "relight.example.org"}).status_code == 200


def test_a_full_disk_is_said_and_not_taken_for_written(house: House, client: TestClient[Front]):
    house.database.close()
    (house.data / "state.db").unlink()
    (house.data / "state.db").mkdir()
    assert client.get(by_id(house)).status_code == 503
    (house.data / "state.db").rmdir()


def test_an_answer_means_that_it_is_on_disk(house: House, tmp_path: Path):
    """What another process reads at the moment of the answer holds the ping."""
    from relight.desk.rules import ask_triage
    from relight.store.engine import Database
    from relight.store.heartbeats import HeartbeatRecords

    other = Database.at(house.data / "state.db")
    records = HeartbeatRecords(other, ask_triage=ask_triage)
    with client_of(create_app(house)) as client:
        for n in range(1, 6):
            client.get(by_id(house))
            assert records.all()["sync"].state.pings == n
    other.close()


async def test_the_official_client_library_pings(house: House):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its models are written for an older pydantic
        from healthchecks_io import Client

    def ping(address: str) -> None:
        ident = by_id(house).rpartition("/")[2]
        with Client(ping_url=f"{address}/ping/", ping_key=house.heartbeats.ping_key) as client:
            assert client.start_ping(uuid=ident) == (True, "OK")
            assert client.success_ping(uuid=ident, data="42 rows") == (True, "OK")
            assert client.exit_code_ping(3, slug="nightly-report", data="no space") == (True, "OK")
            assert client.fail_ping(slug="nightly-report") == (True, "OK")

    with served(house) as (address, _, _):
        await asyncio.to_thread(ping, address)
    assert [each.ping.signal for each in house.heartbeats.pings("sync")] == [
        Signal.SUCCESS,
        Signal.START,
    ]
    assert house.heartbeats.pings("sync")[0].body == b"42 rows"
    assert view(house, "Nightly report").state.reason.startswith("Nightly report ")


@pytest.mark.peer("curl")
def test_curl_pings_as_a_crontab_would(house: House):
    with served(house) as (address, _, _):
        url = f"{address}{by_id(house)}"
        for arguments in (
            ["-fsS", f"{url}/start"],
            ["-fsS", "-m", "10", "--data-raw", "done", url],
            ["-fsSI", url],
        ):
            done = subprocess.run(["curl", *arguments], capture_output=True, text=True, check=True)
            assert done.stdout == "OK" or done.stdout.startswith("HTTP/1.1 200")
        refused = subprocess.run(["curl", "-fsS", f"{url}/999"], capture_output=True, check=False)
        assert refused.returncode == 22
    methods = [each.ping.method for each in house.heartbeats.pings("sync")]
    assert methods == ["HEAD", "POST", "GET"]


def test_an_address_is_read_into_what_it_says():
    ident = "4a0b5f2e-9a9a-4b61-8a3e-0c5ad1b9e000"
    assert read_path(f"/ping/{ident.replace('-', '')}/7") == Asked(
        ident=ident, signal=Signal.FAIL, exit_status=7
    )
    assert read_path("/ping/k/a_b-1/start/") == Asked(key="k", slug="a_b-1", signal=Signal.START)
    for wrong in (
        "/ping/k/a/٣",
        "/ping/k/a/-1",
        "/ping/k/a/0000",
        "/ping//",
        "/ping/k/" + "a" * 101,
    ):
        assert read_path(wrong) is None
