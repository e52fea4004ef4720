"""A job per voicemail, under one name for ever, in front of a Transcribe that remembers its jobs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_voicemail.aws.transcribe_jobs import Job, JobStatus, NewJob
from scv_voicemail.errors import Misconfigured, RateLimited, Rejected, SettingsInvalid, Unavailable, VoicemailError
from scv_voicemail.ports import NotYet
from scv_voicemail.transcription.amazon_transcribe import (
    AmazonTranscriber,
    TranscribeOptions,
    job_name,
    voicemail_id_of,
)
from scv_voicemail.voicemail import Transcript, Voicemail

from tests.builders import FakeClock, a_recording, a_voicemail

KEY = a_voicemail().id
NAME = f"scv-voicemail-{KEY}"
OUTPUT = f"voicemail_transcripts/{KEY}.json"
REDACTED = f"voicemail_transcripts/redacted-{KEY}.json"
SAID = json.dumps({"results": {"transcripts": [{"transcript": "Hello."}], "items": []}}).encode()


class FakeTranscribe:
    """Transcribe and its bucket: jobs by name, each started once, finished when a test says so."""

    def __init__(self) -> None:
        self.languages = frozenset({"en-US", "en-GB", "es-US", "de-DE"})
        self.clock = FakeClock()
        self.started: list[NewJob] = []
        self.jobs: dict[str, Job] = {}
        self.objects: dict[tuple[str, str], bytes] = {}
        self.failing: list[VoicemailError] = []

    def start_transcription_job(self, job: NewJob) -> bool:
        if self.failing:
            raise self.failing.pop()
        if job.name in self.jobs:
            return False
        self.started.append(job)
        self.jobs[job.name] = Job(name=job.name, status=JobStatus.QUEUED, created_at=self.clock())
        return True

    def get_transcription_job(self, name: str) -> Job | None:
        return self.jobs.get(name)

    def read(self, bucket: str, key: str, *, max_bytes: int) -> bytes | None:
        content = self.objects.get((bucket, key))
        assert content is None or len(content) <= max_bytes
        return content

    def finish(self, *, place: str = "https://s3.eu-central-1.amazonaws.com/bucket/", **changes: Any) -> None:
        """The job writes its result and is completed, as it was asked to: redacted or not."""
        key, name = (REDACTED, "redacted_uri") if self.started[-1].redact else (OUTPUT, "transcript_uri")
        self.objects["bucket", key] = SAID
        self.change(**{"status": JobStatus.COMPLETED, "language": "en-US", name: place + key} | changes)

    def change(self, **changes: Any) -> None:
        self.jobs[NAME] = replace(self.jobs[NAME], **changes)


def a_transcriber(service: FakeTranscribe, **options: Any) -> AmazonTranscriber:
    return AmazonTranscriber(service, service, options=TranscribeOptions(**options), now=service.clock)


def recorded(**changes: Any) -> Voicemail:
    """A voicemail whose recording is in S3."""
    path = f"s3://bucket/voicemail_recordings/{KEY}.wav"
    return a_voicemail(**{"recording": a_recording(path=path)} | changes)


def begun(service: FakeTranscribe, voicemail: Voicemail | None = None, **options: Any) -> NewJob:
    """The job that is started for a voicemail."""
    with pytest.raises(NotYet, match="has begun"):
        a_transcriber(service, **options).transcribe(voicemail or recorded())
    return service.started[-1]


def test_the_first_question_starts_a_job_and_waits() -> None:
    """Named after the voicemail; it reads the recording and writes beside it."""
    job = begun(FakeTranscribe(), kms_key="alias/voicemail", filters={"en-US": "Curses"}, filter_method="remove")

    assert job == NewJob(
        name=NAME,
        media_uri=f"s3://bucket/voicemail_recordings/{KEY}.wav",
        output_bucket="bucket",
        output_key=OUTPUT,
        languages=("en-US",),
        filters={"en-US": "Curses"},
        filter_method="remove",
        kms_key="alias/voicemail",
    )


def test_asked_again_it_looks_at_the_job_that_is_there() -> None:
    """A worker that died, another target, an event that came twice: one job."""
    service = FakeTranscribe()
    begun(service)

    with pytest.raises(NotYet, match="is queued"):
        a_transcriber(service).transcribe(recorded())

    assert len(service.started) == 1


def test_two_that_start_at_the_same_moment_start_one_job() -> None:
    """Both have seen that there is none; the name decides."""
    service = FakeTranscribe()
    begun(service)
    seen, service.get_transcription_job = service.jobs, lambda _name: None  # type: ignore[method-assign]

    begun(service)

    assert len(seen) == len(service.started) == 1


@pytest.mark.parametrize(("age", "pause"), [(0, 15), (100, 25), (3600, 60)])
def test_the_longer_a_job_takes_the_rarer_it_is_looked_at(age: float, pause: float) -> None:
    """Every 15 seconds at first, once a minute in the end."""
    service = FakeTranscribe()
    begun(service)
    service.change(status=JobStatus.IN_PROGRESS)
    service.clock.advance(age)

    with pytest.raises(NotYet, match="is in progress") as wait:
        a_transcriber(service).transcribe(recorded())

    assert wait.value.after_seconds == pause


@pytest.mark.parametrize(
    "place",
    [
        "https://s3.eu-central-1.amazonaws.com/bucket/",
        "https://bucket.s3.eu-central-1.amazonaws.com/",
        "s3://bucket/",
        "http://127.0.0.1:4566/bucket/",
    ],
)
def test_a_finished_job_gives_the_transcript(place: str) -> None:
    """From wherever in the bucket the job says that it is."""
    service = FakeTranscribe()
    begun(service)
    service.finish(place=place)

    transcript = a_transcriber(service).transcribe(recorded())

    assert transcript == Transcript.of_text(
        "Hello.", duration_seconds=12.5, language="en-US", provider="amazon-transcribe"
    )


def test_a_job_that_failed_is_not_started_again() -> None:
    """The reason is told, without what may be personal in it."""
    service = FakeTranscribe()
    begun(service)
    service.change(status=JobStatus.FAILED, failure="Invalid audio of +14155550142")

    for _ in range(2):
        with pytest.raises(Rejected, match=r"could not transcribe the recording: Invalid audio of \*\*\*42"):
            a_transcriber(service).transcribe(recorded())

    assert len(service.started) == 1


def test_a_transcript_that_is_not_in_s3_yet_is_asked_for_again() -> None:
    """The job says that it is completed."""
    service = FakeTranscribe()
    begun(service)
    service.finish()
    service.objects.clear()

    with pytest.raises(Unavailable, match="not in S3"):
        a_transcriber(service).transcribe(recorded())


def test_too_many_jobs_at_once_are_waited_for() -> None:
    """The next question starts the job."""
    service = FakeTranscribe()
    service.failing = [RateLimited("LimitExceededException")]
    with pytest.raises(RateLimited):
        a_transcriber(service).transcribe(recorded())

    begun(service)

    assert len(service.started) == 1


def test_of_a_redacted_job_only_the_redacted_transcript_is_read() -> None:
    """What was said in full is nobody's to read, even when it is there."""
    service = FakeTranscribe()
    begun(service, redact=("ALL",))
    service.finish()
    service.objects["bucket", OUTPUT] = b"in full"

    transcript = a_transcriber(service, redact=("ALL",)).transcribe(recorded())

    assert transcript is not None
    assert transcript.text == "Hello."


