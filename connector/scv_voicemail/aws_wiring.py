"""Settings in, what the Lambda handlers need out: the AWS half of the wiring."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from scv_voicemail.aws.contacts import ContactReader
from scv_voicemail.aws.media import MediaReader
from scv_voicemail.aws.objects import ObjectStore
from scv_voicemail.aws.queues import SqsQueue
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.intake.amazon_connect import AmazonConnectIntake, ShortMessages, ShortPolicy
from scv_voicemail.intake.s3_recordings import S3Recordings
from scv_voicemail.ports import Clock
from scv_voicemail.settings import PREFIX, S3Folder, Settings
from scv_voicemail.target_wiring import require
from scv_voicemail.transcription.amazon_transcribe import voicemail_id_of
from scv_voicemail.wiring import Connector, connect

NEEDS = ("connect_instance_id", "doorbell_queue_url")
"""Settings without which nothing comes in from Amazon Connect."""


class Doorbell:
    """Tells a worker that a voicemail is due. Only a hint: the journal is the truth, and a sweep hears what is lost."""

    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def ring(self, voicemail_id: str, *, delay_seconds: float = 0) -> None:
        """Ring now, or in at most fifteen minutes."""
        self._queue.send(json.dumps({"voicemailId": voicemail_id}), delay_seconds=delay_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmazonConnect:
    """What the handlers work with. Tests give parts of their own.

    `voicemail_id_of_job` is the voicemail that a transcription job belongs to, or None. `show_again` lets a message of
    a queue (its ARN, the message's receipt) come again after so many seconds.
    """

    settings: Settings
    connector: Connector
    intake: AmazonConnectIntake
    recordings: S3Recordings
    objects: ObjectStore
    doorbell: Doorbell
    dead_letters: SqsQueue | None
    show_again: Callable[[str, str, float], None]
    voicemail_id_of_job: Callable[[str], str | None] = voicemail_id_of
    now: Clock = lambda: datetime.now(UTC)


def amazon_connect(settings: Settings, *, aws: AwsClients | None = None) -> AmazonConnect:
    """The parts that the settings describe. Raises `SettingsInvalid` for what is missing; talks to nobody yet."""
    require(settings, *NEEDS)
    if not isinstance(settings.recordings_dir, S3Folder):
        raise SettingsInvalid(f"{PREFIX}RECORDINGS_DIR is a folder", fix="set it to s3://BUCKET/PREFIX")
    aws = aws or AwsClients()
    # Sandboxes are copies of each other, down to the process id: only a name drawn by lot tells them apart.
    connector = connect(settings, owner=f"lambda/{uuid.uuid4()}", aws=aws)
    objects, recordings, queues = ObjectStore(aws.client("s3")), connector.recordings, aws.client("sqs")
    assert isinstance(recordings, S3Recordings)

    def show_again(queue_arn: str, receipt: str, seconds: float) -> None:
        SqsQueue(queues, beside(settings.doorbell_queue_url, queue_arn)).show_again(receipt, after_seconds=seconds)

    return AmazonConnect(
        settings=settings,
        connector=connector,
        intake=AmazonConnectIntake(
            contacts=ContactReader(aws.client("connect"), settings.connect_instance_id),
            objects=objects,
            media=MediaReader(aws),
            recordings=recordings,
            short=ShortMessages(policy=ShortPolicy(settings.short_messages), seconds=settings.short_seconds),
            queues=settings.mailbox_queues,
            reps=settings.mailbox_reps,
            default_region=settings.default_region,
            default_dialed_number=settings.dialed_number,
            not_before=settings.ignore_contacts_before,
        ),
        recordings=recordings,
        objects=objects,
        doorbell=Doorbell(SqsQueue(queues, settings.doorbell_queue_url)),
        dead_letters=SqsQueue(queues, settings.dead_letter_queue_url) if settings.dead_letter_queue_url else None,
        show_again=show_again,
    )


def beside(queue_url: str, queue_arn: str) -> str:
    """The address of another queue of the same account and region."""
    return f"{queue_url.rpartition('/')[0]}/{queue_arn.rpartition(':')[2]}"
