"""The sentence on top of an incident, and its next steps."""

from datetime import timedelta

import pytest

from relight.incident import commands as cmd
from relight.incident.status import Audience, Duty, Status
from relight.incident.summary import next_steps, plain_sentence
from relight.kernel.severity import Severity
from tests.incident.given import FAILING, PASSED, START, Story, declare, outage

ACK = cmd.Acknowledge(person="Sam", via="page")
CLEAR = cmd.ClearAlert(alert_id="alert-1", check="widget/check-1")


def says(story: Story) -> str:
    return plain_sentence(story.incident, story.now)


def ids(story: Story, person: str | None = "Sam") -> list[str]:
    return [step.id for step in next_steps(story.incident, person, story.now)]


def test_says_what_since_when_why_and_who():
    story = Story().after(minutes=9)
    edge = "The edge in front of Widget is failing; the origin answers directly."

    assert says(story) == f"Widget is down since 02:03 UTC. {edge} Nobody has it yet."
    assert says(story.run(ACK)) == f"Widget is down since 02:03 UTC. {edge} Sam has it."


def test_says_what_is_not_known():
    story = Story(declare(title="checkout fails!", finding=None))
    assert says(story) == (
        "Checkout fails since 02:03 UTC. The cause is not known yet. Nobody has it yet."
    )
    story.run(cmd.ChangeStatus(status=Status.IDENTIFIED))
    assert says(story) == "Checkout fails since 02:03 UTC. Nobody has it yet."


def test_names_the_day_when_it_is_another():
    assert says(Story().after(days=1)).startswith("Widget is down since 2026-05-02 02:03 UTC.")


def test_a_commander_who_has_not_acknowledged_is_said_to_be_that():
    story = Story().run(cmd.TakeDuty(duty=Duty.COMMANDER, person="Rebecca"))

    assert says(story).endswith("Rebecca is commander; nobody has acknowledged yet.")


def test_who_took_command_has_it():
    story = Story().run(ACK).run(cmd.TakeDuty(duty=Duty.COMMANDER, person="Rebecca"))

    assert says(story).endswith("Rebecca has it.")


def test_says_that_it_recovered_and_until_when_it_is_watched():
    story = Story().run(ACK).after(minutes=27).run(CLEAR)
    assert says(story) == (
        "Widget is down: every check answers again since 02:30 UTC."
        " It is watched until 03:30 UTC. Sam has it."
    )
    assert "It has held for 1 h." in says(story.after(hours=1))


def test_an_old_verdict_is_not_told_as_news_after_recovery():
    story = Story().run(CLEAR).run(cmd.ChangeStatus(status=Status.INVESTIGATING))

    assert says(story) == (
        "Widget is down since 02:03 UTC. Every check answers again since 02:03 UTC."
        " Nobody has it yet."
    )


def test_says_how_it_ended():
    assert says(outage()) == ("Widget is down: resolved at 03:30 UTC, 1 h 27 min after it began.")
    overridden = Story().run(cmd.Resolve(gate=FAILING, override_reason="broken check"))
    assert says(overridden).endswith("A person decided so before the data showed recovery.")
    declined = Story().run(cmd.Decline(reason="a test"))
    assert says(declined) == "Widget is down: it was no incident."
    merged = Story().run(cmd.Merge(into="other"))
    assert says(merged) == "Widget is down: merged into another incident, which goes on."


def test_a_drill_says_so_first():
    assert says(Story(declare(drill=True))).startswith("Drill. Widget is down since")


@pytest.mark.parametrize("play", [Story, outage], ids=["live", "ended"])
def test_there_are_at_most_three_steps_with_words(play: type[Story]):
    steps = next_steps(play().incident, "Sam", START + timedelta(hours=9))

    assert 1 <= len(steps) <= 3
    assert all(" " in step.label for step in steps)


def test_the_first_step_is_to_acknowledge():
    assert ids(Story()) == ["acknowledge", "post-public-update", "post-update"]
    assert ids(Story().run(ACK)) == ["post-public-update", "post-update"]


def test_who_cannot_take_a_duty_is_not_asked_to():
    assert ids(Story(), None) == ["post-public-update", "post-update"]


def test_another_may_take_command():
    assert ids(Story().run(ACK), "Rebecca") == [
        "take-command",
        "post-public-update",
        "post-update",
    ]


def test_what_the_public_need_not_know_is_not_offered():
    assert ids(Story(declare(Severity.S3))) == ["acknowledge", "post-update"]
    assert ids(Story(declare(drill=True))) == ["acknowledge", "post-update"]
    told = Story(declare(Severity.S3)).run(cmd.PostUpdate(audience=Audience.PUBLIC, text="Hm."))
    assert "post-public-update" in ids(told)


def test_resolving_is_offered_when_the_gate_may_pass():
    story = Story().run(CLEAR)
    assert "resolve" not in ids(story.after(minutes=59))
    assert ids(story.after(minutes=1)) == ["acknowledge", "post-public-update", "resolve"]
    assert ids(story.run(ACK)) == ["post-public-update", "post-update", "resolve"]


def test_after_the_end_come_the_draft_closing_and_reopening():
    story = Story().run(CLEAR).run(cmd.Resolve(gate=PASSED))
    assert ids(story) == ["draft-postmortem", "close", "reopen"]
    story.run(cmd.RecordPostmortem(path="postmortems/a.md")).run(cmd.Close())
    assert ids(story) == ["reopen"]
    assert ids(Story().run(cmd.Merge(into="other"))) == []


def test_what_was_reopened_does_not_seem_to_have_failed_all_the_time():
    story = outage().after(minutes=30).run(cmd.Reopen(reason="it fails again"))
    assert "It seemed over and was reopened at " in plain_sentence(story.incident, story.now)
