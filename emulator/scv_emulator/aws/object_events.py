"""What S3 tells of objects that were written, as the bucket's notification configuration asks for it.

moto's own notifications encode keys twice and tell of tags that nobody set, so these are made here.
Pages: "Amazon S3 Event Notifications" and "Event message structure" in the S3 user guide.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from scv_emulator.aws.bucket_notifications import BucketNotifications
from scv_emulator.aws.template import ACCOUNT_ID, REGION

_CLASSIC = {"PutObject": "Put", "CopyObject": "Copy", "CompleteMultipartUpload": "CompleteMultipartUpload"}


class ObjectEvents:
    """Tells of written objects. `describe` gives size, etag and version id of one."""

    def __init__(
        self,
        notifications: BucketNotifications,
        *,
        now: Callable[[], datetime],
        describe: Callable[[str, str], Mapping[str, Any]],
        put_event: Callable[..., None],
        notify: Callable[[str, str], None],
    ) -> None:
        self._notifications = notifications
        self._now = now
        self._describe = describe
        self._put_event = put_event
        self._notify = notify
        self._count = 0

    def written(self, bucket: str, key: str, reason: str) -> None:
        """An object was created by this operation of the S3 API."""
        event = f"ObjectCreated:{_CLASSIC[reason]}"
        queues = [one for one in self._notifications.queues(bucket) if one.wants(event, key)]
        tells = self._notifications.tells_event_bridge(bucket)
        if not tells and not queues:
            return
        self._count += 1
        facts = {**self._describe(bucket, key), "sequencer": f"{0x0062CF36F4EAD500 + self._count:016X}"}
        if tells:
            self._put_event("aws.s3", "Object Created", _detail(bucket, key, reason, facts), resources=[_arn(bucket)])
        for one in queues:
            message = _message(bucket, key, event, facts, at=self._now(), configuration_id=one.configuration_id)
            self._notify(one.queue_arn, json.dumps(message))


def _detail(bucket: str, key: str, reason: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    described = {"key": key, "size": facts["size"], "etag": facts["etag"], "sequencer": facts["sequencer"]}
    if facts["version_id"]:
        described["version-id"] = facts["version_id"]
    return {
        "version": "0",
        "bucket": {"name": bucket},
        "object": described,
        "request-id": "C3D13FE58DE4C810",
        "requester": ACCOUNT_ID,
        "source-ip-address": "127.0.0.1",
        "reason": reason,
    }


def _message(
    bucket: str, key: str, event: str, facts: Mapping[str, Any], *, at: datetime, configuration_id: str
) -> dict[str, Any]:
    encoded = {
        "key": quote_plus(key, safe="/"),
        "size": facts["size"],
        "eTag": facts["etag"],
        "sequencer": facts["sequencer"],
    }
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03d}Z",
        "eventName": event,
        "userIdentity": {"principalId": "AWS:EMULATOR"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "EMULATOR"}, "arn": _arn(bucket)},
            "object": encoded,
        },
    }
    return {"Records": [record]}


def _arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"
