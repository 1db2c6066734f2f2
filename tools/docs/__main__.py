"""`python -m tools.docs`: see the package."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.docs.page import NOTICE, Page, table

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = "docs/reference"
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_READ = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md")


def pages() -> list[Page]:
    """Make every reference page from the code."""
    from relight.wiring.kit import KINDS
    from tools.docs import doors, kit, record

    made = [
        kit.configuration(),
        kit.severities(),
        kit.seam(KINDS.probes),
        kit.seam(KINDS.channels),
        kit.seam(KINDS.publishers),
        kit.seam(KINDS.intake),
        kit.seam(KINDS.feeds),
        doors.shell(),
        doors.api(),
        record.events(),
        record.commands(),
        record.refusals(),
    ]
    return [_index(made), *made]


def _index(made: Sequence[Page]) -> Page:
    page = Page("README.md", "Reference", "These pages are written from the code by `make docs`.")
    rows = [(f"[{each.title}]({each.name})", each.lead.partition(". ")[0]) for each in made]
    page.add(
        table(("Page", "What it lists"), [(link, f"{says.rstrip('.')}.") for link, says in rows])
    )
    return page


def stale(root: Path, made: Sequence[Page]) -> Iterator[str]:
    """Say which files differ from the code, and which are left over."""
    folder = root / REFERENCE
    for page in made:
        file = folder / page.name
        if not file.is_file() or file.read_text(encoding="utf-8") != page.text():
            yield f"{REFERENCE}/{page.name} is not what the code says; run `make docs`"
    known = {page.name for page in made}
    for file in sorted(folder.glob("*.md")) if folder.is_dir() else ():
        if file.name not in known:
            yield f"{REFERENCE}/{file.name} is written by nothing; run `make docs`"


def broken_links(root: Path) -> Iterator[str]:
    """Say which links between the pages lead nowhere."""
    for pattern in _READ:
        for file in sorted(root.glob(pattern)):
            for target in _LINK.findall(_FENCE.sub("", file.read_text(encoding="utf-8"))):
                if not (file.parent / target).exists():
                    yield f"{file.relative_to(root)} links to {target}, which is not there"


def write(root: Path, made: Sequence[Page]) -> None:
    """Write the pages and remove those that nothing writes any more."""
    folder = root / REFERENCE
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.md"):
        if file.name not in {page.name for page in made} and NOTICE in file.read_text("utf-8"):
            file.unlink()
    for page in made:
        (folder / page.name).write_text(page.text(), encoding="utf-8")


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run once; 0 is fine, 1 something is undocumented, stale or broken."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs")
    parser.add_argument("--check", action="store_true", help="change nothing, list the faults")
    asked = parser.parse_args(argv)
    made = pages()
    if not asked.check:
        write(root, made)
    found = [fault for page in made for fault in page.faults]
    found += [*stale(root, made), *broken_links(root)]
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        print(f"{len(found)} faults in the documentation", file=sys.stderr)
        return 1
    print(f"{len(made)} reference pages, all true")
    return 0


if __name__ == "__main__":
    sys.exit(main())
