"""Check the changelog's fragments, and assemble them into CHANGELOG.md at a release.

    python -m tools.changelog check
    python -m tools.changelog assemble 0.2.0 2026-03-01

A fragment is one file in `changelog.d/` about one change; `changelog.d/README.md` says how to
write it. `assemble` puts them under a heading for the version and deletes them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADINGS = {
    "added": "Added",
    "changed": "Changed",
    "fixed": "Fixed",
    "removed": "Removed",
    "security": "Security",
}
NAME = re.compile(r"\d{3}-[a-z0-9]+(?:-[a-z0-9]+)*\.(?P<kind>" + "|".join(HEADINGS) + r")\.md")
NEWEST_BELOW = "<!-- releases, newest first -->\n"


def fragments(folder: Path) -> list[Path]:
    """Everything in the folder that is not its README, in the order it will be listed."""
    return sorted(path for path in folder.iterdir() if path.name not in {"README.md", ".gitkeep"})


def faults(path: Path) -> list[str]:
    """What is wrong with one fragment; an empty list when nothing is."""
    if not NAME.fullmatch(path.name):
        kinds = "|".join(HEADINGS)
        return [f"{path.name}: the name must be NNN-short-words.KIND.md with KIND one of {kinds}"]
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return [f"{path.name}: not UTF-8"]
    found: list[str] = []
    if not text.strip():
        return [f"{path.name}: empty"]
    if text.startswith(("#", "-", "*", " ", "\n")):
        found.append(f"{path.name}:1: starts with plain words; heading and bullet are added later")
    if "\n\n" in text.strip():
        found.append(f"{path.name}: one paragraph for one change")
    if not text.endswith("\n"):
        found.append(f"{path.name}: ends without a newline")
    if not text.rstrip().endswith((".", "!", "?", ")", "`")):
        found.append(f"{path.name}: ends like a sentence")
    return found


def section(paths: Sequence[Path], version: str, day: dt.date) -> str:
    """The release's part of CHANGELOG.md, in Markdown."""
    lines = [f"## {version} ({day.isoformat()})", ""]
    for kind, heading in HEADINGS.items():
        texts = [p.read_text(encoding="utf-8") for p in paths if p.name.endswith(f".{kind}.md")]
        if texts:
            lines += [f"### {heading}", ""]
            lines += ["- " + "\n  ".join(text.strip().splitlines()) for text in texts]
            lines += [""]
    return "\n".join(lines) + "\n"


def assemble(root: Path, version: str, day: dt.date) -> None:
    """Move all fragments into CHANGELOG.md, under a heading for this version."""
    paths = fragments(root / "changelog.d")
    changelog = root / "CHANGELOG.md"
    before, mark, after = changelog.read_text(encoding="utf-8").partition(NEWEST_BELOW)
    if not mark:
        raise SystemExit(f"CHANGELOG.md lacks the line {NEWEST_BELOW.strip()!r}")
    new = section(paths, version, day)
    changelog.write_text(f"{before}{mark}\n{new}{after.lstrip()}", encoding="utf-8")
    for path in paths:
        path.unlink()


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run one command; 0 is fine, 1 a malformed fragment or none to release."""
    parser = argparse.ArgumentParser(prog="python -m tools.changelog", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="say which fragments are malformed")
    release = commands.add_parser("assemble", help="move the fragments into CHANGELOG.md")
    release.add_argument("version")
    release.add_argument("day", type=dt.date.fromisoformat, help="YYYY-MM-DD")
    asked = parser.parse_args(argv)

    paths = fragments(root / "changelog.d")
    found = [fault for path in paths for fault in faults(path)]
    for fault in found:
        print(f"changelog.d/{fault}", file=sys.stderr)
    if found:
        return 1
    if asked.command == "check":
        print(f"{len(paths)} changelog fragments, all well formed")
        return 0
    if not paths:
        print("no fragments to assemble", file=sys.stderr)
        return 1
    assemble(root, asked.version, asked.day)
    return 0


if __name__ == "__main__":
    sys.exit(main())
