"""The folder publisher on a real file system."""

import errno
import os
import resource
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relight.communicate.publishers import folder
from relight.communicate.publishers.folder import FolderPublisher
from relight.kernel.plug import Permanent, Transient
from tests.peers.outside import real_ports

SITE = {"index.html": b"<h1>fine</h1>", "api/v2/summary.json": b"{}", "empty": b""}


async def publish(to: Path, site: dict[str, bytes]) -> str:
    return await FolderPublisher(path=str(to)).publish(site, real_ports())


def tree(root: Path) -> dict[str, bytes]:
    files = (each for each in root.rglob("*") if each.is_file())
    found = {str(each.relative_to(root)): each.read_bytes() for each in files}
    found.pop(".relight-site.json", None)
    return found


async def test_the_folder_holds_the_site(tmp_path: Path) -> None:
    site_at = tmp_path / "new" / "public"
    assert await publish(site_at, SITE) == f"{site_at}: 3 written, 0 removed, 3 in all."
    assert tree(site_at) == SITE
    assert (site_at / "index.html").stat().st_mode & 0o777 == 0o644


async def test_only_what_changed_is_written(tmp_path: Path) -> None:
    await publish(tmp_path, SITE)
    kept = (tmp_path / "empty").stat().st_ino
    answer = await publish(tmp_path, {**SITE, "index.html": b"<h1>down</h1>"})
    assert answer.endswith("1 written, 0 removed, 3 in all.")
    assert (tmp_path / "empty").stat().st_ino == kept


async def test_what_is_gone_is_removed_and_files_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "mine.txt").write_text("mine")
    await publish(tmp_path, {**SITE, "incidents/1.html": b"1"})
    await publish(tmp_path, {"index.html": b"x"})
    assert tree(tmp_path) == {"index.html": b"x", "api/mine.txt": b"mine"}
    assert not (tmp_path / "incidents").exists()
    assert not (tmp_path / "api" / "v2").exists()


async def test_a_page_that_is_gone_already_is_no_trouble(tmp_path: Path) -> None:
    await publish(tmp_path, SITE)
    (tmp_path / "api" / "v2" / "summary.json").unlink()
    (tmp_path / "api" / "v2").rmdir()
    await publish(tmp_path, {"index.html": b"x"})
    assert tree(tmp_path) == {"index.html": b"x"}


async def test_a_symbolic_link_leads_nowhere(tmp_path: Path) -> None:
    outside, site_at = tmp_path / "outside", tmp_path / "site"
    outside.mkdir()
    site_at.mkdir()
    (outside / "file").write_text("mine")
    (site_at / "api").symlink_to(outside)
    with pytest.raises(Permanent, match="symbolic link"):
        await publish(site_at, SITE)
    (site_at / "index.html").symlink_to(outside / "file")
    await publish(site_at, {"index.html": b"x"})
    assert tree(outside) == {"file": b"mine"}
    assert not (site_at / "index.html").is_symlink()


async def test_a_manifest_cannot_name_what_lies_outside(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    site_at = tmp_path / "site"
    site_at.mkdir()
    (site_at / ".relight-site.json").write_text('["../mine", "/etc/passwd"]')
    await publish(site_at, {"index.html": b"x"})
    assert mine.read_text() == "mine"


async def test_a_manifest_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".relight-site.json").write_text("[not json")
    with pytest.raises(Permanent, match="nothing was changed"):
        await publish(tmp_path, SITE)
    assert tree(tmp_path) == {}


async def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "public").write_text("a file")
    with pytest.raises(Permanent, match="file exists"):
        await publish(tmp_path / "public", SITE)


async def test_a_write_that_fails_leaves_the_page_as_it_was(tmp_path: Path) -> None:
    await publish(tmp_path, SITE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(Permanent, match="file too large"):
            await publish(tmp_path, {**SITE, "index.html": b"x" * 8192})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert tree(tmp_path) == SITE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_transient() -> None:
    # The kernel's own answer, through the one function that turns it into a failure.
    with pytest.raises(OSError, match="No space") as caught, Path("/dev/full").open("wb") as full:
        os.write(full.fileno(), b"x")
    assert caught.value.errno == errno.ENOSPC
    failure = folder._failure(Path("public"), caught.value)  # pyright: ignore[reportPrivateUsage]
    assert isinstance(failure, Transient)
    assert str(failure).endswith("no space left on device.")


NAMES = st.sampled_from(["a", "b/c", "b/d", "e/f/g", "h.html"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(st.lists(st.dictionaries(NAMES, st.binary(max_size=8)), max_size=4))
async def test_after_any_history_the_folder_is_the_last_site(
    tmp_path_factory: pytest.TempPathFactory, sites: list[dict[str, bytes]]
) -> None:
    site_at = tmp_path_factory.mktemp("site")
    for site in sites:
        await publish(site_at, site)
    assert tree(site_at) == (sites[-1] if sites else {})
