"""An Amazon Connect to take voicemails from: contacts, IVR recordings in S3, streams; the S3 is moto's."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import scv_voicemail
from botocore.exceptions import ClientError
from scv_voicemail.aws.contacts import Contact, ContactReader, ContactRecording
from scv_voicemail.aws.objects import ObjectStore
from scv_voicemail.intake.amazon_connect import AmazonConnectIntake
from scv_voicemail.intake.s3_recordings import S3Recordings

from tests.aws_clients import REGION
from tests.mkv_files import FIRST_NUMBER, a_fragment, in_chunks
from tests.wav_files import a_tone, a_wav

PACKAGE = Path(scv_voicemail.__file__).parent
RATE = 8000
CONNECT_BUCKET, OUR_BUCKET = "amazon-connect-acme", "recordings-of-acme"
ID = "5324881f-1e84-4367-8930-f69a74b30ca6"
KEY = f"connect/acme/CallRecordings/ivr/2026/11/20/{ID}_20261120T12:00_UTC.wav"
OUR_KEY = f"voicemail_recordings/{ID}.wav"
STREAM = "arn:aws:kinesisvideo:eu-central-1:123456789012:stream/connect-acme-contact-1/1"
INSTANCE = "arn:aws:connect:eu-central-1:123456789012:instance/i-1"

RECORDED_AT = datetime(2026, 11, 20, 12, 0, 0, 250_000, UTC)
TONE_AT = RECORDED_AT + timedelta(seconds=2.125)
"""When the flow called the function that dates the message: before the tone."""


def spoken(begin: float, end: float) -> bytes:
    """A part of the recording that ships with the package, in seconds."""
    with wave.open(str(PACKAGE / "demo" / "recording.wav")) as file:
        file.setpos(round(begin * RATE))
        return file.readframes(round((end - begin) * RATE))


PROMPT, MESSAGE, NOTHING = spoken(0.5, 2.5), spoken(3, 6), bytes(RATE)
CALL = PROMPT + NOTHING + a_tone(0.5, hertz=1000) + NOTHING + MESSAGE
"""2 s of prompt, 0.5 s of nothing, 0.5 s of tone, 0.5 s of nothing, 3 s of message."""


def ivr(location: str = f"{CONNECT_BUCKET}/{KEY}", **changes: Any) -> ContactRecording:
    return ContactRecording(
        **{
            "storage": "S3",
            "location": location,
            "participant": "IVR",
            "started_at": RECORDED_AT,
        }
        | changes
    )


def kvs(**changes: Any) -> ContactRecording:
    return ContactRecording(
        **{
            "storage": "KINESIS_VIDEO_STREAM",
            "location": STREAM,
            "participant": "CUSTOMER",
            "started_at": RECORDED_AT,
            "start_fragment": FIRST_NUMBER,
            "stop_fragment": FIRST_NUMBER + 6,
        }
        | changes
    )


def a_contact(**changes: Any) -> Contact:
    return Contact(
        **{
            "id": ID,
            "channel": "VOICE",
            "customer_number": "+14155550142",
            "system_number": "+18005550100",
            "began_at": RECORDED_AT - timedelta(seconds=20),
            "attributes": {"vm_flag": "1", "vm_timestamp": TONE_AT.isoformat()},
            "recordings": (ivr(),),
        }
        | changes
    )


def with_attributes(contact: Contact, **attributes: str) -> Contact:
    return replace(contact, attributes=dict(contact.attributes) | attributes)


def a_stream(samples: bytes = CALL, *, contact_id: str = ID) -> bytes:
    """The caller's side as fragments of one second, the first at `RECORDED_AT`."""
    parts = [samples[at : at + 2 * RATE] for at in range(0, len(samples), 2 * RATE)]
    began = RECORDED_AT.timestamp()
    return b"".join(
        a_fragment(number, part, a_tone(0.5), contact_id=contact_id, at=began + number)
        for number, part in enumerate(parts)
    )


