"""Whether the kit's files look different from the last time, without reading them."""

import os
import stat
from itertools import islice
from pathlib import Path

import msgspec

from relight.config.read import FILE

_FOLDERS = ("runbooks", "templates")
_MOST_FILES = 5000
_MOST_TABLES = 20


class Fingerprint(msgspec.Struct, frozen=True):
    """How the files stood: (path, modified ns, size, inode), sorted. Equal means: nothing to do."""

    files: tuple[tuple[str, int, int, int], ...]


def watched(folder: Path) -> Fingerprint:
    """Look at `relight.yaml`, the tables beside it, `runbooks/` and `templates/`.

    What is missing or cannot be looked at is left out, so its coming and going shows too. Links to
    folders are not followed, and of a huge tree only the first 5000 files count.
    """
    seen: dict[str, os.stat_result] = {}
    _look(folder, FILE, seen)
    for table in islice(folder.glob("*.csv"), _MOST_TABLES):
        _look(folder, table.name, seen)
    for name in _FOLDERS:
        for parent, folders, files in os.walk(folder / name):
            folders.sort()
            for file in sorted(files):
                if len(seen) < _MOST_FILES:
                    _look(folder, str(Path(parent, file).relative_to(folder)), seen)
    rows = ((path, at.st_mtime_ns, at.st_size, at.st_ino) for path, at in seen.items())
    return Fingerprint(tuple(sorted(rows)))


def _look(folder: Path, path: str, seen: dict[str, os.stat_result]) -> None:
    try:
        found = (folder / path).stat()
    except OSError:
        return
    if stat.S_ISREG(found.st_mode):
        seen[path] = found
