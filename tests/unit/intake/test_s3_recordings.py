"""The connector's own place for recordings in S3."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from scv_voicemail.aws.objects import ObjectStore
from scv_voicemail.errors import BadRecording, SettingsInvalid
from scv_voicemail.intake.s3_recordings import Kept, S3Recordings
from scv_voicemail.voicemail import Voicemail

from tests.aws_clients import REGION, an_aws
from tests.builders import a_recording, a_voicemail
from tests.wav_files import a_wav_file

BUCKET = "recordings-of-acme"
ID = a_voicemail().id
KEY = f"voicemail_recordings/{ID}.wav"


@pytest.fixture
def s3() -> Iterator[Any]:
    """An S3 with one empty bucket."""
    with an_aws() as clients:
        client = clients.client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


@pytest.fixture
def recordings(s3: Any) -> S3Recordings:
    return S3Recordings(ObjectStore(s3), BUCKET, "voicemail_recordings")


@pytest.fixture
def voicemail(tmp_path: Path) -> Voicemail:
    return a_voicemail_of(a_wav_file(tmp_path / "a.wav", seconds=1.5))


def a_voicemail_of(path: Path, **changes: object) -> Voicemail:
    content = path.read_bytes()
    recording = a_recording(
        path=str(path),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        duration_seconds=1.5,
        location="",
    )
    return a_voicemail(**{"recording": recording, "language": "en-US", "source": "amazon-connect"} | changes)


def test_a_recording_is_kept_with_what_was_measured(recordings: S3Recordings, voicemail: Voicemail, s3: Any) -> None:
    """The bytes, their type, and the tags that Salesforce's own functions set."""
    kept = recordings.store(voicemail, speech_seconds=1.25)

    found = s3.get_object(Bucket=BUCKET, Key=KEY)
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=BUCKET, Key=KEY)["TagSet"]}
    assert found["Body"].read() == Path(voicemail.recording.path).read_bytes()
    assert found["ContentType"] == "audio/x-wav"
    assert tags == {
        "vm_lang": "en-US",
        "vm_dialedNumber": "+18005550100",
        "vm_initTimestamp": "2026-11-20T11:55:00.000Z",
        "vm_endTimestamp": "2026-11-20T11:55:01.500Z",
        "vm_duration": "2",
        "vm_recordingUrl": f"{BUCKET}/{KEY}",
    }
    assert kept.recording == replace(voicemail.recording, path=f"s3://{BUCKET}/{KEY}", location=f"{BUCKET}/{KEY}")


def test_what_was_kept_can_be_read_again_without_the_audio(recordings: S3Recordings, voicemail: Voicemail) -> None:
    """The very same facts, from the object's own metadata."""
    stored = recordings.store(voicemail, speech_seconds=1.25)

    assert (
        recordings.kept(ID)
        == stored
        == Kept(
            recording=stored.recording, started_at=voicemail.started_at, speech_seconds=1.25, source="amazon-connect"
        )
    )
    assert recordings.kept("another") is None


def test_the_second_writer_gets_the_facts_of_the_first(
    recordings: S3Recordings, voicemail: Voicemail, tmp_path: Path, s3: Any
) -> None:
    """Another cut of the same call, dated otherwise: none of it gets into the voicemail."""
    first = recordings.store(voicemail, speech_seconds=1.25)
    other = a_voicemail_of(
        a_wav_file(tmp_path / "b.wav", seconds=2, hertz=600),
        started_at=voicemail.started_at + timedelta(seconds=3),
    )

    second = recordings.store(other, speech_seconds=2)

    assert second == first
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == Path(voicemail.recording.path).read_bytes()


def test_speech_that_nobody_looked_for_is_unknown(recordings: S3Recordings, voicemail: Voicemail) -> None:
    """Unknown is not none: a message is not suppressed for it."""
    recordings.store(voicemail)

    found = recordings.kept(ID)

    assert found is not None
    assert found.speech_seconds is None


def test_a_voicemail_kept_here_passes(recordings: S3Recordings, voicemail: Voicemail, s3: Any) -> None:
    """Not even a request is made."""
    kept = replace(voicemail, recording=recordings.store(voicemail).recording)
    s3.delete_object(Bucket=BUCKET, Key=KEY)

    assert recordings.keep(kept) is kept


def test_a_file_of_this_machine_is_stored(recordings: S3Recordings, voicemail: Voicemail, s3: Any) -> None:
    """`scv-voicemail submit` on an engineer's machine; twice is once."""
    first = recordings.keep(voicemail)

    again = recordings.keep(voicemail)

    assert first == again
    assert first.recording.path == f"s3://{BUCKET}/{KEY}"
    assert s3.head_object(Bucket=BUCKET, Key=KEY)["ContentLength"] == voicemail.recording.size_bytes


