from datetime import timedelta

import pytest
from msgspec.structs import replace

from relight.communicate.react import PUBLISH, Publish, react
from relight.incident import events as ev
from relight.incident.gate import Gate
from relight.incident.status import Audience, Status
from relight.kernel.actor import person
from relight.kernel.ledger import Entry
from tests.communicate.samples import NOW, OUTAGE, incident

PUBLIC = ev.UpdatePosted(audience=Audience.PUBLIC, text="Known.", status=Status.IDENTIFIED)
INSIDE = ev.UpdatePosted(audience=Audience.INTERNAL, text="CDN.", status=Status.IDENTIFIED)


def entry(event: ev.IncidentEvent) -> Entry[ev.IncidentEvent]:
    return Entry(
        stream=f"incident/{OUTAGE.id}",
        seq=20,
        occurred_at=NOW,
        recorded_at=NOW,
        by=person("sam"),
        event=event,
    )


@pytest.mark.parametrize(
    "event",
    [
        PUBLIC,
        ev.NextUpdatePlanned(audience=Audience.PUBLIC, at=NOW),
        ev.StatusChanged(status=Status.MONITORING),
        ev.RecoveryObserved(stability_s=3600),
        ev.Relapsed(reason="502 again."),
        ev.Resolved(gate=Gate()),
        ev.Reopened(reason="502 again."),
        ev.Declined(reason="A test."),
        ev.Merged(into="x"),
        ev.Retitled(title="Widget is down"),
        ev.Corrected(seq=4, text="We look into Widget.", reason="Clearer."),
        ev.AlertJoined(alert_id="a", check="search/x", service="search", summary="502"),
    ],
)
def test_what_the_public_sees_is_published_at_once(event: ev.IncidentEvent):
    (intent,) = react(entry(event), OUTAGE)
    assert (intent.kind, intent.due_at, intent.payload) == (PUBLISH, NOW, Publish())


def test_the_page_is_published_again_when_a_promised_word_is_late():
    later = NOW + timedelta(minutes=30)
    intents = react(entry(ev.NextUpdatePlanned(audience=Audience.PUBLIC, at=later)), OUTAGE)
    assert [(each.kind, each.due_at) for each in intents] == [(PUBLISH, NOW), (PUBLISH, later)]


@pytest.mark.parametrize(
    "event",
    [
        INSIDE,
        ev.NextUpdatePlanned(audience=Audience.INTERNAL, at=NOW),
        ev.NoteAdded(text="x"),
        ev.Acknowledged(person="sam", via="page"),
        ev.Corrected(seq=9, text="An internal update.", reason="Clearer."),
        ev.PostmortemDrafted(path="postmortems/x.md"),
    ],
)
def test_what_stays_inside_publishes_nothing(event: ev.IncidentEvent):
    assert react(entry(event), OUTAGE) == ()


def test_nothing_of_an_untold_incident_or_a_drill_is_published():
    assert react(entry(ev.StatusChanged(status=Status.IDENTIFIED)), incident()) == ()
    assert react(entry(PUBLIC), replace(OUTAGE, drill=True)) == ()
