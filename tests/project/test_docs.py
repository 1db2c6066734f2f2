"""Every kind, key, command, event, route and refusal is in the reference, and what is said holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from relight.config.read import read_kit
from relight.kernel.faults import Level
from relight.wiring.kit import KINDS
from tools.docs import kit
from tools.docs.__main__ import broken_links, pages, stale
from tools.docs.page import Page

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted([ROOT / "README.md", *(ROOT / "docs" / "guides").glob("*.md")])
SEAMS = (KINDS.probes, KINDS.channels, KINDS.publishers, KINDS.intake)
YAML_FENCE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
WHOLE_KIT = re.compile(r"^name:", re.MULTILINE)


@pytest.fixture(scope="module", name="made")
def _made() -> list[Page]:
    return pages()


def test_everything_has_words(made: list[Page]):
    assert [fault for page in made for fault in page.faults] == []


def test_the_reference_is_what_the_code_says(made: list[Page]):
    assert list(stale(ROOT, made)) == []


def test_a_page_that_differs_is_named(tmp_path: Path, made: list[Page]):
    folder = tmp_path / "docs" / "reference"
    folder.mkdir(parents=True)
    for page in made:
        (folder / page.name).write_text(page.text())
    assert list(stale(tmp_path, made)) == []

    (folder / "events.md").write_text("# Incident events\n")
    (folder / "sagas.md").write_text("# Sagas\n")

    assert [fault.split()[0] for fault in stale(tmp_path, made)] == [
        "docs/reference/events.md",
        "docs/reference/sagas.md",
    ]


def test_every_link_between_the_pages_leads_somewhere():
    assert list(broken_links(ROOT)) == []


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path):
    (tmp_path / "README.md").write_text(
        "See [the guide](docs/guide.md) and [us](https://x.test).\n"
    )

    assert list(broken_links(tmp_path)) == ["README.md links to docs/guide.md, which is not there"]


def refused(folder: Path, text: str) -> list[str]:
    (folder / "relight.yaml").write_text(text)
    faults = read_kit(folder, KINDS, environment={}).faults
    return [str(fault) for fault in faults if fault.level is Level.ERROR]


@pytest.mark.parametrize(
    ("noun", "kind"), [(seam.seam, kind) for seam in SEAMS for kind in seam.kinds()]
)
def test_a_kinds_example_is_accepted_as_it_is_printed(noun: str, kind: str, tmp_path: Path):
    seam = next(each for each in SEAMS if each.seam == noun)
    plug = seam.get(kind)
    printed = YAML(typ="safe").load(kit.example(noun, kind, plug))  # pyright: ignore[reportUnknownMemberType]
    holders = {
        "probe": {"services": [{"name": "api", **printed}]},
        "channel": {"people": [{"name": "rebecca", **printed}]},
        "publisher": {"status_page": printed},
        "format": printed,
    }

    allowed = {"allow_exec": True} if plug.PROGRAMS & plug.EXAMPLE.keys() else {}

    assert refused(tmp_path, kit.yaml({"name": "Where2Eat", **allowed, **holders[noun]})) == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_kit_in_a_guide_is_accepted(guide: Path, tmp_path: Path):
    (tmp_path / "customers.csv").write_text("key\nacme\n")
    for block in YAML_FENCE.findall(guide.read_text(encoding="utf-8")):
        # What is shown without a `name:` is part of a kit, and may speak of its services.
        beside = "" if "services:\n" in block else "services: [{name: api}, {name: db}]\n"
        whole = block if WHOLE_KIT.search(block) else f"name: Where2Eat\n{beside}{block}"

        assert refused(tmp_path, whole) == []