class FakeConnect:
    """The client of Amazon Connect: what it was given, and ResourceNotFoundException for everything else."""

    def __init__(self) -> None:
        self.contacts: dict[str, Contact] = {}
        self.users: dict[str, str] = {}
        self.queues: dict[str, str] = {}
        self.refuses: ClientError | None = None

    def describe_contact(self, *, InstanceId: str, ContactId: str) -> dict[str, Any]:  # noqa: N803 - boto3's own
        contact = self._found(self.contacts, ContactId)
        return {
            "Contact": {
                "Id": contact.id,
                "Arn": f"{INSTANCE}/contact/{contact.id}",
                "Channel": contact.channel,
                "CustomerEndpoint": {"Address": contact.customer_number},
                "SystemEndpoint": {"Address": contact.system_number},
                "QueueInfo": {"Id": contact.queue_arn.rpartition("/")[2]},
                "InitiationTimestamp": contact.began_at,
                "AgentInfo": {"ConnectedToAgentTimestamp": contact.agent_connected_at},
                "Attributes": dict(contact.attributes),
                "Recordings": [
                    {
                        "StorageType": one.storage,
                        "Location": one.location,
                        "ParticipantType": one.participant,
                        "StartTimestamp": one.started_at,
                        "FragmentStartNumber": one.start_fragment,
                        "FragmentStopNumber": one.stop_fragment,
                    }
                    for one in contact.recordings
                ],
            }
        }

    def get_contact_attributes(self, **_: str) -> dict[str, Any]:
        return {}

    def describe_user(self, *, InstanceId: str, UserId: str) -> dict[str, Any]:  # noqa: N803 - boto3's own
        return {"User": {"Username": self._found(self.users, UserId)}}

    def describe_queue(self, *, InstanceId: str, QueueId: str) -> dict[str, Any]:  # noqa: N803 - boto3's own
        return {"Queue": {"Name": self._found(self.queues, QueueId)}}

    def _found(self, things: dict[str, Any], name: str) -> Any:
        if self.refuses:
            raise self.refuses
        if name not in things:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "Describe")
        return things[name]


class FakeMedia:
    """Streams by ARN, and from when on each was read; a stream that nobody reads on is closed."""

    def __init__(self) -> None:
        self.streams: dict[str, bytes] = {}
        self.opened: list[datetime | None] = []
        self.is_open = False

    @contextmanager
    def open(self, stream_arn: str, *, since: datetime | None = None) -> Iterator[Iterator[bytes]]:
        self.opened.append(since)
        self.is_open = True
        yield iter(in_chunks(self.streams[stream_arn], 4096))
        self.is_open = False


class CountingObjects(ObjectStore):
    """An S3 that counts downloads, and lets something happen before every new object."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.downloads = 0
        self.before_put: list[Any] = []

    def download(self, *args: Any, **options: Any) -> int:
        self.downloads += 1
        return super().download(*args, **options)

    def put_new(self, *args: Any, **options: Any) -> bool:
        if self.before_put:
            self.before_put.pop()()
        return super().put_new(*args, **options)


class Bench:
    """Everything that an intake needs, and the intake."""

    def __init__(self, s3: Any, folder: Path) -> None:
        for bucket in (CONNECT_BUCKET, OUR_BUCKET):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3 = s3
        self.folder = folder
        self.connect = FakeConnect()
        self.media = FakeMedia()
        self.objects = CountingObjects(s3)
        self.intake = self.an_intake()

    def an_intake(self, **changes: Any) -> AmazonConnectIntake:
        return AmazonConnectIntake(
            **{
                "contacts": ContactReader(self.connect, INSTANCE),
                "objects": self.objects,
                "media": self.media,
                "recordings": S3Recordings(self.objects, OUR_BUCKET, "voicemail_recordings"),
                "queues": {"Claims Queue": "Claims"},
                "default_region": "US",
                "folder": self.folder,
            }
            | changes
        )

    def knows(self, contact: Contact) -> Contact:
        self.connect.contacts[contact.id] = contact
        return contact

    def recorded(self, samples: bytes = CALL, key: str = KEY) -> None:
        self.s3.put_object(Bucket=CONNECT_BUCKET, Key=key, Body=a_wav(samples))

    def streamed(self, samples: bytes = CALL) -> None:
        self.media.streams[STREAM] = a_stream(samples)

    def kept(self) -> bytes:
        """The samples that are kept of the message."""
        with wave.open(self.s3.get_object(Bucket=OUR_BUCKET, Key=OUR_KEY)["Body"]) as file:
            return file.readframes(file.getnframes())
