"""The way of one voicemail: written down first, then delivered step by step, whatever happens in between.

    accept ─► listen ─► the target's steps ─► done
                 │                             ▲
                 │ the transcript takes longer │
                 │ than a voicemail may wait   │
                 └► the target's steps ─► arrived ─► listen_again ─► add_transcript

Each run is a line of steps. Those below are added when `listen` says that the transcript is pending, and only then.
"""

from __future__ import annotations

import logging
import random
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scv_voicemail.errors import LeaseLost, RateLimited, Rejected, TryAgain, Unavailable, VoicemailError
from scv_voicemail.ports import (
    ADD_TRANSCRIPT,
    ARRIVED,
    LISTEN,
    LISTEN_AGAIN,
    PENDING,
    Attempt,
    Clock,
    Journal,
    NotYet,
    Receipt,
    Redo,
    Run,
    Step,
    Target,
    Transcriber,
    transcript_is_late,
)
from scv_voicemail.voicemail import Transcript, Voicemail

log = logging.getLogger(__name__)

OURS = frozenset({LISTEN, ARRIVED, LISTEN_AGAIN})
"""Steps that do not ask the target, so that nothing they meet says anything about it."""

SHORTEST_LISTENING_PAUSE_SECONDS = 2.0
LONGEST_LISTENING_PAUSE_SECONDS = 600.0
"""A transcript that is late is looked for at least so often, whether or not somebody calls `Journal.wake`."""

LOOK_AND_RETRY = "run `scv-voicemail doctor`, look at the call in Salesforce, then `scv-voicemail retry ID`"
"""The next step when trying again by itself has come to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient the pipeline is. Seconds, unless the name says otherwise."""

    lease_seconds: float = 120.0
    horizon_hours: float = 72.0
    retry_base_seconds: float = 2.0
    retry_cap_seconds: float = 900.0
    probe_seconds: float = 60.0
    outage_failures: int = 3
    crash_limit: int = 10
    redo_limit: int = 3
    transcript_wait_seconds: float = 120.0
    late_transcript_hours: float = 24.0

    def delay(self, tries: int, *, chance: float) -> float:
        """Seconds before the next try: doubling, capped, and jittered by `chance` (0 to 1) between half and whole."""
        whole = min(self.retry_cap_seconds, self.retry_base_seconds * 2.0 ** min(tries, 30))
        return whole * (0.5 + chance / 2)


