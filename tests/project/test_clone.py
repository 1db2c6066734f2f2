"""What a stranger's clone must not carry: names of one machine or of one package registry."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_versions_and_hashes_and_no_place(lock: Path) -> None:
    text = lock.read_text()

    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("    --hash=sha256:", ""), re.MULTILINE)
    for pinned in text.replace("\\\n", "").splitlines():
        assert "==" in pinned
        assert "--hash=sha256:" in pinned


def test_no_file_names_the_folder_it_was_written_in() -> None:
    found = subprocess.run(
        ["git", "grep", "-lIF", f"{ROOT}/"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    if found.returncode == 128:
        pytest.skip("not a Git clone")
    assert found.stdout == ""
