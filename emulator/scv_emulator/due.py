"""Work that is done later: the vendor accepts first and applies afterwards."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count


class DueWork:
    """Pieces of work with the time at which they are done; nothing runs by itself."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._order = count()
        self._waiting: list[tuple[datetime, int, Callable[[], None]]] = []

    def after(self, delay_ms: int, work: Callable[[], None]) -> None:
        """Do this once the delay is over; with no delay it is done at once."""
        due = self._now() + timedelta(milliseconds=delay_ms)
        heapq.heappush(self._waiting, (due, next(self._order), work))
        if delay_ms == 0:
            self.settle()

    def soon(self, work: Callable[[], None]) -> None:
        """Do this when the work at hand is over: at the next `settle`."""
        heapq.heappush(self._waiting, (self._now(), next(self._order), work))

    def settle(self) -> None:
        """Do everything that is due, in the order in which it became due."""
        while self._waiting and self._waiting[0][0] <= self._now():
            heapq.heappop(self._waiting)[2]()

    def __len__(self) -> int:
        return len(self._waiting)

    def clear(self) -> None:
        """Forget what was waiting."""
        self._waiting.clear()