def test_a_job_from_before_redaction_was_wanted_gives_no_transcript() -> None:
    """Its result says everything."""
    service = FakeTranscribe()
    begun(service)
    service.finish()

    with pytest.raises(Rejected, match="no redacted transcript in the bucket bucket"):
        a_transcriber(service, redact=("PIN",)).transcribe(recorded())


def test_a_job_of_another_installation_is_not_taken_for_ours() -> None:
    """Job names are one per account and region; its transcript lies in another bucket."""
    service = FakeTranscribe()
    begun(service)
    service.finish(place="https://s3.eu-central-1.amazonaws.com/bucket-of-others/")

    with pytest.raises(Rejected, match="started with other settings"):
        a_transcriber(service).transcribe(recorded())


@pytest.mark.parametrize(
    ("spoken", "candidates", "languages"),
    [
        ("", ("en-US",), ("en-US",)),
        ("", ("en-US", "es-US"), ("en-US", "es-US")),
        ("de-DE", ("en-US", "es-US"), ("de-DE",)),
        ("en_gb", ("en-US",), ("en-GB",)),
        ("es", ("en-US", "es-US"), ("es-US",)),
        ("en", ("en-GB", "en-US"), ("en-GB",)),
        ("tlh-QO", ("en-US", "es-US"), ("en-US", "es-US")),
        ("xx-NEW", ("xx-NEW", "en-US"), ("xx-NEW",)),
    ],
)
def test_the_callers_language_counts_when_transcribe_knows_it(
    spoken: str, candidates: tuple[str, ...], languages: tuple[str, ...]
) -> None:
    """Otherwise that of the settings; of several Transcribe finds out which."""
    job = begun(FakeTranscribe(), recorded(language=spoken), languages=candidates)

    assert job.languages == languages


