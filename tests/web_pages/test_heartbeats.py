"""The pages of the jobs that report in."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from relight.catalog.heartbeat import Heartbeat
from relight.desk.heartbeats import Heard
from relight.detect.heartbeat import Ping, Signal
from relight.web.app import create_app
from relight.web.pages.heartbeats import bars
from relight.wiring.house import House
from tests.web.given import KIT, client_of, house_at, with_session
from tests.web_pages.reading import Browser

HEARTBEATS = (
    KIT
    + """\
heartbeats:
  - {name: sync, every: 1h}
  - {name: Nightly report, cron: "0 2 * * *", zone: Europe/Amsterdam, grace: 30m, service: api}
"""
)
NIGHTLY = "/heartbeats/Nightly%20report"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = house_at(tmp_path / "kit", kit=HEARTBEATS)
    house.heartbeats.align()
    yield house
    house.close()


@pytest.fixture
def sam(house: House) -> Iterator[Browser]:
    with client_of(create_app(house)) as client:
        yield Browser(client, with_session(house, "sam", csrf=False))


def hear(house: House, name: str, *signals: Signal, body: bytes = b"", ago_s: int = 0) -> None:
    """Let a job report these, five seconds apart, the last of them so long ago."""
    now = house.clock.now() - timedelta(seconds=ago_s)
    for n, signal in enumerate(signals):
        at = now - timedelta(seconds=5 * (len(signals) - 1 - n))
        ping = Ping(signal=signal, at=at, method="POST", agent="curl/8.0 <b>")
        house.heartbeats.take([Heard(name=name, ping=ping, body=body)])


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_kit_without_heartbeats_says_how_to_name_one(tmp_path: Path):
    house = house_at(tmp_path / "kit")
    with client_of(create_app(house)) as client:
        text = Browser(client, with_session(house, "sam", csrf=False)).open("/heartbeats").text
    house.close()
    assert "heartbeats:" in text
    assert "relight heartbeat url NAME" in text


def test_the_list_says_first_which_job_is_down(house: House, sam: Browser):
    hear(house, "sync", Signal.START, Signal.SUCCESS)
    shown = sam.open("/heartbeats")
    assert "Every job was heard of in time" in shown.text
    assert {"/heartbeats/sync", NIGHTLY, "/heartbeats"} <= shown.links
    hear(house, "Nightly report", Signal.FAIL)
    text = words(sam.open("/heartbeats").text)
    assert "1 job down" in text
    assert "Nightly report says that it failed" in text
    assert text.index("Nightly report down") < text.index("sync up")
    assert "5.00 s" in text


def test_a_late_job_is_late(house: House, sam: Browser):
    hear(house, "sync", Signal.SUCCESS, ago_s=3700)
    assert "1 job late" in sam.open("/heartbeats").text


def test_a_job_has_its_address_lines_to_copy_and_its_pings(house: House, sam: Browser):
    assert "Nothing was heard yet." in sam.open(NIGHTLY).text
    hear(house, "Nightly report", Signal.START, Signal.SUCCESS, body=b"<i>rows</i> \xff: 3")
    text = words(sam.open(NIGHTLY).text)
    url = house.heartbeats.url("Nightly report")
    assert (
        f"CRON_TZ=Europe/Amsterdam 0 2 * * * my-job; curl -fsS -m 10 --retry 5 -o /dev/null {url}/$?"
        in text
    )
    assert f"relight heartbeat run nightly-report --url {url} -- my-job" in text
    assert house.heartbeats.slug_url(house.heartbeats.view("Nightly report").heartbeat) in text
    assert "ExecStopPost=" in text
    assert "1 run, the longest 5.00 s" in text
    assert "<i>rows</i> \ufffd: 3" in text
    assert "curl/8.0 <b>" in text


def test_who_may_only_look_sees_no_address(house: House, sam: Browser):
    url = house.heartbeats.url("sync")
    assert url in sam.open("/heartbeats/sync").text
    sam.sign_in(with_session(house, "vera", csrf=False))
    shown = sam.open("/heartbeats/sync")
    assert url not in shown.text
    assert house.heartbeats.ping_key not in shown.text
    assert not [form for form in shown.forms if form.action.endswith("/pause")]


def test_it_is_paused_and_resumed(house: House, sam: Browser):
    hear(house, "Nightly report", Signal.FAIL)
    shown = sam.send(sam.open(NIGHTLY).form("/pause"))
    assert "Nothing is expected of it until its next ping." in shown.text
    assert "Nightly report is paused" in words(shown.text)
    shown = sam.send(shown.form("/resume"))
    assert "Nightly report is not heard of yet" in words(shown.text)


def test_only_one_that_a_ping_made_is_forgotten(house: House, sam: Browser):
    made = Heard(
        name="extra",
        ping=Ping(signal=Signal.SUCCESS, at=house.clock.now()),
        creates=Heartbeat(name="extra"),
    )
    house.heartbeats.take([made])
    assert not [form for form in sam.open(NIGHTLY).forms if form.action.endswith("/remove")]
    form = sam.open("/heartbeats/extra").form("/remove")
    assert "The heartbeat is forgotten." in sam.send(form).text
    sam.open("/heartbeats/extra", answers=404)
    form.action = "/heartbeats/sync/remove"
    assert "is declared in the kit" in sam.send(form, answers=409).text


def test_bars_stand_in_the_picture_oldest_first():
    assert bars((), 120, 24, slots=20) is None
    drawn = bars([9.0, 0.0, 2.0, 4.0], 120, 24, slots=3)
    assert drawn is not None
    assert drawn.longest_s == 4
    assert drawn.bars == ((0, 23, 32, 1), (40, 12, 32, 12), (80, 0, 32, 24))
