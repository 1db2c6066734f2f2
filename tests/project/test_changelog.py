from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tools import changelog

DAY = dt.date(2026, 3, 1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "changelog.d" / "README.md").write_text("# How\n")
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n{changelog.NEWEST_BELOW}")
    return tmp_path


def fragment(root: Path, name: str, text: str) -> Path:
    path = root / "changelog.d" / name
    path.write_text(text)
    return path


def test_no_fragment_is_fine(root: Path) -> None:
    assert changelog.main(["check"], root) == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pages.fixed.md", "No number.\n"),
        ("001-pages.mended.md", "No such kind.\n"),
        ("001-Pages.fixed.md", "A capital in the name.\n"),
        ("001-pages.fixed.txt", "Not Markdown.\n"),
        ("001-pages.fixed.md", ""),
        ("001-pages.fixed.md", "- A bullet of its own.\n"),
        ("001-pages.fixed.md", "Two.\n\nParagraphs.\n"),
        ("001-pages.fixed.md", "No newline."),
        ("001-pages.fixed.md", "No full stop\n"),
    ],
)
def test_a_malformed_fragment_is_named(
    root: Path, name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fragment(root, name, text)

    assert changelog.main(["check"], root) == 1
    assert f"changelog.d/{name}:" in capsys.readouterr().err


def test_a_malformed_fragment_holds_up_a_release(root: Path) -> None:
    kept = fragment(root, "001-pages.fixed.md", "No full stop\n")

    assert changelog.main(["assemble", "0.2.0", DAY.isoformat()], root) == 1
    assert kept.exists()


def test_a_release_takes_the_fragments_by_kind_and_number(root: Path) -> None:
    fragment(root, "002-later.fixed.md", "Second\nof two lines.\n")
    fragment(root, "001-early.fixed.md", "First.\n")
    fragment(root, "003-new.added.md", "New.\n")

    assert changelog.main(["assemble", "0.2.0", DAY.isoformat()], root) == 0

    assert (root / "CHANGELOG.md").read_text() == (
        f"# Changelog\n\n{changelog.NEWEST_BELOW}\n"
        "## 0.2.0 (2026-03-01)\n\n"
        "### Added\n\n- New.\n\n"
        "### Fixed\n\n- First.\n- Second\n  of two lines.\n\n"
    )
    assert [path.name for path in (root / "changelog.d").iterdir()] == ["README.md"]


def test_the_newest_release_stands_on_top(root: Path) -> None:
    for version in ("0.2.0", "0.3.0"):
        fragment(root, "001-news.added.md", f"New in {version}.\n")
        changelog.main(["assemble", version, DAY.isoformat()], root)

    text = (root / "CHANGELOG.md").read_text()
    assert text.index("## 0.3.0") < text.index("## 0.2.0")
