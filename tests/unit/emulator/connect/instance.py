"""A local Amazon Connect without AWS around it: what it does to its surroundings is kept in lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from scv_emulator.aws_services import AwsAnswer, AwsRequest, AwsService
from scv_emulator.clock import Clock
from scv_emulator.connect.contacts import Contacts
from scv_emulator.connect.ports import SimulatedContact
from scv_emulator.connect.video_streams import VideoStreams
from scv_emulator.connect.world import LocalConnect

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
INSTANCE_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
INSTANCE_ARN = f"arn:aws:connect:us-east-1:123456789012:instance/{INSTANCE_ID}"
CONTACT_ID = "5ca32fbd-8f92-46af-92a5-6b0f970f0efe"


class Surroundings:
    """Keeps everything."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.records: list[dict[str, Any]] = []
        self.events: list[Mapping[str, Any]] = []
        self.sent: list[tuple[str, float]] = []
        self.answer: Any = {}

    def put_object(self, bucket: str, key: str, content: bytes) -> None:
        self.objects[bucket, key] = content

    def get_object(self, bucket: str, key: str) -> bytes:
        return self.objects[bucket, key]

    def call_function(self, arn: str, event: Mapping[str, Any], *, at: datetime, limit_seconds: float) -> Any:
        return self.answer

    def put_contact_record(self, record: bytes, *, partition_key: str) -> None:
        self.records.append(json.loads(record))

    def put_event(self, source: str, detail_type: str, detail: Mapping[str, Any]) -> None:
        self.events.append(detail)

    def later(self, hop: str, what: str, deliver: Callable[[], None], *, after_seconds: float) -> None:
        self.sent.append((hop, after_seconds))
        deliver()


class Instance:
    """A local Amazon Connect at noon."""

    def __init__(self) -> None:
        self.clock = Clock(real_time=lambda: NOON)
        self.surroundings = Surroundings()
        self.contacts = Contacts(
            instance_arn=INSTANCE_ARN,
            now=self.clock.now,
            changed_after_call=self._send_again,
        )
        self.streams = VideoStreams(
            now=self.clock.now,
            region="us-east-1",
            account_id="123456789012",
            prefix="voice-connect-demo",
            instance_id=INSTANCE_ID,
        )
        self.connect = LocalConnect(
            contacts=self.contacts,
            streams=self.streams,
            surroundings=self.surroundings,
            clock=self.clock,
            alias="demo",
            bucket="connect-bucket",
        )

    def _send_again(self, contact: SimulatedContact) -> None:
        self.connect.send_record(contact)


def a_contact(**changes: Any) -> SimulatedContact:
    return SimulatedContact(
        **{
            "contact_id": CONTACT_ID,
            "instance_arn": INSTANCE_ARN,
            "customer_number": "+14155550100",
            "system_number": "+18005550100",
            "began_at": NOON,
            "attributes": {"vm_flag": "1"},
        }
        | changes
    )


def ask(service: AwsService, method: str, path: str, body: Any = None) -> AwsAnswer:
    """One request, without HTTP."""
    content = b"" if body is None else json.dumps(body).encode()
    return service.answer(AwsRequest(method=method, path=path, body=content))


def data(answer: AwsAnswer) -> dict[str, Any]:
    """The JSON of an answer."""
    assert isinstance(answer.body, bytes)
    read: dict[str, Any] = json.loads(answer.body)
    return read
