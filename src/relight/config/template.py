"""A first kit for a new folder: valid as it is, commented, one page each."""

import string
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from relight.config.read import FILE
from relight.kernel.faults import Refused

_COPIED = (
    "runbooks/app-down.md",
    "templates/first-notice.md",
    "templates/update.md",
    "templates/resolved.md",
)
_IGNORED = (".relight/", "public/", "backups/")
_NOBODY = """\
# people:
#   - name: rebecca
#     contacts:
#       - email: rebecca@example.org
"""
_NOTHING_RUN = """\
# services:
#   - name: app
#     checks:
#       - https://app.example.org/health
"""
_PLAIN = frozenset(string.ascii_letters + string.digits + " -_.")


class KitExists(Refused):
    """There is already a relight.yaml in this folder."""

    hint = "Edit it, or choose another folder. `relight check DIR` says whether it is sound."


def write_kit(folder: Path, *, name: str, email: str = "", url: str = "") -> list[Path]:
    """Write a kit and give the paths written; files that are there already stay as they are.

    `email` makes the first person and `url` the first check; without them both stand in the file
    as comments. Raises `KitExists`, or `OSError` where the folder cannot be written.
    """
    kit = folder / FILE
    if kit.exists() or kit.is_symlink():
        raise KitExists(f"There is already a {FILE} in {folder}.")
    text = string.Template(_starter(FILE)).substitute(
        name=_quoted(_visible(name) or "My app"), people=_people(email), services=_services(url)
    )
    folder.mkdir(parents=True, exist_ok=True)
    written = [*_others(folder), *_ignored(folder / ".gitignore")]
    # Last, because it is what makes the folder a kit: a broken-off `init` can be run again.
    written.insert(0, _new(kit, text))
    return written


def _others(folder: Path) -> Iterator[Path]:
    contents = {path: _starter(path) for path in _COPIED} | {"postmortems/.gitkeep": ""}
    for path, text in contents.items():
        target = folder / path
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        yield _new(target, text)


def _ignored(path: Path) -> Iterator[Path]:
    """Add what Git should leave alone, keeping the lines that are there."""
    before = path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
    known = {line.strip().strip("/") for line in before.splitlines()}
    missing = [line for line in _IGNORED if line.strip("/") not in known]
    if missing:
        gap = "" if not before or before.endswith("\n") else "\n"
        with path.open("a", encoding="utf-8") as file:
            file.write(gap + "".join(f"{line}\n" for line in missing))
        yield path


def _new(path: Path, text: str) -> Path:
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return path


def _starter(path: str) -> str:
    return files("relight.config").joinpath("starter", path).read_text(encoding="utf-8")


def _people(email: str) -> str:
    if not email:
        return _NOBODY
    name = "".join(c if c in _PLAIN else "-" for c in email.partition("@")[0])[:64].strip(" -.")
    person = _quoted(name if name and name != "everyone" else "me")
    return f"people:\n  - name: {person}\n    contacts:\n      - email: {_quoted(email)}\n"


def _services(url: str) -> str:
    if not url:
        return _NOTHING_RUN
    return f"services:\n  - name: app\n    checks:\n      - {_quoted(url)}\n"


def _quoted(text: str) -> str:
    """Write text so that YAML reads it back the same; plain words stay plain."""
    if text and set(text) <= _PLAIN and text[0].isalpha() and text == text.strip():
        return text if text.lower() not in {"null", "true", "false", "yes", "no"} else f'"{text}"'
    return '"' + _visible(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()
