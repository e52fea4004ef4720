"""A contact center in one process: the real handlers between an Amazon Connect that is told what it knows and an org.

S3, SQS and the boto3 clients are real (moto); Amazon Connect, its video streams and Transcribe are small fakes behind
the same methods; the journal is a file. Time stands still but for what a test or a wait moves it by.
"""

from __future__ import annotations

import json
import random
import struct
import wave
from array import array
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import time_machine
from botocore.exceptions import ClientError
from scv_emulator.server import Emulator
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.aws_wiring import AmazonConnect, amazon_connect
from scv_voicemail.ports import Journal, Run
from scv_voicemail.settings import Settings
from scv_voicemail.transcription.amazon_transcribe import job_name
from scv_voicemail_lambdas import contact_record, deliver, flow_call, recording_stored, sweep, transcription_finished
from scv_voicemail_lambdas.flow_parts import FlowParts, flow_parts
from scv_voicemail_lambdas.metrics import Metrics

from tests.lambdas.bench import a_key, an_object_event, messages_of
from tests.mkv_files import a_fragment
from tests.scenarios.matrix import settings_of
from tests.scenarios.simulation import Held, held
from tests.wav_files import a_wav

RATE = 8000
OURS, THEIRS = "ours", "theirs"
"""Our bucket, and the one that Amazon Connect writes recordings into."""
INSTANCE_ARN = "arn:aws:connect:eu-central-1:123456789012:instance/11111111-2222-3333-4444-555555555555"
BEGAN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MESSAGE_AT = BEGAN + timedelta(seconds=30)
A, B, C = (f"{letter * 8}-1e84-4367-8930-f69a74b30ca6" for letter in "abc")
"""Three contacts."""


def refused(code: str, status: int = 400, message: str = "no") -> ClientError:
    """What boto3 raises when AWS refuses."""
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call"
    )


