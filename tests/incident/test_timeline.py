"""The rows that the pages, the command line and the postmortem show."""

from datetime import timedelta

from relight.incident import commands as cmd
from relight.incident import events as ev
from relight.incident.status import Audience
from relight.incident.timeline import Row, rows, sentence
from tests.incident.given import RULE, SAM, START, Story, outage


def row_of(story: Story, kind: type[ev.Event], nth: int = 0) -> Row:
    seq = story.seq_of(kind, nth)
    return next(row for row in rows(story.entries) if row.seq == seq)


def test_an_outage_reads_as_a_story():
    told = [row.sentence for row in rows(outage().entries) if row.weight != "quiet"]

    assert told == [
        "Declared as S1: Widget is down.",
        "widget/check-1 fails: connection refused.",
        "The edge in front of Widget is failing; the origin answers directly.",
        "People are being called.",
        "Public update: We are investigating trouble with Widget.",
        "A page to Sam by email failed: no route. It is tried again.",
        "A page to Sam by email was taken.",
        "Sam has it.",
        "Sam takes command.",
        "Public update: Pages load slowly. We are on it.",
        "widget/check-1 answers again.",
        "Every check answers again; now watched for 1 h.",
        "Public update: Widget works again.",
        "Resolved; every criterion of the gate is met.",
    ]


def test_who_is_only_mailed_is_not_called():
    """A severity that does not page tells everyone once (article 004)."""
    policy = ev.PagingPolicy(
        steps=(ev.PageStep(0, ("everyone",)),), repage_s=0, version="1", only=("email",)
    )
    assert sentence(ev.PagingStarted(policy=policy)) == "Everyone is told by email."


def test_a_row_keeps_both_times_and_who():
    story = Story()
    story.after(minutes=10).run(
        cmd.AddNote(text="The router rebooted."), by=SAM, occurred_at=START + timedelta(minutes=1)
    )

    row = row_of(story, ev.NoteAdded)

    assert (row.by, row.kind) == ("Sam", "NoteAdded")
    assert row.at == START + timedelta(minutes=1)
    assert row.recorded_at == START + timedelta(minutes=10)
    assert rows(story.entries)[0].by == "Relight"


def test_a_page_is_named_where_its_request_is_known():
    story = outage()

    row = row_of(story, ev.PageSent)
    assert ("To", "Sam, email sam@example.org") in row.detail
    assert ("Answer", "250 ok") in row.detail

    (alone,) = rows([story.entries[row.seq - 1]])
    assert alone.sentence == "A page was taken."


def test_a_correction_strikes_the_row_and_stands_itself():
    story = outage()
    seq = story.seq_of(ev.UpdatePosted, 1)
    story.run(cmd.Correct(seq=seq, text="Pages do not load.", reason="it was worse"))

    struck, stands = row_of(story, ev.UpdatePosted, 1), row_of(story, ev.Corrected)

    assert struck.sentence == "Public update: Pages load slowly. We are on it."
    assert struck.corrected is not None
    assert (struck.corrected.text, struck.corrected.reason, struck.corrected.by) == (
        "Pages do not load.",
        "it was worse",
        "Sam",
    )
    assert struck.corrected.seq == stands.seq
    assert stands.sentence == f"Entry #{seq} is corrected: Pages do not load."
    assert stands.corrected is None


def test_a_correction_of_a_correction_reaches_the_first_entry():
    story = Story().run(cmd.AddNote(text="at 2:00"))
    story.run(cmd.Correct(seq=story.seq_of(ev.NoteAdded), text="at 2:10", reason="typo"))
    story.run(cmd.Correct(seq=story.seq_of(ev.Corrected), text="at 2:01", reason="typo"))

    note, first = row_of(story, ev.NoteAdded), row_of(story, ev.Corrected)

    assert note.corrected is not None
    assert first.corrected is not None
    assert note.corrected.text == first.corrected.text == "at 2:01"


def test_a_long_text_is_cut_in_the_sentence_and_whole_in_the_details():
    text = "word " * 100
    story = Story().run(cmd.PostUpdate(audience=Audience.INTERNAL, text=text), by=RULE)

    row = row_of(story, ev.UpdatePosted)

    assert row.sentence.endswith("…")
    assert ("Text", text.strip()) in row.detail


def test_a_check_that_was_taken_out_of_the_kit_does_not_answer_again():
    gone = cmd.ClearAlert(alert_id="alert-1", check="widget/check-1", unwatched=True)
    story = Story().run(gone, by=RULE)
    assert "widget/check-1 is no longer watched." in [row.sentence for row in rows(story.entries)]


def test_an_alert_from_elsewhere_is_over_by_what_it_said():
    alert = cmd.FirstAlert(
        alert_id="alert-9",
        check="bq-1",
        service="widget",
        source="intake/billing",
        summary="The billing queue is stuck",
    )
    add = cmd.JoinAlert(alert=alert)
    over = cmd.ClearAlert(alert_id="alert-9", check="bq-1")
    story = Story().run(add, by=RULE).run(over, by=RULE)
    told = [row.sentence for row in rows(story.entries)]
    assert "Over: The billing queue is stuck." in told
    over = cmd.ClearAlert(alert_id="alert-1", check="widget/check-1")
    told = [row.sentence for row in rows(story.run(over, by=RULE).entries)]
    assert "widget/check-1 answers again." in told
    assert "Every alert is over; now watched for 1 h." in told
