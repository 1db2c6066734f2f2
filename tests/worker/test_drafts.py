"""Drafts of postmortems: one a incident, and never over what a person wrote."""

from pathlib import Path

from relight.incident import commands as cmd
from relight.incident import events as ev
from relight.learn.react import POSTMORTEM
from relight.wiring.house import build
from relight.worker.work import Worker
from tests.worker.given import SAM, Place


def _resolved(at: Place) -> Path:
    incident = at.declare()
    at.house.desk.resolve(incident.id, by=SAM, override_reason="seen to work")
    return at.folder / "postmortems" / "2026-05-02-api-is-down.md"


async def test_a_draft_lies_in_the_kit_and_on_the_record(at: Place) -> None:
    file = _resolved(at)
    await at.run(POSTMORTEM)
    assert file.read_text(encoding="utf-8").startswith(f"---\nincident: {at.incident().id}\n")
    assert at.incident().postmortem == "postmortems/2026-05-02-api-is-down.md"
    assert at.kinds().count("PostmortemDrafted") == 1
    assert [path.name for path in file.parent.iterdir()] == [file.name]


async def test_what_a_person_wrote_under_that_name_stays(at: Place) -> None:
    file = _resolved(at)
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine", encoding="utf-8")
    (file.parent / "folder.md").mkdir()
    await at.run(POSTMORTEM)
    assert file.read_text(encoding="utf-8") == "mine"
    assert at.incident().postmortem == "postmortems/2026-05-02-api-is-down-inc-1.md"


async def test_a_draft_that_was_worked_on_before_it_was_recorded_stays(at: Place) -> None:
    file = _resolved(at)
    file.parent.mkdir(exist_ok=True)
    begun = f"---\nincident: {at.incident().id}\n---\nOur own words."
    file.write_text(begun, encoding="utf-8")
    await at.run(POSTMORTEM)
    assert file.read_text(encoding="utf-8") == begun
    assert at.incident().postmortem == "postmortems/2026-05-02-api-is-down.md"


async def test_a_note_that_only_names_the_incident_is_not_its_draft(at: Place) -> None:
    file = _resolved(at)
    file.parent.mkdir(exist_ok=True)
    other = file.with_name("another.md")
    other.write_text(f"See also {at.incident().id}.", encoding="utf-8")
    await at.run(POSTMORTEM)
    assert file.exists()
    assert at.incident().postmortem == "postmortems/2026-05-02-api-is-down.md"


async def test_a_crash_between_file_and_record_gives_one_file(at: Place) -> None:
    file = _resolved(at)
    (claim,) = at.claim(POSTMORTEM)
    await at.handlers()[POSTMORTEM](claim)
    first = file.read_text(encoding="utf-8")

    # The same moment in a house that wrote the file and not the record.
    crashed = build(at.folder, data=at.folder / "other", clock=at.clock)
    other = Place(at.folder, crashed, Worker(crashed), at.outside, at.clock)
    try:
        incident = other.declare()
        file.write_text(first.replace(at.incident().id, incident.id), encoding="utf-8")
        crashed.desk.resolve(incident.id, by=SAM, override_reason="seen to work")
        at.clock.jump(60)
        await other.run(POSTMORTEM)
        assert [path.name for path in file.parent.glob("*.md")] == [file.name]
        assert other.incident().postmortem == "postmortems/2026-05-02-api-is-down.md"
    finally:
        crashed.close()


async def test_an_incident_that_has_a_draft_gets_no_second(at: Place) -> None:
    file = _resolved(at)
    at.house.desk.run(at.incident().id, cmd.RecordPostmortem(path="postmortems/mine.md"), SAM)
    await at.run(POSTMORTEM)
    assert not file.exists()


async def test_a_draft_from_before_a_reopening_stays_and_the_record_says_so(at: Place) -> None:
    file = _resolved(at)
    await at.run(POSTMORTEM)
    file.write_text("Our own words.", encoding="utf-8")
    at.clock.jump(600)
    at.house.desk.reopen("INC-1", reason="It fails again.", by=SAM)
    at.house.desk.resolve("INC-1", by=SAM, override_reason="seen to work")
    await at.run(POSTMORTEM)
    note = at.events()[-1]
    assert isinstance(note, ev.NoteAdded)
    assert note.text == (
        "postmortems/2026-05-02-api-is-down.md was drafted before the incident was reopened at "
        "02:13 UTC. It does not tell of what came after."
    )
    assert file.read_text(encoding="utf-8") == "Our own words."
    assert at.house.due.keys(POSTMORTEM) == set()
