"""Transcripts that come after the voicemail was delivered, in front of a VoiceCall and a Case: added once, or told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from scv_voicemail.errors import AuthenticationFailed, PermissionMissing, Rejected, VoicemailError
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.pipeline import Pipeline, Policy
from scv_voicemail.ports import Attempt, NotYet, Receipt, RunState
from scv_voicemail.telephony import TranscriptMessage
from scv_voicemail.voicemail import Transcript, Voicemail

from tests.builders import NOON, FakeClock, a_transcript, a_voicemail
from tests.unit.delivery import record_bench, voice_call_bench
from tests.unit.delivery.voice_call_bench import LONG, FakeView, a_call

PENDING = {"transcript": "pending", "since": "2026-11-20T12:00:00+00:00"}
SPOKEN = "Hello, this is Ada. Please call me back."

# --------------------------------------------------------------------------------------------------------------- a case


def a_case_without_transcript(**options: Any) -> record_bench.Bench:
    """A Case whose voicemail went on while the transcript was being made; by now it is there."""
    bench = record_bench.Bench(**options)
    bench.receipts["case"] = {"listen": PENDING}
    bench.do("case", voicemail=a_voicemail())
    bench.receipts["case"]["listen_again"] = {"transcript": "amazon-transcribe"}
    return bench


def add(bench: record_bench.Bench, target: str = "case", *, voicemail: Voicemail | None = None) -> Receipt:
    voicemail = voicemail or a_voicemail(transcript=a_transcript(provider="amazon-transcribe"))
    attempt = Attempt(voicemail=voicemail, receipts=bench.receipts[target], number=1, since=NOON, now=NOON)
    return bench.target(target).add_transcript(attempt)


def test_a_late_transcript_is_written_where_it_belongs_and_nowhere_else() -> None:
    """The description and the transcript's own field; what a rep has done to the Case is left alone."""
    bench = a_case_without_transcript()
    bench.case.update({"Status": "Working", "Subject": "She wants a refund", "Origin": None})
    writes = len(bench.org.writes)

    receipt = add(bench)

    assert receipt == {"completed": ["Description", "Voicemail_Transcript__c"], "note": "", "warning": ""}
    assert bench.case["Voicemail_Transcript__c"] == SPOKEN
    assert bench.case["Description"].endswith(f"UTC.\n\n{SPOKEN}")
    assert (bench.case["Status"], bench.case["Subject"], bench.case["Origin"]) == (
        "Working",
        "She wants a refund",
        None,
    )
    assert len(bench.org.writes) == writes + 1


@pytest.mark.parametrize("theirs", ["She wants a refund.", None])
def test_what_a_rep_has_written_or_emptied_meanwhile_is_left_so_with_a_warning(theirs: str | None) -> None:
    """Compared with what we had written; the other fields get the transcript."""
    bench = a_case_without_transcript()
    bench.case["Description"] = theirs

    receipt = add(bench)

    assert receipt["completed"] == ["Voicemail_Transcript__c"]
    assert receipt["warning"] == "Case.Description was changed by somebody and is left so"
    assert bench.case["Description"] == theirs


def test_adding_it_again_changes_nothing() -> None:
    """The second life of a worker that died before its receipt was kept."""
    bench = a_case_without_transcript()
    add(bench)
    writes = len(bench.org.writes)

    receipt = add(bench)

    assert receipt == {"completed": [], "note": "", "warning": ""}
    assert len(bench.org.writes) == writes


def test_a_transcript_that_came_before_the_case_was_saved_is_not_added_twice() -> None:
    """Another target's run has heard of it in between; verifying does not miss it either."""
    bench = record_bench.Bench()
    bench.receipts["case"] = {"listen": PENDING}
    bench.do("case", "match", "save")

    verified = bench.do("case", "link", "verify")
    receipt = add(bench)

    assert verified["warning"] == ""
    assert receipt["completed"] == []


def test_a_transcript_that_comes_between_save_and_verify_is_not_missed() -> None:
    """Nothing has written it yet; `add_transcript` will."""
    bench = record_bench.Bench()
    bench.receipts["case"] = {"listen": PENDING}
    bench.do("case", "match", "save", "link", voicemail=a_voicemail())

    verified = bench.do("case", "verify")

    assert verified["warning"] == ""


