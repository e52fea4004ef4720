"""The time of the emulated org: real, moved, or frozen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _real_time() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Gives the org's time in UTC; it can be moved and frozen while the emulator runs."""

    def __init__(self, *, real_time: Callable[[], datetime] = _real_time) -> None:
        self._real_time = real_time
        self._offset = timedelta()
        self._frozen_at: datetime | None = None

    def now(self) -> datetime:
        """The org's time, with a time zone."""
        return self._frozen_at if self._frozen_at is not None else self._real_time() + self._offset

    def now_ms(self) -> int:
        """The org's time in milliseconds since 1970."""
        return round(self.now().timestamp() * 1000)

    @property
    def frozen(self) -> bool:
        """True while time stands still."""
        return self._frozen_at is not None

    def advance(self, seconds: float) -> None:
        """Move forward, or backward with a negative number."""
        self._move_to(self.now() + timedelta(seconds=seconds))

    def set(self, moment: datetime) -> None:
        """Move to a moment; ValueError without a time zone."""
        if moment.tzinfo is None:
            raise ValueError("the time needs a time zone, for example 2026-11-20T10:00:00Z")
        self._move_to(moment.astimezone(UTC))

    def freeze(self, *, frozen: bool = True) -> None:
        """Stop time here, or let it run on from here."""
        moment = self.now()
        self._frozen_at = moment if frozen else None
        self._move_to(moment)

    def reset(self) -> None:
        """Go back to real, running time."""
        self._frozen_at, self._offset = None, timedelta()

    def _move_to(self, moment: datetime) -> None:
        if self._frozen_at is not None:
            self._frozen_at = moment
        else:
            self._offset = moment - self._real_time()
