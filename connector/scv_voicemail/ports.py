"""The sockets that adapters plug into: recording sources, transcribers, delivery targets, journals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from scv_voicemail.voicemail import Transcript, Voicemail

Clock = Callable[[], datetime]
"""Gives the time in UTC; tests pass one that they move by hand."""

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

PENDING = "pending"
"""What the receipt of `listen` says of a transcript that was still being made when the voicemail went on."""


def transcript_is_late(receipts: Mapping[str, Receipt]) -> bool:
    """True when the voicemail went on while its transcript was still being made."""
    return receipts.get(LISTEN, {}).get("transcript") == PENDING


# ------------------------------------------------------------------------------------------------ what a step may say


class NotYet(Exception):
    """The other side has not caught up yet: look again in `after_seconds`. Costs no try."""

    def __init__(self, why: str, *, after_seconds: float) -> None:
        super().__init__(why)
        self.after_seconds = after_seconds


class Redo(Exception):
    """The effect of an earlier step is not there any more: its receipt is torn up and it runs again."""

    def __init__(self, why: str, *, step: str) -> None:
        super().__init__(why)
        self.step = step


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a step is given: the voicemail, the receipts so far, and how often this step was begun.

    `crashes` is how many workers died over it.
    """

    voicemail: Voicemail
    receipts: Mapping[str, Receipt]
    number: int
    since: datetime
    now: datetime
    crashes: int = 0

    @property
    def again(self) -> bool:
        """True when an earlier try may have reached the other side: look before writing."""
        return self.number > 1

    @property
    def waited_seconds(self) -> float:
        """Seconds since this step was first begun, or taken over from a dead worker."""
        return (self.now - self.since).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One named piece of work with one effect on the other side. `run` returns a receipt or raises."""

    name: str
    run: Callable[[Attempt], Receipt]


class Target(Protocol):
    """Where a voicemail is delivered to. Every step must be safe to repeat when `attempt.again` is true."""

    name: str

    def steps(self) -> Sequence[Step]:
        """The steps in their order."""
        ...

    def add_transcript(self, attempt: Attempt) -> Receipt:
        """A last step, only for a voicemail that was delivered while its transcript was still being made.

        `attempt.voicemail` has the transcript now, or will never have one.
        """
        ...


class Transcriber(Protocol):
    """Turns a recording into text, here and now or by a job somewhere else."""

    def transcribe(self, voicemail: Voicemail) -> Transcript | None:
        """The transcript, or None when nothing was said.

        Raises `NotYet` while a job is under way and `TryAgain` when there may be a transcript later; the voicemail
        waits for a while, is then delivered without, and gets the transcript afterwards. With any other
        `VoicemailError` it is delivered without for good. Asked again, it never begins a second job.
        """
        ...


class RecordingSource(Protocol):
    """Where voicemails come from. A voicemail is settled only after the journal holds it."""

    def pending(self) -> Iterator[Arrival]:
        """The complete voicemails that lie there now. Half-written ones wait."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Something that came in: `read` gives the voicemail or raises `Rejected`; then one of the two others is called."""

    name: str
    read: Callable[[], Voicemail]
    taken: Callable[[], None]
    set_aside: Callable[[str], None]


# -------------------------------------------------------------------------------------------------------- the journal


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


class Journal(Protocol):
    """The truth about every voicemail: what arrived, what was done with it, what is to be done next.

    Every change is committed before the method returns. A method that takes a `run` writes only while that run's
    fencing token is the current one, and raises `LeaseLost` otherwise.
    """

    def accept(self, voicemail: Voicemail, *, targets: Sequence[str], now: datetime) -> bool:
        """Write a voicemail down with one waiting run per target; False when it is already known."""
        ...

    def claim(
        self,
        *,
        owner: str,
        now: datetime,
        lease_seconds: float,
        probe_seconds: float,
        voicemail_id: str | None = None,
        is_gone: Callable[[str], bool] = lambda _owner: False,
    ) -> Run | None:
        """Lease the run that has been due longest: waiting and due, or running with an expired lease or a dead owner.

        A target whose gate is open is passed over, except for one probe per `probe_seconds`.
        """
        ...

    def receive(
        self, run: Run, step: str, receipt: Receipt, *, now: datetime, lease_seconds: float, reached: bool = True
    ) -> Run:
        """Keep a step's receipt and extend the lease; `reached` (the target answered) closes the target's gate."""
        ...

    def postpone(
        self, run: Run, *, step: str, why: str, due: datetime, now: datetime, failed: bool, reached: bool
    ) -> None:
        """Give the lease back; the run is due again at `due`. `failed` counts a try; `reached` as in `receive`.

        One that neither failed nor reached the target has not asked it: behind an open gate another run may probe now.
        """
        ...

    def redo(self, run: Run, *, step: str, why: str, now: datetime) -> None:
        """Tear up the receipt of an earlier step and give the lease back; the run is due at once.

        That the effect is gone was an answer of the target, so its gate closes.
        """
        ...

    def finish(self, run: Run, *, now: datetime) -> None:
        """Every step is done: the run is delivered."""
        ...

    def park(self, run: Run, *, step: str, why: str, now: datetime, reached: bool) -> None:
        """Call a human: nothing happens to this run until `retry`. `reached` as in `receive`."""
        ...

    def retry(self, voicemail_id: str, *, now: datetime, target: str | None = None) -> int:
        """Put the parked and waiting runs of a voicemail back to work now; how many that were."""
        ...

    def wake(self, voicemail_id: str, *, now: datetime) -> int:
        """Something that the voicemail waits for has happened: its waiting runs are due now; how many were not yet.

        Nothing else changes: no counter, no parked run, and no gate. A run that a worker holds in this moment is left
        alone; the worker may have looked just before the thing happened, and then looks again when its wait is over.
        """
        ...

    def keep_transcript(self, voicemail_id: str, transcript: Transcript) -> None:
        """Add a transcript to a voicemail that had none; the first one stays."""
        ...

    def trip(self, target: str, *, now: datetime, threshold: int, open_seconds: float) -> Gate:
        """Count a failure of the whole target; open its gate once `threshold` is reached."""
        ...

    def voicemail(self, voicemail_id: str) -> Voicemail | None:
        """The voicemail, if it is known."""
        ...

    def runs(self, *, voicemail_id: str | None = None, state: RunState | None = None, limit: int = 1000) -> list[Run]:
        """Runs, newest voicemail first."""
        ...

    def events(self, voicemail_id: str) -> list[Event]:
        """The history of a voicemail, oldest first."""
        ...

    def counts(self) -> dict[RunState, int]:
        """How many runs are in each state."""
        ...

    def gates(self) -> list[Gate]:
        """The gates that are open now: targets that do not answer."""
        ...

    def next_due(self, *, voicemail_id: str | None = None) -> datetime | None:
        """When there will be something to claim (a run due, its gate probed, a lease expired); None: never."""
        ...
