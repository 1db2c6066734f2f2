"""The guide "Write a probe", followed word for word in a folder beside the tree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "write-a-probe.md").read_text(encoding="utf-8")
PROBE, TEST = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
SRC, TESTS = re.findall(r"[Pp]ut this into\s+`([^`]+)`", GUIDE)
# What having the file in the tree comes to, for a tree that is not written to.
BESIDE = """\
import relight.detect.probes
import tests.detect.probes

relight.detect.probes.__path__.append({probes!r})
"""


def run(folder: Path, *words: str) -> str:
    paths = os.pathsep.join([str(folder), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(name="beside")
def _beside(tmp_path: Path) -> Path:
    """A folder with the two files where the guide puts them."""
    for name, text in ((SRC, PROBE), (TESTS, TEST)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    probes = str((tmp_path / SRC).parent)
    (tmp_path / "beside.py").write_text(BESIDE.format(probes=probes))
    return tmp_path


def test_its_test_and_the_walk_over_all_kinds_pass(beside: Path) -> None:
    printed = run(
        beside,
        *("-m", "pytest", "-p", "beside", "-p", "no:cacheprovider", "-q"),
        *("-k", "imap", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")),
        *(str(beside / TESTS), "tests/contracts/test_every_probe.py"),
    )
    passed = re.search(r"(\d+) passed", printed)
    assert passed is not None
    assert int(passed[1]) >= 3 + 10, "its own test, and the walk"
    assert "failed" not in printed
    assert "skipped" not in printed


def test_it_is_a_kind_of_the_language_and_of_an_installed_package(tmp_path: Path) -> None:
    package = tmp_path / "your_package"
    package.mkdir()
    (package / "imap.py").write_text(PROBE)
    (package / "__init__.py").write_text("")
    (named,) = re.findall(r'^imap = "(.*)"$', GUIDE, re.MULTILINE)
    distribution = tmp_path / "your_package-1.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: your-package\nVersion: 1\n"
    )
    (distribution / "entry_points.txt").write_text(f"[relight.probe]\nimap = {named}\n")
    kit = tmp_path / "kit"
    kit.mkdir()
    check = "imap: {adress: mail.example.org}"
    slip = f"name: Where2Eat\nservices:\n  - name: mail\n    checks:\n      - {check}\n"
    (kit / "relight.yaml").write_text(slip)

    done = subprocess.run(
        [sys.executable, "-m", "relight", "check", str(kit)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    (shown,) = re.findall(r"^(relight\.yaml:5: .*)$", GUIDE, re.MULTILINE)
    assert shown in done.stdout + done.stderr
