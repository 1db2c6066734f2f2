"""What came in, in order, and a way to wait for it."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Arrivals(Generic[T]):
    """A growing list that one can wait on."""

    def __init__(self) -> None:
        """Begin empty."""
        self.all: list[T] = []
        self._more = asyncio.Event()

    def add(self, item: T) -> None:
        """Append one and wake all who wait."""
        self.all.append(item)
        self._more.set()
        self._more = asyncio.Event()

    async def first(self, wanted: Callable[[T], bool] = lambda _item: True) -> T:
        """Give the first that is wanted, now or whenever it comes."""
        seen = 0
        while True:
            for item in self.all[seen:]:
                if wanted(item):
                    return item
            seen = len(self.all)
            await self._more.wait()
