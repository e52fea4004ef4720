"""Deliveries on their way from one service to another, in the order in which they are due; each can be disturbed."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from scv_emulator.aws.disturbances import Disturbances, fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One thing that happened at a hop, for tests and people to look at."""

    number: int
    at: datetime
    hop: str
    what: str
    outcome: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"at": self.at.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Something to be delivered when it is due."""

    hop: str
    what: str
    deliver: Callable[[], None]


class Transit:
    """What is under way, and the list of what has happened; safe to use from several threads."""

    def __init__(self, *, now: Callable[[], datetime], disturbances: Disturbances) -> None:
        self.deliveries: list[Delivery] = []
        self.news = threading.Event()
        self._now = now
        self._disturbances = disturbances
        self._due: list[tuple[datetime, int, Parcel]] = []
        self._held: list[Parcel] = []
        self._count = 0
        self._lock = threading.RLock()

    def record(self, hop: str, what: str, outcome: str) -> None:
        """Note what happened."""
        with self._lock:
            number = len(self.deliveries) + 1
            self.deliveries.append(Delivery(number=number, at=self._now(), hop=hop, what=what, outcome=outcome))

    def send(self, hop: str, what: str, deliver: Callable[[], None], *, after_seconds: float = 0.0) -> None:
        """Deliver when the time has come, unless a disturbance of this hop has it otherwise."""
        parcel = Parcel(hop=hop, what=what, deliver=deliver)
        hits = self._disturbances.at(hop)
        for one in hits:
            self.record(hop, what, str(one.kind))
        sent = fate(hits)
        after_seconds += sent.late_seconds
        with self._lock:
            waiting = [held for held in self._held if held.hop == hop]
            self._held = [held for held in self._held if held.hop != hop]
            if sent.is_overtaken:
                self._held += [parcel] * sent.copies
            else:
                for _ in range(sent.copies):
                    self._push(parcel, after_seconds)
            for earlier in waiting:
                self._push(earlier, after_seconds)
        self.news.set()

    def take(self) -> Parcel | None:
        """The next parcel that is due, no longer under way."""
        with self._lock:
            if self._due and self._due[0][0] <= self._now():
                return heapq.heappop(self._due)[2]
            if not self._due and self._held:  # nothing comes any more that could overtake it
                return self._held.pop(0)
        return None

    def next_due(self) -> datetime | None:
        """When the next parcel is due; None when nothing is under way."""
        with self._lock:
            if self._due:
                return self._due[0][0]
            return self._now() if self._held else None

    def _push(self, parcel: Parcel, after_seconds: float) -> None:
        self._count += 1
        heapq.heappush(self._due, (self._now() + timedelta(seconds=after_seconds), self._count, parcel))