@pytest.mark.parametrize(
    ("outcome", "status"), [({"transcript": "none"}, "None"), ({"warning": "the job failed"}, "Failed")]
)
def test_a_record_says_in_the_end_why_there_is_no_transcript(outcome: Receipt, status: str) -> None:
    """None was said, or none could be made."""
    bench = record_bench.Bench()
    bench.receipts["custom_object"] = {"listen": PENDING}
    bench.do("custom_object", voicemail=a_voicemail())
    before = bench.record["Transcription_Status__c"]
    bench.receipts["custom_object"]["listen_again"] = outcome

    add(bench, "custom_object", voicemail=a_voicemail())

    assert (before, bench.record["Transcription_Status__c"]) == ("None", status)


def test_a_late_transcript_brings_segments_language_and_status_along() -> None:
    """Every field of the record that speaks of it."""
    bench = record_bench.Bench()
    bench.receipts["custom_object"] = {"listen": PENDING}
    bench.do("custom_object", voicemail=a_voicemail())
    bench.receipts["custom_object"]["listen_again"] = {"transcript": "amazon-transcribe"}

    receipt = add(bench, "custom_object")

    assert receipt["completed"] == [
        "Language__c",
        "Transcript_Segments__c",
        "Transcript__c",
        "Transcription_Confidence__c",
        "Transcription_Status__c",
    ]
    assert bench.record["Transcription_Status__c"] == "Completed"


@pytest.mark.parametrize("error", [Rejected("locked"), PermissionMissing("no right to edit")])
def test_a_record_that_does_not_take_it_is_told_and_holds_nothing_up(error: VoicemailError) -> None:
    """The voicemail is with its rep."""
    bench = a_case_without_transcript()
    bench.org.failing.append(error)

    receipt = add(bench)

    assert receipt == {"warning": f"the transcript was not added to the Case: {error.what}"}


def test_a_key_that_is_not_accepted_calls_a_human_also_for_a_transcript() -> None:
    """It is not about this Case."""
    bench = a_case_without_transcript()
    bench.org.failing.append(AuthenticationFailed("401"))

    with pytest.raises(AuthenticationFailed):
        add(bench)


def test_a_case_that_was_deleted_meanwhile_is_not_made_again_for_its_transcript() -> None:
    """Somebody has read it and thrown it away."""
    bench = a_case_without_transcript()
    bench.org.rows["Case"].clear()

    receipt = add(bench)

    assert receipt == {"warning": "the Case is gone, and its transcript was not added"}
    assert bench.org.rows["Case"] == []


# -------------------------------------------------------------------------------------------------------- a voice call


class ClosedCall(FakeView):
    """A finished VoiceCall that shows what is uploaded to it."""

    def upload(self, vendor_call_key: str, voice_call_id: str, messages: Sequence[TranscriptMessage]) -> None:
        super().upload(vendor_call_key, voice_call_id, messages)
        self.entries |= {message.message_id for message in messages}


def a_voice_call(*, rest: bool = True) -> voice_call_bench.Bench:
    bench = voice_call_bench.Bench(rest=rest)
    view = ClosedCall(call=a_call(), has_recordings=1, routings=["queued"])
    bench.view = view
    bench.target.view = view if rest else None  # type: ignore[assignment]
    return bench


def upload(bench: voice_call_bench.Bench, transcribed: Receipt, *, number: int = 1, waited: float = 0.0) -> Receipt:
    return bench.target.add_transcript(
        Attempt(
            voicemail=a_voicemail(transcript=a_transcript()),
            receipts={"open": voice_call_bench.OPENED, "transcribe": transcribed},
            number=number,
            since=NOON,
            now=NOON + timedelta(seconds=waited),
        )
    )


def test_a_late_transcript_is_uploaded_to_the_closed_call_and_waited_for() -> None:
    """By the Connect API, whole, once."""
    bench = a_voice_call()

    with pytest.raises(NotYet, match="not there yet"):
        upload(bench, {"entries": 0})
    receipt = upload(bench, {"entries": 0}, number=2, waited=1)

    assert receipt == {"uploaded": 2}
    assert [message.content for message in bench.view.uploaded] == ["Hello, this is Ada.", "Please call me back."]


@pytest.mark.parametrize("transcribed", [{"entries": 2, "left": []}, {"entries": 0, "left": ["one", "two"]}])
def test_a_transcript_that_came_before_it_was_sent_is_not_uploaded_again(transcribed: Receipt) -> None:
    """`transcribe` and `upload` have seen to it."""
    bench = a_voice_call()

    assert upload(bench, transcribed) == {}
    assert bench.view.uploaded == []


