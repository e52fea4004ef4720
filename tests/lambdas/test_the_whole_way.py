"""From a recording in S3 to a rep: the handlers with their real parts, moto for AWS, the emulator for Salesforce."""

from __future__ import annotations

import json
import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scv_emulator.keys import make_key_pair
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.aws_wiring import AmazonConnect, amazon_connect
from scv_voicemail.journal.dynamodb import DynamoDbJournal
from scv_voicemail.ports import RunState
from scv_voicemail.settings import Settings
from scv_voicemail.worker import is_gone
from scv_voicemail_lambdas import deliver, recording_stored
from scv_voicemail_lambdas.metrics import Metrics

from tests.commands import PREFIX
from tests.lambdas.bench import CONTACT, OTHER_CONTACT, a_key, an_object_event, failed, messages_of
from tests.scenarios.simulation import held
from tests.wav_files import a_wav

moto = pytest.importorskip("moto", reason="the handlers are tested with moto, which is not installed")

REGION = "us-east-1"
WARMING_UP = "7324881f-1e84-4367-8930-f69a74b30ca6"
PARAMETER = "/scv/telephony-key"
CENTER = "DemoContactCenter"
MURMUR = array("h", (random.Random(8).gauss(0, 2000).__trunc__() for _ in range(8 * 8000))).tobytes()
"""Eight seconds that are neither silence nor a tone."""


