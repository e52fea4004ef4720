"""What `doctor` looks at in AWS, with the rights of whoever runs it. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from scv_voicemail.cli.finding import Finding, fine
from scv_voicemail.settings import S3Folder, Settings


def recordings(place: S3Folder) -> Iterator[Finding]:
    """Whether the bucket is there and its recordings may be listed; whether they may be written is not tried."""
    from scv_voicemail.aws.objects import ObjectStore
    from scv_voicemail.aws.session import AwsClients

    with AwsClients() as aws:
        first = next(ObjectStore(aws.client("s3")).listed(place.bucket, f"{place.prefix}/"), None)
    yield fine("recordings folder", f"{place}{'' if first else ', empty'}")


def rest_key(settings: Settings) -> Iterator[Finding]:
    """Whether AWS gives the external client app's key; one on this machine is read when logging in."""
    from scv_voicemail.aws.key_store import StoredKey
    from scv_voicemail.aws.session import AwsClients

    if settings.oauth_key_source:
        with AwsClients() as aws:
            StoredKey(settings.oauth_key_source, aws)()
        yield fine("app key", settings.oauth_key_source)


def examine_queues(settings: Settings) -> Iterator[Finding]:
    """How many doorbells have not been answered yet."""
    from scv_voicemail.aws.queues import SqsQueue
    from scv_voicemail.aws.session import AwsClients

    if settings.doorbell_queue_url:
        with AwsClients() as aws:
            waiting = SqsQueue(aws.client("sqs"), settings.doorbell_queue_url).length()
        yield fine("doorbell queue", f"{waiting} waiting")
