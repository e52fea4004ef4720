"""What a recording is worth when a delivery begins: the same as taken in, altered, gone, or out of sight."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from scv_voicemail.aws.objects import ObjectStore
from scv_voicemail.errors import RecordingAltered, RecordingGone, Unavailable
from scv_voicemail.intake.kept_check import KeptCheck
from scv_voicemail.ports import RunState
from scv_voicemail.voicemail import ANONYMOUS, Transcript, Voicemail

from tests.builders import a_recording, a_transcript, a_voicemail
from tests.unit.pipeline_bench import Bench, ScriptedTarget

AUDIO = b"RIFF....WAVE and what a caller said"
HORIZON_HOURS = 72


def no_s3() -> ObjectStore:
    raise AssertionError("nothing is in S3")


def kept(folder: Path, *, transcript: Transcript | None = None, **changes: str) -> Voicemail:
    """A voicemail whose recording lies in this folder."""
    path = folder / "kept.wav"
    path.write_bytes(AUDIO)
    digest = hashlib.sha256(AUDIO).hexdigest()
    recording = a_recording(
        path=str(path), size_bytes=len(AUDIO), sha256=digest, location="https://r.example.com/1.wav"
    )
    return a_voicemail(recording=recording, transcript=transcript, **changes)


def a_bench(target: ScriptedTarget) -> Bench:
    bench = Bench(target)
    bench.pipeline.check_recording = KeptCheck(no_s3)
    return bench


@pytest.mark.covers("identity-3")
@pytest.mark.parametrize("content", [b"", AUDIO[:-1], AUDIO.replace(b"caller", b"pirate"), AUDIO + b"\0"])
def test_an_altered_recording_is_parked_and_nobody_is_asked(tmp_path: Path, content: bytes) -> None:
    """Emptied, cut, replaced by one of the same size, grown: nobody hears it under this caller's name."""
    target = ScriptedTarget(open=[])
    bench = a_bench(target)
    voicemail = kept(tmp_path)
    bench.pipeline.accept(voicemail)
    Path(voicemail.recording.path).write_bytes(content)

    bench.work()

    assert bench.run().state is RunState.PARKED
    assert "content has changed" in bench.run().last_error
    assert target.calls == []


@pytest.mark.covers("identity-3")
def test_one_put_back_is_delivered_after_retry(tmp_path: Path) -> None:
    """The fix that the error names is true."""
    bench = a_bench(ScriptedTarget(open=[]))
    voicemail = kept(tmp_path)
    bench.pipeline.accept(voicemail)
    path = Path(voicemail.recording.path)
    path.write_bytes(b"other")
    bench.work()
    path.write_bytes(AUDIO)

    bench.journal.retry(voicemail.id, now=bench.clock())
    bench.work()

    assert bench.run().state is RunState.DELIVERED
    assert bench.run().warnings == []


@pytest.mark.covers("identity-3")
def test_a_disk_that_is_away_for_an_hour_costs_nothing(tmp_path: Path) -> None:
    """What is gone may come back: it waits, and the target's breaker knows nothing of it."""
    target = ScriptedTarget(open=[])
    bench = a_bench(target)
    voicemail = kept(tmp_path)
    bench.pipeline.accept(voicemail)
    path = Path(voicemail.recording.path)
    path.rename(tmp_path / "away")
    bench.work_until_done(at_most_hours=1)
    waiting, asked = bench.run(), list(target.calls)

    (tmp_path / "away").rename(path)
    bench.work_until_done(at_most_hours=1)

    assert waiting.state is RunState.WAITING
    assert "not where it was kept" in waiting.last_error
    assert asked == []
    assert bench.run().state is RunState.DELIVERED
    assert target.saw[0].recording == voicemail.recording


