"""What the one who is called reads first."""

import msgspec

from relight.incident import commands as cmd
from relight.incident.state import JoinedAlert
from relight.notify.message import Message
from relight.oncall.page import compose
from tests.incident.given import RULE, START, Story


def page(story: Story) -> Message:
    return compose(
        story.incident,
        delivery_id="d",
        person="Sam",
        url="https://relight.example.org/incidents/INC-3",
        acknowledge_url="https://relight.example.org/ack/token",
        now=START,
    )


def seen(message: Message) -> list[str]:
    return [each.value for each in message.details if each.label == "Seen"]


def test_it_says_what_the_check_saw():
    assert seen(page(Story())) == ["widget/check-1 fails: connection refused"]


def test_many_failing_checks_are_named_to_three():
    story = Story()
    alerts = tuple(
        JoinedAlert(
            alert_id=f"a{n}",
            check=f"widget/c{n}",
            service="widget",
            summary=f"widget/c{n} fails: refused",
            joined_at=START,
        )
        for n in range(5)
    )
    story.state = msgspec.structs.replace(story.incident, alerts=alerts)
    found = seen(page(story))
    assert found[:2] == ["widget/c0 fails: refused", "widget/c1 fails: refused"]
    assert found[2:] == ["widget/c2 fails: refused", "and 2 more checks fail"]


def test_what_has_cleared_is_not_said():
    cleared = cmd.ClearAlert(alert_id="alert-1", check="widget/check-1", reason="200")
    assert seen(page(Story().run(cleared, by=RULE))) == []
