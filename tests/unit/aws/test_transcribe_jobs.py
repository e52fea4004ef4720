"""The client of Amazon Transcribe: requests as the API reference has them, answers as typed results."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from scv_voicemail.aws.transcribe_jobs import Job, JobStatus, NewJob, TranscribeJobs
from scv_voicemail.errors import PermissionMissing, RateLimited, Rejected, Unavailable

boto3 = pytest.importorskip("boto3", reason="the AWS clients need boto3, which is not installed")
stub = pytest.importorskip("botocore.stub")

NAME = "scv-voicemail-a-call"
START, GET = "start_transcription_job", "get_transcription_job"


@pytest.fixture
def stubber() -> Iterator[Any]:
    """A real client in front of prepared answers; it checks every request and answer against the service's model."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.session.Session().client("transcribe", region_name="eu-central-1", **keys)
    with stub.Stubber(client) as prepared:
        yield prepared
        prepared.assert_no_pending_responses()
    client.close()


def jobs(stubber: Any) -> TranscribeJobs:
    return TranscribeJobs(stubber.client)


def a_job(**changes: Any) -> NewJob:
    return NewJob(
        **{
            "name": NAME,
            "media_uri": "s3://bucket/voicemail_recordings/a-call.wav",
            "output_bucket": "bucket",
            "output_key": "voicemail_transcripts/a-call.json",
            "languages": ("en-US",),
        }
        | changes
    )


BARE: dict[str, Any] = {
    "TranscriptionJobName": NAME,
    "MediaFormat": "wav",
    "Media": {"MediaFileUri": "s3://bucket/voicemail_recordings/a-call.wav"},
    "OutputBucketName": "bucket",
    "OutputKey": "voicemail_transcripts/a-call.json",
}
VOCABULARY = {"vocabularies": {"en-US": "Names"}, "filters": {"en-US": "Curses", "es-US": "Palabrotas"}}
NAMED = {"VocabularyName": "Names", "VocabularyFilterName": "Curses"}


@pytest.mark.parametrize(
    ("changes", "request_"),
    [
        ({}, {"LanguageCode": "en-US"}),
        (VOCABULARY, {"LanguageCode": "en-US", "Settings": NAMED | {"VocabularyFilterMethod": "mask"}}),
        (VOCABULARY | {"languages": ("de-DE",)}, {"LanguageCode": "de-DE"}),
        ({"languages": ("en-US", "es-US")}, {"IdentifyLanguage": True, "LanguageOptions": ["en-US", "es-US"]}),
        (
            VOCABULARY | {"languages": ("de-DE", "en-US"), "filter_method": "tag"},
            {
                "IdentifyLanguage": True,
                "LanguageOptions": ["de-DE", "en-US"],
                "LanguageIdSettings": {"en-US": NAMED, "de-DE": {}},
                "Settings": {"VocabularyFilterMethod": "tag"},
            },
        ),
        (
            {"redact": ("PIN", "NAME"), "kms_key": "alias/voicemail"},
            {
                "LanguageCode": "en-US",
                "ContentRedaction": {
                    "RedactionType": "PII",
                    "RedactionOutput": "redacted",
                    "PiiEntityTypes": ["PIN", "NAME"],
                },
                "OutputEncryptionKMSKeyId": "alias/voicemail",
            },
        ),
    ],
    ids=["plain", "vocabulary", "of another language", "several", "vocabulary of one of several", "redacted"],
)
def test_a_job_is_started_as_the_reference_says(
    stubber: Any, changes: dict[str, Any], request_: dict[str, Any]
) -> None:
    """The model of boto3 takes it, and nothing is in it that was not asked for."""
    stubber.add_response(START, {}, BARE | request_)

    assert jobs(stubber).start_transcription_job(a_job(**changes)) is True


def test_settings_of_at_most_five_languages_are_sent_and_those_with_names_first() -> None:
    """More are refused."""
    languages = ("da-DK", "de-DE", "en-US", "es-US", "fr-FR", "it-IT")

    sent = a_job(languages=languages, vocabularies={"it-IT": "Nomi"}).to_json()["LanguageIdSettings"]

    assert list(sent) == ["it-IT", "da-DK", "de-DE", "en-US", "es-US"]


def test_a_name_that_is_taken_is_no_error(stubber: Any) -> None:
    """The job of an earlier try, or of another process."""
    stubber.add_client_error(START, "ConflictException", "A resource already exists with this name.", 409)

    assert jobs(stubber).start_transcription_job(a_job()) is False


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("LimitExceededException", 429, RateLimited),
        ("InternalFailureException", 500, Unavailable),
        ("BadRequestException", 400, Rejected),
        ("AccessDeniedException", 400, PermissionMissing),
    ],
)
def test_every_refusal_is_one_of_our_errors(stubber: Any, code: str, status: int, kind: type[Exception]) -> None:
    """With the action, and what AWS said."""
    stubber.add_client_error(START, code, "The S3 URI that you provided can't be accessed.", status)

    with pytest.raises(kind, match=r"transcribe:StartTranscriptionJob of scv-voicemail-a-call.*S3 URI") as caught:
        jobs(stubber).start_transcription_job(a_job())

    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("NotFoundException", "We can't find the requested resource."),
        ("BadRequestException", "The requested job couldn't be found. Check the job name and try your request again."),
    ],
)
def test_a_job_that_nobody_started_is_not_there(stubber: Any, code: str, text: str) -> None:
    """Told in either of two ways."""
    stubber.add_client_error(GET, code, text, 400)

    assert jobs(stubber).get_transcription_job(NAME) is None


def test_another_bad_request_is_not_taken_for_a_missing_job(stubber: Any) -> None:
    """Otherwise a job would be started again and again."""
    stubber.add_client_error(GET, "BadRequestException", "1 validation error detected", 400)

    with pytest.raises(Rejected, match="validation error"):
        jobs(stubber).get_transcription_job(NAME)


def test_a_finished_job_says_where_its_transcript_is(stubber: Any) -> None:
    """With language and age."""
    created = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    told = {
        "TranscriptionJobName": NAME,
        "TranscriptionJobStatus": "COMPLETED",
        "LanguageCode": "es-US",
        "CreationTime": created,
        "Transcript": {"TranscriptFileUri": "https://s3.eu-central-1.amazonaws.com/bucket/a.json"},
    }
    stubber.add_response(GET, {"TranscriptionJob": told}, {"TranscriptionJobName": NAME})

    assert jobs(stubber).get_transcription_job(NAME) == Job(
        name=NAME,
        status=JobStatus.COMPLETED,
        language="es-US",
        created_at=created,
        transcript_uri="https://s3.eu-central-1.amazonaws.com/bucket/a.json",
    )


def test_a_failed_job_says_why(stubber: Any) -> None:
    """In the vendor's words."""
    told = {"TranscriptionJobName": NAME, "TranscriptionJobStatus": "FAILED", "FailureReason": "Invalid file size"}
    stubber.add_response(GET, {"TranscriptionJob": told}, {"TranscriptionJobName": NAME})

    job = jobs(stubber).get_transcription_job(NAME)

    assert job == Job(name=NAME, status=JobStatus.FAILED, failure="Invalid file size")


def test_the_languages_are_those_that_boto3_knows(stubber: Any) -> None:
    """No list of our own that would grow old."""
    assert {"en-US", "de-DE", "es-US"} <= jobs(stubber).languages
    assert "tlh-QO" not in jobs(stubber).languages
