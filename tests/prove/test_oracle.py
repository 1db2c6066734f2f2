"""The oracle itself: it must see each kind of loss."""

from collections.abc import Callable
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


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: replace(WELL, mails=[]),
        lambda: replace(WELL, mails=[letter("<a@x>"), letter("<b@x>")]),
        lambda: replace(WELL, hook_keys=[]),
        lambda: replace(WELL, hook_keys=["a", "b"]),
        lambda: replace(WELL, answered=["one", "two", "three"]),
        lambda: replace(WELL, public=()),
        lambda: replace(WELL, public=(incident("monitoring", "one", "two"),)),
        lambda: replace(WELL, public=(incident("resolved", "one", "two", "two"),)),
        lambda: replace(WELL, public=WELL.public * 2),
        lambda: replace(WELL, component="major_outage"),
        lambda: replace(WELL, copy=b""),
        lambda: replace(WELL, postmortems=0),
        lambda: replace(WELL, postmortems=2),
    ],
)
def test_each_loss_is_seen(spoil: Callable[[], Result]) -> None:
    assert spoil().judge() != []
