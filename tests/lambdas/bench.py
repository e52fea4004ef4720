"""What a handler is tried against: a real pipeline over a memory journal, and a Connect that says what it is told."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scv_voicemail.aws.objects import StoredObject
from scv_voicemail.aws_wiring import AmazonConnect
from scv_voicemail.errors import Unavailable
from scv_voicemail.intake.amazon_connect import Ignored, IgnoredReason, Taken
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.pipeline import Pipeline, Policy
from scv_voicemail.ports import Run
from scv_voicemail.settings import S3Folder, Settings
from scv_voicemail.voicemail import Voicemail
from scv_voicemail.wiring import Connector
from scv_voicemail_lambdas.metrics import Metrics

from tests.builders import a_voicemail, time_now
from tests.unit.pipeline_bench import FakeTranscriber, ScriptedTarget

CONTACT = "5324881f-1e84-4367-8930-f69a74b30ca6"
OTHER_CONTACT = "6324881f-1e84-4367-8930-f69a74b30ca6"
IVR_FOLDER = "connect/acme/CallRecordings/ivr"
QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:recordings"

Told = Taken | Ignored | Exception


class FakeIntake:
    """Says of a contact what it is told to say; one that it was told nothing of is no voicemail."""

    def __init__(self) -> None:
        self.says: dict[str, Told] = {}
        self.asked: list[tuple[str, str, bool | None]] = []

    def of_recording(self, bucket: str, key: str, *, patient: bool = True) -> Taken | Ignored:
        return self._answer("recording", key.rpartition("/")[2].partition("_")[0].removesuffix(".wav"), patient)

    def of_contact_record(self, contact: Any, *, patient: bool = True) -> Taken | Ignored:
        return self._answer("contact record", contact.id, patient)

    def of_kept_recording(self, key: str) -> Taken | Ignored:
        return self._answer("kept", key.rpartition("/")[2].removesuffix(".wav"), None)

    def _answer(self, way: str, contact_id: str, patient: bool | None) -> Taken | Ignored:
        self.asked.append((way, contact_id, patient))
        said = self.says.get(contact_id, Ignored(reason=IgnoredReason.NOT_A_VOICEMAIL, contact_id=contact_id))
        if isinstance(said, Exception):
            raise said
        return said


class FakeBell:
    """Remembers who was rung for, and after how long; the first `failures` rings find no queue."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, float]] = []
        self.failures = 0

    def ring(self, voicemail_id: str, *, delay_seconds: float = 0) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("the queue does not answer", service="sqs")
        self.rung.append((voicemail_id, delay_seconds))


class FakeQueue:
    """Remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, body: str, *, delay_seconds: float = 0) -> None:
        self.sent.append(json.loads(body))


class FakeObjects:
    """Lists the keys it was given, by bucket, with the time they were stored; or breaks."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, datetime]] = {}
        self.listings: list[str] = []
        self.breaking: dict[str, Exception] = {}

    def listed(self, bucket: str, prefix: str, *, since: datetime, until: datetime) -> list[StoredObject]:
        self.listings.append(f"{bucket}/{prefix}")
        if bucket in self.breaking:
            raise self.breaking[bucket]
        found = self.stored.get(bucket, {})
        return [
            StoredObject(key=key, size_bytes=1, last_modified=at)
            for key, at in sorted(found.items())
            if key.startswith(prefix) and since <= at < until
        ]

    def has_any(self, bucket: str, prefix: str) -> bool:
        return any(key.startswith(prefix) for key in self.stored.get(bucket, {}))


class OurRecordings:
    """The place of our own recordings, which keeps whatever it is given."""

    bucket = "ours"
    prefix = "voicemail_recordings"

    def keep(self, voicemail: Voicemail) -> Voicemail:
        return voicemail

    def settle(self, known: Voicemail, kept: Voicemail) -> list[str]:
        return []

    def put_back(self, known: Voicemail, again: Voicemail) -> None:
        return None

    def id_of(self, key: str) -> str | None:
        folder, _, name = key.rpartition("/")
        return name.removesuffix(".wav") if folder == self.prefix else None


