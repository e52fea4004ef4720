"""The objects that an event says were written to S3, in both shapes that S3 has for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from scv_voicemail.errors import BadVoicemail

_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_IVR_RECORDING = re.compile(rf"(?:^|/)ivr/(?:[^/]+/)*({_UUID})(?:_[^/]*)?\.wav")


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """Where something was written."""

    bucket: str
    key: str


def written_objects(event: object) -> tuple[WrittenObject, ...]:
    """The objects an event announces; none for test events and for other things that happen to objects.

    EventBridge gives keys as they are, S3's own notifications give them URL-encoded, with `+` for a space:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    What is no event of S3 at all is a `BadVoicemail`.
    """
    if not isinstance(event, Mapping):
        raise BadVoicemail("this is no event of S3: it is no JSON object")
    if event.get("Event") == "s3:TestEvent":
        return ()
    if event.get("source") == "aws.s3":
        return (_written(event.get("detail")),) if event.get("detail-type") == "Object Created" else ()
    records = event.get("Records")
    if not isinstance(records, list):
        raise BadVoicemail("this is no event of S3: it has neither `source` aws.s3 nor `Records`")
    return tuple(
        _decoded(_written(record.get("s3")))
        for record in records
        if isinstance(record, Mapping) and "ObjectCreated:" in str(record.get("eventName", ""))
    )


def contact_id_of(key: str) -> str | None:
    """The contact whose automated interaction this key is the recording of; None for any other object.

    connect/ALIAS/CallRecordings/ivr/2026/11/20/5324881f-1e84-4367-8930-f69a74b30ca6_20261120T12:00_UTC.wav
    """
    found = _IVR_RECORDING.search(key)
    return found[1].lower() if found and found.end() == len(key) else None


def _written(detail: Any) -> WrittenObject:
    try:
        bucket, key = detail["bucket"]["name"], detail["object"]["key"]
    except (KeyError, TypeError) as error:
        raise BadVoicemail("the event of S3 names no bucket and key") from error
    if not isinstance(bucket, str) or not isinstance(key, str) or not bucket or not key:
        raise BadVoicemail("the event of S3 names no bucket and key")
    return WrittenObject(bucket, key)


def _decoded(written: WrittenObject) -> WrittenObject:
    return WrittenObject(written.bucket, unquote_plus(written.key))
