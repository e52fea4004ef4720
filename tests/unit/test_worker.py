"""The loop around the pipeline, and how a dead worker is told from a living one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from scv_voicemail.errors import JournalLost, Unavailable
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.pipeline import Pipeline
from scv_voicemail.ports import Attempt, NotYet, Receipt, RunState, Step
from scv_voicemail.transcription.nothing import NoTranscription
from scv_voicemail.worker import drive, is_gone, whoami

from tests.builders import FakeClock, a_voicemail


class PatientTarget:
    """A target that wants to be asked again some seconds later, so many times."""

    name = "fake"

    def __init__(self, *, times: int, seconds: float) -> None:
        self.times = times
        self.seconds = seconds

    def steps(self) -> list[Step]:
        return [Step(name="send", run=self._send)]

    def add_transcript(self, _attempt: Attempt) -> Receipt:
        return {}

    def _send(self, _attempt: Attempt) -> Receipt:
        self.times -= 1
        if self.times >= 0:
            raise NotYet("later", after_seconds=self.seconds)
        return {}


class ForgetfulJournal(MemoryJournal):
    """A journal whose disk is full for the first claims."""

    def __init__(self, *, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def claim(self, **details: object) -> None:  # type: ignore[override]  # only handed on
        self.failures -= 1
        if self.failures >= 0:
            raise Unavailable("the disk is full")
        return super().claim(**details)  # type: ignore[arg-type, return-value]


def a_pipeline(clock: FakeClock, *, journal: MemoryJournal | None = None, times: int = 0) -> Pipeline:
    return Pipeline(
        journal=journal or MemoryJournal(),
        targets={"fake": PatientTarget(times=times, seconds=5)},
        default_targets=["fake"],
        transcriber=NoTranscription(),
        owner="me",
        now=clock,
    )


def delivered(pipeline: Pipeline, number: int) -> Callable[[], bool]:
    return lambda: pipeline.journal.counts()[RunState.DELIVERED] == number


def test_it_sleeps_until_the_next_is_due_and_not_longer_than_it_may() -> None:
    """Five seconds of waiting are two sleeps of two seconds and one of the rest."""
    clock, slept = FakeClock(), list[float]()
    pipeline = a_pipeline(clock, times=1)
    pipeline.accept(a_voicemail())

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        clock.advance(seconds)

    drive(pipeline, until=delivered(pipeline, 1), longest_sleep_seconds=2, now=clock, sleep=sleep)

    assert slept == [2, 2, 1]


def test_it_takes_one_after_the_other_without_sleeping() -> None:
    """What is due now does not wait for the clock."""
    clock, slept = FakeClock(), list[float]()
    pipeline = a_pipeline(clock)
    for number in range(3):
        pipeline.accept(a_voicemail(id=f"v{number}"))

    drive(pipeline, until=delivered(pipeline, 3), now=clock, sleep=slept.append)

    assert slept == []


def test_only_the_chosen_voicemail_is_worked_on() -> None:
    """`deliver` does not stay for everybody else's."""
    clock = FakeClock()
    pipeline = a_pipeline(clock)
    for name in ("a", "b"):
        pipeline.accept(a_voicemail(id=name))

    drive(pipeline, until=delivered(pipeline, 1), voicemail_id="b", now=clock, sleep=clock.advance)

    states = {run.voicemail_id: run.state for run in pipeline.journal.runs()}
    assert states == {"a": RunState.WAITING, "b": RunState.DELIVERED}


def test_a_journal_that_cannot_be_written_does_not_end_the_worker() -> None:
    """A full disk is waited for."""
    clock = FakeClock()
    pipeline = a_pipeline(clock, journal=ForgetfulJournal(failures=3))
    pipeline.accept(a_voicemail())

    drive(pipeline, until=delivered(pipeline, 1), now=clock, sleep=clock.advance)

    assert pipeline.journal.counts()[RunState.DELIVERED] == 1


def test_sources_are_looked_at_before_every_look_at_the_journal() -> None:
    """What arrives while the worker waits is taken in."""
    clock = FakeClock()
    pipeline = a_pipeline(clock)
    arriving = [a_voicemail(id="late"), None, None]

    def look() -> None:
        arrived = arriving.pop()
        if arrived is not None:
            pipeline.accept(arrived)

    drive(pipeline, until=delivered(pipeline, 1), between=look, now=clock, sleep=clock.advance)

    assert pipeline.journal.voicemail("late") is not None


def test_this_worker_is_alive() -> None:
    """It must never take its own runs away from itself, nor those of a sibling thread."""
    assert not is_gone(whoami())


def test_a_worker_whose_process_has_ended_is_gone() -> None:
    """Its lease need not be waited for."""
    code = "from scv_voicemail.worker import whoami; print(whoami())"
    owner = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    assert is_gone(owner)


def test_a_process_number_that_was_given_out_again_is_another_worker() -> None:
    """Our own number with another start time: the worker that had it before is dead."""
    here, number, _started, thread = whoami().rsplit("/", 3)

    assert is_gone(f"{here}/{number}/1/{thread}")


