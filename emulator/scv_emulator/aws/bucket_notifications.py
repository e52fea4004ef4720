"""Notification configurations of buckets: kept and shown here, because moto forgets that EventBridge was asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree

from scv_emulator.aws_services import AwsAnswer, AwsError, AwsRequest

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_EMPTY = f'<NotificationConfiguration xmlns="{_NAMESPACE}"/>'.encode()
_OTHERS = ("TopicConfiguration", "CloudFunctionConfiguration")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueNotification:
    """A queue that is told of a bucket's objects."""

    configuration_id: str
    queue_arn: str
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    def wants(self, event: str, key: str) -> bool:
        """True for an event such as `ObjectCreated:Put` of this key."""
        named = any(one in {f"s3:{event}", "s3:ObjectCreated:*"} for one in self.events)
        return named and key.startswith(self.prefix) and key.endswith(self.suffix)


class BucketNotifications:
    """What each bucket tells, and to whom. `exists` says whether there is such a bucket."""

    def __init__(self, *, exists: Callable[[str], bool]) -> None:
        self._exists = exists
        self._documents: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def answer(self, request: AwsRequest) -> AwsAnswer:
        """PutBucketNotificationConfiguration and GetBucketNotificationConfiguration."""
        bucket = request.path.strip("/")
        if not self._exists(bucket):
            raise AwsError("NoSuchBucket", "The specified bucket does not exist", status=404)
        if request.method == "PUT":
            self._check(request.body)
            with self._lock:
                self._documents[bucket] = request.body
            return AwsAnswer(content_type="application/xml")
        return AwsAnswer(body=self._document(bucket), content_type="application/xml")

    def tells_event_bridge(self, bucket: str) -> bool:
        """True when the bucket sends its events to EventBridge."""
        return _read(self._document(bucket)).find(f"{{{_NAMESPACE}}}EventBridgeConfiguration") is not None

    def queues(self, bucket: str) -> list[QueueNotification]:
        """The queues that the bucket tells."""
        found = _read(self._document(bucket)).findall(f"{{{_NAMESPACE}}}QueueConfiguration")
        return [_queue(one) for one in found]

    def _document(self, bucket: str) -> bytes:
        with self._lock:
            return self._documents.get(bucket, _EMPTY)

    @staticmethod
    def _check(document: bytes) -> None:
        try:
            root = _read(document)
        except ElementTree.ParseError as error:
            raise AwsError("MalformedXML", str(error)) from error
        for name in _OTHERS:
            if root.find(f"{{{_NAMESPACE}}}{name}") is not None:
                raise AwsError("NotImplemented", f"the emulator's buckets do not play {name}", status=501)


def _read(document: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(document)  # noqa: S314 - comes from clients on this machine, held for them only


def _queue(element: ElementTree.Element) -> QueueNotification:
    def texts(name: str) -> list[str]:
        return [one.text or "" for one in element.findall(f"{{{_NAMESPACE}}}{name}")]

    rules = {
        one.findtext(f"{{{_NAMESPACE}}}Name", "").lower(): one.findtext(f"{{{_NAMESPACE}}}Value", "")
        for one in element.iter(f"{{{_NAMESPACE}}}FilterRule")
    }
    return QueueNotification(
        configuration_id="".join(texts("Id")),
        queue_arn="".join(texts("Queue")),
        events=tuple(texts("Event")),
        prefix=rules.get("prefix", ""),
        suffix=rules.get("suffix", ""),
    )
