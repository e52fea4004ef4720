"""What moto does not play of AWS, behind the methods of boto3; and clients whose calls can be counted and fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError
from scv_voicemail.aws.session import AwsClients

from tests.builders import time_now


def refused(code: str, status: int = 400, message: str = "no") -> ClientError:
    """What boto3 raises when AWS refuses."""
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call"
    )


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
        self.jobs[name] = {**told, "CreationTime": time_now(), "request": request}
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
