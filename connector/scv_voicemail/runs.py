"""What a journal keeps: runs and their receipts, events, gates and notices. Frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Receipt = Mapping[str, Any]
"""What a finished step leaves in the journal: JSON-ready, read by later steps; `warning` reaches the user."""

LISTEN = "listen"
"""The step before those of the target: make a transcript if there is none. It never holds a delivery back for long."""

ARRIVED = "arrived"
"""A receipt without work: the target has done all of its steps, and only the transcript is missing."""

LISTEN_AGAIN = "listen_again"
"""After `arrived`: ask for the transcript until it is there, or too late."""

ADD_TRANSCRIPT = "add_transcript"
"""The last step of a voicemail whose transcript was late: `Target.add_transcript`."""

DISMISSED = "dismissed"
"""A receipt without work: a human has settled this parked run, and said why and when."""

BEGUN_AGAIN = "begun_again"
"""A receipt without work: the steps that a human had done anew, which may have reached the other side before."""

TRIED = "tried"
"""A receipt without work: when a try of the step that comes next has failed last."""

PENDING = "pending"
"""What the receipt of `listen` says of a transcript that was still being made when the voicemail went on."""


def transcript_is_late(receipts: Mapping[str, Receipt]) -> bool:
    """True when the voicemail went on while its transcript was still being made."""
    return receipts.get(LISTEN, {}).get("transcript") == PENDING


class RunState(StrEnum):
    """Where the delivery of one voicemail to one target stands."""

    WAITING = "waiting"
    """Due now or later; any worker may take it."""
    RUNNING = "running"
    """A worker holds the lease; when the lease expires or the worker is dead, another may take it."""
    DELIVERED = "delivered"
    """Every step has its receipt."""
    PARKED = "parked"
    """Needs a human; `retry` puts it back at the step that failed."""
    NEWER = "newer"
    """A state that only a newer version knows. It is never written here, and left alone."""

    @classmethod
    def _missing_(cls, value: object) -> RunState | None:
        return cls.NEWER if isinstance(value, str) else None


KNOWN_STATES = tuple(state for state in RunState if state is not RunState.NEWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A try that failed: what it sent may still be under way. `number` is the run's `attempt`, and `pause_seconds` what
    was waited for before the next one.
    """

    at: datetime
    number: int
    pause_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The delivery of one voicemail to one target, as the journal knows it.

    `attempt` counts how often the current step was begun; it starts again at 1 with every receipt.
    `tries` counts how often the current step failed, `crashes` how often a worker died over it, `redone` how often
    an earlier step had to be repeated. `token` fences: it grows with every lease. `step_since` is when the current
    step was first begun, or taken over from a dead worker, `patient_since` where the horizon of all trying starts.
    """

    voicemail_id: str
    target: str
    state: RunState
    accepted_at: datetime
    due: datetime
    patient_since: datetime
    attempt: int = 0
    tries: int = 0
    crashes: int = 0
    redone: int = 0
    step_since: datetime | None = None
    owner: str = ""
    token: int = 0
    lease_until: datetime | None = None
    last_error: str = ""
    receipts: Mapping[str, Receipt] = field(default_factory=dict)

    @property
    def has_arrived(self) -> bool:
        """The target holds the voicemail; at most a transcript that is late is still missing."""
        return self.state is RunState.DELIVERED or ARRIVED in self.receipts

    @property
    def dismissed(self) -> bool:
        """A human has said that this parked run needs nobody any more."""
        return self.state is RunState.PARKED and DISMISSED in self.receipts

    @property
    def begun_again(self) -> frozenset[str]:
        """Steps that were done once and were torn up by a human: each looks before it writes."""
        return frozenset(self.receipts.get(BEGUN_AGAIN, {}).get("steps", ()))

    @property
    def tried(self) -> Tried | None:
        """When and how a worker last failed or died over the current step; None when none did."""
        told = self.receipts.get(TRIED)
        if told is None:
            return None
        at, number, pause = datetime.fromisoformat(told["at"]), int(told["number"]), float(told["pause"])
        return Tried(at=at, number=number, pause_seconds=pause)

    @property
    def warnings(self) -> list[str]:
        """What the user should know although the voicemail arrived."""
        return [str(receipt["warning"]) for receipt in self.receipts.values() if receipt.get("warning")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a run's history, for `explain`."""

    at: datetime
    voicemail_id: str
    target: str
    kind: str
    step: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The circuit breaker of one target, shared by every worker of a journal."""

    target: str
    failures: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None

    def lets_through(self, now: datetime) -> bool:
        """True when a run may try: the gate is not open, or it is time for a probe and none is under way."""
        return all(until is None or until <= now for until in (self.open_until, self.probe_until))

    @property
    def next_probe(self) -> datetime | None:
        """When a run may try again; None when the gate is closed."""
        return max((until for until in (self.open_until, self.probe_until) if until is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What lies aside, was left or ignored, as `status` shows it; `source` and `name` together are its key.

    `source` is such as "folder /srv/in" or "target case", `name` a file or contact, `kind` one of "set aside", "left",
    "ignored" and "trouble", `reason` a full sentence with what to do.
    """

    source: str
    name: str
    kind: str
    reason: str
    first_at: datetime
    last_at: datetime
    times: int = 1
