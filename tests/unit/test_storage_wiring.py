"""Recordings, transcripts and keys: on this machine, or in AWS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scv_emulator.keys import key_pair_of_this_process
from scv_voicemail import storage_wiring
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.intake.recordings import RecordingStore
from scv_voicemail.intake.s3_recordings import S3Recordings
from scv_voicemail.settings import Settings
from scv_voicemail.target_wiring import needed, wants_telephony
from scv_voicemail.transcription.amazon_transcribe import AmazonTranscriber
from scv_voicemail.transcription.command import CommandTranscriber
from scv_voicemail.transcription.nothing import NoTranscription
from scv_voicemail.wiring import connect

from tests.commands import environment

moto = pytest.importorskip("moto", reason="what is kept in AWS is tested with moto, which is not installed")

IN_S3 = {"recordings_dir": "s3://ours/voicemail_recordings"}
TELEPHONY = {
    "telephony_url": "https://nowhere.invalid",
    "org_id": "00D000000000001",
    "call_center": "Center",
    "private_key_source": "ssm:/scv/key",
}


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsClients]:
    with moto.mock_aws(), AwsClients("us-east-1") as clients:
        yield clients


def some(**given: Any) -> Settings:
    return Settings(**{"_env_file": None, **given})


def test_recordings_are_kept_where_the_setting_says(aws: AwsClients, tmp_path: Path) -> None:
    """A folder, or a place in S3."""
    assert isinstance(storage_wiring.recordings(some(recordings_dir=tmp_path), aws), RecordingStore)
    in_s3 = storage_wiring.recordings(some(**IN_S3), aws)

    assert isinstance(in_s3, S3Recordings)
    assert (in_s3.bucket, in_s3.prefix) == ("ours", "voicemail_recordings")


def test_recordings_in_s3_need_no_address() -> None:
    """Salesforce's player finds them by bucket and key."""
    assert "recording_url" in needed(some())
    assert "recording_url" not in needed(some(**IN_S3))


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, NoTranscription),
        ({"transcriber": "whisper {recording}"}, CommandTranscriber),
        ({"transcriber": "amazon-transcribe", **IN_S3}, AmazonTranscriber),
    ],
)
def test_who_transcribes_is_a_setting(given: dict[str, str], kind: type, aws: AwsClients) -> None:
    """Nobody, a command, or Amazon Transcribe."""
    assert isinstance(storage_wiring.transcriber(some(**given), aws), kind)


@pytest.mark.parametrize("given", [{"transcriber": "amazon-transcribe"}, {"transcriber": "whisper", **IN_S3}])
def test_nobody_transcribes_what_they_cannot_read(given: dict[str, str], aws: AwsClients) -> None:
    """Said at the start, not over every voicemail."""
    with pytest.raises(SettingsInvalid, match=r"RECORDINGS_DIR"):
        storage_wiring.transcriber(some(**given), aws)


@pytest.mark.parametrize(("name", "made"), [("private", "telephony_key"), ("oauth", "rest_key")])
def test_a_key_that_aws_keeps_is_read_whenever_it_is_asked_for(name: str, made: str, aws: AwsClients) -> None:
    """The clients keep it themselves until Salesforce refuses it, so whoever asks wants the key of now."""
    pems = [key_pair_of_this_process(which).private_key_pem.strip() for which in ("old", "new")]
    key = getattr(storage_wiring, made)(some(**{f"{name}_key_source": f"ssm:/scv/{name}"}), aws)
    read = []
    for pem in pems:
        aws.client("ssm").put_parameter(Name=f"/scv/{name}", Value=pem, Type="SecureString", Overwrite=True)
        read.append(key())

    assert read == pems


def test_a_key_on_this_machine_wins_over_one_in_aws(aws: AwsClients) -> None:
    """As it is closer to whoever typed it."""
    key = storage_wiring.telephony_key(some(private_key="here", private_key_source="ssm:/there"), aws)

    assert key() == "here"


def test_a_key_that_aws_keeps_makes_voice_calls_possible() -> None:
    """Like one in a file."""
    assert wants_telephony(some(**{"targets": ("case",), **TELEPHONY}))
    assert not wants_telephony(some(**{"targets": ("case",), **TELEPHONY, "private_key_source": ""}))


def test_a_connector_over_aws_is_built_without_talking_to_anybody(tmp_path: Path, aws: AwsClients) -> None:
    """No bucket, no parameter and no Salesforce is there."""
    settings = some(**TELEPHONY, **IN_S3, journal=tmp_path / "journal.db")

    with connect(settings, owner="lambda/1", aws=aws) as connector:
        pipeline = connector.pipeline

    assert pipeline.owner == "lambda/1"
    assert not pipeline.is_gone("lambda/2")


def test_a_machine_without_boto3_needs_none(tmp_path: Path) -> None:
    """It is an extra: nothing of it is loaded before something in AWS is named."""
    code = (
        "import sys; sys.modules['boto3'] = sys.modules['botocore'] = None; from scv_voicemail.wiring import connect; "
        "connect(targets='voice_call', telephony_url='https://nowhere.invalid', org_id='00D000000000001', "
        "call_center='C', private_key='x', recording_url='https://example.com/{name}', journal=sys.argv[1])"
    )

    subprocess.run([sys.executable, "-c", code, str(tmp_path / "journal.db")], check=True, env=environment({}))
