"""The SQS API for the queues of the stack, in the JSON protocol (`x-amz-target: AmazonSQS.…`)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from scv_emulator.aws.queues import BODY_LIMIT_BYTES, DELAY_LIMIT_SECONDS, Message, Queue, Queues
from scv_emulator.aws.template import ACCOUNT_ID, REGION
from scv_emulator.aws_services import AwsAnswer, AwsError, AwsRequest, json_answer, not_played


class SqsService:
    """SendMessage, ReceiveMessage, DeleteMessage, ChangeMessageVisibility, GetQueueUrl, GetQueueAttributes."""

    def __init__(self, queues: Queues, *, url: Callable[[], str], message_sent: Callable[[], None]) -> None:
        self._queues = queues
        self._url = url
        self._message_sent = message_sent
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "SendMessage": self._send,
            "ReceiveMessage": self._receive,
            "DeleteMessage": self._delete,
            "ChangeMessageVisibility": self._change_visibility,
            "GetQueueUrl": lambda body: {"QueueUrl": self._url_of(self._named(body.get("QueueName", "")))},
            "GetQueueAttributes": self._attributes,
        }

    def operation(self, request: AwsRequest) -> str:
        """The operation's name."""
        name = request.headers.get("x-amz-target", "").rpartition(".")[2]
        return name if name in self._operations else ""

    def answer(self, request: AwsRequest) -> AwsAnswer:
        """Answer one request."""
        name = self.operation(request)
        if not name:
            raise not_played("SQS", request.headers.get("x-amz-target", "a request without a target"))
        return json_answer(self._operations[name](request.json()))

    def _send(self, body: dict[str, Any]) -> dict[str, Any]:
        queue = self._queue(body)
        text = body.get("MessageBody")
        delay = body.get("DelaySeconds")
        if not isinstance(text, str) or not 0 < len(text.encode()) <= BODY_LIMIT_BYTES:
            raise AwsError("InvalidParameterValue", f"MessageBody: expected 1 to {BODY_LIMIT_BYTES} bytes of text")
        if delay is not None and not (isinstance(delay, int) and 0 <= delay <= DELAY_LIMIT_SECONDS):
            raise AwsError("InvalidParameterValue", f"DelaySeconds: expected 0 to {DELAY_LIMIT_SECONDS}")
        message_id = self._queues.send(queue, text, delay_seconds=delay, attributes=body.get("MessageAttributes") or {})
        self._message_sent()
        return {"MessageId": message_id, "MD5OfMessageBody": _md5(text)}

    def _receive(self, body: dict[str, Any]) -> dict[str, Any]:
        most = int(body.get("MaxNumberOfMessages", 1))
        found = self._queues.receive(self._queue(body), most, visibility_seconds=body.get("VisibilityTimeout"))
        return {"Messages": [self._shown(one) for one in found]} if found else {}

    def _delete(self, body: dict[str, Any]) -> dict[str, Any]:
        self._queues.delete(self._queue(body), body.get("ReceiptHandle", ""))
        return {}

    def _change_visibility(self, body: dict[str, Any]) -> dict[str, Any]:
        if not self._queues.hide(self._queue(body), body.get("ReceiptHandle", ""), float(body["VisibilityTimeout"])):
            raise AwsError("ReceiptHandleIsInvalid", "there is no message with this receipt")
        return {}

    def _attributes(self, body: dict[str, Any]) -> dict[str, Any]:
        queue = self._queue(body)
        visible, hidden, delayed = self._queues.counts(queue)
        everything = {
            "QueueArn": queue.spec.arn,
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(hidden),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
            "VisibilityTimeout": f"{queue.spec.visibility_seconds:g}",
            "DelaySeconds": f"{queue.spec.delay_seconds:g}",
        }
        wanted = set(body.get("AttributeNames", ["All"]))
        return {"Attributes": {name: one for name, one in everything.items() if "All" in wanted or name in wanted}}

    def _queue(self, body: dict[str, Any]) -> Queue:
        return self._named(str(body.get("QueueUrl", "")).rpartition("/")[2])

    def _named(self, name: str) -> Queue:
        try:
            return self._queues.of_name(name)
        except LookupError as error:
            raise AwsError("QueueDoesNotExist", "the specified queue does not exist") from error

    def _url_of(self, queue: Queue) -> str:
        return f"{self._url()}/{ACCOUNT_ID}/{queue.spec.name}"

    @staticmethod
    def _shown(message: Message) -> dict[str, Any]:
        return {
            "MessageId": message.message_id,
            "ReceiptHandle": message.receipt,
            "MD5OfBody": _md5(message.body),
            "Body": message.body,
            "Attributes": attributes_of(message),
            "MessageAttributes": dict(message.attributes),
        }


def attributes_of(message: Message) -> dict[str, str]:
    """The system attributes of a received message."""
    shown = {
        "ApproximateReceiveCount": str(message.receive_count),
        "SentTimestamp": str(round(message.sent_at.timestamp() * 1_000)),
        "SenderId": ACCOUNT_ID,
        "ApproximateFirstReceiveTimestamp": str(
            round((message.first_received_at or message.sent_at).timestamp() * 1_000)
        ),
    }
    return shown | ({"DeadLetterQueueSourceArn": message.source_arn} if message.source_arn else {})


def lambda_record(message: Message, queue: Queue) -> dict[str, Any]:
    """A message as a function gets it."""
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": attributes_of(message),
        "messageAttributes": dict(message.attributes),
        "md5OfBody": _md5(message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.spec.arn,
        "awsRegion": REGION,
    }


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
