"""Transcripts that are made somewhere else: waited for, gone without, and added when they are late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scv_voicemail.errors import RateLimited, Rejected, Unavailable
from scv_voicemail.ports import NotYet, RunState
from scv_voicemail.voicemail import Transcript

from tests.builders import a_transcript, a_voicemail
from tests.unit.pipeline_bench import Bench, FakeTranscriber, ScriptedTarget

NOT_YET = NotYet("the job is under way", after_seconds=15)
FAILED = Rejected("the job failed")


def a_bench(*answers: Transcript | Exception | None, **policy: float) -> Bench:
    """One voicemail on its way to one target, and a transcriber with these answers."""
    bench = Bench(ScriptedTarget(), transcriber=FakeTranscriber(*answers), **policy)
    bench.pipeline.accept(a_voicemail())
    return bench


def target_of(bench: Bench) -> ScriptedTarget:
    target = bench.pipeline.targets["fake"]
    assert isinstance(target, ScriptedTarget)
    return target


def asked(bench: Bench) -> int:
    transcriber = bench.pipeline.transcriber
    assert isinstance(transcriber, FakeTranscriber)
    return transcriber.asked


def test_a_voicemail_waits_for_its_transcript_and_is_delivered_with_it() -> None:
    """In the journal, not in a sleep; the target is asked once and sees the transcript."""
    bench = a_bench(NOT_YET, NOT_YET, a_transcript())
    start = bench.clock()

    bench.work_until_done()

    assert target_of(bench).calls == [("send", 1)]
    assert target_of(bench).saw[0].transcript == a_transcript()
    assert (asked(bench), bench.clock() - start) == (3, timedelta(seconds=30))
    assert set(bench.run().receipts) == {"listen", "send"}


def test_after_the_wait_it_goes_without_and_the_transcript_is_added_later() -> None:
    """At the limit to the second; the transcript is there at the next look, and the target is given it once."""
    bench = a_bench(*[NOT_YET] * 5, a_transcript(), transcript_wait_seconds=40)
    start = bench.clock()

    bench.work_until_done(at_most_hours=40 / 3600)
    first = list(target_of(bench).saw)
    bench.work_until_done()

    assert [voicemail.transcript for voicemail in first] == [None]
    assert bench.run().receipts["listen"] == {"transcript": "pending", "since": start.isoformat()}
    assert target_of(bench).calls == [("send", 1), ("add_transcript", 1)]
    assert target_of(bench).saw[1].transcript == a_transcript()
    assert (bench.run().state, bench.run().warnings) == (RunState.DELIVERED, [])


def test_a_run_says_when_only_its_transcript_is_missing() -> None:
    """Whoever watches how old undelivered voicemails are must not count it."""
    bench = a_bench(NOT_YET, transcript_wait_seconds=40)

    bench.work()
    listening = bench.run()
    bench.work_until_done(at_most_hours=1)

    assert (listening.state, listening.has_arrived) == (RunState.WAITING, False)
    assert (bench.run().state, bench.run().has_arrived) == (RunState.WAITING, True)


def test_an_event_ends_the_wait_at_once() -> None:
    """The journal is told that the job is done; nobody waits for the next look."""
    bench = a_bench(NOT_YET, NOT_YET, a_transcript(), transcript_wait_seconds=0)
    bench.work_until_done(at_most_hours=0)
    bench.clock.advance(1)

    bench.journal.wake(a_voicemail().id, now=bench.clock())
    bench.work()

    assert bench.run().state is RunState.DELIVERED


@pytest.mark.parametrize(
    "passing", [Unavailable("no answer"), RateLimited("429"), RateLimited("429", retry_after_seconds=7)]
)
def test_a_transcriber_that_does_not_answer_is_asked_again_within_the_wait(passing: Exception) -> None:
    """It is not the target's failure: no try, no gate, no warning."""
    bench = a_bench(passing, a_transcript(), outage_failures=1)
    start = bench.clock()

    bench.work_until_done()

    assert bench.run().state is RunState.DELIVERED
    assert target_of(bench).saw[0].transcript == a_transcript()
    assert 2 <= (bench.clock() - start).total_seconds() <= 7
    assert [event.kind for event in bench.journal.events(a_voicemail().id)].count("failed") == 0