class Instance:
    """An Amazon Connect instance: every contact is a voicemail of seven seconds, begun a second after noon."""

    def __init__(self, meta: Any) -> None:
        self.meta = meta

    def describe_contact(self, *, InstanceId: str, ContactId: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert InstanceId == "instance-1"
        noon = datetime(2026, 11, 20, 12, 0, 0, 500_000, tzinfo=UTC)
        recording = {"ParticipantType": "IVR", "Location": f"theirs/{a_key(ContactId)}", "StartTimestamp": noon}
        contact = {
            "Id": ContactId,
            "Channel": "VOICE",
            "InitiationTimestamp": noon,
            "CustomerEndpoint": {"Address": "+14155550142"},
            "SystemEndpoint": {"Address": "+18005550100"},
            "Attributes": {"vm_flag": "1", "vm_timestamp": "2026-11-20T12:00:01.500Z"},
            "Recordings": [recording],
        }
        return {"Contact": contact}

    def close(self) -> None:
        """Nothing is open."""


class Account:
    """A boto3 session in which Amazon Connect is ours, because moto has none."""

    def __init__(self) -> None:
        import boto3.session

        self._session = boto3.session.Session(region_name=REGION)

    def client(self, service: str, **options: Any) -> Any:
        client = self._session.client(service, **options)
        return Instance(client.meta) if service == "connect" else client


@dataclass(frozen=True)
class Stack:
    """What is deployed, and what surrounds it."""

    parts: AmazonConnect
    account: Account
    emulator: Emulator
    doorbell_url: str

    def record(self, contact_id: str) -> Any:
        """A caller hangs up, Connect stores the recording, and says so."""
        key = a_key(contact_id)
        self.account.client("s3").put_object(Bucket="theirs", Key=key, Body=a_wav(MURMUR))
        event = messages_of(an_object_event(key))
        return recording_stored.answer(event, self.parts, Metrics(), seconds_left=lambda: 60.0)

    def ring(self, *, patience_seconds: float = 60.0) -> Any:
        """Every doorbell that can be heard now is answered."""
        queue = self.account.client("sqs")
        answers = queue.receive_message(QueueUrl=self.doorbell_url, MaxNumberOfMessages=10).get("Messages", [])
        for one in answers:
            queue.delete_message(QueueUrl=self.doorbell_url, ReceiptHandle=one["ReceiptHandle"])
        event = messages_of(*(one["Body"] for one in answers))
        return deliver.answer(event, self.parts, Metrics(), seconds_left=lambda: patience_seconds)

    def store_key(self, pem: str) -> None:
        self.account.client("ssm").put_parameter(Name=PARAMETER, Value=pem, Type="SecureString", Overwrite=True)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack with the key of the contact center in a parameter; each test has contacts of its own."""
    environment = pytest.MonkeyPatch()
    environment.setenv("AWS_DEFAULT_REGION", REGION)
    with moto.mock_aws(), Emulator(switches=Switches(apply_delay_ms=20)) as emulator:
        account = Account()
        for bucket in ("theirs", "ours"):
            account.client("s3").create_bucket(Bucket=bucket)
        urls = [account.client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("doorbell", "recordings")]
        DynamoDbJournal("journal").create()
        given = {name.removeprefix(PREFIX).lower(): value for name, value in emulator.env().items()}
        key_file = Path(given.pop("private_key_file"))
        settings = Settings(
            **{
                "_env_file": None,
                **given,
                "private_key_source": f"ssm:{PARAMETER}",
                "journal": "dynamodb://journal",
                "recordings_dir": "s3://ours/voicemail_recordings",
                "recording_url": "",
                "doorbell_queue_url": urls[0],
                "connect_instance_id": "arn:aws:connect:us-east-1:123456789012:instance/instance-1",
                "short_messages": "deliver",
                "patience_seconds": 1.0,
            }
        )
        with AwsClients(session=account) as aws:
            made = Stack(amazon_connect(settings, aws=aws), account, emulator, urls[0])
            made.store_key(key_file.read_text(encoding="ascii"))
            yield made
            made.parts.connector.close()
    environment.undo()


def test_a_recording_in_s3_is_in_front_of_a_rep(stack: Stack) -> None:
    """Cut at the beep, kept in our bucket, marked, routed and closed: once, whatever comes twice."""
    answers = [stack.record(CONTACT), stack.ring(), stack.record(CONTACT), stack.ring()]

    assert answers == [failed()] * 4
    (run,) = stack.parts.connector.journal.runs(voicemail_id=CONTACT)
    voicemail = stack.parts.connector.journal.voicemail(CONTACT)
    assert run.state is RunState.DELIVERED, run.last_error
    assert voicemail is not None
    assert voicemail.recording.duration_seconds == pytest.approx(7.0, abs=0.1)
    there = held(stack.emulator.state(), CONTACT)
    assert there.counts == (1, 1, 0, 1)
    assert there.recordings[0]["_recordingLocation"] == f"ours/voicemail_recordings/{CONTACT}.wav"


def test_a_rotated_key_works_without_a_deploy(stack: Stack) -> None:
    """The sandbox is warm and holds the old key; the contact center takes only the new one from now on."""
    stack.record(WARMING_UP)
    stack.ring()
    new = make_key_pair("rotated")
    stack.store_key(new.private_key_pem)
    tokens = stack.emulator.org.telephony.tokens
    stack.emulator._on_server(lambda: tokens.trust(CENTER, new.certificate_pem))

    stack.record(OTHER_CONTACT)
    stack.ring()

    (run,) = stack.parts.connector.journal.runs(voicemail_id=OTHER_CONTACT)
    assert run.state is RunState.DELIVERED, run.last_error


def test_no_sandbox_is_judged_by_another(stack: Stack) -> None:
    """They are copies of each other, down to host name and process id: a living one would be taken for dead."""
    other = amazon_connect(stack.parts.settings, aws=AwsClients(session=stack.account))
    pipelines = [stack.parts.connector.pipeline, other.connector.pipeline]

    assert pipelines[0].owner != pipelines[1].owner
    assert not any(pipeline.is_gone(one.owner) for pipeline in pipelines for one in pipelines)
    assert not any(is_gone(one.owner) for one in pipelines), "nor by the command line on some host"


def test_the_bell_and_the_messages_that_come_again_go_to_real_queues(stack: Stack) -> None:
    """The address of the other queue is made of its ARN, which is all that an event says."""
    queue = stack.account.client("sqs")
    url = queue.get_queue_url(QueueName="recordings")["QueueUrl"]
    queue.send_message(QueueUrl=url, MessageBody="{}")
    (message,) = queue.receive_message(QueueUrl=url, VisibilityTimeout=600)["Messages"]

    stack.parts.doorbell.ring(CONTACT)
    stack.parts.show_again("arn:aws:sqs:us-east-1:123456789012:recordings", message["ReceiptHandle"], 0)

    assert len(queue.receive_message(QueueUrl=url)["Messages"]) == 1
    (rung,) = queue.receive_message(QueueUrl=stack.doorbell_url)["Messages"]
    assert json.loads(rung["Body"]) == {"voicemailId": CONTACT}
