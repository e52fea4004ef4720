"""Contacts, users and queues of one Amazon Connect instance, read through its API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scv_voicemail.aws.failures import NOT_THERE, our_errors
from scv_voicemail.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecording:
    """One entry of a contact's `Recordings`.

    `storage` is `S3` or `KINESIS_VIDEO_STREAM`; `location` is then `bucket/key` or the ARN of the stream.
    `participant` is `IVR` for the automated interaction, which the API's own list of values does not know.
    The fragment numbers of a stream are decimal integers of up to 128 characters.
    """

    storage: str
    location: str
    participant: str = ""
    started_at: datetime | None = None
    start_fragment: int | None = None
    stop_fragment: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One contact, as DescribeContact and the contact record both tell it. Times are UTC; empty is not known.

    `customer_number` is who called and `system_number` what was dialed.
    """

    id: str
    channel: str = ""
    customer_number: str = ""
    system_number: str = ""
    began_at: datetime | None = None
    agent_connected_at: datetime | None = None
    queue_arn: str = ""
    queue_name: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    recordings: tuple[ContactRecording, ...] = ()


class ContactReader:
    """Reads from one instance.

        contacts = ContactReader(AwsClients().client("connect"), instance_id)
        contact = contacts.contact("5324881f-1e84-4367-8930-f69a74b30ca6")

    `instance_id` is the id or the ARN of the instance. A contact that the instance does not know is `Rejected` with the
    code `ResourceNotFoundException`.
    """

    def __init__(self, client: Any, instance_id: str) -> None:
        self._client = client
        self._instance_id = instance_id.rpartition("/")[2]

    def contact(self, contact_id: str) -> Contact:
        """A contact with its attributes.

        https://docs.aws.amazon.com/connect/latest/APIReference/API_DescribeContact.html
        """
        with our_errors("connect:DescribeContact", of=f"contact {contact_id}"):
            answer = self._client.describe_contact(InstanceId=self._instance_id, ContactId=contact_id)["Contact"]
        initial_id = answer.get("InitialContactId") or ""
        queue_id = (answer.get("QueueInfo") or {}).get("Id") or ""
        return Contact(
            id=answer.get("Id") or contact_id,
            channel=answer.get("Channel") or "",
            customer_number=(answer.get("CustomerEndpoint") or {}).get("Address") or "",
            system_number=(answer.get("SystemEndpoint") or {}).get("Address") or "",
            began_at=_utc(answer.get("InitiationTimestamp")),
            agent_connected_at=_utc((answer.get("AgentInfo") or {}).get("ConnectedToAgentTimestamp")),
            queue_arn=_queue_arn(answer.get("Arn") or "", queue_id),
            attributes=answer.get("Attributes") or self._attributes(initial_id or contact_id),
            recordings=tuple(_recording(one) for one in answer.get("Recordings") or ()),
        )

    def username(self, user_id: str) -> str | None:
        """The user name of a rep; None when there is no such user any more."""
        try:
            with our_errors("connect:DescribeUser", of=f"user {user_id}"):
                answer = self._client.describe_user(InstanceId=self._instance_id, UserId=user_id)
        except Rejected as error:
            if error.code in NOT_THERE:
                return None
            raise
        return answer["User"].get("Username") or None

    def queue_name(self, queue_id: str) -> str | None:
        """The name of a queue; None when there is no such queue any more."""
        try:
            with our_errors("connect:DescribeQueue", of=f"queue {queue_id}"):
                answer = self._client.describe_queue(InstanceId=self._instance_id, QueueId=queue_id)
        except Rejected as error:
            if error.code in NOT_THERE:
                return None
            raise
        return answer["Queue"].get("Name") or None

    def _attributes(self, initial_id: str) -> Mapping[str, str]:
        with our_errors("connect:GetContactAttributes", of=f"contact {initial_id}"):
            answer = self._client.get_contact_attributes(InstanceId=self._instance_id, InitialContactId=initial_id)
        found: Mapping[str, str] = answer.get("Attributes") or {}
        return found


def _recording(entry: Mapping[str, Any]) -> ContactRecording:
    return ContactRecording(
        storage=entry.get("StorageType") or "",
        location=entry.get("Location") or "",
        participant=entry.get("ParticipantType") or "",
        started_at=_utc(entry.get("StartTimestamp")),
        start_fragment=fragment_number(entry.get("FragmentStartNumber")),
        stop_fragment=fragment_number(entry.get("FragmentStopNumber")),
    )


def fragment_number(text: object) -> int | None:
    """The number of a fragment of a Kinesis video stream; None for none."""
    digits = str(text or "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 128 else None


def _queue_arn(contact_arn: str, queue_id: str) -> str:
    """DescribeContact names the queue by its id alone; the contact's own ARN begins as the queue's does."""
    instance_arn = contact_arn.partition("/contact/")[0]
    return f"{instance_arn}/queue/{queue_id}" if instance_arn and queue_id else ""


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
