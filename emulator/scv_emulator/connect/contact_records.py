"""One contact as Amazon Connect shows it: contact record, contact event, DescribeContact, a function's event.

Shapes: "Contact records data model" and "Amazon Connect contact events" in the administrator guide, and the
API reference's `Contact`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from scv_emulator.connect.contacts import Contacts
from scv_emulator.connect.ports import SimulatedContact


def contact_record(contact: SimulatedContact, *, milliseconds: bool = False) -> dict[str, Any]:
    """The JSON that Amazon Connect puts into the contact record stream when a call is over.

    The vendor's examples show whole seconds; `milliseconds` is for readers that must cope with both.
    """

    def text(moment: datetime | None) -> str | None:
        return None if moment is None else _iso(moment, milliseconds=milliseconds)

    instance_arn, _, _ = contact.instance_arn.partition("/contact/")
    recordings = [
        {name: text(value) if isinstance(value, datetime) else value for name, value in one.items()}
        for one in contact.recordings
    ]
    agent = None
    if contact.agent_connected_at is not None:
        agent = {
            "ARN": contact.agent_arn,
            "Username": contact.agent_arn.rpartition("/")[2],
            "ConnectedToAgentTimestamp": text(contact.agent_connected_at),
            "NumberOfHolds": 0,
            "CustomerHoldDuration": 0,
            "LongestHoldDuration": 0,
            "AgentInteractionDuration": _seconds_between(contact.agent_connected_at, contact.disconnected_at),
        }
    queue = None
    if contact.enqueued_at is not None:
        queue = {
            "ARN": contact.queue_arn,
            "Name": contact.queue_name,
            "EnqueueTimestamp": text(contact.enqueued_at),
            "DequeueTimestamp": text(contact.agent_connected_at or contact.disconnected_at),
            "Duration": _seconds_between(contact.enqueued_at, contact.agent_connected_at or contact.disconnected_at),
        }
    return {
        "AWSAccountId": instance_arn.split(":")[4],
        "AWSContactTraceRecordFormatVersion": "2017-03-10",
        "Agent": agent,
        "AgentConnectionAttempts": 0 if agent is None else 1,
        "Attributes": dict(contact.attributes),
        "Channel": contact.channel,
        "ConnectedToSystemTimestamp": text(contact.began_at),
        "ContactDetails": {},
        "ContactId": contact.contact_id,
        "CustomerEndpoint": {"Address": contact.customer_number, "Type": "TELEPHONE_NUMBER"},
        "DisconnectReason": contact.disconnect_reason or None,
        "DisconnectTimestamp": text(contact.disconnected_at),
        "InitialContactId": None,
        "InitiationMethod": contact.initiation_method,
        "InitiationTimestamp": text(contact.began_at),
        "InstanceARN": instance_arn,
        "LastUpdateTimestamp": text(contact.updated_at or contact.disconnected_at),
        "MediaStreams": [{"Type": "AUDIO"}] if contact.stream_arn else [],
        "NextContactId": None,
        "PreviousContactId": None,
        "Queue": queue,
        "Recording": None,
        "Recordings": recordings or None,
        "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:Telephony"}},
        "SystemEndpoint": {"Address": contact.system_number, "Type": "TELEPHONE_NUMBER"},
        "Tags": {"aws:connect:instanceId": instance_arn.rpartition("/")[2]},
        "TransferCompletedTimestamp": None,
        "TransferredToEndpoint": None,
    }


def contact_event(contact: SimulatedContact, event_type: str, *, at: datetime) -> dict[str, Any]:
    """The `detail` of the EventBridge event "Amazon Connect Contact Event"."""
    detail = {
        "initiationTimestamp": _iso(contact.began_at, milliseconds=True),
        "contactId": contact.contact_id,
        "channel": contact.channel,
        "instanceArn": contact.instance_arn,
        "initiationMethod": contact.initiation_method,
        "eventType": event_type,
        "updatedProperties": [],
        "contactEventTimestamp": _iso(at, milliseconds=True),
    }
    if contact.disconnected_at is not None:
        detail["disconnectTimestamp"] = _iso(contact.disconnected_at, milliseconds=True)
        detail["disconnectReason"] = contact.disconnect_reason
    return detail


def described_contact(contact: SimulatedContact, contacts: Contacts) -> dict[str, Any]:
    """`Contact` of DescribeContact; recordings are listed once the call is over."""
    over = contact.disconnected_at is not None
    queue = agent = None
    if contact.enqueued_at is not None:
        queue = {"Id": _last_part(contact.queue_arn), "EnqueueTimestamp": contact.enqueued_at.timestamp()}
    if contact.agent_connected_at is not None:
        connected = contact.agent_connected_at.timestamp()
        agent = {"Id": _last_part(contact.agent_arn), "ConnectedToAgentTimestamp": connected}
    recordings = [
        {name: value.timestamp() if isinstance(value, datetime) else value for name, value in one.items()}
        for one in (contact.recordings if over else [])
    ]
    described = {
        "Arn": f"{contacts.instance_arn}/contact/{contact.contact_id}",
        "Id": contact.contact_id,
        "InitiationMethod": contact.initiation_method,
        "Channel": contact.channel,
        "QueueInfo": queue,
        "AgentInfo": agent,
        "InitiationTimestamp": contact.began_at.timestamp(),
        "ConnectedToSystemTimestamp": contact.began_at.timestamp(),
        "DisconnectTimestamp": contact.disconnected_at.timestamp() if contact.disconnected_at else None,
        "DisconnectReason": contact.disconnect_reason or None,
        "LastUpdateTimestamp": (contact.updated_at or contact.disconnected_at or contact.began_at).timestamp(),
        "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": contact.customer_number},
        "SystemEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": contact.system_number},
        "Attributes": dict(contact.attributes),
        "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:Telephony"}},
        "Tags": {"aws:connect:instanceId": contacts.instance_id},
        "Recordings": recordings or None,
    }
    return {name: value for name, value in described.items() if value is not None}


def _iso(moment: datetime, *, milliseconds: bool) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}{f'.{utc.microsecond // 1000:03d}' if milliseconds else ''}Z"


def _seconds_between(first: datetime, second: datetime | None) -> int:
    return 0 if second is None else max(0, round((second - first).total_seconds()))


def _last_part(arn: str) -> str:
    return arn.rpartition("/")[2]
