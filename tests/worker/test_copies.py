"""Copies of the public page: one place that fails is named, tried again, and in nobody's way."""

from relight.communicate.react import PUBLISH
from relight.kernel.severity import Severity
from tests.worker.conftest import Open
from tests.worker.given import KIT, Place

TWO = KIT + "    - folder: ./blocked/site\n"


async def test_the_page_is_published_as_it_reads_now(at: Place) -> None:
    at.worker.prepare()
    await at.run(PUBLISH)
    page = at.folder / "public" / "index.html"
    assert "All systems work." in page.read_text(encoding="utf-8")
    assert at.house.publishing == {}
    assert at.house.due.keys(PUBLISH) == set()


async def test_a_place_that_fails_is_named_and_tried_again(open_place: Open) -> None:
    at = open_place(TWO)
    (at.folder / "blocked").write_text("a file where a folder should be", encoding="utf-8")
    at.worker.prepare()
    await at.run(PUBLISH)
    assert (at.folder / "public" / "index.html").exists()
    assert list(at.house.publishing) == ["folder ./blocked/site"]
    assert at.house.due.keys(PUBLISH) != set()

    (at.folder / "blocked").unlink()
    at.clock.jump(30)
    await at.run(PUBLISH)
    assert (at.folder / "blocked" / "site" / "index.html").exists()
    assert at.house.publishing == {}
    assert at.house.due.keys(PUBLISH) == set()


async def test_a_place_taken_out_of_the_kit_fails_no_longer(open_place: Open) -> None:
    at = open_place(TWO)
    (at.folder / "blocked").write_text("a file where a folder should be", encoding="utf-8")
    at.worker.prepare()
    await at.run(PUBLISH)
    at.write_kit(KIT.partition("status_page:")[0])
    at.worker.kit_watch.reload()
    at.clock.jump(30)
    await at.run(PUBLISH)
    assert at.house.publishing == {}
    assert at.house.due.keys(PUBLISH) == set()


async def test_what_is_not_public_publishes_nothing(at: Place) -> None:
    at.declare(Severity.S3)
    assert at.house.due.keys(PUBLISH) == set()