def test_a_machine_of_the_same_name_is_not_this_one() -> None:
    """Virtual machines are copies of each other, host name and process ids included: their boots tell them apart."""
    here, number, started, thread = whoami().rsplit("/", 3)
    namespace, _, boot = here.rpartition(":")
    assert boot, "the kernel says which boot this is"

    assert is_gone(f"{here}/{number}/1/{thread}")
    assert not is_gone(f"{namespace}:{'0' * len(boot)}/{number}/1/{thread}")
    assert not is_gone(f"{namespace}:{'0' * len(boot)}/{number}/{started}/{thread}")


@pytest.mark.parametrize("owner", ["", "me", "elsewhere:pid/1/2/3", "elsewhere:host/x/y/z"])
def test_nothing_is_known_about_workers_elsewhere(owner: str) -> None:
    """Another host, another container, another program: only the lease decides."""
    assert not is_gone(owner)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_zombie_is_gone() -> None:
    """A killed worker that nobody has waited for does not work any more."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from scv_voicemail.worker import whoami; print(whoami(), flush=True)"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    owner = process.stdout.read().strip()  # the end of its output: it has ended, and is not waited for yet

    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    gone = is_gone(owner)
    process.communicate()

    assert gone


def test_an_overdue_run_is_not_slept_for_in_vain() -> None:
    """A due time in the past gives the shortest sleep, never a negative one."""
    clock, slept = FakeClock(), list[float]()
    pipeline = a_pipeline(clock, journal=ForgetfulJournal(failures=0), times=1)
    pipeline.accept(a_voicemail())

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(60)

    drive(
        pipeline,
        until=delivered(pipeline, 1),
        longest_sleep_seconds=100,
        now=lambda: clock() + timedelta(hours=1),
        sleep=sleep,
    )

    assert slept == [0.01]


class Moody:
    """Raises what it is told, one per call, then does nothing."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)


UNFORESEEN = [OSError("the disk"), KeyError("a defect"), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates")]


@pytest.mark.covers("poison-1", "poison-3")
def test_whatever_goes_wrong_in_intake_does_not_stop_deliveries() -> None:
    """The folder breaks at every look; what was taken in before is delivered, and the trouble is told once."""
    clock = FakeClock()
    pipeline, intake = a_pipeline(clock, times=3), Moody(*UNFORESEEN * 20)
    pipeline.accept(a_voicemail())

    drive(pipeline, until=delivered(pipeline, 1), between=intake, now=clock, sleep=clock.advance)

    (notice,) = pipeline.journal.notices()
    assert (notice.source, notice.kind) == ("intake", "trouble")
    assert notice.times == intake.calls


@pytest.mark.covers("poison-3")
def test_intake_that_fails_rests_longer_and_longer_and_says_when_it_is_over() -> None:
    """Not once a second for days: a rest of half a minute in the end; then it is told to be over."""
    clock = FakeClock()
    pipeline, intake = a_pipeline(clock), Moody(*[OSError("the disk")] * 100)
    end = clock() + timedelta(seconds=280)

    drive(pipeline, until=lambda: clock() > end, between=intake, now=clock, sleep=clock.advance)
    tried, told = intake.calls, pipeline.journal.notices()
    end = clock() + timedelta(seconds=3)
    drive(pipeline, until=lambda: clock() > end, between=Moody(), now=clock, sleep=clock.advance)

    assert 8 <= tried <= 14
    assert told
    assert pipeline.journal.notices() == []


class BrokenJournal(MemoryJournal):
    """Breaks in one of its methods, so many times, with something nobody foresaw."""

    def __init__(self, method: str, *, times: int) -> None:
        super().__init__()
        self.method, self.times = method, times

    def __getattribute__(self, name: str) -> object:
        if name == object.__getattribute__(self, "__dict__").get("method") and self.times > 0:
            self.times -= 1
            raise TypeError("a row that nobody can read")
        return object.__getattribute__(self, name)


@pytest.mark.covers("poison-1", "poison-10")
@pytest.mark.parametrize("method", ["claim", "next_due", "receive", "finish", "voicemail", "postpone"])
def test_a_journal_that_breaks_unforeseen_does_not_end_the_worker(method: str) -> None:
    """Intake is looked at all the while; the backlog is delivered or, where the step broke, parked with the reason."""
    clock = FakeClock()
    pipeline, looks = a_pipeline(clock, journal=BrokenJournal(method, times=2), times=2), Moody()
    for number in range(3):
        pipeline.accept(a_voicemail(id=f"v{number}"))
    end = clock() + timedelta(hours=1)

    drive(pipeline, until=lambda: clock() > end, between=looks, now=clock, sleep=clock.advance)

    states = [run.state for run in pipeline.journal.runs()]
    assert set(states) <= {RunState.DELIVERED, RunState.PARKED}
    assert states.count(RunState.DELIVERED) >= 1
    assert looks.calls > 100


@pytest.mark.covers("journal-1")
def test_a_lost_journal_ends_the_worker() -> None:
    """Nothing goes on into the void."""
    clock = FakeClock()

    with pytest.raises(JournalLost):
        drive(
            a_pipeline(clock), until=lambda: False, between=Moody(JournalLost("gone")), now=clock, sleep=clock.advance
        )
