"""`init` writes a kit that is sound as it is and takes nothing away."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relight.config.kinds import Kinds
from relight.config.read import read_kit
from relight.config.template import KitExists, write_kit
from relight.kernel.faults import Level


def test_with_answers_there_is_nothing_to_complain_of(tmp_path: Path, kinds: Kinds):
    written = write_kit(
        tmp_path / "kit", name="Where2Eat", email="reb+x@example.org", url="https://e.org/h?a=b#c"
    )
    assert written[0] == tmp_path / "kit/relight.yaml"
    assert all(path.exists() for path in written)
    reading = read_kit(tmp_path / "kit", kinds)
    assert reading.faults == ()
    assert reading.catalog is not None
    assert reading.catalog.people[0].contacts[0].settings == {"to": "reb+x@example.org"}
    assert reading.catalog.services[0].checks[0].probe.settings == {"url": "https://e.org/h?a=b#c"}


def test_without_answers_it_works_too(tmp_path: Path, kinds: Kinds):
    write_kit(tmp_path, name="")
    reading = read_kit(tmp_path, kinds)
    assert reading.catalog is not None
    assert {fault.level for fault in reading.faults} == {Level.WARNING}


@settings(deadline=None, max_examples=50)
@given(name=st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_any_name_is_read_back(tmp_path_factory: pytest.TempPathFactory, kinds: Kinds, name: str):
    folder = tmp_path_factory.mktemp("kit")
    write_kit(folder, name=name)
    assert read_kit(folder, kinds).catalog is not None


def test_the_examples_in_comments_are_sound(tmp_path: Path, kinds: Kinds):
    write_kit(tmp_path, name="x")
    kit = tmp_path / "relight.yaml"
    lines = kit.read_text().splitlines()
    starts = ("people:", "services:", "oncall:", "mail:", " ")
    open_lines = [
        line[2:] if line[:2] == "# " and line[2:].startswith(starts) else line for line in lines
    ]
    text = "\n".join(open_lines).replace("[rebecca, sam]", "[rebecca]")
    kit.write_text(text)
    reading = read_kit(tmp_path, kinds, {"MAIL_PASSWORD": "hunter22"})
    assert reading.faults == ()
    assert reading.catalog is not None
    assert reading.catalog.oncall
    assert reading.catalog.mail.user == "relight"


def test_the_runbook_has_its_five_parts(tmp_path: Path):
    write_kit(tmp_path, name="x")
    text = (tmp_path / "runbooks/app-down.md").read_text()
    parts = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert parts == ["Symptoms", "First ten minutes", "Recovery", "Mitigation", "After"]


def test_what_is_there_stays(tmp_path: Path):
    (tmp_path / ".gitignore").write_text("node_modules\n/public")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/update.md").write_text("ours")
    written = write_kit(tmp_path, name="x")
    assert (tmp_path / "templates/update.md").read_text() == "ours"
    assert tmp_path / "templates/update.md" not in written
    ignored = (tmp_path / ".gitignore").read_text()
    assert ignored == "node_modules\n/public\n.relight/\nbackups/\n"
    before = (tmp_path / "relight.yaml").read_bytes()
    with pytest.raises(KitExists) as raised:
        write_kit(tmp_path, name="y")
    assert raised.value.hint
    assert (tmp_path / "relight.yaml").read_bytes() == before
