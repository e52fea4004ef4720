"""Counts what happens in one second of the org's time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime


class PerSecond:
    """A counter that starts again with every second."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._second = 0
        self._taken = 0

    def take(self, amount: int, *, limit: int) -> bool:
        """Count this many, unless that would exceed the limit in this second; a limit of 0 is none."""
        second = int(self._now().timestamp())
        if second != self._second:
            self._second, self._taken = second, 0
        if limit and self._taken + amount > limit:
            return False
        self._taken += amount
        return True
