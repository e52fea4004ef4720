"""The sockets that adapters plug into: recording sources, transcribers, delivery targets, journals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from scv_voicemail.runs import (
    ADD_TRANSCRIPT,
    ARRIVED,
    BEGUN_AGAIN,
    DISMISSED,
    KNOWN_STATES,
    LISTEN,
    LISTEN_AGAIN,
    PENDING,
    TRIED,
    Event,
    Gate,
    Notice,
    Receipt,
    Run,
    RunState,
    Tried,
    transcript_is_late,
)
from scv_voicemail.voicemail import Transcript, Voicemail

__all__ = [
    "ADD_TRANSCRIPT",
    "ARRIVED",
    "BEGUN_AGAIN",
    "DISMISSED",
    "KNOWN_STATES",
    "LISTEN",
    "LISTEN_AGAIN",
    "PENDING",
    "TRIED",
    "Arrival",
    "Attempt",
    "Clock",
    "Event",
    "Gate",
    "Journal",
    "NotYet",
    "Notice",
    "Receipt",
    "RecordingSource",
    "Redo",
    "Run",
    "RunState",
    "Step",
    "Target",
    "Transcriber",
    "Tried",
    "transcript_is_late",
]

LOOKS = 6
"""So often it is looked, in equal pauses, whether a doubtful request has arrived, before it is sent again."""

Clock = Callable[[], datetime]
"""Gives the time in UTC; tests pass one that they move by hand."""

# ------------------------------------------------------------------------------------------------ what a step may say


class NotYet(Exception):
    """The other side has not caught up yet: look again in `after_seconds`. Costs no try.

    `is_answer` is false where nobody was asked, so that the last real answer stays the reason.
    """

    def __init__(self, why: str, *, after_seconds: float, is_answer: bool = True) -> None:
        super().__init__(why)
        self.after_seconds = after_seconds
        self.is_answer = is_answer


class Redo(Exception):
    """The effect of an earlier step is not there any more: its receipt is torn up and it runs again.

    `and_later`: what the steps after it did is gone as well.
    """

    def __init__(self, why: str, *, step: str, and_later: bool = False) -> None:
        super().__init__(why)
        self.step = step
        self.and_later = and_later


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a step is given: the voicemail, the receipts so far, and how often this step was begun.

    `crashes` is how many workers died over it, `tried` the last try that failed.
    """

    voicemail: Voicemail
    receipts: Mapping[str, Receipt]
    number: int
    since: datetime
    now: datetime
    crashes: int = 0
    tried: Tried | None = None

    @property
    def again(self) -> bool:
        """True when an earlier try may have reached the other side: look before writing."""
        return self.number > 1

    @property
    def waited_seconds(self) -> float:
        """Seconds since this step was first begun, or taken over from a dead worker."""
        return (self.now - self.since).total_seconds()

    def left_of(self, patience_seconds: float) -> float:
        """Seconds to the next look while what was sent last may still be under way; 0 when it has had its patience.

        Pauses are counted beside the time, so that a clock that jumps ahead shortens one pause and not the patience:
        many short ones after a try that is repeated soon, one more after a try that was repeated late.
        """
        tried = self.tried or Tried(at=self.since, number=self.number - LOOKS)
        looks = self.number - tried.number
        waited = (self.now - min(max(self.since, tried.at), self.now)).total_seconds()
        if tried.pause_seconds >= patience_seconds:
            return 0.0 if looks > 1 and waited >= 2 * patience_seconds else patience_seconds
        return 0.0 if looks >= LOOKS and waited >= patience_seconds else patience_seconds / LOOKS


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
        targets: Collection[str] | None = None,
        is_gone: Callable[[str], bool] = lambda _owner: False,
    ) -> Run | None:
        """Lease the run that has been due longest: waiting and due, or running with an expired lease or a dead owner.

        A target whose gate is open is passed over, except for one probe per `probe_seconds`. With `targets` the runs
        of all others are left to workers who know them.
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

    def redo(self, run: Run, *, step: str, why: str, now: datetime, and_later: bool = False) -> None:
        """Tear up the receipt of an earlier step and give the lease back; the run is due at once.

        With `and_later` the receipts of all later steps are torn up, too.

        That the effect is gone was an answer of the target, so its gate closes.
        """
        ...

    def finish(self, run: Run, *, now: datetime) -> None:
        """Every step is done: the run is delivered."""
        ...

    def park(self, run: Run, *, step: str, why: str, now: datetime, reached: bool) -> None:
        """Call a human: nothing happens to this run until `retry`. `reached` as in `receive`."""
        ...

    def ensure_held(self, run: Run, *, now: datetime) -> None:
        """Return if this run's lease is the current one and has not expired; raises `LeaseLost` otherwise.

        To be asked right before anything is sent to the outside.
        """
        ...

    def add_target(self, voicemail_id: str, target: str, *, now: datetime) -> bool:
        """One more waiting run of a known voicemail; False when it has one for this target."""
        ...

    def retry(self, voicemail_id: str, *, now: datetime, target: str | None = None, from_step: str = "") -> int:
        """Put the parked and waiting runs of a voicemail back to work now; how many that were.

        With `from_step` the receipts of that step and of all later ones are torn up first; a run that has not done
        this step is left alone. `Run.begun_again` names what was torn up, so that it is looked up before it is sent.
        """
        ...

    def dismiss(self, voicemail_id: str, *, why: str, now: datetime, target: str | None = None) -> int:
        """Mark parked runs as settled by a human, who says why; how many that were. `retry` takes it back."""
        ...

    def change_target(self, voicemail_id: str, *, old: str, new: str, now: datetime) -> bool:
        """Give a voicemail whose run for `old` is parked a run for `new`; the old run is dismissed.

        False when there is no parked run for `old`, or already one for `new`.
        """
        ...

    def amend(self, voicemail_id: str, *, now: datetime, **changes: Any) -> Voicemail:
        """Correct caller, dialed_number, mailbox, started_at or priority of a voicemail; the voicemail as it is then.

        Raises `BadVoicemail` for an unknown voicemail, for any other field, and once one of its runs is delivered;
        `Unavailable` while a worker is at one of them.
        """
        ...

    def beside(self, voicemail_id: str) -> Mapping[str, str]:
        """Facts about a voicemail that stand beside it; a worker of an older version may lose them."""
        ...

    def keep_beside(self, voicemail_id: str, facts: Mapping[str, str]) -> None:
        """Write such facts down; one that is there is replaced, others stay."""
        ...

    def know_targets(self, targets: Collection[str]) -> None:
        """Make sure that runs for these targets are found, whatever became of the store since. To be said now and then.

        A store that lists its runs by target keeps that list itself, and not in the memory of a process.
        """
        ...

    def mend_times(self, *, now: datetime, longest: timedelta) -> int:
        """End every wait, lease and gate that ends later than `longest` from now; how many runs that were.

        Nothing waits for so long on purpose: a clock was ahead when it was written. To be said now and then.
        """
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

    def notice(self, *, source: str, name: str, kind: str, reason: str, now: datetime) -> None:
        """Write down what lies aside, was left or ignored; told again, it counts one more time."""
        ...

    def clear_notice(self, *, source: str, name: str) -> None:
        """It is settled. Nothing happens when there is no such notice."""
        ...

    def notices(self, *, limit: int = 1000) -> list[Notice]:
        """What lies aside, was left or ignored, latest first."""
        ...