@cache
def speech(of: str, *, seconds: float = 2.0) -> bytes:
    """Something like speech, another for everybody: bursts of noise of changing level, 16-bit mono at 8 kHz."""
    draw = random.Random(of)
    samples = array("h")
    for _ in range(round(seconds * 10)):
        level = draw.choice((500, 3000, 6000, 9000))
        samples.extend(draw.randint(-level, level) for _ in range(RATE // 10))
    return samples.tobytes()


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(kw_only=True)
class Call:
    """One call whose caller has left a message, by media streaming unless `way` is ivr.

    `attributes` are those of the contact; `changes` go over what the contact record says besides.
    """

    id: str = A
    said: bytes = b""
    way: str = "kvs"
    caller: str | None = "+14155550142"
    dialed: str | None = "+18005550100"
    attributes: dict[str, str | None] | None = field(default_factory=dict)
    agent_at: datetime | None = None
    other_recordings: list[dict[str, Any]] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.said = self.said or speech(self.id)
        if self.attributes is not None:
            ours = {"vm_flag": "1", "vm_timestamp": stamp(MESSAGE_AT), "vm_lang": "en-US", "vm_source": self.way}
            self.attributes = ours | self.attributes

    @property
    def stream_arn(self) -> str:
        return (
            f"arn:aws:kinesisvideo:eu-central-1:123456789012:stream/voice-connect-acme-contact-{self.id}/1565272947806"
        )

    @property
    def ended_at(self) -> datetime:
        return MESSAGE_AT + timedelta(seconds=len(self.said) / 2 / RATE)

    @property
    def fragments(self) -> list[bytes]:
        """The message in a video stream, a second in each; number 100 is the first."""
        parts = [self.said[at : at + 2 * RATE] for at in range(0, len(self.said), 2 * RATE)]
        return [
            a_fragment(
                contact_id=self.id, number=100 + n, at=MESSAGE_AT.timestamp() + n, customer=part, system=part[::-1]
            )
            for n, part in enumerate(parts)
        ]

    @property
    def recordings(self) -> list[dict[str, Any]]:
        """The contact's `Recordings`, times as texts."""
        times = {"StartTimestamp": stamp(MESSAGE_AT), "StopTimestamp": stamp(self.ended_at), "Status": "AVAILABLE"}
        if self.way == "kvs":
            count = -(-len(self.said) // (2 * RATE))
            own = {
                "StorageType": "KINESIS_VIDEO_STREAM",
                "Location": self.stream_arn,
                "ParticipantType": "CUSTOMER",
                "FragmentStartNumber": "100",
                "FragmentStopNumber": str(99 + count),
            }
        else:
            own = {"StorageType": "S3", "Location": f"{THEIRS}/{a_key(self.id)}", "ParticipantType": "IVR"}
        return [*self.other_recordings, {"MediaStreamType": "AUDIO", **own, **times}]

    def record(self, **changes: Any) -> dict[str, Any]:
        """The contact record."""
        return {
            "AWSContactTraceRecordFormatVersion": "2017-03-10",
            "ContactId": self.id,
            "Channel": "VOICE",
            "InitiationMethod": "INBOUND",
            "InitiationTimestamp": stamp(BEGAN),
            "DisconnectTimestamp": stamp(self.ended_at),
            "SystemEndpoint": self.dialed and {"Address": self.dialed, "Type": "TELEPHONE_NUMBER"},
            "CustomerEndpoint": self.caller and {"Address": self.caller, "Type": "TELEPHONE_NUMBER"},
            "Attributes": self.attributes,
            "Agent": self.agent_at and {"ConnectedToAgentTimestamp": stamp(self.agent_at)},
            "Queue": None,
            "Recordings": self.recordings,
            "LastUpdateTimestamp": stamp(self.ended_at),
        } | {**self.changes, **changes}

    def described(self) -> dict[str, Any]:
        """What DescribeContact says."""
        record = self.record()
        recordings = [
            {
                name: datetime.fromisoformat(text) if text and name.endswith("Timestamp") else text
                for name, text in one.items()
            }
            for one in record["Recordings"] or ()
        ]
        return {
            "Arn": f"{INSTANCE_ARN}/contact/{self.id}",
            "Id": self.id,
            "Channel": record["Channel"],
            "InitiationMethod": record["InitiationMethod"],
            "InitiationTimestamp": BEGAN,
            "DisconnectTimestamp": self.ended_at,
            "SystemEndpoint": record["SystemEndpoint"],
            "CustomerEndpoint": record["CustomerEndpoint"],
            "AgentInfo": {"ConnectedToAgentTimestamp": self.agent_at} if self.agent_at else None,
            "Attributes": record["Attributes"],
            "Recordings": recordings,
        }


# ------------------------------------------------------------------------------------------------------ what AWS plays


class Service:
    """A client whose calls a test can count, hold up (`before`) or let fail (`failing`, one error for each call)."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.called: list[str] = []
        self.before: Callable[[str, Mapping[str, Any]], None] = lambda _name, _arguments: None
        self.failing: dict[str, list[Exception]] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if not callable(found) or name in ("close", "get_paginator", "get_waiter"):
            return found

        def call(**arguments: Any) -> Any:
            self.called.append(name)
            self.before(name, arguments)
            if self.failing.get(name):
                raise self.failing[name].pop(0)
            return found(**arguments)

        return call


class FakeConnect:
    """Knows the contacts, queues and users it was told of."""

    def __init__(self) -> None:
        self.contacts: dict[str, dict[str, Any]] = {}
        self.queues: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {}

    def describe_contact(self, *, InstanceId: str, ContactId: str) -> dict[str, Any]:  # noqa: N803 - Amazon's names
        return {"Contact": self._found(self.contacts, ContactId)}

    def get_contact_attributes(self, *, InstanceId: str, InitialContactId: str) -> dict[str, Any]:  # noqa: N803 - as above
        return {"Attributes": self._found(self.contacts, InitialContactId)["Attributes"] or {}}

    def describe_queue(self, *, InstanceId: str, QueueId: str) -> dict[str, Any]:  # noqa: N803 - as above
        return {"Queue": self._found(self.queues, QueueId)}

    def describe_user(self, *, InstanceId: str, UserId: str) -> dict[str, Any]:  # noqa: N803 - as above
        return {"User": self._found(self.users, UserId)}

    def _found(self, known: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
        if name not in known:
            raise refused("ResourceNotFoundException", 404)
        return known[name]


class Payload:
    """The body of GetMedia, and the connection under it; `pulled` counts the chunks that were asked for."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._raw_stream = self
        self.pulled = 0
        self.closed = False

    def read1(self, _size: int) -> bytes:
        self.pulled += 1
        return next(self._chunks, b"")

    def close(self) -> None:
        self.closed = True


class FakeStreams:
    """Kinesis Video Streams, both its services: sends what lies under a stream's ARN, chunk by chunk."""

    def __init__(self) -> None:
        self.streams: dict[str, Iterable[bytes]] = {}
        self.sent: list[Payload] = []

    def get_data_endpoint(self, *, StreamARN: str, APIName: str) -> dict[str, str]:  # noqa: N803 - Amazon's names
        if StreamARN not in self.streams:
            raise refused("ResourceNotFoundException", 404)
        return {"DataEndpoint": "https://media.example.com"}

    def get_media(self, *, StreamARN: str, StartSelector: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803 - as above
        self.sent.append(Payload(self.streams[StreamARN]))
        return {"Payload": self.sent[-1]}


class FakeTranscribe:
    """Jobs by name, each started once; they end when a test says so, or `at_once` with what it says was heard."""

    def __init__(self, meta: Any, s3: Any) -> None:
        self.meta = meta
        self.at_once: str | None = None
        self.jobs: dict[str, dict[str, Any]] = {}
        self._s3 = s3

    def start_transcription_job(self, **request: Any) -> dict[str, Any]:
        name = request["TranscriptionJobName"]
        if name in self.jobs:
            raise refused("ConflictException")
        told = {"TranscriptionJobName": name, "TranscriptionJobStatus": "IN_PROGRESS"}
        self.jobs[name] = {**told, "CreationTime": datetime.now(UTC), "request": request}
        if self.at_once is not None:
            self.finish(name, self.at_once)
        return {"TranscriptionJob": self.jobs[name]}

    def get_transcription_job(self, *, TranscriptionJobName: str) -> dict[str, Any]:  # noqa: N803 - Amazon's name
        if TranscriptionJobName not in self.jobs:
            raise refused("BadRequestException", message="The requested job couldn't be found")
        return {"TranscriptionJob": self.jobs[TranscriptionJobName]}

    def finish(self, name: str, said: str) -> None:
        """The job writes what it has heard."""
        job = self.jobs[name]
        bucket, key = job["request"]["OutputBucketName"], job["request"]["OutputKey"]
        content = {"jobName": name, "results": {"transcripts": [{"transcript": said}], "items": []}}
        self._s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(content).encode())
        job |= {"TranscriptionJobStatus": "COMPLETED", "LanguageCode": job["request"].get("LanguageCode", "en-US")}
        job["Transcript"] = {"TranscriptFileUri": f"https://s3.eu-central-1.amazonaws.com/{bucket}/{key}"}

    def fail(self, name: str, why: str = "The media is unsupported") -> None:
        """The job comes to nothing."""
        self.jobs[name] |= {"TranscriptionJobStatus": "FAILED", "FailureReason": why}


class Clients(AwsClients):
    """The clients that a test has put there."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        super().__init__("eu-central-1")
        self.services = services

    def at(self, service: str, endpoint_url: str) -> Any:
        return self.services[service]


# -------------------------------------------------------------------------------------------------- the contact center


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
        self.seconds = 10.5
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
        return flow_call.answer(event, self.flow_parts, self.metrics, clock=lambda: datetime.now(UTC))

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
        end = datetime.now(UTC) + timedelta(hours=hours)
        while True:
            while self.ring():
                pass
            due = self.journal.next_due()
            if due is None or due > end:
                return
            # The bell rings a second later at the latest; the sweep, once a minute, is for what nobody rings for.
            self.advance(max((due - datetime.now(UTC)).total_seconds(), 0.0) + 1.1)
            if not self.ring():
                self.advance(60)
                self.sweep()

    def sweep(self, **event: Any) -> dict[str, int]:
        """What the schedule does."""
        return sweep.answer(event, self.parts, self.metrics, seconds_left=lambda: 60.0)

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
            return file.readframes(file.getnframes())

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
