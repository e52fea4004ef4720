"""Amazon Transcribe's batch jobs: a script says what was spoken; result, state and event are as the vendor's.

Pages: "StartTranscriptionJob" in the API reference, "Transcribing audio - output" in the developer guide.
"""

from __future__ import annotations

import io
import json
import threading
import wave
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scv_emulator.aws.template import ACCOUNT_ID, REGION
from scv_emulator.aws.transcribe_output import result_of
from scv_emulator.aws.transcribe_requests import bad_request, check_request, place_of
from scv_emulator.aws_services import AwsError

DEFAULT_TEXT = "Hello, this is a message about my order. Please call me back. Thank you."
_SHORTEST_SECONDS = 0.5
_SILENT_PEAK = 200
_LONGEST_LIST = 100


@dataclass(kw_only=True)
class Job:
    """A transcription job; `request` is what it was started with."""

    name: str
    request: Mapping[str, Any]
    created_at: datetime
    status: str = "IN_PROGRESS"
    completed_at: datetime | None = None
    failure_reason: str = ""
    language_code: str = ""
    transcript_uri: str = ""
    redacted_uri: str = ""


@dataclass(kw_only=True)
class Script:
    """What the recordings say: `texts` and `failures` by a part of the recording's address, most often a contact id.

    A recording that no entry names says `text`; one without sound says nothing. `seconds` is how long a job takes,
    `limit` how many may run at a time.
    """

    text: str = DEFAULT_TEXT
    texts: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    seconds: float = 8.0
    limit: int = 250
    vocabularies: set[str] = field(default_factory=set)


class TranscriptionJobs:
    """Every job; safe to use from several threads.

    The hop of a job is `transcribe`, that of its event `event:aws.transcribe`.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        get_object: Callable[[str, str], bytes],
        put_object: Callable[[str, str, bytes], None],
        later: Callable[..., None],
        put_event: Callable[[str, str, Mapping[str, Any]], None],
    ) -> None:
        self.script = Script()
        self._now = now
        self._get_object = get_object
        self._put_object = put_object
        self._later = later
        self._put_event = put_event
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def all(self) -> list[Job]:
        """Every job, oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def start(self, request: Mapping[str, Any]) -> Job:
        """Begin a job; AwsError as the vendor refuses it."""
        name = str(request.get("TranscriptionJobName", ""))
        check_request(request, vocabularies=self.script.vocabularies)
        bucket, key = place_of(request["Media"]["MediaFileUri"])
        try:
            audio = self._get_object(bucket, key)
        except LookupError as error:
            message = "The S3 URI that you provided can't be accessed. Make sure that you have read permission."
            raise bad_request(message) from error
        job = Job(name=name, request=request, created_at=self._now())
        with self._lock:
            if name in self._jobs:
                raise AwsError("ConflictException", "The requested job name already exists. Use a different job name.")
            running = sum(one.status == "IN_PROGRESS" for one in self._jobs.values())
            if running >= self.script.limit:
                raise AwsError("LimitExceededException", "You have too many jobs in progress. Try again later.")
            self._jobs[name] = job
        self._later("transcribe", name, lambda: self._finish(job, audio), after_seconds=self.script.seconds)
        return job

    def get(self, name: str) -> Job:
        """A job; AwsError when there is none."""
        with self._lock:
            found = self._jobs.get(name)
        if found is None:
            raise bad_request("The requested job couldn't be found. Check the job name and try your request again.")
        return found

    def _finish(self, job: Job, audio: bytes) -> None:
        uri = job.request["Media"]["MediaFileUri"]
        seconds, peak, trouble = _heard(audio)
        trouble = next((why for part, why in self.script.failures.items() if part in uri), trouble)
        job.completed_at = self._now()
        job.language_code = job.request.get("LanguageCode") or next(
            iter(job.request.get("LanguageOptions") or ["en-US"])
        )
        if trouble:
            job.failure_reason = trouble
            job.status = "FAILED"
        else:
            said = next((text for part, text in self.script.texts.items() if part in uri), self.script.text)
            self._write(job, said if peak >= _SILENT_PEAK else "", seconds)
            job.status = "COMPLETED"
        detail = {"TranscriptionJobName": job.name, "TranscriptionJobStatus": job.status}
        self._put_event("aws.transcribe", "Transcribe Job State Change", detail)

    def _write(self, job: Job, text: str, seconds: float) -> None:
        bucket = job.request["OutputBucketName"]
        key = job.request.get("OutputKey") or f"{job.name}.json"
        if key.endswith("/"):
            key += f"{job.name}.json"
        redaction = job.request.get("ContentRedaction")
        identified = job.request.get("LanguageCode") is None
        for redacted in (
            [True]
            if redaction and redaction["RedactionOutput"] == "redacted"
            else ([True, False] if redaction else [False])
        ):
            folder, slash, name = key.rpartition("/")
            place = f"{folder}{slash}redacted-{name}" if redacted else key
            output = result_of(
                job.name,
                text,
                seconds=seconds,
                account_id=ACCOUNT_ID,
                language_code=job.language_code if identified else "",
                redacted=redacted,
            )
            self._put_object(bucket, place, json.dumps(output).encode())
            uri = f"https://s3.{REGION}.amazonaws.com/{bucket}/{place}"
            if redacted:
                job.redacted_uri = uri
            else:
                job.transcript_uri = uri


