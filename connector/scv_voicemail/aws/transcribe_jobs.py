"""Amazon Transcribe, batch: start a job under a name of one's own, and see how far it has got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from scv_voicemail.aws.failures import our_errors
from scv_voicemail.errors import Rejected

MAX_LANGUAGE_SETTINGS = 5
"""LanguageIdSettings takes settings of two to five languages (API reference, StartTranscriptionJob)."""


class JobStatus(StrEnum):
    """How far a job has got."""

    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"
    COMPLETED = "COMPLETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What is to be transcribed, and how. `media_uri` is s3://BUCKET/KEY of a WAV file.

    With one language it is taken for spoken, with several Transcribe finds out which. `vocabularies` and `filters` are
    names by language. `redact` are types of personal data, or ALL; then only a redacted transcript is written.
    """

    name: str
    media_uri: str
    output_bucket: str
    output_key: str
    languages: tuple[str, ...]
    vocabularies: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    filter_method: str = "mask"
    redact: tuple[str, ...] = ()
    kms_key: str = ""

    def to_json(self) -> dict[str, Any]:
        """The request."""
        request: dict[str, Any] = {
            "TranscriptionJobName": self.name,
            "MediaFormat": "wav",
            "Media": {"MediaFileUri": self.media_uri},
            "OutputBucketName": self.output_bucket,
            "OutputKey": self.output_key,
        }
        request |= self._spoken() if len(self.languages) == 1 else self._to_be_identified()
        if self.redact:
            request["ContentRedaction"] = {
                "RedactionType": "PII",
                "RedactionOutput": "redacted",
                "PiiEntityTypes": list(self.redact),
            }
        if self.kms_key:
            request["OutputEncryptionKMSKeyId"] = self.kms_key
        return request

    def _spoken(self) -> dict[str, Any]:
        (language,) = self.languages
        named = self._named(language)
        method = {"VocabularyFilterMethod": self.filter_method} if "VocabularyFilterName" in named else {}
        return {"LanguageCode": language} | ({"Settings": named | method} if named else {})

    def _to_be_identified(self) -> dict[str, Any]:
        identified: dict[str, Any] = {"IdentifyLanguage": True, "LanguageOptions": list(self.languages)}
        named = {language: self._named(language) for language in self.languages}
        if any(named.values()):
            first = sorted(self.languages, key=lambda language: not named[language])[:MAX_LANGUAGE_SETTINGS]
            identified["LanguageIdSettings"] = {language: named[language] for language in first}
        if any(language in self.filters for language in self.languages):
            identified["Settings"] = {"VocabularyFilterMethod": self.filter_method}
        return identified

    def _named(self, language: str) -> dict[str, str]:
        names = {
            "VocabularyName": self.vocabularies.get(language, ""),
            "VocabularyFilterName": self.filters.get(language, ""),
        }
        return {name: value for name, value in names.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it is now. `language` is known from the start or once it is identified; the rest at its end."""

    name: str
    status: JobStatus
    language: str = ""
    created_at: datetime | None = None
    transcript_uri: str = ""
    redacted_uri: str = ""
    failure: str = ""


class TranscribeJobs:
    """Amazon Transcribe behind a boto3 client.

    jobs = TranscribeJobs(AwsClients().client("transcribe"))
    jobs.start_transcription_job(NewJob(name="a-call", media_uri="s3://bucket/a.wav", …))
    job = jobs.get_transcription_job("a-call")
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def languages(self) -> frozenset[str]:
        """The language codes that this version of boto3 knows; asks nobody."""
        return frozenset(self._client.meta.service_model.shape_for("LanguageCode").enum)

    def start_transcription_job(self, job: NewJob) -> bool:
        """Start it; False when there is a job of this name already, whatever has become of it.

        Raises `RateLimited` when too many jobs run. Whoever calls needs the rights to read the recording and to write
        the transcript; Transcribe uses them. Recordings it may not read it refuses (`Rejected`, BadRequestException).
        https://docs.aws.amazon.com/transcribe/latest/APIReference/API_StartTranscriptionJob.html
        """
        try:
            with our_errors("transcribe:StartTranscriptionJob", of=job.name):
                self._client.start_transcription_job(**job.to_json())
        except Rejected as error:
            if error.code == "ConflictException":
                return False
            raise
        return True

    def get_transcription_job(self, name: str) -> Job | None:
        """The job as it is now; None when there is none of this name.

        A name that nobody has is NotFoundException in the API reference, and in fact mostly BadRequestException:
        "The requested job couldn't be found".
        https://docs.aws.amazon.com/transcribe/latest/APIReference/API_GetTranscriptionJob.html
        """
        try:
            with our_errors("transcribe:GetTranscriptionJob", of=name):
                answer = self._client.get_transcription_job(TranscriptionJobName=name)
        except Rejected as error:
            if error.code == "NotFoundException" or "couldn't be found" in error.what:
                return None
            raise
        told = answer["TranscriptionJob"]
        places = told.get("Transcript", {})
        return Job(
            name=told["TranscriptionJobName"],
            status=JobStatus(told["TranscriptionJobStatus"]),
            language=told.get("LanguageCode", ""),
            created_at=told.get("CreationTime"),
            transcript_uri=places.get("TranscriptFileUri", ""),
            redacted_uri=places.get("RedactedTranscriptFileUri", ""),
            failure=told.get("FailureReason", ""),
        )
