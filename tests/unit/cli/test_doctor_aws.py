"""What `doctor` finds in AWS, from an engineer's own shell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from scv_emulator.keys import key_pair_of_this_process
from scv_voicemail.cli import doctor_here
from scv_voicemail.cli.finding import Finding, Verdict
from scv_voicemail.journal.dynamodb import DynamoDbJournal
from scv_voicemail.settings import Settings

moto = pytest.importorskip("moto", reason="AWS is played by moto, which is not installed")

REGION = "us-east-1"
STACK = {
    "telephony_url": "https://nowhere.invalid",
    "org_id": "00D000000000001",
    "call_center": "Center",
    "private_key_source": "ssm:/scv/key",
    "oauth_key_source": "secretsmanager:scv-app",
    "dialed_number": "+18005550100",
    "journal": "dynamodb://journal",
    "recordings_dir": "s3://ours/voicemail_recordings",
}


class Account:
    """An account with everything that a stack has."""

    def __init__(self) -> None:
        import boto3.session

        self.session = boto3.session.Session(region_name=REGION)
        pem = key_pair_of_this_process("doctor").private_key_pem
        self.session.client("ssm").put_parameter(Name="/scv/key", Value=pem, Type="SecureString")
        self.session.client("secretsmanager").create_secret(Name="scv-app", SecretString=pem)
        self.session.client("s3").create_bucket(Bucket="ours")
        self.queue_url = self.session.client("sqs").create_queue(QueueName="doorbell")["QueueUrl"]
        DynamoDbJournal("journal").create()


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    environment = pytest.MonkeyPatch()
    environment.setenv("AWS_DEFAULT_REGION", REGION)
    with moto.mock_aws():
        yield Account()
    environment.undo()


def found(account: Account, **changes: Any) -> dict[str, Finding]:
    settings = Settings(**{"_env_file": None, **STACK, "doorbell_queue_url": account.queue_url, **changes})
    return {finding.check: finding for finding in doctor_here.examine(settings)}


def test_a_stack_that_is_complete_passes(account: Account) -> None:
    """Keys, bucket, journal and queue are looked at, each by itself."""
    findings = found(account)

    looked_at = {"private key", "app key", "recordings folder", "journal", "doorbell queue", "recording address"}
    assert {name for name in looked_at if findings[name].verdict is Verdict.OK} == looked_at
    assert findings["recordings folder"].saw == "s3://ours/voicemail_recordings, empty"
    assert findings["doorbell queue"].saw == "0 waiting"


MISSING = {
    "private key": ({"private_key_source": "ssm:/scv/missing"}, "there is no key"),
    "app key": ({"oauth_key_source": "secretsmanager:missing"}, "there is no key"),
    "recordings folder": ({"recordings_dir": "s3://missing/prefix"}, "s3:ListBucket"),
    "journal": ({"journal": "dynamodb://missing"}, "missing"),
    "doorbell queue": ({"doorbell_queue_url": "https://sqs.us-east-1.amazonaws.com/123456789012/missing"}, "missing"),
}


def test_everything_that_is_missing_is_a_finding_with_its_fix(account: Account) -> None:
    """In one go: nobody deploys five times to learn of five mistakes."""
    changes = {name: value for change, _ in MISSING.values() for name, value in change.items()}

    findings = found(account, **changes)

    for check, (_, saw) in MISSING.items():
        assert findings[check].verdict is Verdict.FAIL, check
        assert saw in findings[check].saw
        assert findings[check].fix


@pytest.mark.covers("salesforce-2")
@pytest.mark.parametrize("targets", ["case", "custom_object", "voice_call,custom_object"])
def test_a_record_that_nobody_could_hear_is_refused(account: Account, targets: str) -> None:
    """Bucket and key are for Salesforce's own player; a record's reader needs an address of the web."""
    finding = found(account, targets=targets)["recording address"]

    assert finding.verdict is Verdict.FAIL
    assert "no browser opens" in finding.saw
    assert "RecordingUrl" in finding.fix


@pytest.mark.covers("salesforce-2")
@pytest.mark.parametrize(
    "settings",
    [
        {"targets": "voice_call"},
        {"targets": "case", "recording_url": "https://recordings.acme.example/{name}"},
        {"targets": "case", "case_fields": {"Voicemail_Recording_Location__c": ""}},
    ],
)
def test_what_can_be_heard_or_is_not_offered_is_fine(account: Account, settings: dict[str, Any]) -> None:
    """Salesforce's player, an address of the web, or a record that says nothing of the recording."""
    assert found(account, **settings)["recording address"].verdict is Verdict.OK


@pytest.mark.covers("salesforce-2")
def test_a_signed_address_is_refused_for_a_bucket_too(account: Account) -> None:
    """It would be dead next week, wherever the recordings are kept."""
    signed = "https://ours.s3.amazonaws.com/{name}?X-Amz-Signature=1"

    assert found(account, targets="case", recording_url=signed)["recording address"].verdict is Verdict.FAIL


def test_a_machine_without_aws_is_asked_nothing_about_it(tmp_path: Any) -> None:
    """These checks are for those who have a stack."""
    settings = Settings(_env_file=None, journal=tmp_path / "journal.db", recordings_dir=tmp_path)  # type: ignore[call-arg]

    assert not {"app key", "doorbell queue"} & {finding.check for finding in doctor_here.examine(settings)}
