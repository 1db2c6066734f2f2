"""What follows from a delivery: letters taken in, words passed on, reports that went quiet."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest

from relight.desk.intake_tasks import INTAKE
from relight.detect.handed import Handed
from relight.kernel.clock import JumpingClock
from relight.wiring.house import House, build
from relight.worker.intake import IntakeLane
from relight.worker.mail_in import MailIn
from relight.worker.work import Worker
from tests.intake.given import KIT, event, key
from tests.intake.samples import NOW
from tests.peers.programs import free_port

MAILED = (
    KIT
    + """\
  - {name: nagios, from: {email: {listen: "127.0.0.1:PORT"}}, service: api}
  - {name: support, from: {report: {listen: "127.0.0.1:PORT", mailbox: help@example.org}}}
"""
)


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock(NOW)


@pytest.fixture
def house(tmp_path: Path, clock: JumpingClock) -> Iterator[House]:
    (tmp_path / "relight.yaml").write_text(MAILED.replace("PORT", str(free_port())))
    house = build(tmp_path, clock=clock)
    yield house
    house.close()


@asynccontextmanager
async def listening(house: House) -> AsyncGenerator[int]:
    mail = MailIn(house)
    running = asyncio.create_task(mail.run())
    while not mail.ports and not running.done():  # noqa: ASYNC110 - it says nothing of when it listens
        await asyncio.sleep(0.01)
    yield next(iter(mail.ports.values()))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def letter(to: str, subject: str, text: str = "It hurts.", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Mia <mia@example.org>"
    message["To"] = to
    message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def sent(port: int, *letters: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        for each in letters:
            client.send_message(each)


async def test_a_letter_is_an_alert_and_another_clears_it(house: House):
    to = f"nagios+{key(house, 'nagios')}@relight.example.org"
    down = letter(to, "** PROBLEM Host: db-1 is DOWN **", Message_ID="<1@example.org>")
    async with listening(house) as port:
        await asyncio.to_thread(sent, port, down, down)
        (alert,) = house.alerts.alerts()
        assert (alert.source, alert.service, alert.severity) == ("intake/nagios", "api", "S1")
        assert (alert.count, alert.reason) == (1, "It hurts.")
        up = letter(to, "** RECOVERY Host: db-1 is UP **")
        await asyncio.to_thread(sent, port, up)
    assert house.alerts.alerts(only_open=True) == []


@pytest.mark.parametrize(
    "to", ["nagios@example.org", "nagios+wrong@example.org", "prometheus+{}@example.org"]
)
async def test_a_letter_to_nobody_is_refused(house: House, to: str):
    async with listening(house) as port:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await asyncio.to_thread(sent, port, letter(to.format(key(house, "prometheus")), "DOWN"))
    assert house.alerts.alerts() == []


async def test_the_support_mailbox_counts_reports_and_no_absence_notes(house: House):
    letters = [
        letter("help@example.org", "White map", Message_ID=f"<{n}@example.org>") for n in range(3)
    ]
    away = letter("help@example.org", "I am away", Auto_Submitted="auto-replied")
    async with listening(house) as port:
        await asyncio.to_thread(sent, port, *letters[:2], away)
        assert house.alerts.alerts() == []
        await asyncio.to_thread(sent, port, letters[2])
    assert house.alerts.alerts()[0].summary == "3 customers report trouble"


async def test_a_letter_that_is_broken_on_purpose_is_taken_or_refused(house: House):
    to = f"nagios+{key(house, 'nagios')}@x"
    broken = (
        b"Subject: =?utf-7?b?//79?=\r\nContent-Type: text/plain; charset=no-such\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n\xff\xfe====\r\n"
    )

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("a@example.org", to, broken)

    async with listening(house) as port:
        await asyncio.to_thread(send)
        assert len(house.alerts.alerts()) == 1


def say(house: House, action: str, n: int = 0) -> None:
    sender = house.intake.senders()["events"]
    handed = Handed(
        id=f"{action}{n}",
        now=house.clock.now(),
        path="/v2/enqueue",
        body=msgspec.json.encode(event(sender.key, action)),
    )
    house.intake.write([house.intake.read(sender, handed)])


async def do(house: House) -> int:
    """Do what is due of intake; gives how many rows there were."""
    claims = house.due.claim([INTAKE], now=house.clock.now(), limit=9, lease_s=60)
    for claim in claims:
        await IntakeLane(house).do(claim)
    return len(claims)


async def test_an_acknowledgement_waits_for_the_incident_and_then_stops_the_paging(
    house: House, clock: JumpingClock
):
    say(house, "trigger")
    say(house, "acknowledge")
    assert await do(house) == 1
    assert house.incidents.all() == []
    worker = Worker(house)
    (rules,) = [each for each in worker.lanes if each.name == "rules"]
    clock.jump(5)
    for claim in house.due.claim(["triage"], now=clock.now(), limit=9, lease_s=60):
        await rules.handlers["triage"](claim)
    (incident,) = house.incidents.all()
    assert incident.is_paging
    assert await do(house) == 1
    (incident,) = house.incidents.all()
    assert incident.acknowledged_by == "events (intake)"
    assert not incident.is_paging
    assert await do(house) == 0


async def test_an_acknowledgement_of_nothing_is_dropped(house: House):
    say(house, "acknowledge")
    say(house, "resolve")
    assert house.due.keys(INTAKE) == set()
    assert house.alerts.alerts() == []


async def test_reports_that_went_quiet_clear_their_alert(house: House, clock: JumpingClock):
    sender = house.intake.senders()["customers"]
    for n in range(3):
        body = msgspec.json.encode({"text": "White.", "service": "web", "id": n})
        handed = Handed(id=str(n), now=clock.now(), body=body)
        house.intake.write([house.intake.read(sender, handed)])
    assert len(house.alerts.alerts(only_open=True)) == 1
    clock.jump(14 * 60)
    assert await do(house) == 0
    clock.jump(2 * 60)
    assert await do(house) == 1
    assert house.alerts.alerts(only_open=True) == []
    assert house.due.keys(INTAKE) == set()
