"""The way of one voicemail, with targets that say what they are told to say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scv_voicemail.errors import (
    AuthenticationFailed,
    BadRecording,
    BadVoicemail,
    PermissionMissing,
    RateLimited,
    Rejected,
    RoutingFailed,
    Unavailable,
    VoicemailError,
)
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.pipeline import Policy
from scv_voicemail.ports import NotYet, Redo, RunState
from scv_voicemail.voicemail import Transcript

from tests.builders import a_transcript, a_voicemail
from tests.unit.pipeline_bench import Bench, FakeTranscriber, ScriptedTarget


def test_a_voicemail_goes_through_every_step_once_and_in_order() -> None:
    """The plain way: each step once, each with a receipt, then delivered."""
    target = ScriptedTarget(open=[], route=[], verify=[])
    bench = Bench(target)
    bench.pipeline.accept(a_voicemail())

    bench.work()

    assert target.calls == [("open", 1), ("route", 1), ("verify", 1)]
    assert bench.run().state is RunState.DELIVERED
    assert set(bench.run().receipts) == {"listen", "open", "route", "verify"}


def test_a_second_copy_of_a_voicemail_is_not_delivered_again() -> None:
    """The same id is one voicemail, before and after its delivery."""
    target = ScriptedTarget()
    bench = Bench(target)
    bench.pipeline.accept(a_voicemail())
    bench.work()

    again = bench.pipeline.accept(a_voicemail())
    bench.work()

    assert again is False
    assert len(target.calls) == 1


def test_a_failure_that_may_pass_is_tried_again_later_at_the_same_step() -> None:
    """Finished steps are not repeated; the failed one knows that it was begun before."""
    target = ScriptedTarget(open=[], mark=[Unavailable("HTTP 503"), Unavailable("HTTP 503")])
    bench = Bench(target)
    bench.pipeline.accept(a_voicemail())

    bench.work_until_done()

    assert target.calls == [("open", 1), ("mark", 1), ("mark", 2), ("mark", 3)]
    assert bench.run().state is RunState.DELIVERED


def test_the_delay_doubles_up_to_its_cap() -> None:
    """2, 4, 8 … seconds, never more than the cap, and half of it at the least."""
    policy = Policy(retry_base_seconds=2, retry_cap_seconds=60)

    longest = [policy.delay(tries, chance=1.0) for tries in (0, 1, 2, 10, 4000)]
    shortest = policy.delay(2, chance=0.0)

    assert longest == [2, 4, 8, 60, 60]
    assert shortest == 4


def test_the_vendors_retry_after_wins_over_our_own_delay() -> None:
    """Nobody knocks earlier, not even for another voicemail."""
    target = ScriptedTarget(send=[RateLimited("429", retry_after_seconds=300)])
    bench = Bench(target)
    bench.pipeline.accept(a_voicemail(id="one"))
    bench.work()
    bench.pipeline.accept(a_voicemail(id="two"))

    bench.clock.advance(299)
    bench.work()
    early = len(target.calls)
    bench.work_until_done()

    assert early == 1
    assert bench.journal.counts()[RunState.DELIVERED] == 2


@pytest.mark.parametrize(
    "error", [BadRecording("not a WAV"), PermissionMissing("no access to the field"), KeyError("a defect")]
)
def test_what_trying_again_cannot_mend_is_parked_at_once(error: Exception) -> None:
    """A human sees it with its reason; a defect of ours does not lose the voicemail either."""
    target = ScriptedTarget(send=[error])
    bench = Bench(target)
    bench.pipeline.accept(a_voicemail())

    bench.work_until_done()

    assert bench.run().state is RunState.PARKED
    assert bench.run().last_error
    assert len(target.calls) == 1


def test_a_parked_voicemail_goes_on_at_the_step_that_failed() -> None:
    """After `retry` the finished steps stay finished, and the failed one looks before it writes."""
    target = ScriptedTarget(open=[], mark=[AuthenticationFailed("no")])
    bench = Bench(target)
    bench.pipeline.accept(a_voicemail())
    bench.work()

    bench.journal.retry(a_voicemail().id, now=bench.clock())
    bench.work()

    assert target.calls == [("open", 1), ("mark", 1), ("mark", 2)]
    assert bench.run().state is RunState.DELIVERED


def test_some_failures_are_tried_a_few_times_only() -> None:
    """A flow that answers with errors needs a human after four tries, not after three days."""
    target = ScriptedTarget(send=[RoutingFailed("queue not mapped")] * 10)
    bench = Bench(target)
    bench.pipeline.accept(a_voicemail())

    bench.work_until_done()

    assert len(target.calls) == 4
    assert "queue not mapped" in bench.run().last_error


def test_patience_ends_at_the_horizon() -> None:
    """After 72 hours of trying a human is called; not before."""
    target = ScriptedTarget(send=[Unavailable("down")] * 100_000)
    bench = Bench(target)
    start = bench.clock()
    bench.pipeline.accept(a_voicemail())

    bench.work_until_done()

    assert bench.run().state is RunState.PARKED
    assert timedelta(hours=72) < bench.clock() - start < timedelta(hours=72.3)


def test_waiting_for_the_other_side_costs_no_try() -> None:
    """A step may look as often as it likes; the clock decides, not a counter."""
    target = ScriptedTarget(confirm=[NotYet("not applied", after_seconds=0.5)] * 50)
    bench = Bench(target)
    bench.pipeline.accept(a_voicemail())

    bench.work_until_done()

    assert len(target.calls) == 51
    assert bench.run().state is RunState.DELIVERED


def test_a_step_can_send_the_run_back() -> None:
    """What is missing at the end is done again, and then looked at again."""
    target = ScriptedTarget(route=[], verify=[Redo("not in a queue", step="route")])
    bench = Bench(target)
    bench.pipeline.accept(a_voicemail())

    bench.work_until_done()

    assert [name for name, _ in target.calls] == ["route", "verify", "route", "verify"]
    assert bench.run().state is RunState.DELIVERED


def test_sending_back_ends_when_it_has_no_effect() -> None:
    """Three repeats without effect call a human; nothing turns in circles."""
    target = ScriptedTarget(route=[], verify=[Redo("not in a queue", step="route")] * 100)
    bench = Bench(target)
    bench.pipeline.accept(a_voicemail())

    bench.work_until_done()

    assert [name for name, _ in target.calls].count("route") == 4
    assert bench.run().state is RunState.PARKED


def test_an_outage_costs_probes_not_thousands_of_tries() -> None:
    """After three failures in a row one voicemail per interval knocks; all go when it opens."""
    target = ScriptedTarget(send=[Unavailable("down")] * 63)
    bench = Bench(target, probe_seconds=60, outage_failures=3)
    for number in range(100):
        bench.pipeline.accept(a_voicemail(id=f"vm-{number}"))

    bench.work_until_done(at_most_hours=0.99)
    during = len(target.calls)
    bench.work_until_done()

    assert 58 <= during <= 63
    assert bench.journal.counts()[RunState.DELIVERED] == 100
    assert len(target.calls) == 163


def test_one_target_that_is_down_does_not_delay_another() -> None:
    """Each target has its own run and its own gate."""
    down, up = ScriptedTarget("down", send=[Unavailable("down")] * 1000), ScriptedTarget("up")
    bench = Bench(down, up)
    for number in range(10):
        bench.pipeline.accept(a_voicemail(id=f"vm-{number}"))

    bench.work()

    assert len(up.calls) == 10


def test_a_transcript_is_made_once_and_seen_by_the_target() -> None:
    """The transcriber is asked when the voicemail brought no transcript."""
    transcriber, target = FakeTranscriber(a_transcript()), ScriptedTarget(send=[Unavailable("down")])
    bench = Bench(target, transcriber=transcriber)
    bench.pipeline.accept(a_voicemail())

    bench.work_until_done()

    assert transcriber.asked == 1
    assert [voicemail.transcript for voicemail in target.saw] == [a_transcript(), a_transcript()]


def test_a_supplied_transcript_is_not_made_again() -> None:
    """What came with the voicemail wins."""
    transcriber = FakeTranscriber(a_transcript(language="xx"))
    bench = Bench(ScriptedTarget(), transcriber=transcriber)
    bench.pipeline.accept(a_voicemail(transcript=a_transcript()))

    bench.work()

    assert transcriber.asked == 0


def test_a_failed_transcription_is_a_warning_not_a_delay() -> None:
    """The voicemail goes out without its transcript, and says so."""
    bench = Bench(ScriptedTarget(), transcriber=FakeTranscriber(Rejected("took longer than 60 s")))
    bench.pipeline.accept(a_voicemail())

    bench.work()

    assert bench.run().state is RunState.DELIVERED
    assert "took longer than 60 s" in bench.run().warnings[0]


@pytest.mark.covers("connect-9")
def test_a_voicemail_for_an_unknown_target_goes_to_the_default_ones_with_a_warning() -> None:
    """Nobody is there to correct a word that came with the call; it is named where the voicemail is looked at."""
    bench = Bench(ScriptedTarget("voice_call"))
    bench.pipeline.accept(a_voicemail(targets=("voicecall",)))

    bench.work()

    assert bench.run("voice_call").state is RunState.DELIVERED
    assert bench.run("voice_call").warnings == ["there is no delivery target called 'voicecall'; known are: voice_call"]


@pytest.mark.covers("connect-9")
def test_of_several_targets_the_known_ones_are_taken() -> None:
    """The one that is known gets it; the default ones are not added."""
    bench = Bench(ScriptedTarget("voice_call"), ScriptedTarget("case"))
    bench.pipeline.accept(a_voicemail(targets=("case", "fax")))

    bench.work()

    assert [run.target for run in bench.journal.runs()] == ["case"]
    assert "'fax'" in bench.run("case").warnings[0]


def test_a_target_that_was_taken_away_calls_a_human() -> None:
    """A run of 0.1.0 for a target that nobody knows any more is parked, and names those that there are."""
    bench = Bench(ScriptedTarget("voice_call"))
    bench.journal.accept(a_voicemail(), targets=["voicecall"], now=bench.clock())

    bench.work()

    assert bench.run("voicecall").state is RunState.PARKED
    assert "voice_call" in bench.run("voicecall").last_error


def test_a_step_that_kills_its_worker_again_and_again_is_parked() -> None:
    """A poisonous voicemail must not bring worker after worker down for ever."""
    target = ScriptedTarget()
    bench = Bench(target, crash_limit=3)
    bench.pipeline.accept(a_voicemail())
    for number in range(4):
        bench.journal.claim(
            owner=f"dead-{number}", now=bench.clock(), lease_seconds=60, probe_seconds=60, is_gone=lambda _owner: True
        )
    bench.clock.advance(61)

    bench.work()

    assert target.calls == []
    assert "died" in bench.run().last_error


class NarrowJournal(MemoryJournal):
    """A journal that has no room for a transcript, or does not answer when it is to keep one."""

    def __init__(self, says: VoicemailError) -> None:
        super().__init__()
        self.says = says

    def keep_transcript(self, voicemail_id: str, transcript: Transcript) -> None:
        raise self.says


def test_a_transcript_that_the_journal_cannot_hold_never_holds_the_voicemail_up() -> None:
    """It is delivered without, with a warning that names the limit."""
    target = ScriptedTarget()
    bench = Bench(target, transcriber=FakeTranscriber(a_transcript()))
    bench.journal = bench.pipeline.journal = NarrowJournal(BadVoicemail("items of up to 409,600"))
    bench.pipeline.accept(a_voicemail())

    bench.work()

    assert bench.run().state is RunState.DELIVERED
    assert bench.run().warnings == ["delivered without a transcript: items of up to 409,600"]


def test_a_journal_that_does_not_answer_is_not_the_targets_failure() -> None:
    """The run stays with its lease, no try is counted, and no gate is opened; whoever comes next goes on."""
    bench = Bench(ScriptedTarget(), transcriber=FakeTranscriber(a_transcript()), outage_failures=1)
    bench.journal = bench.pipeline.journal = NarrowJournal(Unavailable("throttled", service="journal"))
    bench.pipeline.accept(a_voicemail())

    bench.pipeline.work_one()

    assert (bench.run().state, bench.run().tries) == (RunState.RUNNING, 0)
    assert bench.journal.trip("fake", now=bench.clock(), threshold=9, open_seconds=1).failures == 1
