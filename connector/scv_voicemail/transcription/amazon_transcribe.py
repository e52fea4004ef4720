"""Speech-to-text by Amazon Transcribe: a batch job per voicemail, under a name that the voicemail's id decides.

    transcribe ──► no such job ──► StartTranscriptionJob ──► NotYet
        │
        └────────► QUEUED, IN_PROGRESS ──► NotYet
                   COMPLETED ──► its JSON in S3 ──► the transcript
                   FAILED ──► Rejected: delivered without a transcript

The name is what keeps a voicemail from being transcribed twice: after a crash, by a second target or by a late event,
the job that is there is found by it. Nobody deletes jobs: a failed one must not be started again, and Transcribe
forgets all of them after 90 days by itself. The transcripts in S3 live as long as the bucket's lifecycle says.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

from scv_voicemail.aws.transcribe_jobs import Job, JobStatus, NewJob
from scv_voicemail.errors import Misconfigured, Rejected, SettingsInvalid, Unavailable
from scv_voicemail.ports import Clock, NotYet
from scv_voicemail.redaction import redact
from scv_voicemail.transcription.amazon_result import read_result
from scv_voicemail.voicemail import Transcript, Voicemail

JOB_PREFIX = "scv-voicemail-"
"""Begins the names of our jobs. Salesforce's own Lambda function names its job by the bare contact id."""

TRANSCRIPTS_FOLDER = "voicemail_transcripts"
MAX_RESULT_BYTES = 16 * 1024 * 1024
SHORTEST_PAUSE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 60.0

_PLAIN = re.compile(r"[0-9A-Za-z._-]{1,180}")
_HASHED = "sha256."


class Jobs(Protocol):
    """See `aws.transcribe_jobs.TranscribeJobs`."""

    @property
    def languages(self) -> frozenset[str]:
        """The language codes there are."""
        ...

    def start_transcription_job(self, job: NewJob) -> bool:
        """Start it; False when there is a job of this name."""
        ...

    def get_transcription_job(self, name: str) -> Job | None:
        """The job as it is now; None when there is none of this name."""
        ...