@dataclass(kw_only=True)
class Lambda:
    """Everything around a handler; `now` is the time of the sweep."""

    target: ScriptedTarget = field(default_factory=ScriptedTarget)
    transcriber: FakeTranscriber = field(default_factory=FakeTranscriber)
    policy: Policy = field(default_factory=Policy)
    intake: FakeIntake = field(default_factory=FakeIntake)
    bell: FakeBell = field(default_factory=FakeBell)
    dead_letters: FakeQueue | None = field(default_factory=FakeQueue)
    objects: FakeObjects = field(default_factory=FakeObjects)
    now: Callable[[], datetime] = time_now
    shown_again: list[tuple[str, str, float]] = field(default_factory=list)
    seconds: float = math.inf

    def __post_init__(self) -> None:
        self.journal = MemoryJournal()
        self.pipeline = Pipeline(
            journal=self.journal,
            targets={self.target.name: self.target},
            default_targets=[self.target.name],
            transcriber=self.transcriber,
            owner="test",
            policy=self.policy,
            now=self.now,
            chance=lambda: 1.0,
        )
        settings = Settings(_env_file=None, connect_recordings=f"s3://theirs/{IVR_FOLDER}")  # type: ignore[call-arg]
        assert isinstance(settings.connect_recordings, S3Folder)
        recordings: Any = OurRecordings()
        parts: dict[str, Any] = {
            "settings": settings,
            "connector": Connector(
                settings=settings, journal=self.journal, pipeline=self.pipeline, recordings=recordings, closing=[]
            ),
            "intake": self.intake,
            "recordings": recordings,
            "objects": self.objects,
            "doorbell": self.bell,
            "dead_letters": self.dead_letters,
            "show_again": lambda *told: self.shown_again.append(told),
            "now": self.now,
        }
        self.parts = AmazonConnect(**parts)
        self.lines: list[str] = []
        self.metrics = Metrics(write=self.lines.append)

    def seconds_left(self) -> float:
        return self.seconds

    @property
    def counted(self) -> dict[str, float]:
        """The metrics so far, each added up."""
        return {str(name): sum(values) for name, values in self.metrics.values.items()}

    def run(self, voicemail_id: str = CONTACT) -> Run:
        (run,) = self.journal.runs(voicemail_id=voicemail_id)
        return run


class FakeContext:
    """What Lambda gives a handler."""

    function_name = "stack-SomeFunction-1A2B"
    aws_request_id = "9a2c1c57-0000-4000-8000-000000000000"

    def __init__(self, seconds: float = 60) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return round(self.seconds * 1000)


def a_taken(
    contact_id: str = CONTACT,
    *,
    deliver: bool = True,
    notes: tuple[str, ...] = (),
    beep_at: datetime | None = None,
    **changes: Any,
) -> Taken:
    return Taken(voicemail=a_voicemail(id=contact_id, **changes), deliver=deliver, notes=notes, beep_at=beep_at)


def a_key(contact_id: str = CONTACT, day: str = "2026/11/20") -> str:
    return f"{IVR_FOLDER}/{day}/{contact_id}_20261120T12:00_UTC.wav"


def an_object_event(key: str, *, bucket: str = "theirs", time: str = "2026-11-20T12:00:00Z") -> dict[str, Any]:
    """What EventBridge says of an object that was written."""
    detail = {"bucket": {"name": bucket}, "object": {"key": key, "size": 1154}}
    return {"source": "aws.s3", "detail-type": "Object Created", "time": time, "detail": detail}


def messages_of(*bodies: Mapping[str, Any] | str, tries: int = 1) -> dict[str, Any]:
    """An SQS event with these messages: message-0, message-1, …"""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"receipt-{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": str(tries)},
                "eventSource": "aws:sqs",
                "eventSourceARN": QUEUE_ARN,
            }
            for number, body in enumerate(bodies)
        ]
    }


def failed(*names: str) -> dict[str, list[dict[str, str]]]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


def ago(seconds: float) -> datetime:
    return time_now() - timedelta(seconds=seconds)
