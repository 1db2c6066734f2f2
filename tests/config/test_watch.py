"""A change of the kit shows in its fingerprint; a look alone does not."""

from pathlib import Path

from relight.config.template import write_kit
from relight.config.watch import watched


def test_only_the_kits_own_files_count(tmp_path: Path):
    write_kit(tmp_path, name="x")
    before = watched(tmp_path)
    (tmp_path / "postmortems/2026-01-01-x.md").write_text("new")
    (tmp_path / "notes.txt").write_text("new")
    assert watched(tmp_path) == before


def test_each_kind_of_change_shows(tmp_path: Path):
    write_kit(tmp_path, name="x")
    seen = [watched(tmp_path)]
    (tmp_path / "relight.yaml").write_text("name: longer\n")
    seen.append(watched(tmp_path))
    (tmp_path / "runbooks/deep").mkdir()
    (tmp_path / "runbooks/deep/new.md").write_text("new")
    seen.append(watched(tmp_path))
    (tmp_path / "templates/update.md").unlink()
    seen.append(watched(tmp_path))
    (tmp_path / "relight.yaml").rename(tmp_path / "gone.yaml")
    seen.append(watched(tmp_path))
    assert len(set(seen)) == len(seen)


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path):
    assert watched(tmp_path / "gone").files == ()
