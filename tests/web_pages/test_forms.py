"""Every form works by plain POST, and keeps what was typed where the house says no."""

import pytest

from relight.incident.gate import Gate
from relight.incident.state import Incident
from relight.incident.status import Audience, Duty, Status
from relight.kernel.severity import Severity
from relight.wiring.house import House
from tests.web.given import with_session
from tests.web_pages.given import SAM, UGLY, declared
from tests.web_pages.reading import Browser, Reading


@pytest.fixture
def incident(house: House) -> Incident:
    return declared(house)


def room(browser: Browser, incident: Incident) -> Reading:
    return browser.open(f"/incidents/{incident.name}")


def now(house: House, incident: Incident) -> Incident:
    return house.desk.find(incident.id)


def test_declaring(house: House, sam: Browser) -> None:
    form = sam.open("/incidents/new?service=service-0").form("/new")
    page = sam.send(form, title=UGLY, severity="S3", reason="Seen by a customer")
    (made,) = house.desk.incidents.all()
    assert (made.title, made.severity, made.services) == (UGLY.strip(), Severity.S3, ("service-0",))
    assert "The incident is declared." in page.text
    assert "The incident is declared." not in sam.open(f"/incidents/{made.name}").text


def test_declaring_twice_by_a_double_press_makes_one(house: House, sam: Browser) -> None:
    form = sam.open("/incidents/new").form("/new")
    for _press in range(2):
        sam.send(form, title="Checkout fails", severity="unknown")
    assert len(house.desk.incidents.all()) == 1


def test_declaring_without_words_keeps_the_rest(sam: Browser) -> None:
    form = sam.open("/incidents/new").form("/new")
    again = sam.send(form, answers=409, title="  ", severity="S2", reason="A customer says so")
    kept = again.form("/new").fields
    assert (kept["reason"], kept["severity"]) == ("A customer says so", "S2")


def test_acknowledging(house: House, sam: Browser, incident: Incident) -> None:
    page = sam.send(room(sam, incident).form("/acknowledge"))
    assert "sam has it." in page.text
    assert now(house, incident).commander == "sam"


def test_taking_and_handing_over_a_role(house: House, sam: Browser, incident: Incident) -> None:
    page = sam.send(room(sam, incident).form("/duty", duty="scribe"))
    assert now(house, incident).duties[Duty.SCRIBE] == "sam"
    hand_over = next(form for form in page.forms if "person" in form.fields)
    sam.send(hand_over, duty="scribe", person="rebecca")
    assert now(house, incident).duties[Duty.SCRIBE] == "rebecca"


def test_noting_also_with_the_time_it_happened(
    house: House, sam: Browser, incident: Incident
) -> None:
    form = room(sam, incident).form("/note")
    sam.send(form, text="First line\r\nsecond line", at="2026-05-02T04:03", offset_min="120")
    entry = house.desk.timeline(incident)[-1]
    assert entry.event.text == "First line\nsecond line"  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    assert f"{entry.occurred_at:%H:%M}" == "02:03"
    ahead = sam.send(form, answers=409, text="Kept words", at="2999-01-01T00:00")
    assert "That time lies ahead." in ahead.text
    assert ahead.form("/note").fields["text"] == "Kept words"


def test_an_internal_update_is_posted_at_once(
    house: House, sam: Browser, incident: Incident
) -> None:
    form = room(sam, incident).form("/update", audience="internal")
    sam.send(form, text="The provider answers.", status="identified", next_in="15")
    after = now(house, incident)
    assert (after.status, after.updates[-1].audience) == (Status.IDENTIFIED, Audience.INTERNAL)
    assert after.next_internal_at is not None


def test_a_public_update_is_shown_before_it_is_posted(
    house: House, sam: Browser, incident: Incident
) -> None:
    form = room(sam, incident).form("/update", audience="public")
    shown = sam.send(form, text=f"We know of it. {UGLY}", next_in="60")
    assert "Post this to the public page?" in shown.text
    assert not now(house, incident).is_public
    page = sam.send(shown.form("/update", confirmed="yes"))
    assert "The public update is posted." in page.text
    assert now(house, incident).public_updates[-1].text == f"We know of it. {UGLY}".strip()


def test_changing_the_severity_takes_a_reason(
    house: House, sam: Browser, incident: Incident
) -> None:
    form = room(sam, incident).form("/severity")
    again = sam.send(form, answers=409, severity="S2", reason=" ")
    assert "reason" in again.text
    sam.send(again.form("/severity"), severity="S2", reason="Few are hit")
    assert now(house, incident).severity is Severity.S2


