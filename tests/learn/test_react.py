"""When a draft is asked for."""

import pytest

from relight.incident import commands as cmd
from relight.incident import events as ev
from relight.kernel.ledger import Intent
from relight.kernel.severity import Severity
from relight.learn.react import DraftPostmortem, react
from tests.incident.given import ID, PASSED, Story, declare

CLEAR = cmd.ClearAlert(alert_id="alert-1", check="widget/check-1")
RESOLVE = cmd.Resolve(gate=PASSED)


def asked(story: Story) -> list[Intent]:
    return [intent for entry in story.entries for intent in react(entry, story.incident)]


@pytest.mark.parametrize("severity", [Severity.S1, Severity.S2])
def test_resolving_asks_for_a_draft_at_once(severity: Severity):
    story = Story(declare(severity)).run(CLEAR).after(hours=1).run(RESOLVE)

    assert asked(story) == [
        Intent(kind="postmortem", due_at=story.now, payload=DraftPostmortem(ID))
    ]


@pytest.mark.parametrize("severity", [Severity.S3, Severity.S4])
def test_a_severity_that_wants_none_asks_for_none(severity: Severity):
    assert asked(Story(declare(severity)).run(CLEAR).run(RESOLVE)) == []


def test_nothing_else_asks_for_it():
    assert asked(Story().run(cmd.Decline(reason="a test"))) == []


def test_resolving_after_a_reopening_asks_again_so_that_the_record_can_say_what_lacks():
    story = Story().run(CLEAR).run(RESOLVE).run(cmd.RecordPostmortem(path="postmortems/a.md"))
    story.run(cmd.Reopen(reason="not over")).run(RESOLVE)

    again = [entry for entry in story.entries if isinstance(entry.event, ev.Resolved)][-1]

    assert len(react(again, story.incident)) == 1