class Pipeline:
    """Takes voicemails in and drives their runs. Safe to run in any number of processes over one journal."""

    def __init__(
        self,
        *,
        journal: Journal,
        targets: Mapping[str, Target],
        default_targets: Sequence[str],
        transcriber: Transcriber,
        owner: str,
        is_gone: Callable[[str], bool] = lambda _owner: False,
        policy: Policy | None = None,
        now: Clock = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.journal = journal
        self.targets = targets
        self.default_targets = tuple(default_targets)
        self.transcriber = transcriber
        self.owner = owner
        self.is_gone = is_gone
        self.policy = policy or Policy()
        self.now = now
        self.chance = chance

    def accept(self, voicemail: Voicemail, *, deliver: bool = True) -> bool:
        """Write the voicemail down; False when this id is already known, and then nothing changes.

        One that is not to be delivered is kept without a run: it is known, and nobody is bothered with it.
        """
        targets = (voicemail.targets or self.default_targets) if deliver else ()
        new = self.journal.accept(voicemail, targets=targets, now=self.now())
        log.info("voicemail %s: %s", voicemail.id, "accepted" if new else "already known")
        return new

    def work_one(self, voicemail_id: str | None = None, *, claimed: Callable[[Run], None] = lambda _run: None) -> bool:
        """Take the run that has been due longest as far as it goes; False when nothing is due.

        `claimed` is told of the run as it was when it was taken.
        """
        run = self.journal.claim(
            owner=self.owner,
            now=self.now(),
            lease_seconds=self.policy.lease_seconds,
            probe_seconds=self.policy.probe_seconds,
            voicemail_id=voicemail_id,
            is_gone=self.is_gone,
        )
        if run is None:
            return False
        claimed(run)
        try:
            self._drive(run)
        except (LeaseLost, Unavailable) as error:
            # Ours is an old lease, or the journal cannot be written: the step is done again by whoever comes next.
            log.warning("voicemail %s: left as it is, because of %s", run.voicemail_id, error.brief)
        return True

    def _drive(self, run: Run) -> None:
        while step := next((one for one in self._steps(run) if one.name not in run.receipts), None):
            advanced = self._advance(run, step)
            if advanced is None:
                return
            run = advanced
        self.journal.finish(run, now=self.now())
        log.info("voicemail %s to %s: delivered", run.voicemail_id, run.target)

    def _advance(self, run: Run, step: Step) -> Run | None:
        """Do one step; the run with its receipt, or None when the run waits, was sent back or is parked."""
        try:
            receipt = step.run(self._attempt(run))
        except NotYet as wait:
            self._wait(run, step, wait)
        except Redo as back:
            self._send_back(run, step, back)
        except TryAgain as error:
            if error.service == "journal":
                raise  # the target has nothing to do with it, and a try of its own would count against it
            self._try_later(run, step, error)
        except LeaseLost:
            raise
        except VoicemailError as error:
            self._park(run, step, str(error), brief=error.brief, reached=error.answered)
        except Exception as error:  # noqa: BLE001 - nothing may get lost over a defect of ours; a human sees it
            what = f"unexpected {type(error).__name__} in scv-voicemail: please report it"
            # Where it happened, without the exception's own text, which may quote the voicemail.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("voicemail %s: step %s broke\n%s", run.voicemail_id, step.name, where)  # noqa: TRY400 - see above
            self._park(run, step, what, brief=what, reached=False)
        else:
            log.info("voicemail %s to %s: %s done", run.voicemail_id, run.target, step.name)
            lease, reached = self.policy.lease_seconds, step.name not in OURS
            return self.journal.receive(run, step.name, receipt, now=self.now(), lease_seconds=lease, reached=reached)
        return None

    # ----------------------------------------------------------------------------------------------- when it did not

    def _wait(self, run: Run, step: Step, wait: NotYet) -> None:
        now = self.now()
        due, reached = now + timedelta(seconds=wait.after_seconds), step.name not in OURS
        self.journal.postpone(run, step=step.name, why=str(wait), due=due, now=now, failed=False, reached=reached)

    def _send_back(self, run: Run, step: Step, back: Redo) -> None:
        if run.redone >= self.policy.redo_limit:
            why = f"{back}; {back.step} was repeated {run.redone} times without effect"
            self._park(run, step, f"{why} Next: {LOOK_AND_RETRY}", brief=why, reached=True)
            return
        log.warning("voicemail %s to %s: %s again, because %s", run.voicemail_id, run.target, back.step, back)
        self.journal.redo(run, step=back.step, why=str(back), now=self.now())

    def _try_later(self, run: Run, step: Step, error: TryAgain) -> None:
        now, policy = self.now(), self.policy
        if error.max_tries is not None and run.tries + 1 >= error.max_tries:
            why = f"tried {run.tries + 1} times: {error}"
            self._park(run, step, why, brief=error.brief, reached=error.answered)
            return
        if now - run.patient_since > timedelta(hours=policy.horizon_hours):
            error.fix = LOOK_AND_RETRY
            why = f"tried for {policy.horizon_hours:g} hours: {error}"
            self._park(run, step, why, brief=error.brief, reached=error.answered)
            return
        seconds = policy.delay(run.tries, chance=self.chance())
        if isinstance(error, RateLimited):
            seconds = max(seconds, error.retry_after_seconds or 0.0)
            self.journal.trip(run.target, now=now, threshold=1, open_seconds=error.retry_after_seconds or seconds)
        elif error.max_tries is None:
            self.journal.trip(run.target, now=now, threshold=policy.outage_failures, open_seconds=policy.probe_seconds)
        log.warning(
            "voicemail %s to %s: %s failed, again in %.0f s: %s",
            run.voicemail_id,
            run.target,
            step.name,
            seconds,
            error.brief,
        )
        due = now + timedelta(seconds=seconds)
        reached = error.answered
        self.journal.postpone(run, step=step.name, why=str(error), due=due, now=now, failed=True, reached=reached)

    def _park(self, run: Run, step: Step, why: str, *, brief: str, reached: bool) -> None:
        """`why` goes to the journal; `brief` is what a log may hold of it; `reached`: the target did answer."""
        # The name of a target that does not exist came with the call, and may be anything.
        target = run.target if run.target in self.targets else "an unknown target"
        log.error("voicemail %s to %s: parked at %s: %s", run.voicemail_id, target, step.name, brief)
        self.journal.park(run, step=step.name, why=why, now=self.now(), reached=reached)

    # ------------------------------------------------------------------------------------------------ what a step gets

    def _steps(self, run: Run) -> Sequence[Step]:
        target = self.targets.get(run.target)
        if target is None:
            return [Step(name="choose", run=lambda _attempt: _refuse_target(run.target, self.targets))]
        steps = [Step(name=LISTEN, run=self._listen), *target.steps()]
        if transcript_is_late(run.receipts):
            steps.append(Step(name=ARRIVED, run=lambda _attempt: {}))
            steps.append(Step(name=LISTEN_AGAIN, run=self._listen_again))
            steps.append(Step(name=ADD_TRANSCRIPT, run=target.add_transcript))
        return steps

    def _attempt(self, run: Run) -> Attempt:
        if run.crashes >= self.policy.crash_limit:
            raise VoicemailError(f"the worker died {run.crashes} times in a row at this step", fix=LOOK_AND_RETRY)
        voicemail = self.journal.voicemail(run.voicemail_id)
        if voicemail is None:
            raise LeaseLost("the voicemail is not in the journal any more", voicemail_id=run.voicemail_id)
        now = self.now()
        return Attempt(
            voicemail=voicemail,
            receipts=run.receipts,
            number=run.attempt,
            since=run.step_since or now,
            now=now,
            crashes=run.crashes,
        )

    # ------------------------------------------------------------------------------------------------- the transcript

    def _listen(self, attempt: Attempt) -> Receipt:
        until = attempt.since + timedelta(seconds=self.policy.transcript_wait_seconds)
        pending = {"transcript": PENDING, "since": attempt.since.isoformat()}
        return self._ask_transcriber(attempt, until=until) or pending

    def _listen_again(self, attempt: Attempt) -> Receipt:
        hours = self.policy.late_transcript_hours
        until = datetime.fromisoformat(attempt.receipts[LISTEN]["since"]) + timedelta(hours=hours)
        too_late = {"warning": f"delivered without a transcript: there was none after {hours:g} hours"}
        return self._ask_transcriber(attempt, until=until) or too_late

    def _ask_transcriber(self, attempt: Attempt, *, until: datetime) -> Receipt | None:
        """What came of the transcript; None when it may still come, but not in time. Waits by `NotYet`."""
        voicemail = attempt.voicemail
        if voicemail.transcript is not None:
            return {"transcript": voicemail.transcript.provider}
        if attempt.crashes >= 2:
            return {"warning": "delivered without a transcript: the transcriber brought the worker down twice"}
        try:
            transcript = self.transcriber.transcribe(voicemail)
        except (NotYet, TryAgain) as error:
            left = (until - attempt.now).total_seconds()
            if left <= 0:
                return None
            raise NotYet(str(error), after_seconds=min(left, _listening_pause(error, attempt))) from error
        except VoicemailError as error:
            return {"warning": f"delivered without a transcript: {error}"}
        return {"transcript": "none"} if transcript is None else self._keep(voicemail, transcript)

    def _keep(self, voicemail: Voicemail, transcript: Transcript) -> Receipt:
        try:
            self.journal.keep_transcript(voicemail.id, transcript)
        except Rejected as error:
            return {"warning": f"delivered without a transcript: {error.what}"}
        mended = {"warning": "; ".join(transcript.warnings)} if transcript.warnings else {}
        return {"transcript": transcript.provider, **mended}


def _listening_pause(error: NotYet | TryAgain, attempt: Attempt) -> float:
    """Seconds until the transcriber is asked again: what it says itself, more and more when it takes long."""
    match error:
        case NotYet():
            asked = error.after_seconds
        case RateLimited():
            asked = error.retry_after_seconds or SHORTEST_LISTENING_PAUSE_SECONDS
        case _:
            asked = SHORTEST_LISTENING_PAUSE_SECONDS
    return max(asked, min(LONGEST_LISTENING_PAUSE_SECONDS, attempt.waited_seconds / 4))


def _refuse_target(name: str, known: Mapping[str, Target]) -> Receipt:
    raise VoicemailError(
        f"there is no delivery target called {name!r}; configured are: {', '.join(known) or 'none'}",
        fix="configure the target or correct the voicemail's `targets`, then `scv-voicemail retry ID`",
    )
