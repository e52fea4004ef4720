"""A contact center in one process: the real handlers between an Amazon Connect that is told what it knows and an org.

S3, SQS and the boto3 clients are real (moto); Amazon Connect, its video streams and Transcribe are small fakes behind
the same methods; the journal is a file. Time stands still but for what a test or a wait moves it by.
"""

from __future__ import annotations

import json
import struct
import wave
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import time_machine
from scv_emulator.server import Emulator
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.aws_wiring import AmazonConnect, amazon_connect
from scv_voicemail.ports import Journal, Run
from scv_voicemail.settings import Settings
from scv_voicemail.transcription.amazon_transcribe import job_name
from scv_voicemail_lambdas import contact_record, deliver, flow_call, recording_stored, sweep, transcription_finished
from scv_voicemail_lambdas.flow_parts import FlowParts, flow_parts
from scv_voicemail_lambdas.metrics import Metrics

from tests.builders import time_now
from tests.lambdas.aws_fakes import Clients, FakeConnect, FakeStreams, FakeTranscribe, Service
from tests.lambdas.bench import a_key, an_object_event, messages_of
from tests.lambdas.calls import INSTANCE_ARN, MESSAGE_AT, THEIRS, A, Call
from tests.scenarios.matrix import settings_of
from tests.scenarios.simulation import Held, held
from tests.wav_files import a_wav

OURS = "ours"
"""Our bucket."""