class Objects(Protocol):
    """See `aws.objects.ObjectStore`."""

    def read(self, bucket: str, key: str, *, max_bytes: int) -> bytes | None:
        """A small object as a whole; None when it is not there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeOptions:
    """How voicemails are transcribed; the settings `transcribe_*`.

    `languages` are those of voicemails that name none. Redaction does not go with finding out the language: see
    https://docs.aws.amazon.com/transcribe/latest/dg/pii-redaction-batch.html
    """

    languages: tuple[str, ...] = ("en-US",)
    vocabularies: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    filter_method: str = "mask"
    redact: tuple[str, ...] = ()
    kms_key: str = ""

    def __post_init__(self) -> None:
        if not self.languages:
            raise SettingsInvalid("SCV_VOICEMAIL_TRANSCRIBE_LANGUAGES names no language", fix="name one, such as en-US")


class AmazonTranscriber:
    """Starts a job, looks after it, and reads its result. The transcript is written into the recording's own bucket."""

    def __init__(
        self,
        jobs: Jobs,
        objects: Objects,
        *,
        options: TranscribeOptions | None = None,
        now: Clock = lambda: datetime.now(UTC),
    ) -> None:
        self._jobs = jobs
        self._objects = objects
        self._options = options or TranscribeOptions()
        self._now = now

    def transcribe(self, voicemail: Voicemail) -> Transcript | None:
        """See `ports.Transcriber`. A second process that asks at the same moment finds the job of the first."""
        bucket = _bucket_of(voicemail)
        job = self._jobs.get_transcription_job(job_name(voicemail.id))
        if job is None:
            self._jobs.start_transcription_job(self._new_job(voicemail, bucket))
            raise NotYet("the transcription job has begun", after_seconds=SHORTEST_PAUSE_SECONDS)
        if job.status is JobStatus.FAILED:
            raise Rejected(
                f"Amazon Transcribe could not transcribe the recording: {redact(job.failure) or 'it did not say why'}",
                service="transcribe",
                fix="listen to the recording; a job that failed is not started again",
            )
        if job.status is not JobStatus.COMPLETED:
            age = 0.0 if job.created_at is None else (self._now() - job.created_at).total_seconds()
            pause = min(LONGEST_PAUSE_SECONDS, max(SHORTEST_PAUSE_SECONDS, age / 4))
            raise NotYet(f"the transcription job is {job.status.lower().replace('_', ' ')}", after_seconds=pause)
        return read_result(
            self._result(job, bucket), duration_seconds=voicemail.recording.duration_seconds, language=job.language
        )

    def _new_job(self, voicemail: Voicemail, bucket: str) -> NewJob:
        options, languages = self._options, self._languages(voicemail)
        if options.redact and len(languages) > 1:
            raise Misconfigured(
                "Amazon Transcribe redacts nothing in a recording whose language it has to find out",
                service="transcribe",
                fix="name one language in SCV_VOICEMAIL_TRANSCRIBE_LANGUAGES, or the caller's in the contact flow",
            )
        return NewJob(
            name=job_name(voicemail.id),
            media_uri=voicemail.recording.path,
            output_bucket=bucket,
            output_key=f"{TRANSCRIPTS_FOLDER}/{_legal(voicemail.id)}.json",
            languages=languages,
            vocabularies=options.vocabularies,
            filters=options.filters,
            filter_method=options.filter_method,
            redact=options.redact,
            kms_key=options.kms_key,
        )

    def _languages(self, voicemail: Voicemail) -> tuple[str, ...]:
        """The caller's language, if Transcribe knows it: `en-US`, `en_us`, or `en` when one of ours is English."""
        wanted = voicemail.language.replace("_", "-").lower()
        ours = {language.lower(): language for language in reversed(self._options.languages)}
        by_code = {language.lower(): language for language in self._jobs.languages} | ours
        by_speech = {code.partition("-")[0]: language for code, language in ours.items()}
        known = by_code.get(wanted) or by_speech.get(wanted)
        return (known,) if known else self._options.languages

    def _result(self, job: Job, bucket: str) -> bytes:
        """The JSON that the job wrote; of one that had to redact only the redacted."""
        place = job.redacted_uri if self._options.redact else job.transcript_uri
        key = _key_of(place, bucket)
        if not key:
            what = "redacted transcript" if self._options.redact else "transcript"
            raise Rejected(
                f"the transcription job has no {what} in the bucket {bucket}: it was started with other settings",
                service="transcribe",
                fix="nothing: voicemails that come now are transcribed with the settings of now",
            )
        content = self._objects.read(bucket, key, max_bytes=MAX_RESULT_BYTES)
        if content is None:
            raise Unavailable("the transcription job is completed, and its transcript is not in S3", service="s3")
        return content


def job_name(voicemail_id: str) -> str:
    """The name of the job of a voicemail, always the same; ids with other characters or too long are hashed."""
    return JOB_PREFIX + _legal(voicemail_id)


def voicemail_id_of(name: str) -> str | None:
    """The voicemail whose job this is; None for jobs of others, and for ids that were hashed (those are polled)."""
    voicemail_id = name.removeprefix(JOB_PREFIX)
    if voicemail_id in ("", name) or voicemail_id.startswith(_HASHED):
        return None
    return voicemail_id


def _legal(voicemail_id: str) -> str:
    if _PLAIN.fullmatch(voicemail_id) and not voicemail_id.startswith(_HASHED):
        return voicemail_id
    return _HASHED + hashlib.sha256(voicemail_id.encode()).hexdigest()


def _bucket_of(voicemail: Voicemail) -> str:
    address = urlsplit(voicemail.recording.path)
    if address.scheme != "s3" or not address.netloc:
        raise Misconfigured(
            "Amazon Transcribe reads recordings from S3 only, and this one is a local file",
            service="transcribe",
            fix="set SCV_VOICEMAIL_RECORDINGS_DIR to s3://BUCKET/PREFIX",
        )
    return address.netloc


def _key_of(place: str, bucket: str) -> str:
    """The key in our bucket that an address of S3 names, in any of its forms; "" when it lies elsewhere."""
    address = urlsplit(place)
    path = unquote(address.path).lstrip("/")
    if address.netloc == bucket or address.netloc.startswith(f"{bucket}."):
        return path
    return path.removeprefix(f"{bucket}/") if path.startswith(f"{bucket}/") else ""
