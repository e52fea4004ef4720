"""What goes wrong between AWS services: which delivery or invocation is hit is decided here, with a seed."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class DisturbanceKind(StrEnum):
    """What happens to a delivery; those that begin with `kill` and `throttle` are for `function:` hops."""

    DUPLICATE = "duplicate"
    """It comes twice."""
    LOSE = "lose"
    """It never comes."""
    DELAY = "delay"
    """It comes `seconds` later."""
    REORDER = "reorder"
    """It comes after the next one of the same hop."""
    THROTTLE = "throttle"
    """The function is not started."""
    KILL_BEFORE = "kill_before"
    """The sandbox dies when the event arrives."""
    KILL_INSIDE = "kill_inside"
    """The sandbox dies at its AWS request number `request`; with `after_effect`, AWS has done what was asked."""
    KILL_AFTER = "kill_after"
    """The function has done everything, and nobody learns of it."""


_OF_FUNCTIONS = {
    DisturbanceKind.THROTTLE,
    DisturbanceKind.KILL_BEFORE,
    DisturbanceKind.KILL_INSIDE,
    DisturbanceKind.KILL_AFTER,
}


@dataclass(kw_only=True)
class Disturbance:
    """One thing that goes wrong at the hops that match the glob `hop`.

    The first `skip` deliveries pass; then it hits `times` times (None: always), each time with `probability`.
    `reached` counts how often `kill_inside` came to its request: an invocation may make fewer.
    """

    hop: str
    kind: DisturbanceKind
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seconds: float = 60.0
    request: int = 1
    after_effect: bool = False
    seen: int = 0
    hits: int = 0
    reached: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"kind": self.kind.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one delivery: how often it comes, how much later, and whether the next one overtakes it."""

    copies: int = 1
    late_seconds: float = 0.0
    is_overtaken: bool = False


def fate(hits: Sequence[Disturbance]) -> Fate:
    """What all that hit a delivery does to it together."""
    kinds = [one.kind for one in hits]
    return Fate(
        copies=0 if DisturbanceKind.LOSE in kinds else 2 ** kinds.count(DisturbanceKind.DUPLICATE),
        late_seconds=sum(one.seconds for one in hits if one.kind is DisturbanceKind.DELAY),
        is_overtaken=DisturbanceKind.REORDER in kinds,
    )


class Disturbances:
    """All disturbances that are set; the same seed hits the same deliveries."""

    def __init__(self, *, seed: int = 0) -> None:
        self._random = random.Random(f"disturbances:{seed}")  # noqa: S311 - repeatable, not secret
        self._all: list[Disturbance] = []
        self._lock = threading.Lock()

    def add(self, hop: str, kind: str, **details: Any) -> Disturbance:
        """Set one; ValueError or TypeError for what makes no sense."""
        made = Disturbance(hop=hop, kind=DisturbanceKind(kind), **details)
        if (made.kind in _OF_FUNCTIONS) != hop.startswith("function:"):
            raise ValueError(f"{kind} does not happen at {hop}")
        with self._lock:
            self._all.append(made)
        return made

    def clear(self) -> None:
        """Take all of them away."""
        with self._lock:
            self._all.clear()

    def all(self) -> list[Disturbance]:
        """Every one, also those that are used up."""
        with self._lock:
            return list(self._all)

    def at(self, hop: str) -> list[Disturbance]:
        """Those that hit this delivery; counts it."""
        hit = []
        with self._lock:
            for one in self._all:
                if not fnmatchcase(hop, one.hop) or (one.times is not None and one.hits >= one.times):
                    continue
                one.seen += 1
                if one.seen > one.skip and self._random.random() < one.probability:
                    one.hits += 1
                    hit.append(one)
        return hit
