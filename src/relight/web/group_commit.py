"""Answers only after the disk has it, and still answers many: one commit for all that came."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from relight.kernel.faults import RelightError, Unavailable

T = TypeVar("T")
R = TypeVar("R")


class Overloaded(Unavailable):
    """More comes in than can be written down."""

    hint = "Send it again in a moment."


class GroupCommit(Generic[T, R]):
    """Hands what comes in to one writer, batch by batch, each in one transaction.

    `write` runs in a thread of its own, takes a batch and gives an answer for each item. While one
    batch is being written the next one gathers, so that the cost of a commit is shared by all who
    wait for it. No more than `most` wait at a time.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Sequence[R]],
        *,
        name: str,
        largest: int = 512,
        most: int = 20_000,
    ) -> None:
        """Take the writer; nothing runs before the first item."""
        self._write = write
        self._largest = largest
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._running: asyncio.Task[None] | None = None

    async def put(self, item: T) -> R:
        """Give the answer once the item is on disk.

        Raises `Overloaded` where too many wait, and what `write` raises, to all of its batch.
        """
        if len(self._waiting) >= self._most:
            raise Overloaded
        loop = asyncio.get_running_loop()
        written: asyncio.Future[R] = loop.create_future()
        self._waiting.append((item, written))
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="group commit")
        return await written

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = self._waiting[: self._largest]
                del self._waiting[: self._largest]
                items = [item for item, _ in batch]
                try:
                    answers = await loop.run_in_executor(self._thread, self._write, items)
                except RelightError as error:
                    _fail(batch, error)
                except Exception as error:  # the writers' own door: nobody may wait for ever
                    _fail(batch, error)
                    raise
                else:
                    for (_, written), answer in zip(batch, answers, strict=True):
                        if not written.done():
                            written.set_result(answer)
        finally:
            self._running = None

    async def close(self) -> None:
        """Write what still waits, then end the thread."""
        while self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)
        self._thread.shutdown()


def _fail(batch: Sequence[tuple[T, asyncio.Future[R]]], error: Exception) -> None:
    for _, written in batch:
        if not written.done():
            written.set_exception(error)