def test_without_rest_access_a_late_transcript_is_a_warning() -> None:
    """A closed call takes it by no other way."""
    assert "needs REST access" in upload(a_voice_call(rest=False), {"entries": 0}, waited=LONG)["warning"]


# ------------------------------------------------------------------------------------------------- killed at any moment


class Death(BaseException):
    """The worker is gone."""


class Fate:
    """Lets a worker die at one of the moments of its life."""

    def __init__(self, dies_at: int | None) -> None:
        self.moments = 0
        self.dies_at = dies_at

    def __call__(self) -> None:
        self.moments += 1
        if self.moments == self.dies_at:
            raise Death

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same, with a moment before and one after it."""

        def watched(*args: Any, **kwargs: Any) -> Any:
            self()
            done = work(*args, **kwargs)
            self()
            return done

        return watched


class Late:
    """A transcriber whose job takes a minute."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.done_at = clock.at.timestamp() + 60

    def transcribe(self, voicemail: Voicemail) -> Transcript | None:
        if self.clock().timestamp() < self.done_at:
            raise NotYet("not yet", after_seconds=15)
        return a_transcript(provider="amazon-transcribe")


class World:
    """One voicemail for a VoiceCall and a Case, delivered by one worker after the other."""

    def __init__(self) -> None:
        self.clock, self.journal = FakeClock(), MemoryJournal()
        self.calls, self.records = a_voice_call(), record_bench.Bench()
        self.transcriber = Late(self.clock)
        self.journal.accept(a_voicemail(), targets=["voice_call", "case"], now=self.clock())

    def live(self, fate: Fate) -> None:
        """A worker's life, to the end of the work or to its death; whoever asks learns that it is dead."""
        journal, view, org = WatchedJournal(self.journal, fate), self.calls.view, self.records.org
        pipeline = Pipeline(
            journal=journal,  # type: ignore[arg-type]
            targets={"voice_call": self.calls.target, "case": self.records.target("case")},
            default_targets=(),
            transcriber=Watched(self.transcriber, fate, "transcribe"),
            owner=f"{fate.dies_at}",
            is_gone=lambda _owner: True,
            policy=Policy(transcript_wait_seconds=20),
            now=self.clock,
        )
        self.calls.target.view = Watched(view, fate, "upload")  # type: ignore[assignment]
        self.records.records.salesforce = Watched(org, fate, "update", "create")  # type: ignore[assignment]
        while True:
            if not pipeline.work_one():
                due = self.journal.next_due()
                if due is None:
                    return
                self.clock.at = max(due, self.clock())


class Watched:
    """Anything, with moments around some of its methods."""

    def __init__(self, inner: Any, fate: Fate, *names: str) -> None:
        self._inner, self._fate, self._names = inner, fate, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._fate.around(found) if name in self._names else found

    def transcribe(self, voicemail: Voicemail) -> Transcript | None:
        transcript: Transcript | None = self._fate.around(self._inner.transcribe)(voicemail)
        return transcript


class WatchedJournal(Watched):
    """The journal, with moments around its writes."""

    def __init__(self, inner: MemoryJournal, fate: Fate) -> None:
        super().__init__(inner, fate, "claim", "receive", "postpone", "keep_transcript", "finish")


def test_a_worker_killed_at_any_moment_of_a_late_transcript_leaves_it_there_once() -> None:
    """Before and after every call and every commit, in both targets: uploaded once, written once, no warning."""
    alive = Fate(None)
    World().live(alive)
    wrong = {}

    for moment in range(1, alive.moments + 1):
        world = World()
        with pytest.raises(Death):
            world.live(Fate(moment))
        world.live(Fate(None))
        runs = world.journal.runs()
        found = {
            "states": {run.state for run in runs},
            "warnings": [warning for run in runs for warning in run.warnings],
            "entries": sorted(message.content for message in world.calls.view.uploaded),
            "case": (len(world.records.org.rows["Case"]), world.records.case["Voicemail_Transcript__c"]),
        }
        expected = {
            "states": {RunState.DELIVERED},
            "warnings": [],
            "entries": ["Hello, this is Ada.", "Please call me back."],
            "case": (1, SPOKEN),
        }
        if found != expected:
            wrong[moment] = found

    assert alive.moments > 80
    assert wrong == {}