@pytest.mark.covers("identity-2")
@pytest.mark.parametrize("foreign", [False, True])
def test_another_recording_under_the_same_id_is_stored_beside(
    recordings: S3Recordings, voicemail: Voicemail, tmp_path: Path, s3: Any, foreign: bool
) -> None:
    """Which of both is the voicemail the journal decides; an object that nobody knows refuses no caller."""
    if foreign:
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"RIFF of somebody")
    else:
        recordings.keep(voicemail)
    other = a_voicemail_of(a_wav_file(tmp_path / "b.wav", seconds=1.5, hertz=600))

    kept = recordings.keep(other)

    key = f"voicemail_recordings/{ID}.SHA-{other.recording.sha256[:16]}.wav"
    assert (kept.recording.path, kept.recording.location) == (f"s3://{BUCKET}/{key}", f"{BUCKET}/{key}")
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == Path(other.recording.path).read_bytes()
    assert recordings.keep(other) == recordings.keep(kept) == kept
    assert recordings.settle(kept, kept) == [f"s3://{BUCKET}/{KEY}"]
    assert recordings.id_of(key) is None


@pytest.mark.covers("identity-2")
def test_the_one_that_lost_is_told_and_the_kept_one_stays(
    recordings: S3Recordings, voicemail: Voicemail, tmp_path: Path
) -> None:
    """Nothing in S3 is deleted."""
    known = recordings.keep(voicemail)
    lost = recordings.keep(a_voicemail_of(a_wav_file(tmp_path / "b.wav", seconds=1.5, hertz=600)))

    assert recordings.settle(known, known) == []
    assert recordings.settle(known, lost) == [lost.recording.path]


def test_a_recording_that_was_deleted_is_stored_again_when_it_is_handed_in_again(
    recordings: S3Recordings, voicemail: Voicemail, tmp_path: Path, s3: Any
) -> None:
    """The same one; another one is none of its business."""
    known = recordings.keep(voicemail)
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    recordings.put_back(known, a_voicemail_of(a_wav_file(tmp_path / "b.wav", seconds=1.5, hertz=600)))
    assert recordings.kept(ID) is None

    recordings.put_back(known, voicemail)

    assert recordings.kept(ID) is not None


def test_a_file_that_changed_since_it_was_measured_is_refused(recordings: S3Recordings, voicemail: Voicemail) -> None:
    """Otherwise the metadata would lie for ever."""
    a_wav_file(Path(voicemail.recording.path), seconds=1.5, hertz=600)

    with pytest.raises(BadRecording, match="changed"):
        recordings.keep(voicemail)


def test_a_recording_of_another_place_in_s3_is_refused(recordings: S3Recordings) -> None:
    """Nobody has measured it, and nobody promises that it stays."""
    elsewhere = a_voicemail(recording=a_recording(path="s3://elsewhere/a.wav"))

    with pytest.raises(BadRecording, match="not where recordings are kept"):
        recordings.keep(elsewhere)


def test_an_object_of_another_system_is_not_taken_for_ours(
    recordings: S3Recordings, voicemail: Voicemail, s3: Any
) -> None:
    """Salesforce's own function writes to the same default prefix: the fix is a prefix of one's own."""
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"RIFF")

    with pytest.raises(SettingsInvalid, match="another system") as caught:
        recordings.store(voicemail)

    assert "SCV_VOICEMAIL_RECORDINGS_DIR" in caught.value.fix


def test_the_location_is_what_the_template_says(s3: Any, voicemail: Voicemail) -> None:
    """For players that fetch from a web server of the customer's."""
    recordings = S3Recordings(ObjectStore(s3), BUCKET, "/v/", location="https://play.example.com/{bucket}/{name}")

    kept = recordings.store(voicemail)

    assert kept.recording.location == f"https://play.example.com/{BUCKET}/{ID}.wav"
    assert kept.recording.path == f"s3://{BUCKET}/v/{ID}.wav"


@pytest.mark.parametrize("location", ["https://play.example.com/", "http://play.example.com/{name}", "{bucket}/x"])
def test_a_location_that_cannot_be_right_is_refused_at_once(s3: Any, location: str) -> None:
    """One address for all, or one that browsers refuse."""
    with pytest.raises(SettingsInvalid):
        S3Recordings(ObjectStore(s3), BUCKET, "v", location=location)


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (KEY, ID),
        (f"voicemail_recordings/more/{ID}.wav", None),
        (f"other/{ID}.wav", None),
        (f"voicemail_recordings/{ID}.mp3", None),
        ("voicemail_recordings/", None),
        ("voicemail_recordings/Odd Name.wav", None),
    ],
)
def test_a_key_leads_back_to_its_voicemail(recordings: S3Recordings, key: str, found: str | None) -> None:
    """And anything else to nobody."""
    assert recordings.id_of(key) == found