def test_redaction_needs_to_know_the_language() -> None:
    """Transcribe does not redact while it identifies languages; nothing is transcribed in full instead."""
    service = FakeTranscribe()
    both = {"languages": ("en-US", "es-US"), "redact": ("ALL",)}

    with pytest.raises(Misconfigured, match="has to find out"):
        a_transcriber(service, **both).transcribe(recorded())
    job = begun(service, recorded(language="es-US"), **both)

    assert [job] == service.started
    assert (job.languages, job.redact) == (("es-US",), ("ALL",))


def test_a_recording_that_is_not_in_s3_cannot_be_transcribed() -> None:
    """Told with the setting that puts it there."""
    with pytest.raises(Misconfigured, match="SCV_VOICEMAIL_RECORDINGS_DIR"):
        a_transcriber(FakeTranscribe()).transcribe(a_voicemail())


def test_no_language_at_all_is_told_at_the_start() -> None:
    """Not with the first voicemail."""
    with pytest.raises(SettingsInvalid, match="TRANSCRIBE_LANGUAGES"):
        TranscribeOptions(languages=())


# --------------------------------------------------------------------------------------------------------------- names


@given(st.text(min_size=1, max_size=255))
def test_every_id_makes_a_legal_name_of_its_own(voicemail_id: str) -> None:
    """Transcribe takes 200 characters of a small alphabet; what fits is found back in the name."""
    name = job_name(voicemail_id)

    assert re.fullmatch(r"[0-9a-zA-Z._-]{1,200}", name)
    assert voicemail_id_of(name) in (voicemail_id, None)
    assert name not in (voicemail_id, job_name(f"{voicemail_id}x"))


@pytest.mark.parametrize(
    ("name", "voicemail_id"),
    [
        (NAME, KEY),
        (KEY, None),
        ("vmx3_5324881f", None),
        ("scv-voicemail-", None),
        (job_name("1732104000.12"), "1732104000.12"),
        (job_name("ä"), None),
        (job_name("sha256.5f"), None),
    ],
    ids=["ours", "of Salesforce's Lambda", "of VMX3", "of nobody", "with a dot", "hashed", "looks hashed"],
)
def test_an_event_about_a_job_leads_back_to_its_voicemail(name: str, voicemail_id: str | None) -> None:
    """Unless the job is somebody else's, or the id was hashed: those are found by looking."""
    assert voicemail_id_of(name) == voicemail_id


def test_a_waiting_job_is_told_in_words() -> None:
    """`explain` shows them."""
    service = FakeTranscribe()
    begun(service)
    service.clock.at += timedelta(seconds=1)

    with pytest.raises(NotYet) as wait:
        a_transcriber(service).transcribe(recorded())

    assert str(wait.value) == "the transcription job is queued"
