"""A kit folder read into the catalogue, or into everything that is wrong with it."""

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from relight.catalog.catalog import Catalog
from relight.config.forms import Nothing
from relight.config.kinds import Kinds
from relight.config.language import ROOT, warn_unpublished
from relight.config.notes import Notes
from relight.config.section import Found, build, read_section
from relight.config.tree import NotYaml, Pairs, Scalar, grow
from relight.kernel.faults import Fault, RelightError

__all__ = ["FILE", "Kinds", "KitMissing", "Reading", "read_kit"]

FILE = "relight.yaml"
_LARGEST = 1 << 20


class KitMissing(RelightError):
    """There is no relight.yaml in this folder."""

    hint = "`relight init DIR` writes one."


class Reading(msgspec.Struct, frozen=True):
    """One look at a kit. `catalog` is None when any fault is an error."""

    catalog: Catalog | None
    faults: tuple[Fault, ...]


def read_kit(folder: Path, kinds: Kinds, environment: Mapping[str, str] | None = None) -> Reading:
    """Read `relight.yaml` in the folder.

    Secrets are looked up in `environment` (the process's own when None) only to warn of missing
    ones; the catalogue keeps their references. Raises `KitMissing`; all else is a fault.
    """
    notes = Notes(FILE, kinds=kinds, root=folder, environment=environment)
    try:
        raw = _bytes_of(folder / FILE)
        found = _understood(_text_of(raw), notes)
    except NotYaml as error:
        notes.wrong(error.line, error.what, error.hint)
        return Reading(None, notes.faults())
    notes.settle()
    if isinstance(found, Nothing) or notes.failed:
        return Reading(None, notes.faults())
    read = hashlib.sha256(raw)
    for name, text in sorted(notes.files.items()):
        read.update(f"\0{name}\0{text}".encode())
    version = read.hexdigest()[:12]
    catalog = build(Catalog, {**found.values, "version": version})
    return Reading(None if isinstance(catalog, Nothing) else catalog, notes.faults())


def _bytes_of(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise NotYaml(1, "This is not a file.", "Put the configuration into a plain file.")
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(path.parent) from None
    except OSError as error:
        what = f"The file cannot be read: {(error.strerror or 'unknown reason').lower()}."
        raise NotYaml(1, what) from None
    if len(raw) > _LARGEST:
        what = "The file is larger than 1 MB, which no kit should be."
        raise NotYaml(1, what, "Is this the right file?")
    return raw


def must_be_there(folder: Path) -> None:
    """Raise `KitMissing` unless the folder holds a kit."""
    if not (folder / FILE).exists():
        raise _missing(folder)


def _missing(folder: Path) -> KitMissing:
    if (folder / "relight.yml").exists():
        return KitMissing(hint=f"Rename relight.yml to {FILE}.")
    if folder.is_dir():
        return KitMissing(f"There is no {FILE} in {folder.resolve()}.")
    return KitMissing(f"There is no folder {folder}.", hint=f"`relight init {folder}` makes it.")


def _text_of(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotYaml(1, "The file is written in UTF-16.", "Save it as UTF-8.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise NotYaml(line, "The file is not UTF-8 text.", "Save it as UTF-8.") from None
    for place, character in enumerate(text):
        if not (character.isprintable() or character in "\n\r\t\x85\xa0") and _forbidden(character):
            line = text.count("\n", 0, place) + 1
            what = f"There is a character here that no text has (U+{ord(character):04X})."
            raise NotYaml(line, what, "Remove it.")
    return text


def _forbidden(character: str) -> bool:
    """Whether YAML 1.2 (5.1) leaves a character out."""
    code = ord(character)
    return code < 0x20 or 0x7F <= code < 0xA0 or code in {0xFEFF, 0xFFFE, 0xFFFF}


def _understood(text: str, notes: Notes) -> Found | Nothing:
    root = grow(text, notes)
    if isinstance(root, Scalar) and root.empty:
        raise NotYaml(1, "The file is empty.", "Write at least `name:` and a name.")
    if not isinstance(root, Pairs):
        kind = "a text" if isinstance(root, Scalar) else "a list"
        what = f"The file is {kind}; it must be keys and values."
        raise NotYaml(root.line, what, "Begin with `name:` and a name.")
    found = read_section(ROOT, root, notes)
    if not isinstance(found, Nothing):
        _warn_of_gaps(found, notes)
        if not found.values.get("allow_exec"):
            notes.forbid_programs()
    return found


def _warn_of_gaps(found: Found, notes: Notes) -> None:
    if found.lacks("people"):
        notes.warn(found.line_of("people"), "Nobody is in `people`, so nobody is paged.")
    if found.lacks("services"):
        notes.warn(found.line_of("services"), "No services are declared, so nothing is watched.")
    if "status_page" not in found.lines:
        warn_unpublished(found.line, notes)
