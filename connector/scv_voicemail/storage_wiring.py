"""Builds what keeps recordings, makes transcripts and holds private keys: on this machine, or in AWS."""

from __future__ import annotations

from collections.abc import Callable

from scv_voicemail.aws.key_store import StoredKey
from scv_voicemail.aws.objects import ObjectStore
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.aws.transcribe_jobs import TranscribeJobs
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.intake.kept_check import KeptCheck
from scv_voicemail.intake.recordings import RecordingStore
from scv_voicemail.intake.register import Recordings
from scv_voicemail.intake.s3_recordings import S3Recordings
from scv_voicemail.ports import Transcriber
from scv_voicemail.recording_check import RecordingCheck
from scv_voicemail.settings import AMAZON_TRANSCRIBE, PREFIX, S3Folder, Settings
from scv_voicemail.transcription.amazon_transcribe import AmazonTranscriber, TranscribeOptions
from scv_voicemail.transcription.command import CommandTranscriber
from scv_voicemail.transcription.nothing import NoTranscription


def recordings(settings: Settings, aws: AwsClients) -> Recordings:
    """The place for recordings that the settings name."""
    place = settings.recordings_dir
    if isinstance(place, S3Folder):
        return S3Recordings(
            ObjectStore(aws.client("s3")),
            place.bucket,
            place.prefix,
            location=settings.recording_url,
            allow_plain_http=settings.allow_plain_http,
        )
    return RecordingStore(place, location=settings.recording_url, allow_plain_http=settings.allow_plain_http)


def recording_check(aws: AwsClients) -> RecordingCheck:
    """Looks at a kept recording, wherever it was kept: settings may have changed since."""
    return KeptCheck(lambda: ObjectStore(aws.client("s3")))


def transcriber(settings: Settings, aws: AwsClients) -> Transcriber:
    """Who transcribes. Raises `SettingsInvalid` for one who could not read the recordings."""
    in_s3 = isinstance(settings.recordings_dir, S3Folder)
    if not settings.transcriber:
        return NoTranscription()
    if settings.transcriber != AMAZON_TRANSCRIBE:
        if in_s3:
            raise SettingsInvalid(
                "a transcription command reads files, and the recordings are in S3",
                fix=f"set {PREFIX}TRANSCRIBER to {AMAZON_TRANSCRIBE[0]}, or {PREFIX}RECORDINGS_DIR to a folder",
            )
        return CommandTranscriber(settings.transcriber, timeout_seconds=settings.transcriber_timeout_seconds)
    if not in_s3:
        raise SettingsInvalid(
            "Amazon Transcribe reads recordings in S3, and they are in a folder",
            fix=f"set {PREFIX}RECORDINGS_DIR to s3://BUCKET/PREFIX, or {PREFIX}TRANSCRIBER to a command",
        )
    return AmazonTranscriber(
        TranscribeJobs(aws.client("transcribe")),
        ObjectStore(aws.client("s3")),
        options=TranscribeOptions(
            languages=settings.transcribe_languages,
            vocabularies=settings.transcribe_vocabularies,
            filters=settings.transcribe_filters,
            filter_method=settings.transcribe_filter_method,
            redact=settings.transcribe_redact,
            kms_key=settings.transcribe_kms_key,
        ),
    )


def telephony_key(settings: Settings, aws: AwsClients) -> Callable[[], str]:
    """Gives the contact center's private key as it is now. A key on this machine that is missing is told at once."""
    if settings.private_key is None and settings.private_key_file is None and settings.private_key_source:
        return _stored(settings.private_key_source, aws)
    settings.telephony_key()
    return settings.telephony_key


def rest_key(settings: Settings, aws: AwsClients) -> Callable[[], str]:
    """Gives the external client app's private key, like `telephony_key`."""
    if settings.oauth_key is None and settings.oauth_key_file is None and settings.oauth_key_source:
        return _stored(settings.oauth_key_source, aws)
    settings.rest_key()
    return settings.rest_key


def _stored(source: str, aws: AwsClients) -> Callable[[], str]:
    # The clients keep the key themselves until Salesforce refuses it: whenever they ask, it may have been rotated.
    return StoredKey(source, aws, seconds=0)
