"""Messages to SQS."""

from __future__ import annotations

import pytest
from scv_voicemail.aws.queues import SqsQueue
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import SettingsInvalid


def test_a_message_arrives_as_it_is(moto_clients: AwsClients) -> None:
    """Body and nothing else."""
    client = moto_clients.client("sqs")
    url = client.create_queue(QueueName="doorbell")["QueueUrl"]

    SqsQueue(client, url).send('{"voicemailId": "42"}')

    received = client.receive_message(QueueUrl=url)["Messages"]
    assert [one["Body"] for one in received] == ['{"voicemailId": "42"}']


@pytest.mark.parametrize("seconds", [-3, 0.4, 899.6, 5000])
def test_a_delay_is_kept_within_what_sqs_takes(moto_clients: AwsClients, seconds: float) -> None:
    """Longer waits are the sweep's business; SQS itself would refuse them."""
    client = moto_clients.client("sqs")
    url = client.create_queue(QueueName="doorbell")["QueueUrl"]

    SqsQueue(client, url).send("x", delay_seconds=seconds)

    names = ["ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessages"]
    counted = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert counted[names[0 if seconds > 1 else 1]] == "1"


def test_a_queue_that_is_not_there_is_a_setting(moto_clients: AwsClients) -> None:
    """The message names the queue, not the account."""
    client = moto_clients.client("sqs")
    url = f"https://sqs.{client.meta.region_name}.amazonaws.com/123456789012/gone"

    with pytest.raises(SettingsInvalid, match="queue gone"):
        SqsQueue(client, url).send("x")


def test_a_message_that_is_put_off_is_not_received_meanwhile(moto_clients: AwsClients) -> None:
    """And at zero seconds it is there again at once."""
    client = moto_clients.client("sqs")
    url = client.create_queue(QueueName="doorbell")["QueueUrl"]
    queue = SqsQueue(client, url)
    queue.send("x")
    receipt = client.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]

    queue.show_again(receipt, after_seconds=60)
    put_off = client.receive_message(QueueUrl=url).get("Messages", [])
    queue.show_again(receipt, after_seconds=0)
    again = client.receive_message(QueueUrl=url).get("Messages", [])

    assert (len(put_off), len(again)) == (0, 1)


def test_a_queue_knows_about_how_long_it_is(moto_clients: AwsClients) -> None:
    """What waits, without what is put off."""
    client = moto_clients.client("sqs")
    queue = SqsQueue(client, client.create_queue(QueueName="dead-letters")["QueueUrl"])
    for delay in (0, 0, 60):
        queue.send("x", delay_seconds=delay)

    assert queue.length() == 2