def shown(job: Job) -> dict[str, Any]:
    """`TranscriptionJob` of the API."""
    request = job.request
    copied = ("MediaSampleRateHertz", "MediaFormat", "Media", "Settings", "ContentRedaction", "IdentifyLanguage")
    transcript = {"TranscriptFileUri": job.transcript_uri, "RedactedTranscriptFileUri": job.redacted_uri}
    described = {
        "TranscriptionJobName": job.name,
        "TranscriptionJobStatus": job.status,
        "LanguageCode": request.get("LanguageCode") or job.language_code or None,
        **{name: request[name] for name in copied if request.get(name) is not None},
        "Transcript": {name: uri for name, uri in transcript.items() if uri} or None,
        "CreationTime": job.created_at,
        "StartTime": job.created_at,
        "CompletionTime": job.completed_at,
        "FailureReason": job.failure_reason or None,
    }
    return {name: one for name, one in described.items() if one is not None}


def listed(jobs: list[Job], request: Mapping[str, Any]) -> dict[str, Any]:
    """ListTranscriptionJobs: newest first, one page."""
    wanted, part = request.get("Status"), request.get("JobNameContains", "")
    found = [one for one in reversed(jobs) if part.lower() in one.name.lower() and wanted in {None, one.status}]
    start, most = int(request.get("NextToken") or 0), int(request.get("MaxResults") or 5)
    if not 1 <= most <= _LONGEST_LIST:
        raise bad_request(f"MaxResults: expected 1 to {_LONGEST_LIST}")
    keys = (
        "TranscriptionJobName",
        "TranscriptionJobStatus",
        "LanguageCode",
        "CreationTime",
        "CompletionTime",
        "FailureReason",
    )
    summaries = [{name: one for name, one in shown(job).items() if name in keys} for job in found[start : start + most]]
    page: dict[str, Any] = {"TranscriptionJobSummaries": summaries}
    return page | ({"NextToken": str(start + most)} if start + most < len(found) else {})


def _heard(audio: bytes) -> tuple[float, int, str]:
    """Seconds, peak, and what is wrong with a recording."""
    try:
        with wave.open(io.BytesIO(audio), "rb") as wav:
            seconds = wav.getnframes() / wav.getframerate()
            frames = wav.readframes(wav.getnframes())
            sixteen_bit = wav.getsampwidth() == 2
    except (wave.Error, EOFError, ZeroDivisionError):
        return 0.0, 0, "The media format provided does not match the detected media format."
    if seconds < _SHORTEST_SECONDS:
        return seconds, 0, "The audio file is shorter than 500 milliseconds."
    samples = array("h", frames[: len(frames) // 2 * 2]) if sixteen_bit else array("h", [_SILENT_PEAK])
    return seconds, max(max(samples, default=0), -min(samples, default=0)), ""
