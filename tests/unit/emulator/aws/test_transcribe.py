"""Transcription jobs, with an unmodified boto3 client."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_emulator.aws import LocalAws
from scv_emulator.aws.cbor import CborInvalid, decode, encode

from tests.unit.emulator.aws.conftest import Run, Seen, a_client
from tests.wav_files import a_tone, a_wav

BUCKET = "scv-voicemail-bucket"
JOB = {
    "TranscriptionJobName": "vm-c1",
    "LanguageCode": "en-US",
    "MediaFormat": "wav",
    "Media": {"MediaFileUri": f"s3://{BUCKET}/c1.wav"},
    "OutputBucketName": BUCKET,
    "OutputKey": "transcripts/c1.json",
}


def record(aws: LocalAws, content: bytes | None = None) -> None:
    aws.account.put_object(BUCKET, "c1.wav", a_wav(a_tone(4.0)) if content is None else content)


def output(aws: LocalAws, key: str = "transcripts/c1.json") -> Any:
    return json.loads(aws.account.get_object(BUCKET, key))


def test_a_job_writes_what_was_said_and_tells(run: Run) -> None:
    """Words with times in order and confidence, all numbers as text; the event carries name and state."""
    finished = Seen()
    with run(Finished=finished) as aws:
        aws.account.transcribe.script.texts["c1"] = "Hello, it's me. Call 555."
        record(aws)
        client = a_client(aws, "transcribe")
        started = client.start_transcription_job(**JOB)["TranscriptionJob"]
        aws.settle()
        job = client.get_transcription_job(TranscriptionJobName="vm-c1")["TranscriptionJob"]
        results = output(aws)["results"]

    assert started["TranscriptionJobStatus"] == "IN_PROGRESS"
    assert job["TranscriptionJobStatus"] == "COMPLETED"
    assert job["Transcript"]["TranscriptFileUri"].endswith(f"/{BUCKET}/transcripts/c1.json")
    assert (job["CompletionTime"] - job["CreationTime"]).total_seconds() >= 8
    assert results["transcripts"] == [{"transcript": "Hello, it's me. Call 555."}]
    words = [one for one in results["items"] if one["type"] == "pronunciation"]
    assert [one["alternatives"][0]["content"] for one in words] == ["Hello", "it's", "me", "Call", "555"]
    times = [float(one[name]) for one in words for name in ("start_time", "end_time")]
    assert times == sorted(times)
    assert 0 < times[0] < times[-1] < 4
    assert [one["transcript"] for one in results["audio_segments"]] == ["Hello, it's me.", "Call 555."]
    assert finished.events[0]["detail"] == {"TranscriptionJobName": "vm-c1", "TranscriptionJobStatus": "COMPLETED"}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"no audio at all", "FAILED"),
        (a_wav(a_tone(0.3)), "FAILED"),
        (a_wav(bytes(32_000)), "COMPLETED"),
    ],
)
def test_a_recording_without_words_has_none(run: Run, content: bytes, status: str) -> None:
    """What is no WAV, or too short, fails with a reason; silence is an empty transcript."""
    with run() as aws:
        record(aws, content)
        client = a_client(aws, "transcribe")
        client.start_transcription_job(**JOB)
        aws.settle()
        job = client.get_transcription_job(TranscriptionJobName="vm-c1")["TranscriptionJob"]

        assert job["TranscriptionJobStatus"] == status
        if status == "FAILED":
            assert job["FailureReason"]
        else:
            assert output(aws)["results"]["transcripts"] == [{"transcript": ""}]


def test_a_job_can_fail_by_script_and_its_event_can_get_lost(run: Run) -> None:
    """The state can still be asked for."""
    finished = Seen()
    with run(Finished=finished) as aws:
        aws.account.transcribe.script.failures["c1"] = "Internal error"
        lost = aws.disturb("event:aws.transcribe", "lose")
        record(aws)
        client = a_client(aws, "transcribe")
        client.start_transcription_job(**JOB)
        aws.settle()
        job = client.get_transcription_job(TranscriptionJobName="vm-c1")["TranscriptionJob"]

    assert (job["TranscriptionJobStatus"], job["FailureReason"]) == ("FAILED", "Internal error")
    assert (lost.hits, finished.events) == (1, [])


def test_a_second_job_of_the_same_name_is_a_conflict(run: Run) -> None:
    """A job that is not there is a bad request."""
    with run() as aws:
        record(aws)
        client = a_client(aws, "transcribe")
        client.start_transcription_job(**JOB)
        with pytest.raises(client.exceptions.ConflictException):
            client.start_transcription_job(**JOB)
        names = [one["TranscriptionJobName"] for one in client.list_transcription_jobs()["TranscriptionJobSummaries"]]
        with pytest.raises(client.exceptions.BadRequestException, match="couldn't be found"):
            client.get_transcription_job(TranscriptionJobName="another")

    assert names == ["vm-c1"]


def test_too_many_jobs_are_refused(run: Run) -> None:
    """With the code that says: later."""
    with run() as aws:
        aws.account.transcribe.script.limit = 0
        record(aws)
        client = a_client(aws, "transcribe")
        with pytest.raises(client.exceptions.LimitExceededException):
            client.start_transcription_job(**JOB)


REFUSED: list[dict[str, Any]] = [
    {"LanguageCode": "english"},
    {"LanguageCode": None},
    {"IdentifyLanguage": True},
    {"LanguageOptions": ["en-US", "de-DE"]},
    {"LanguageCode": None, "IdentifyLanguage": True, "LanguageOptions": ["en-US"]},
    {"MediaFormat": "txt"},
    {"OutputKey": "a b?.json"},
    {"TranscriptionJobName": "c/1"},
    {"Media": {"MediaFileUri": f"s3://{BUCKET}/missing.wav"}},
    {"Settings": {"VocabularyName": "missing"}},
    {"Settings": {"VocabularyFilterMethod": "mask"}},
]


def test_a_request_that_the_vendor_refuses_is_refused(run: Run) -> None:
    """Before anything is started."""
    with run() as aws:
        record(aws)
        client = a_client(aws, "transcribe")
        for change in REFUSED:
            request = {name: one for name, one in (JOB | change).items() if one is not None}
            with pytest.raises(client.exceptions.BadRequestException):
                client.start_transcription_job(**request)
        assert aws.account.transcribe.all() == []


def test_a_language_can_be_found_out_and_personal_data_left_out(run: Run) -> None:
    """The language is in the result; the redacted text is in a file of its own."""
    with run() as aws:
        aws.account.transcribe.script.text = "My number is 5551234."
        record(aws)
        client = a_client(aws, "transcribe")
        request = {name: one for name, one in JOB.items() if name != "LanguageCode"}
        options = {"IdentifyLanguage": True, "LanguageOptions": ["de-DE", "en-US"]}
        redaction = {"RedactionType": "PII", "RedactionOutput": "redacted"}
        client.start_transcription_job(**request, **options, ContentRedaction=redaction)
        aws.settle()
        job = client.get_transcription_job(TranscriptionJobName="vm-c1")["TranscriptionJob"]
        result = output(aws, "transcripts/redacted-c1.json")["results"]

    assert job["LanguageCode"] == result["language_code"] == "de-DE"
    assert result["transcripts"][0]["transcript"] == "My number is [PII]."
    assert set(job["Transcript"]) == {"RedactedTranscriptFileUri"}


def test_older_clients_speak_json(run: Run) -> None:
    """`x-amz-target` instead of a path."""
    with run() as aws:
        record(aws)
        headers = {
            "x-amz-target": "Transcribe.StartTranscriptionJob",
            "content-type": "application/x-amz-json-1.1",
            "authorization": "AWS4-HMAC-SHA256 Credential=me/20260101/us-east-1/transcribe/aws4_request, Signature=0",
        }
        good = httpx.post(aws.url, headers=headers, content=json.dumps(JOB))
        bad = httpx.post(aws.url, headers=headers, content=json.dumps(JOB))

    assert good.json()["TranscriptionJob"]["TranscriptionJobStatus"] == "IN_PROGRESS"
    assert isinstance(good.json()["TranscriptionJob"]["CreationTime"], float)
    assert (bad.status_code, bad.headers["x-amzn-errortype"]) == (400, "ConflictException")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_cbor_reads_what_it_writes(value: Any) -> None:
    """Every kind of value that the protocol uses."""
    assert decode(encode(value)) == value


@given(st.binary(max_size=40))
def test_broken_cbor_is_refused_and_never_crashes(data: bytes) -> None:
    """Whatever the bytes."""
    with contextlib.suppress(CborInvalid):
        decode(data)
