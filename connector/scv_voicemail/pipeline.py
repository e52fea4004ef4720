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
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scv_voicemail import fence, recording_check
from scv_voicemail.errors import (
    JournalLost,
    LeaseLost,
    RateLimited,
    Rejected,
    TryAgain,
    Unavailable,
    VoicemailError,
    WrittenLater,
)
from scv_voicemail.patience import LOOK_AND_RETRY, Policy, asked_seconds, given_up, pause_seconds
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
from scv_voicemail.recording_check import RecordingAway, RecordingCheck
from scv_voicemail.trouble import Trouble
from scv_voicemail.voicemail import Transcript, Voicemail

__all__ = ["OURS", "Pipeline", "Policy"]

log = logging.getLogger(__name__)

OURS = frozenset({LISTEN, ARRIVED, LISTEN_AGAIN})
"""Steps that do not ask the target, so that nothing they meet says anything about it."""

SHORTEST_LISTENING_PAUSE_SECONDS = 2.0
LONGEST_LISTENING_PAUSE_SECONDS = 600.0
"""A transcript that is late is looked for at least so often, whether or not somebody calls `Journal.wake`."""


class Pipeline:
    """Takes voicemails in and drives their runs. Safe to run in any number of processes over one journal.

    `check_recording` is asked right before a delivery begins; see `recording_check`. `other_targets` are those that
    other processes of this journal deliver to.
    """

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
        check_recording: RecordingCheck = lambda _voicemail: None,
        other_targets: Collection[str] = (),
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
        self.check_recording = check_recording
        self.other_targets = frozenset(other_targets)
        self.trouble = Trouble(journal, now=now)

    def accept(self, voicemail: Voicemail, *, deliver: bool = True) -> bool:
        """Write the voicemail down; False when this id is already known, and then nothing changes.

        One that is not to be delivered is kept without a run: it is known, and nobody is bothered with it. Targets that
        nobody knows are passed over: it goes to the others that it names, or to the default ones, with a warning.
        """
        unknown = self.unknown_targets(voicemail)
        known = tuple(name for name in voicemail.targets if name not in unknown)
        targets = (known or self.default_targets or tuple(unknown)) if deliver else ()
        new = self.journal.accept(voicemail, targets=targets, now=self.now())
        log.info("voicemail %s: %s", voicemail.id, "accepted" if new else "already known")
        if new and unknown:
            # Their names came with the call, and may be anything.
            log.warning("voicemail %s: %d of its targets are known to nobody", voicemail.id, len(unknown))
        return new

    def unknown_targets(self, voicemail: Voicemail) -> list[str]:
        """The targets that a voicemail names and that neither this process nor another one knows."""
        return [name for name in voicemail.targets if name not in self.targets and name not in self.other_targets]

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
        except JournalLost:
            raise
        except (LeaseLost, Unavailable) as error:
            # Ours is an old lease, or the journal cannot be written: the step is done again by whoever comes next.
            log.warning("voicemail %s: left as it is, because of %s", run.voicemail_id, error.brief)
        except Exception as error:  # noqa: BLE001 - one voicemail's trouble is never another one's
            self._give_up(run, error)
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
            receipt = self._do(run, step)
        except NotYet as wait:
            self._wait(run, step, wait)
        except Redo as back:
            self._send_back(run, step, back)
        except LeaseLost:
            raise
        except VoicemailError as error:
            if error.service == "journal" and not isinstance(error, Rejected):
                raise  # the target has nothing to do with it, and a try of its own would count against it
            if isinstance(error, TryAgain) or error.scope == "org":
                self._try_later(run, step, error)
            else:
                self._park(run, step.name, str(error), brief=error.brief, reached=error.answered)
        except Exception as error:  # noqa: BLE001 - nothing may get lost over a defect of ours; a human sees it
            self._park_for_a_defect(run, step.name, error)
        else:
            log.info("voicemail %s to %s: %s done", run.voicemail_id, run.target, step.name)
            lease, reached = self.policy.lease_seconds, step.name not in OURS
            done = self.journal.receive(run, step.name, receipt, now=self.now(), lease_seconds=lease, reached=reached)
            if reached:
                self.trouble.ended(_source(run))
            return done
        return None

    def _do(self, run: Run, step: Step) -> Receipt:
        """Every write of the step is preceded by a look whether the run is still this worker's."""
        with fence.guarded(lambda: self.journal.ensure_held(run, now=self.now())):
            attempt = self._attempt(run, step)
            found = self._look_at_recording(run, step, attempt)
            if recording_check.is_gone({step.name: found}):
                attempt = replace(attempt, voicemail=recording_check.without_recording(attempt.voicemail))
            return recording_check.with_notes(step.run(attempt), found)

    # ----------------------------------------------------------------------------------------------- when it did not

    def _give_up(self, run: Run, error: Exception) -> None:
        """Neither step nor journal could deal with it: park it, or leave it to its lease if not even that succeeds."""
        self.trouble.tell(f"voicemail {run.voicemail_id}", error)
        try:
            self._park_for_a_defect(run, "", error)
        except JournalLost:
            raise
        except Exception as second:  # noqa: BLE001 - as above
            log.error("voicemail %s: left as it is, because of %s", run.voicemail_id, type(second).__name__)  # noqa: TRY400

    def _park_for_a_defect(self, run: Run, step: str, error: Exception) -> None:
        # Where it happened, without the exception's own text, which may quote the voicemail.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("voicemail %s: step %s broke\n%s", run.voicemail_id, step, where)
        what = f"unexpected {type(error).__name__} in scv-voicemail: please report it"
        if isinstance(error, VoicemailError):
            what = str(error)
        self._park(run, step, what, brief=getattr(error, "brief", what), reached=False)

    def _wait(self, run: Run, step: Step, wait: NotYet) -> None:
        now = self.now()
        due = now + timedelta(seconds=wait.after_seconds)
        reached = step.name not in OURS and not isinstance(wait, RecordingAway)
        # Waiting for what was sent to arrive is no answer: the last one stays the reason.
        why = str(wait) if wait.is_answer or not run.last_error else run.last_error
        self.journal.postpone(run, step=step.name, why=why, due=due, now=now, failed=False, reached=reached)

    def _send_back(self, run: Run, step: Step, back: Redo) -> None:
        if run.redone >= self.policy.redo_limit:
            why = f"{back}; {back.step} was repeated {run.redone} times without effect"
            self._park(run, step.name, f"{why} Next: {LOOK_AND_RETRY}", brief=why, reached=True)
            return
        log.warning("voicemail %s to %s: %s again, because %s", run.voicemail_id, run.target, back.step, back)
        self.journal.redo(run, step=back.step, why=str(back), now=self.now(), and_later=back.and_later)

    def _try_later(self, run: Run, step: Step, error: VoicemailError) -> None:
        now, policy = self.now(), self.policy
        if given_up_after := given_up(run, error, policy=policy, now=now):
            self._park(run, step.name, f"{given_up_after}: {error}", brief=error.brief, reached=error.answered)
            return
        seconds = pause_seconds(run, error, policy=policy, chance=self.chance())
        is_refused = not isinstance(error, TryAgain)
        if is_refused:
            # A login that is refused, a setting that is wrong: everybody waits, and one probe tells when it is mended.
            self.trouble.tell(_source(run), error)
        if step.name not in OURS and error.scope == "org":
            self._count_against_target(run, error, seconds=seconds, now=now)
        log.log(
            logging.INFO if is_refused else logging.WARNING,
            "voicemail %s to %s: %s failed, again in %.0f s: %s",
            run.voicemail_id,
            run.target,
            step.name,
            seconds,
            error.brief,
        )
        due = now + timedelta(seconds=seconds)
        reached = error.answered and not is_refused
        self.journal.postpone(run, step=step.name, why=str(error), due=due, now=now, failed=True, reached=reached)

    def _count_against_target(self, run: Run, error: VoicemailError, *, seconds: float, now: datetime) -> None:
        """Only what speaks for everybody counts, and of one voicemail no more than its first failures."""
        policy, threshold, open_seconds = self.policy, 1, self.policy.probe_seconds
        if isinstance(error, RateLimited):
            open_seconds = asked_seconds(error, policy=policy) or seconds
        elif isinstance(error, TryAgain):
            if error.max_tries is not None or run.tries >= policy.outage_failures:
                return
            threshold = policy.outage_failures
        self.journal.trip(run.target, now=now, threshold=threshold, open_seconds=open_seconds)

    def _park(self, run: Run, step: str, why: str, *, brief: str, reached: bool) -> None:
        """`why` goes to the journal; `brief` is what a log may hold of it; `reached`: the target did answer."""
        # The name of a target that does not exist came with the call, and may be anything.
        target = run.target if run.target in self.targets else "an unknown target"
        log.error("voicemail %s to %s: parked at %s: %s", run.voicemail_id, target, step, brief)
        self.journal.park(run, step=step, why=why, now=self.now(), reached=reached)

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

    def _look_at_recording(self, run: Run, step: Step, attempt: Attempt) -> Receipt:
        """Before the transcript is made and before the target's first step, however often that is begun."""
        first = next(iter(self.targets[run.target].steps()), None) if run.target in self.targets else None
        if first is None or step.name not in (LISTEN, first.name) or recording_check.is_gone(run.receipts):
            return {}
        return recording_check.look(
            self.check_recording,
            attempt.voicemail,
            policy=self.policy,
            waited=attempt.waited_seconds,
            late=attempt.now > self.policy.patience_ends(run) and run.attempt >= recording_check.FEWEST_LOOKS,
        )

    def _attempt(self, run: Run, step: Step) -> Attempt:
        if run.crashes >= self.policy.crash_limit:
            raise VoicemailError(f"the worker died {run.crashes} times in a row at this step", fix=LOOK_AND_RETRY)
        try:
            voicemail = self.journal.voicemail(run.voicemail_id)
        except WrittenLater as error:
            raise NotYet(str(error), after_seconds=self.policy.probe_seconds) from error
        if voicemail is None:
            raise LeaseLost("the voicemail is not in the journal any more", voicemail_id=run.voicemail_id)
        if recording_check.is_gone(run.receipts):
            voicemail = recording_check.without_recording(voicemail)
        now = self.now()
        return Attempt(
            voicemail=voicemail,
            receipts=run.receipts,
            # What a human had done again may have reached the other side the first time.
            number=max(run.attempt, 2) if step.name in run.begun_again else run.attempt,
            since=run.step_since or now,
            now=now,
            crashes=run.crashes,
            tried=run.tried,
        )

    # ------------------------------------------------------------------------------------------------- the transcript

    def _listen(self, attempt: Attempt) -> Receipt:
        unknown = self.unknown_targets(attempt.voicemail)
        passed_over = {"warning": _passed_over(unknown, self.targets)} if unknown else {}
        return recording_check.with_notes(self._listen_once(attempt), passed_over)

    def _listen_once(self, attempt: Attempt) -> Receipt:
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
        if not voicemail.recording.path:
            return {"warning": "delivered without a transcript: there is no recording"}
        if attempt.crashes >= 2:
            return {"warning": "delivered without a transcript: the transcriber brought the worker down twice"}
        try:
            transcript = self.transcriber.transcribe(voicemail)
        except (NotYet, TryAgain) as error:
            left = (until - attempt.now).total_seconds()
            if left <= 0:
                return None
            raise NotYet(str(error), after_seconds=min(left, _listening_pause(error, attempt))) from error
        except LeaseLost:
            raise
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


def _source(run: Run) -> str:
    """Who is in trouble when a target refuses everybody."""
    return f"target {run.target}"


def _passed_over(unknown: Sequence[str], known: Mapping[str, Target]) -> str:
    names = ", ".join(repr(name) for name in unknown)
    return f"there is no delivery target called {names}; known are: {', '.join(known) or 'none'}"


def _refuse_target(name: str, known: Mapping[str, Target]) -> Receipt:
    raise VoicemailError(
        f"there is no delivery target called {name!r}; configured are: {', '.join(known) or 'none'}",
        fix="configure the target or correct the voicemail's `targets`, then `scv-voicemail retry ID`",
    )
