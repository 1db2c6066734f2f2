"""A folder on this machine, which any web server can serve."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import msgspec

from relight.communicate.publishers import Publisher
from relight.kernel.plug import Permanent, Transient
from relight.kernel.ports import Ports

_MANIFEST = ".relight-site.json"
# Room and quotas come back when somebody makes room; the rest asks for another setting.
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EINTR, errno.EAGAIN})


class FolderPublisher(Publisher, frozen=True, kw_only=True):
    """Write the status page's files into the folder `path`, which is made where it is missing.

    A reader sees each file as it was or as it is, never half of it. Only what changed is written.
    Files that were published before and are gone from the site are removed; all other files in the
    folder are left alone (`.relight-site.json` remembers which are ours). A status page on the
    machine it reports on goes down with it: publish to a second place too.
    """

    path: str

    PATHS: ClassVar[frozenset[str]] = frozenset({"path"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"path": "./public"}

    def __post_init__(self) -> None:
        """Refuse an empty path."""
        if not self.path.strip():
            msg = "Name the folder, like ./public."
            raise ValueError(msg)

    async def publish(self, site: Mapping[str, bytes], ports: Ports) -> str:
        """Write, remove what is gone, and read back."""
        del ports
        # Imported where a loop is running anyway: a shell that only reads the kit starts faster.
        import asyncio

        return await asyncio.to_thread(_publish, Path(self.path), dict(site))


def _publish(root: Path, site: dict[str, bytes]) -> str:
    places = {name: _place(root, name) for name in site}
    try:
        root.mkdir(parents=True, exist_ok=True)
        before = _published_before(root)
        # Noted first: a file written just before a crash is still known as ours.
        _remember(root, before | site.keys())
        changed = [name for name in site if _read(places[name]) != site[name]]
        for name in changed:
            _write(root, places[name], site[name])
        gone = sorted(before - site.keys())
        for name in gone:
            _remove(root, _place(root, name))
        _remember(root, set(site))
        wrong = [name for name in site if _read(places[name]) != site[name]]
    except OSError as error:
        raise _failure(root, error) from error
    if wrong:
        msg = f"{root} did not keep {wrong[0]} as it was written."
        raise Transient(msg, hint="Something else writes into that folder.")
    return f"{root}: {len(changed)} written, {len(gone)} removed, {len(site)} in all."


def _place(root: Path, name: str) -> Path:
    """Give a file's place, never outside the folder, neither by `..` nor by a symbolic link."""
    parts = PurePosixPath(name).parts
    plain = bool(parts) and not name.startswith("/") and "\\" not in name and "\0" not in name
    if not plain or any(part == ".." for part in parts) or name == _MANIFEST:
        msg = f"`{name}` is not a file name that can be published."
        raise Permanent(msg)
    place = root.joinpath(*parts)
    if not place.parent.resolve().is_relative_to(root.resolve()):
        msg = f"`{name}` leads out of {root} through a symbolic link."
        raise Permanent(msg, hint="Remove the link, or publish to another folder.")
    return place


def _published_before(root: Path) -> set[str]:
    try:
        names = msgspec.json.decode((root / _MANIFEST).read_bytes(), type=set[str])
    except FileNotFoundError:
        return set()
    except msgspec.DecodeError as error:
        msg = f"{root / _MANIFEST} is not readable, so nothing was changed."
        raise Permanent(msg, hint="Delete it; then remove files that are gone by hand.") from error
    return {name for name in names if _is_ours(root, name)}


def _is_ours(root: Path, name: str) -> bool:
    try:
        _place(root, name)
    except Permanent:
        return False
    return True


def _remember(root: Path, names: set[str]) -> None:
    listed = msgspec.json.format(msgspec.json.encode(sorted(names))) + b"\n"
    if _read(root / _MANIFEST) != listed:
        _write(root, root / _MANIFEST, listed)


def _read(place: Path) -> bytes | None:
    if place.is_symlink() or not place.is_file():
        return None
    return place.read_bytes()


def _write(root: Path, place: Path, body: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".relight-", dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(temporary).replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    # The new name lives in the folder, and a new folder in the one above.
    for folder in (place.parent, *place.parent.parents):
        _sync(folder)
        if folder == root:
            break


def _remove(root: Path, place: Path) -> None:
    place.unlink(missing_ok=True)
    folder = place.parent
    while folder != root:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            break
        folder = folder.parent
    _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failure(root: Path, error: OSError) -> Transient | Permanent:
    why = os.strerror(error.errno).lower() if error.errno else "not possible"
    msg = f"The status page could not be written to {root}: {why}."
    if error.errno in _PASSING:
        return Transient(msg, hint="Make room there; it is tried again.")
    return Permanent(msg, hint="Let Relight's user write there, or name another folder.")


PLUGIN: type[Publisher] = FolderPublisher
