"""Short ways to claim and accept, for the journals' contract."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from scv_voicemail.ports import Journal, Run

from tests.builders import NOON, a_voicemail


def claim(journal: Journal, *, owner: str = "a", seconds: float = 0, **more: Any) -> Run | None:
    """Claim at NOON plus `seconds`."""
    now = NOON + timedelta(seconds=seconds)
    return journal.claim(**{"owner": owner, "now": now, "lease_seconds": 60, "probe_seconds": 30} | more)


def held(journal: Journal, **more: Any) -> Run:
    """A claim that must succeed."""
    run = claim(journal, **more)
    assert run is not None
    return run


def accept(journal: Journal, *, targets: tuple[str, ...] = ("voice_call",), **changes: Any) -> bool:
    return journal.accept(a_voicemail(**changes), targets=targets, now=NOON)
