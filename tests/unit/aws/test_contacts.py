"""Contacts, users and queues of Amazon Connect, over HTTP with boto3."""

from __future__ import annotations

from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from scv_voicemail.aws.contacts import Contact, ContactReader, ContactRecording
from scv_voicemail.aws.failures import NOT_THERE
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import PermissionMissing, RateLimited, Rejected, Unavailable

from tests.unit.aws.conftest import StandIn

INSTANCE = "11111111-2222-3333-4444-555555555555"
INSTANCE_ARN = f"arn:aws:connect:eu-central-1:123456789012:instance/{INSTANCE}"
ID = "5324881f-1e84-4367-8930-f69a74b30ca6"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def contacts(clients: AwsClients) -> ContactReader:
    return ContactReader(clients.client("connect"), INSTANCE_ARN)


def a_contact(**changes: Any) -> dict[str, Any]:
    return {
        "Contact": {
            "Arn": f"{INSTANCE_ARN}/contact/{ID}",
            "Id": ID,
            "InitialContactId": "0a24881f-1e84-4367-8930-f69a74b30ca6",
            "InitiationMethod": "INBOUND",
            "Channel": "VOICE",
            "QueueInfo": {"Id": "queue-1", "EnqueueTimestamp": NOON.timestamp()},
            "AgentInfo": {"Id": "agent-1", "ConnectedToAgentTimestamp": NOON.timestamp() + 9},
            "InitiationTimestamp": NOON.timestamp(),
            "DisconnectTimestamp": NOON.timestamp() + 60.5,
            "LastUpdateTimestamp": NOON.timestamp() + 61,
            "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+14155550142"},
            "SystemEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+18005550100"},
            "Attributes": {"vm_flag": "1"},
            "Recordings": [
                {
                    "StorageType": "S3",
                    "Location": "bucket/connect/acme/CallRecordings/ivr/a.wav",
                    "MediaStreamType": "AUDIO",
                    "ParticipantType": "IVR",
                    "StartTimestamp": NOON.timestamp() + 0.125,
                    "StopTimestamp": NOON.timestamp() + 30,
                    "Status": "AVAILABLE",
                },
                {
                    "StorageType": "KINESIS_VIDEO_STREAM",
                    "Location": "arn:aws:kinesisvideo:eu-central-1:1:stream/s/2",
                    "ParticipantType": "CUSTOMER",
                    "FragmentStartNumber": "91343852333181432392682062622220590765191907586",
                    "FragmentStopNumber": "91343852333181432392682062622220590765191907590",
                },
            ],
        }
        | changes
    }


def test_a_contact_is_told_in_our_terms(stand_in: StandIn, contacts: ContactReader) -> None:
    """Times in UTC with their fractions, fragment numbers whole, the queue by its ARN."""
    stand_in.answers[f"/contacts/{INSTANCE}/{ID}"] = (200, a_contact())

    contact = contacts.contact(ID)

    assert contact == Contact(
        id=ID,
        channel="VOICE",
        customer_number="+14155550142",
        system_number="+18005550100",
        began_at=NOON,
        agent_connected_at=datetime(2026, 11, 20, 12, 0, 9, tzinfo=UTC),
        queue_arn=f"{INSTANCE_ARN}/queue/queue-1",
        attributes={"vm_flag": "1"},
        recordings=(
            ContactRecording(
                storage="S3",
                location="bucket/connect/acme/CallRecordings/ivr/a.wav",
                participant="IVR",
                started_at=datetime(2026, 11, 20, 12, 0, 0, 125_000, UTC),
            ),
            ContactRecording(
                storage="KINESIS_VIDEO_STREAM",
                location="arn:aws:kinesisvideo:eu-central-1:1:stream/s/2",
                participant="CUSTOMER",
                start_fragment=91343852333181432392682062622220590765191907586,
                stop_fragment=91343852333181432392682062622220590765191907590,
            ),
        ),
    )
    assert [path for path, _ in stand_in.asked] == [f"/contacts/{INSTANCE}/{ID}"]


def test_attributes_that_did_not_come_along_are_asked_for(stand_in: StandIn, contacts: ContactReader) -> None:
    """By the first contact of the chain, under which Connect keeps them."""
    stand_in.answers[f"/contacts/{INSTANCE}/{ID}"] = (200, a_contact(Attributes=None))
    path = f"/contact/attributes/{INSTANCE}/0a24881f-1e84-4367-8930-f69a74b30ca6"
    stand_in.answers[path] = (200, {"Attributes": {"vm_flag": "1", "vm_lang": "de-DE"}})

    assert contacts.contact(ID).attributes == {"vm_flag": "1", "vm_lang": "de-DE"}


def test_a_bare_contact_is_a_contact(stand_in: StandIn, contacts: ContactReader) -> None:
    """Nothing but its id: no queue, no agent, no recording, no attributes."""
    stand_in.answers[f"/contacts/{INSTANCE}/{ID}"] = (200, {"Contact": {"Id": ID}})
    stand_in.answers[f"/contact/attributes/{INSTANCE}/{ID}"] = (200, {})

    assert contacts.contact(ID) == Contact(id=ID)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "ThrottlingException", RateLimited),
        (500, "InternalServiceException", Unavailable),
        (403, "AccessDeniedException", PermissionMissing),
        (404, "ResourceNotFoundException", Rejected),
    ],
)
def test_refusals_are_told_apart(
    stand_in: StandIn, contacts: ContactReader, status: int, code: str, kind: type[Exception]
) -> None:
    """With the action and the contact's id in the message."""
    stand_in.answers[f"/contacts/{INSTANCE}/{ID}"] = (status, {"__type": code, "Message": "No."})

    with pytest.raises(kind, match=f"connect:DescribeContact of contact {ID}") as caught:
        contacts.contact(ID)

    assert (caught.value.code in NOT_THERE) is (status == 404)  # type: ignore[attr-defined]


def test_a_server_that_is_not_there_is_unavailable(stand_in: StandIn, contacts: ContactReader) -> None:
    """And not a traceback of urllib3."""

    def hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True

    stand_in.answers[f"/contacts/{INSTANCE}/{ID}"] = hang_up

    with pytest.raises(Unavailable):
        contacts.contact(ID)


def test_names_of_users_and_queues_are_read(stand_in: StandIn, contacts: ContactReader) -> None:
    """A user's own name for signing in; a queue's display name."""
    stand_in.answers[f"/users/{INSTANCE}/u1"] = (200, {"User": {"Username": "ada@example.com"}})
    stand_in.answers[f"/queues/{INSTANCE}/q1"] = (200, {"Queue": {"Name": "Claims"}})

    assert contacts.username("u1") == "ada@example.com"
    assert contacts.queue_name("q1") == "Claims"


def test_a_user_or_queue_that_was_deleted_is_none(stand_in: StandIn, contacts: ContactReader) -> None:
    """An answer, not a failure; being denied the answer is one."""
    assert contacts.username("u1") is None
    assert contacts.queue_name("q1") is None

    stand_in.answers[f"/users/{INSTANCE}/u1"] = (403, {"__type": "AccessDeniedException", "Message": ""})
    with pytest.raises(PermissionMissing, match="connect:DescribeUser"):
        contacts.username("u1")