def test_resolving_over_a_gate_that_fails_takes_a_reason(
    house: House, sam: Browser, incident: Incident
) -> None:
    house.desk.update(incident.id, "We look.", audience=Audience.PUBLIC, by=SAM)
    form = room(sam, incident).form("/resolve")
    again = sam.send(form, answers=409, last_word="It works again.")
    assert again.form("/resolve").fields["last_word"] == "It works again."
    sam.send(again.form("/resolve"), override_reason="Seen by hand, checks are too old.")
    after = now(house, incident)
    assert after.status is Status.RESOLVED
    assert after.public_updates[-1].text == "It works again."
    assert isinstance(after.gate, Gate)


def test_reopening_and_closing(house: House, sam: Browser, incident: Incident) -> None:
    house.desk.resolve(incident.id, by=SAM, override_reason="Seen by hand.")
    page = sam.send(room(sam, incident).form("/reopen"), reason="It fails again.")
    assert now(house, incident).live
    assert "The incident is open again." in page.text
    house.desk.resolve(incident.id, by=SAM, override_reason="Seen by hand.")
    sam.send(room(sam, incident).form("/close"))
    assert now(house, incident).status is Status.CLOSED


def test_changing_the_title(house: House, sam: Browser, incident: Incident) -> None:
    form = room(sam, incident).form("/title")
    assert form.fields["title"] == "Checkout fails"
    again = sam.send(form, answers=409, title=" ")
    page = sam.send(again.form("/title"), title=UGLY)
    assert now(house, incident).title == UGLY.strip()
    assert "The title is changed." in page.text


def test_declining_takes_a_reason(house: House, sam: Browser, incident: Incident) -> None:
    form = room(sam, incident).form("/decline")
    again = sam.send(form, answers=409, reason=" ")
    assert "reason" in again.text
    page = sam.send(again.form("/decline"), reason="A test of the alarm.")
    assert now(house, incident).status is Status.DECLINED
    assert "it was no incident" in page.text
    assert "The incident is declined." in page.text


def test_merging_goes_on_to_the_other(house: House, sam: Browser, incident: Incident) -> None:
    assert "/merge" not in " ".join(form.action for form in room(sam, incident).forms)
    other = declared(house, "Payments fail")
    page = sam.send(room(sam, incident).form("/merge"), into=other.name, reason="One cause.")
    after = now(house, incident)
    assert (after.status, after.merged_into) == (Status.MERGED, other.id)
    assert "The other incident is merged into this one." in page.text
    assert other.name in page.text
    assert f"/incidents/{other.id}" in room(sam, incident).links


def test_correcting_an_entry_leaves_both(house: House, sam: Browser, incident: Incident) -> None:
    house.desk.note(incident.id, "Load is 34 %.", by=SAM)
    seq = now(house, incident).seq
    asked = sam.open(f"/incidents/{incident.name}/entries/{seq}/correct")
    again = sam.send(asked.form("/correct"), answers=409, text="Load is 43 %.", reason="")
    page = sam.send(again.form("/correct"), reason="Two digits were swapped.")
    assert "Load is 43 %." in page.text
    assert "Two digits were swapped." in page.text
    assert "<s>Load is 34 %.</s>" in (sam.answer.text if sam.answer else "")
    sam.open(f"/incidents/{incident.name}/entries/999/correct", answers=409)


@pytest.mark.parametrize(
    ("end", "fields"),
    [
        ("/note", {"text": "Kept words"}),
        ("/severity", {"reason": "Kept words", "severity": "S2"}),
        ("/resolve", {"override_reason": "Kept words"}),
        ("/title", {"title": "Kept words"}),
        ("/decline", {"reason": "Kept words"}),
    ],
)
def test_words_for_an_incident_that_ended_meanwhile_are_not_lost(
    house: House, sam: Browser, incident: Incident, end: str, fields: dict[str, str]
) -> None:
    form = room(sam, incident).form(end)
    house.desk.resolve(incident.id, by=SAM, override_reason="Seen by hand.")
    page = sam.send(form, answers=200 if end == "/note" else 409, **fields)
    assert "Kept words" in page.text


def test_a_token_is_shown_once_and_revoked(house: House, sam: Browser) -> None:
    sam.client.cookies.clear()
    sam.sign_in(with_session(house, "rebecca", csrf=False))
    form = sam.open("/settings").form("/tokens")
    made = sam.send(form, name="deploy", role="responder")
    assert "shown this once" in made.text
    assert sam.send(form, answers=409, name="deploy", role="viewer").form("/tokens")
    page = sam.open("/settings")
    assert "shown this once" not in page.text
    sam.send(page.form("/revoke", name="deploy"))
    assert house.access.tokens() == []


def test_a_form_of_another_session_is_refused(
    house: House, sam: Browser, incident: Incident
) -> None:
    form = room(sam, incident).form("/acknowledge")
    form.fields["_csrf"] = "0" * 64
    sam.send(form, answers=403)
    assert now(house, incident).acknowledged_by == ""
