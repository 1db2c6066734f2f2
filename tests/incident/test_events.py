"""Events as the ledger keeps them: one closed union that reads back as written."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.catalog.severity_matrix import DEFAULT
from relight.incident import events as ev
from relight.incident.details import details
from relight.incident.evolve import evolve
from relight.incident.status import Audience, Duty, Status
from relight.incident.timeline import rows, sentence, weight
from relight.kernel.ledger import Entry, Unknown
from relight.kernel.plug import Plugged
from relight.kernel.severity import Severity
from tests.incident.given import FAILING, FINDING, ID, POLICY, RULE, START, Story

RULE_S1 = DEFAULT.rule(Severity.S1)
SAMPLES: tuple[ev.IncidentEvent, ...] = (
    ev.Declared(
        number=3,
        slug="inc-2026-05-02-widget-is-down",
        title="Widget is down",
        severity=Severity.S1,
        severity_reason="all checks fail",
        rule=RULE_S1,
        services=("widget",),
        drill=True,
    ),
    ev.AlertJoined(alert_id="a", check="widget/through", service="widget", summary="fails"),
    ev.AlertsJoined(
        alerts=(ev.AlertRef("b", "widget/direct", "widget", "check"),), summary="4 more alerts"
    ),
    ev.AlertsCleared(alert_ids=("a", "b")),
    ev.AlertCleared(alert_id="a", check="widget/through", reason="answered 200"),
    ev.VerdictReached(
        domain="edge",
        sentence="The edge fails.",
        certainty="certain",
        evidence=FINDING.evidence,
    ),
    ev.Retitled(title="Checkout fails"),
    ev.SeverityChanged(severity=Severity.S1, reason="more is known", rule=RULE_S1),
    ev.StatusChanged(status=Status.IDENTIFIED, reason="bad deploy"),
    ev.RecoveryObserved(stability_s=3600),
    ev.Relapsed(reason="widget/through fails"),
    ev.PagingStarted(policy=POLICY),
    ev.PagingStopped(reason="Sam has it."),
    ev.PageRequested(
        page="x.0.0",
        round=0,
        person="Sam",
        contact=Plugged("email", {"to": "sam@example.org"}),
        address="email sam@example.org",
        rule="step 1",
    ),
    ev.PageSent(page="x.0.0", attempt=1, answer="250 ok"),
    ev.PageFailed(page="x.0.0", attempt=1, reason="no route", retry_at=START),
    ev.PageSuppressed(page="x.0.0", reason="Sam has it"),
    ev.NobodyToPage(round=0, reason="step 1: backup"),
    ev.Acknowledged(person="Sam", via="email"),
    ev.DutyTaken(duty=Duty.COMMANDER, person="Sam", before="Rebecca"),
    ev.DutyLeft(duty=Duty.SCRIBE, person="Sam"),
    ev.NoteAdded(text="Looks like the deploy"),
    ev.UpdatePosted(audience=Audience.PUBLIC, text="We look.", status=Status.INVESTIGATING),
    ev.NextUpdatePlanned(audience=Audience.INTERNAL, at=START),
    ev.Resolved(gate=FAILING, override_reason="the check is broken"),
    ev.Reopened(reason="customers see errors"),
    ev.Closed(reason="reviewed"),
    ev.Declined(reason="a test"),
    ev.Merged(into="another", reason="the same edge"),
    ev.ServiceMovedOut(service="mail", into="INC-4", reason="a full disk"),
    ev.Corrected(seq=1, text="Right.", reason="typo"),
    ev.PostmortemDrafted(path="postmortems/2026-05-02-widget-is-down.md"),
    ev.ClockStepped(seconds=-3.5),
    Unknown(tag="CustomersCounted", raw={"paying": 14}),
)
SAID = """
Drill declared as S1: Widget is down.
fails.
4 more alerts.
2 alerts of it are over.
widget/through answers again.
The edge fails.
The title is now: Checkout fails.
The severity is now S1: more is known.
The status is now identified: bad deploy.
Every check answers again; now watched for 1 h.
Not over yet: widget/through fails.
People are being called.
Nobody is called any more: Sam has it.
A page to Sam by email is on its way.
A page was taken.
A page failed: no route. It is tried again.
A page was not sent: Sam has it.
There is nobody to call: step 1: backup.
Sam has it.
Sam takes command from Rebecca.
Sam lays down the record.
Looks like the deploy
Public update: We look.
The next internal update is due at 02:03 UTC.
Resolved by a person with 1 of 1 criteria not met: the check is broken.
Reopened: customers see errors.
Closed: reviewed.
Declined, it was no incident: a test.
Merged into another incident, which goes on: the same edge.
mail is INC-4 now: a full disk.
Entry #1 is corrected: Right.
The postmortem draft lies in postmortems/2026-05-02-widget-is-down.md.
The machine's clock was moved back by 3.5 s.
A newer version wrote this entry (CustomersCounted).
"""
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@st.composite
def reworded(draw: st.DrawFn) -> ev.IncidentEvent:
    """Give a sample with any words in it."""
    sample = draw(st.sampled_from(SAMPLES))
    texts = {
        name: draw(TEXT)
        for name, value in msgspec.structs.asdict(sample).items()
        if type(value) is str
    }
    return msgspec.structs.replace(sample, **texts)


def test_there_is_a_sample_of_every_event():
    assert {type(each) for each in SAMPLES} == set(get_args(ev.IncidentEvent))


def test_what_is_said_of_each():
    assert [sentence(each) for each in SAMPLES] == SAID.strip().splitlines()


@given(reworded())
def test_an_event_reads_back_as_written(event: ev.IncidentEvent):
    written = msgspec.json.encode(event)

    assert msgspec.json.decode(written)["type"] == type(event).__name__
    assert msgspec.json.decode(written, type=ev.IncidentEvent) == event


@given(reworded())
def test_whatever_was_written_every_event_is_one_line(event: ev.IncidentEvent):
    said = sentence(event)

    assert len(said.splitlines()) <= 1
    assert said or isinstance(event, ev.NoteAdded | ev.AlertCleared | ev.VerdictReached)
    assert weight(event) in {"key", "normal", "quiet"}
    assert all(label.strip() and value for label, value in details(event))


def test_an_event_of_a_newer_version_is_shown_and_folds_to_nothing():
    story = Story()
    before = story.incident
    entry: Entry[ev.IncidentEvent] = Entry(
        stream=f"incident/{ID}",
        seq=before.seq + 1,
        occurred_at=START,
        recorded_at=START,
        by=RULE,
        event=Unknown(tag="CustomersCounted", raw={"paying": 14}),
    )

    after = evolve(before, entry)

    assert after == msgspec.structs.replace(before, seq=before.seq + 1)
    (row,) = rows([entry])
    assert row.kind == "CustomersCounted"
    assert row.sentence == "A newer version wrote this entry (CustomersCounted)."
    assert row.detail == (("paying", "14"),)


def test_a_stream_begins_with_a_declaration():
    note = Story().entries[0]
    with pytest.raises(TypeError, match="begins with NoteAdded"):
        evolve(None, msgspec.structs.replace(note, event=ev.NoteAdded(text="x")))