@pytest.mark.covers("identity-3")
@pytest.mark.parametrize(("caller", "transcript"), [("+14155550142", None), (ANONYMOUS, a_transcript())])
def test_one_that_stays_away_goes_without_where_number_or_words_still_help(
    tmp_path: Path, caller: str, transcript: Transcript | None
) -> None:
    """At the horizon, not before; with a warning, and without a link that leads nowhere."""
    target = ScriptedTarget(open=[])
    bench = a_bench(target)
    voicemail = kept(tmp_path, transcript=transcript, caller=caller)
    start = bench.clock()
    bench.pipeline.accept(voicemail)
    Path(voicemail.recording.path).unlink()

    bench.work_until_done()

    assert bench.run().state is RunState.DELIVERED
    assert timedelta(hours=HORIZON_HOURS) < bench.clock() - start < timedelta(hours=HORIZON_HOURS + 1)
    assert any("delivered without its recording" in one for one in bench.run().warnings)
    assert target.saw[0].recording.location == ""


@pytest.mark.covers("identity-3")
def test_one_that_stays_away_and_leaves_nothing_calls_a_human(tmp_path: Path) -> None:
    """No number, no words: a record would help nobody."""
    bench = a_bench(ScriptedTarget(open=[]))
    voicemail = kept(tmp_path, caller=ANONYMOUS)
    bench.pipeline.accept(voicemail)
    Path(voicemail.recording.path).unlink()

    bench.work_until_done()

    assert bench.run().state is RunState.PARKED
    assert "neither a number nor a transcript" in bench.run().last_error


@pytest.mark.covers("identity-3", "clock-1")
def test_a_disk_that_comes_a_minute_after_three_days_off_is_waited_for(tmp_path: Path) -> None:
    """The machine was off beyond the horizon, and mounts its disk a little later than it starts the worker."""
    target = ScriptedTarget(open=[])
    bench = a_bench(target)
    voicemail = kept(tmp_path)
    bench.pipeline.accept(voicemail)
    path = Path(voicemail.recording.path)
    path.rename(tmp_path / "away")
    bench.clock.advance(80 * 3600)
    bench.work_until_done(at_most_hours=0.02)
    (tmp_path / "away").rename(path)

    bench.work_until_done(at_most_hours=1)

    assert bench.run().state is RunState.DELIVERED
    assert target.saw[0].recording.location


def test_one_that_cannot_be_read_is_tried_as_long(tmp_path: Path) -> None:
    """A folder in the place of the file: not the recording's own fault, and told with the system's reason."""
    bench = a_bench(ScriptedTarget(open=[]))
    voicemail = kept(tmp_path)
    bench.pipeline.accept(voicemail)
    path = Path(voicemail.recording.path)
    path.unlink()
    path.mkdir()

    bench.work()

    assert bench.run().state is RunState.WAITING
    assert "cannot be read" in bench.run().last_error


class Bucket:
    """One object in S3, as boto3 shows it; counts what is read."""

    def __init__(self, content: bytes, modified: object) -> None:
        self.content, self.modified, self.reads = content, modified, 0

    def head_object(self, **_named: str) -> dict[str, object]:
        return {"ContentLength": len(self.content), "LastModified": self.modified}

    def get_object(self, **_named: str) -> dict[str, object]:
        self.reads += 1
        return {"Body": _Body(self.content), "ContentLength": len(self.content)}


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def iter_chunks(self, _size: int) -> list[bytes]:
        return [self._content]

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.covers("identity-3")
def test_an_object_in_s3_is_read_once_and_again_when_it_changes() -> None:
    """A voicemail that waits is looked at again and again; only its bytes cost."""
    when = a_voicemail().started_at
    bucket = Bucket(AUDIO, when)
    check = KeptCheck(lambda: ObjectStore(bucket))
    digest = hashlib.sha256(AUDIO).hexdigest()
    voicemail = a_voicemail(recording=a_recording(path="s3://b/k.wav", size_bytes=len(AUDIO), sha256=digest))

    for _ in range(5):
        check(voicemail)
    bucket.content, bucket.modified = AUDIO.replace(b"caller", b"pirate"), when + timedelta(seconds=1)

    with pytest.raises(RecordingAltered):
        check(voicemail)
    assert bucket.reads == 2


def test_errors_of_a_recording_say_what_to_do() -> None:
    """Each has a fix that is true."""
    assert "horizon" in RecordingGone("x").fix
    assert "backup" in RecordingAltered("x").fix
    assert not isinstance(RecordingAltered("x"), Unavailable)