def test_a_transcriber_that_never_answers_costs_the_transcript() -> None:
    """Delivered after the wait; a day later it is known that there will be none."""
    bench = a_bench(Unavailable("no answer"))
    start = bench.clock()

    bench.work_until_done()

    assert target_of(bench).calls == [("send", 1), ("add_transcript", 1)]
    assert bench.clock() - start == timedelta(hours=24)
    assert bench.run().warnings == ["delivered without a transcript: there was none after 24 hours"]


def test_a_late_transcript_is_looked_for_less_and_less_often() -> None:
    """Every 15 seconds at first, every ten minutes in the end."""
    bench = a_bench(NOT_YET)

    bench.work_until_done()

    assert 150 <= asked(bench) <= 200


@pytest.mark.parametrize(
    ("answer", "receipt"),
    [
        (None, {"transcript": "none"}),
        (FAILED, {"warning": f"delivered without a transcript: {FAILED}"}),
    ],
)
def test_what_came_of_a_late_transcript_is_told(answer: Exception | None, receipt: dict[str, str]) -> None:
    """Nothing was said, or the job failed; the target may change what it has written about it."""
    bench = a_bench(NOT_YET, answer, transcript_wait_seconds=0)

    bench.work_until_done()

    assert bench.run().receipts["listen_again"] == receipt
    assert target_of(bench).calls == [("send", 1), ("add_transcript", 1)]
    assert bench.run().state is RunState.DELIVERED


def test_many_waits_are_no_crashes() -> None:
    """A worker that died twice over the transcriber gives it up; one that waits a hundred times does not."""
    bench = a_bench(*[NotYet("not yet", after_seconds=1)] * 100, a_transcript(), transcript_wait_seconds=1e6)

    bench.work_until_done()

    assert target_of(bench).saw[0].transcript == a_transcript()


@pytest.mark.parametrize(("deaths", "transcript"), [(1, a_transcript()), (2, None)])
def test_a_transcriber_that_kills_its_worker_twice_is_not_asked_again(
    deaths: int, transcript: Transcript | None
) -> None:
    """The third worker delivers without a transcript, and says why."""
    bench = a_bench(a_transcript())
    for number in range(deaths):
        bench.journal.claim(owner=f"{number}", now=bench.clock(), lease_seconds=60, probe_seconds=60)
        bench.clock.advance(60)

    bench.work()

    assert bench.run().state is RunState.DELIVERED
    assert target_of(bench).saw[0].transcript == transcript
    assert ["brought the worker down twice" in one for one in bench.run().warnings] == [True] * (deaths - 1)


def test_waits_for_a_transcript_say_nothing_about_the_target() -> None:
    """Neither that it is up nor that it is down: failures counted before are still counted."""
    bench = a_bench(NOT_YET)
    bench.journal.trip("fake", now=bench.clock(), threshold=9, open_seconds=1)

    bench.work()

    assert bench.journal.trip("fake", now=bench.clock(), threshold=9, open_seconds=1).failures == 2


def test_during_an_outage_waiting_for_transcripts_costs_no_probe() -> None:
    """Ten new voicemails begin to listen while the gate is open, and the eleventh still asks the target."""
    target = ScriptedTarget()
    bench = Bench(target, transcriber=FakeTranscriber(NOT_YET), probe_seconds=60)
    bench.pipeline.accept(a_voicemail(id="ready", transcript=a_transcript()))
    bench.journal.trip("fake", now=bench.clock(), threshold=1, open_seconds=5)
    bench.clock.advance(-1)
    for number in range(10):
        bench.pipeline.accept(a_voicemail(id=f"new-{number}"))
    bench.clock.advance(6)

    bench.work()

    assert target.saw == [a_voicemail(id="ready", transcript=a_transcript())]
    assert bench.journal.gates() == []


def test_two_targets_share_one_transcript() -> None:
    """Whichever run hears of it first keeps it; the other does not ask again."""
    one, two = ScriptedTarget("one"), ScriptedTarget("two")
    transcriber = FakeTranscriber(NOT_YET, NOT_YET, a_transcript(), Rejected("asked once too often"))
    bench = Bench(one, two, transcriber=transcriber)
    bench.pipeline.accept(a_voicemail())

    bench.work_until_done()

    assert [target.saw[0].transcript for target in (one, two)] == [a_transcript()] * 2
    assert transcriber.asked == 3
