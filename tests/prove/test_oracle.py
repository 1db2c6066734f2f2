"""The oracle itself: it must see each kind of loss."""

from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from relight.cli.demo.outside import PublicIncident, PublicWord
from relight.rehearse.mail_sink import Letter
from tests.prove.killed_outage import Result


def letter(identifier: str) -> Letter:
    message = EmailMessage()
    message["Message-ID"] = identifier
    at = datetime(2026, 1, 5, tzinfo=UTC)
    return Letter(at=at, sender="", recipients=("sam@widget.example",), message=message)


def incident(status: str, *words: str) -> PublicIncident:
    said = tuple(PublicWord(status=status, body=word) for word in words)
    return PublicIncident(id="abc", name="Widget", status=status, incident_updates=said)


WELL = Result(
    seed=1,
    kills=5,
    answered=["one", "two"],
    mails=[letter("<a@x>"), letter("<a@x>")],
    hook_keys=["a", "a"],
    public=(incident("resolved", "over", "two", "one"),),
    component="operational",
    copy=b"abc",
    postmortems=1,
)


def test_repeats_under_one_delivery_id_are_well() -> None:
    assert WELL.judge() == []


SPOILED = {
    "no mail": replace(WELL, mails=[]),
    "two pages by mail": replace(WELL, mails=[letter("<a@x>"), letter("<b@x>")]),
    "no call": replace(WELL, hook_keys=[]),
    "two pages by webhook": replace(WELL, hook_keys=["a", "b"]),
    "a lost update": replace(WELL, answered=["one", "two", "three"]),
    "no incident": replace(WELL, public=()),
    "an open incident": replace(WELL, public=(incident("monitoring", "one", "two"),)),
    "a doubled update": replace(WELL, public=(incident("resolved", "one", "two", "two"),)),
    "a doubled incident": replace(WELL, public=WELL.public * 2),
    "no recovery": replace(WELL, component="major_outage"),
    "an old copy": replace(WELL, copy=b""),
    "no postmortem": replace(WELL, postmortems=0),
    "two postmortems": replace(WELL, postmortems=2),
}


@pytest.mark.parametrize("what", SPOILED)
def test_each_loss_is_seen(what: str) -> None:
    assert SPOILED[what].judge() != []
