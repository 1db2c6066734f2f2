import asyncio
import threading
from collections.abc import Sequence

import pytest

from relight.kernel.faults import Unavailable
from relight.web.group_commit import GroupCommit, Overloaded


class Book:
    """A writer that can be held back, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.free = threading.Event()
        self.free.set()
        self.broken = False

    def write(self, batch: Sequence[int]) -> list[str]:
        self.free.wait(10)
        if self.broken:
            raise Unavailable("The disk is full.")
        self.batches.append(list(batch))
        return [f"kept {each}" for each in batch]


async def test_each_gets_its_own_answer_after_the_write():
    book = Book()
    group = GroupCommit(book.write, name="test")
    assert await asyncio.gather(*(group.put(n) for n in range(5))) == [
        f"kept {n}" for n in range(5)
    ]
    assert [n for batch in book.batches for n in batch] == list(range(5))
    await group.close()


async def test_what_comes_during_a_write_shares_the_next_one():
    book = Book()
    book.free.clear()
    group = GroupCommit(book.write, name="test", largest=10)
    puts = [asyncio.create_task(group.put(0))]
    await asyncio.sleep(0.02)
    puts += [asyncio.create_task(group.put(n)) for n in range(1, 26)]
    await asyncio.sleep(0.02)
    assert book.batches == []
    assert not any(each.done() for each in puts)
    book.free.set()
    await asyncio.gather(*puts)
    assert [len(batch) for batch in book.batches] == [1, 10, 10, 5]
    await group.close()


async def test_a_failed_write_is_told_to_all_of_it_and_the_next_goes_on():
    book = Book()
    book.broken = True
    group = GroupCommit(book.write, name="test")
    with pytest.raises(Unavailable, match="disk is full"):
        await group.put(1)
    book.broken = False
    assert await group.put(2) == "kept 2"
    await group.close()


async def test_too_many_are_refused_and_nothing_is_lost():
    book = Book()
    book.free.clear()
    group = GroupCommit(book.write, name="test", most=3)
    puts = [asyncio.create_task(group.put(0))]
    await asyncio.sleep(0.02)
    puts += [asyncio.create_task(group.put(n)) for n in (1, 2, 3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await group.put(4)
    book.free.set()
    assert len(await asyncio.gather(*puts)) == 4
    await group.close()


async def test_closing_writes_what_still_waits():
    book = Book()
    book.free.clear()
    group = GroupCommit(book.write, name="test")
    puts = [asyncio.create_task(group.put(n)) for n in range(3)]
    await asyncio.sleep(0.02)
    book.free.set()
    await group.close()
    assert sorted(n for batch in book.batches for n in batch) == [0, 1, 2]
    await asyncio.gather(*puts)
