"""Secrets: read late, never shown, and never nothing."""

from pathlib import Path

import pytest

from relight.kernel.secret import MASK, Masker, Secret, SecretMissing, resolve


@pytest.mark.parametrize("written", ["", " \n"])
def test_an_empty_file_is_no_secret(tmp_path: Path, written: str) -> None:
    """A hook signed with nothing could have been signed by anyone."""
    (tmp_path / "key").write_text(written, encoding="utf-8")
    with pytest.raises(SecretMissing, match="`file:key` is empty"):
        resolve("file:key", root=tmp_path)


def test_a_variable_without_a_value_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing, match="`env:KEY` is not set"):
        resolve("env:KEY", environment={"KEY": ""}, root=tmp_path)


def test_a_file_is_read_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n", encoding="utf-8")
    assert resolve("file:key", root=tmp_path).reveal() == "s3cret"


def test_what_is_masked_holds_neither_a_known_secret_nor_the_password_of_a_url() -> None:
    masker = Masker([Secret("s3cret"), Secret("s3cret-and-more")])
    text = "s3cret-and-more, s3cret, ftp://sam:hunter2@example.org/"
    assert masker.mask(text) == f"{MASK}, {MASK}, ftp://sam:{MASK}@example.org/"