class ContactCenter:
    """Everything around the handlers.

        center.leave(Call(id=A))                   # Connect and its streams know the call
        answer = center.hand_over(Call(id=A))      # its contact record is delivered to the handler
        center.work()                              # the doorbells are answered until nothing is left to do

    `moved_seconds` is how long all waits together took. `lines` are the metrics of the invocations.
    """

    def __init__(self, folder: Path, org: Emulator, aws: AwsClients, clock: Any, **settings: Any) -> None:
        self.org = org
        self.clock = clock
        self.moved_seconds = 0.0
        s3, sqs = aws.client("s3"), aws.client("sqs")
        for bucket in (OURS, THEIRS):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.doorbell_url, self.dead_letters_url, self.events_url = (
            sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("doorbell", "dead-letters", "recordings")
        )
        self.connect_knows, self.streams = FakeConnect(), FakeStreams()
        self.transcribe = FakeTranscribe(aws.client("transcribe").meta, s3)
        fakes = {"connect": self.connect_knows, "kinesisvideo": self.streams, "kinesis-video-media": self.streams}
        clients = {"s3": s3, "sqs": sqs, "transcribe": self.transcribe, **fakes}
        self.services = {name: Service(client) for name, client in clients.items()}
        self.aws = Clients(self.services)
        self._s3, self._sqs = s3, sqs
        given = {
            "journal": folder / "journal.db",
            "recordings_dir": f"s3://{OURS}/voicemail_recordings",
            "recording_url": "",
            "connect_recordings": f"s3://{THEIRS}/connect/acme/CallRecordings/ivr",
            "connect_instance_id": INSTANCE_ARN,
            "doorbell_queue_url": self.doorbell_url,
            "dead_letter_queue_url": self.dead_letters_url,
            "transcript_wait_seconds": 120,
            "probe_seconds": 5,
        }
        self.settings = Settings(**settings_of(org, _env_file=None, **given | settings))
        self.parts: AmazonConnect = amazon_connect(self.settings, aws=self.aws)
        self.metrics = Metrics(write=lambda _line: None)
        self.seconds = 10.2
        """What an invocation has left: enough for one look at what waits."""

    def close(self) -> None:
        self.parts.connector.close()
        if "flow_parts" in vars(self):
            self.flow_parts.telephony.close()

    @cached_property
    def flow_parts(self) -> FlowParts:
        """What the function of the contact flows works with."""
        return flow_parts(self.settings, aws=self.aws)

    @property
    def journal(self) -> Journal:
        return self.parts.connector.journal

    @property
    def counted(self) -> dict[str, float]:
        """The metrics so far, each added up."""
        return {str(name): sum(values) for name, values in self.metrics.values.items()}

    # ----------------------------------------------------------------------------------------------- what happens

    def leave(self, *calls: Call) -> None:
        """Callers leave messages: Connect knows the calls, and the audio is where their way puts it."""
        for call in calls:
            self.connect_knows.contacts[call.id] = call.described()
            if call.way == "kvs":
                self.streams.streams[call.stream_arn] = call.fragments
            else:
                self._s3.put_object(Bucket=THEIRS, Key=a_key(call.id), Body=a_wav(call.said))

    def hand_over(self, *records: Call | Mapping[str, Any] | str) -> list[str]:
        """Invoke the function of contact records; the sequence numbers (0, 1, …) that it reports as failed."""
        data = [one.record() if isinstance(one, Call) else one for one in records]
        coded = [one if isinstance(one, str) else b64encode(json.dumps(one).encode()).decode() for one in data]
        event = {"Records": [{"kinesis": {"sequenceNumber": str(n), "data": one}} for n, one in enumerate(coded)]}
        return _failures(contact_record.answer(event, self.parts, self.metrics, seconds_left=self._left))

    def announce(self, *recordings: Call | Mapping[str, Any] | str, tries: int = 1) -> list[str]:
        """Invoke the function of recordings; the messages that it reports as failed, by number."""
        bodies = [an_object_event(a_key(one.id)) if isinstance(one, Call) else one for one in recordings]
        event = messages_of(*bodies, tries=tries)
        for one in event["Records"]:
            sent = self._sqs.send_message(QueueUrl=self.events_url, MessageBody=one["body"])
            (got,) = self._sqs.receive_message(QueueUrl=self.events_url)["Messages"]
            assert got["MessageId"] == sent["MessageId"]
            one["receiptHandle"] = got["ReceiptHandle"]
        answer = recording_stored.answer(event, self.parts, self.metrics, seconds_left=self._left)
        return [one.removeprefix("message-") for one in _failures(answer)]

    def transcribed(self, call: Call, said: str | None = "Hello, this is Ada. Please call me back.") -> None:
        """The job of a call ends, with what was said or (None) badly, and Amazon tells of it."""
        name = job_name(call.id)
        if said is None:
            self.transcribe.fail(name)
        else:
            self.transcribe.finish(name, said)
        detail = {"TranscriptionJobName": name, "TranscriptionJobStatus": "FAILED" if said is None else "COMPLETED"}
        transcription_finished.answer({"detail": detail}, self.parts, self.metrics)

    def flow(self, method: str, call: Call, **contact: Any) -> dict[str, str]:
        """What the contact flow is answered."""
        about = {
            "ContactId": call.id,
            "Attributes": call.attributes,
            "CustomerEndpoint": call.caller and {"Address": call.caller},
            "SystemEndpoint": call.dialed and {"Address": call.dialed},
        }
        event = {"Details": {"ContactData": about | contact, "Parameters": {"methodName": method}}}
        return flow_call.answer(event, self.flow_parts, self.metrics, clock=time_now)

    def ring(self) -> bool:
        """Answer the doorbells that can be heard now; False when there was none."""
        got = self._sqs.receive_message(QueueUrl=self.doorbell_url, MaxNumberOfMessages=10).get("Messages", [])
        for one in got:
            event = messages_of(one["Body"])
            event["Records"][0]["receiptHandle"] = one["ReceiptHandle"]
            if not _failures(deliver.answer(event, self.parts, self.metrics, seconds_left=self._left)):
                self._sqs.delete_message(QueueUrl=self.doorbell_url, ReceiptHandle=one["ReceiptHandle"])
        return bool(got)

    def work(self, *, hours: float = 2.0) -> None:
        """Answer doorbells, moving time to whatever is due next, until nothing is or it takes longer than `hours`."""
        end = time_now() + timedelta(hours=hours)
        while True:
            while self.ring():
                pass
            due = self.journal.next_due()
            if due is None or due > end:
                return
            assert time_now() < end, "something is due, and nobody rings for it"
            # The bell rings a second later at the latest; the sweep, once a minute, is for what nobody rings for.
            self.advance(max((due - time_now()).total_seconds(), 0.0) + 1.1)
            if not self.ring():
                self.advance(60)
                self.sweep()

    def sweep(self, **event: Any) -> dict[str, int]:
        """What the schedule does."""
        return sweep.answer(event, self.parts, self.metrics, seconds_left=lambda: 60.0)

    def purge_doorbells(self) -> None:
        """Lose every doorbell that is under way."""
        self._sqs.purge_queue(QueueUrl=self.doorbell_url)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.shift(timedelta(seconds=seconds))
        self.moved_seconds += seconds

    def _left(self) -> float:
        return self.seconds

    # ------------------------------------------------------------------------------------------- what is there then

    def runs(self, contact_id: str = A) -> list[Run]:
        return self.journal.runs(voicemail_id=contact_id)

    def states(self, contact_id: str = A) -> list[str]:
        """The states of a voicemail's deliveries."""
        return [run.state.value for run in self.runs(contact_id)]

    def held(self, contact_id: str = A) -> Held:
        """What the org holds of a call."""
        return held(self.org.state(), contact_id)

    def sent(self, path: str, method: str = "") -> list[dict[str, Any]]:
        """What the org was sent at a path (a part or a glob), oldest first."""
        return self.org.requests(path=path, method=method)

    def wav(self, contact_id: str = A) -> bytes:
        """The recording in our bucket, the whole file."""
        found = self._s3.get_object(Bucket=OURS, Key=f"voicemail_recordings/{contact_id}.wav")
        return bytes(found["Body"].read())

    def samples(self, contact_id: str = A) -> bytes:
        """The recording in our bucket, its audio."""
        with wave.open(BytesIO(self.wav(contact_id))) as file:
            return bytes(file.readframes(file.getnframes()))

    def tags(self, contact_id: str = A) -> dict[str, str]:
        """The tags of the recording in our bucket, each name once."""
        found = self._s3.get_object_tagging(Bucket=OURS, Key=f"voicemail_recordings/{contact_id}.wav")["TagSet"]
        names = [one["Key"] for one in found]
        assert len(names) == len(set(names)), "a name comes twice, which S3 does not take"
        return {one["Key"]: one["Value"] for one in found}

    def kept(self) -> list[str]:
        """The contacts whose recordings are in our bucket."""
        found = self._s3.list_objects_v2(Bucket=OURS, Prefix="voicemail_recordings/").get("Contents", [])
        return [one["Key"].removeprefix("voicemail_recordings/").removesuffix(".wav") for one in found]

    def dead_letters(self) -> list[dict[str, Any]]:
        """What was put among the dead letters and not read yet."""
        got = self._sqs.receive_message(QueueUrl=self.dead_letters_url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in got]


def frozen_time() -> Any:
    """The afternoon of the calls; it goes on by itself, and tests move it."""
    return time_machine.travel(MESSAGE_AT + timedelta(minutes=2), tick=True)


def sizes_of(wav: bytes) -> tuple[int, int]:
    """The sizes that a WAV file claims: of the file without its first eight bytes, and of its audio."""
    at = wav.index(b"data") + 4
    return struct.unpack("<I", wav[4:8])[0], struct.unpack("<I", wav[at : at + 4])[0]


def _failures(answer: Mapping[str, Any]) -> list[str]:
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]
