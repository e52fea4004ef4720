"""The emulator's own way to S3 and DynamoDB: makes the stack's buckets and tables, reads and writes objects."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import boto3
from botocore.config import Config
from werkzeug.test import Client, TestResponse

from scv_emulator.aws.front_door import OWN_KEY, FrontDoor
from scv_emulator.aws.resources import Stack
from scv_emulator.aws.template import REGION

_NOTIFYING = (
    b'<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<EventBridgeConfiguration/></NotificationConfiguration>"
)


def client_of(service: str, *, url: str) -> Any:
    """A boto3 client for the local AWS that asks as the emulator itself."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, s3={"addressing_style": "path"})
    keys = {"aws_access_key_id": OWN_KEY, "aws_secret_access_key": "local"}
    return _session().client(service, region_name=REGION, endpoint_url=url, config=config, **keys)


@functools.cache
def _session() -> Any:
    return boto3.session.Session()  # reads the services' models once


class StorageRefused(Exception):
    """moto did not do what the stack needs; the message has its answer."""


class Storage:
    """Buckets, tables and objects, through the front door but without HTTP: a client of an SDK takes its time."""

    def __init__(self, door: FrontDoor, *, url: str) -> None:
        self._client = Client(door, use_cookies=False)
        self._url = url

    def create(self, stack: Stack) -> None:
        """Make what the stack keeps things in."""
        for table in stack.tables:
            body = json.dumps({"BillingMode": "PAY_PER_REQUEST", **table}).encode()
            headers = {"X-Amz-Target": "DynamoDB_20120810.CreateTable", "Content-Type": "application/x-amz-json-1.0"}
            self._done(self._ask("POST", "/", service="dynamodb", body=body, headers=headers))
        for name in stack.buckets.values():
            self.create_bucket(name, notifies=False)

    def create_bucket(self, name: str, *, notifies: bool) -> None:
        """Make a bucket, and let it tell EventBridge of its objects."""
        self._done(self._ask("PUT", f"/{name}"))
        if notifies:
            self._done(self._ask("PUT", f"/{name}?notification", body=_NOTIFYING))

    def has_bucket(self, name: str) -> bool:
        """True when there is such a bucket."""
        return self._ask("HEAD", f"/{name}").status_code == 200

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Write an object."""
        self._done(self._ask("PUT", f"/{bucket}/{quote(key)}", body=content))

    def get(self, bucket: str, key: str) -> bytes:
        """Read an object; LookupError when it is not there."""
        answer = self._ask("GET", f"/{bucket}/{quote(key)}")
        if answer.status_code == 404:
            raise LookupError(f"s3://{bucket}/{key} is not there")
        content: bytes = self._done(answer).data
        return content

    def describe(self, bucket: str, key: str) -> dict[str, Any]:
        """What an event says of an object."""
        head = self._done(self._ask("HEAD", f"/{bucket}/{quote(key)}")).headers
        return {
            "size": int(head["Content-Length"]),
            "etag": head["ETag"].strip('"'),
            "version_id": head.get("x-amz-version-id", ""),
        }

    def _ask(
        self,
        method: str,
        path: str,
        *,
        service: str = "s3",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        scope = f"{OWN_KEY}/20260101/{REGION}/{service}/aws4_request"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
        return self._client.open(
            path, method=method, base_url=self._url, data=body, headers=signed | dict(headers or {})
        )

    @staticmethod
    def _done(answer: TestResponse) -> TestResponse:
        if answer.status_code >= 300:
            raise StorageRefused(f"{answer.status_code}: {answer.text}")
        return answer
