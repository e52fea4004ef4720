"""One SQS queue: sends to it, counts it, and puts off what was received from it."""

from __future__ import annotations

from typing import Any

from scv_voicemail.aws.failures import our_errors

MAX_DELAY_SECONDS = 900
"""The longest that SQS holds a message back."""


class SqsQueue:
    """A queue behind a boto3 client.

    SqsQueue(AwsClients().client("sqs"), queue_url).send('{"voicemailId": "42"}', delay_seconds=30)
    """

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str, *, delay_seconds: float = 0) -> None:
        """Send one message; it is received no earlier than after the delay, of which SQS knows at most 15 minutes."""
        delay = min(max(round(delay_seconds), 0), MAX_DELAY_SECONDS)
        with our_errors("sqs:SendMessage", of=f"queue {self._url.rpartition('/')[2]}"):
            self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay)

    def length(self) -> int:
        """About how many messages wait to be received."""
        with our_errors("sqs:GetQueueAttributes", of=f"queue {self._url.rpartition('/')[2]}"):
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def show_again(self, receipt: str, *, after_seconds: float) -> None:
        """Let a message that was received, and is not deleted, be received again so much later."""
        with our_errors("sqs:ChangeMessageVisibility", of=f"queue {self._url.rpartition('/')[2]}"):
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=max(round(after_seconds), 0)
            )
