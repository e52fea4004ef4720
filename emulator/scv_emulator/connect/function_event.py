"""What Amazon Connect tells a function that a flow calls.

https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scv_emulator.connect.ports import SimulatedContact


def function_event(
    contact: SimulatedContact, parameters: Mapping[str, str], *, streams: bool, at: datetime
) -> dict[str, Any]:
    """The event; `streams` is whether the caller's audio is being streamed just now."""
    queue = {"ARN": contact.queue_arn, "Name": contact.queue_name} if contact.queue_arn else None
    return {
        "Name": "ContactFlowEvent",
        "Details": {
            "ContactData": {
                "Attributes": dict(contact.attributes),
                "AwsRegion": (contact.instance_arn.split(":") + [""] * 4)[3],
                "Channel": contact.channel,
                "ContactId": contact.contact_id,
                "CustomerEndpoint": _endpoint(contact.customer_number),
                "CustomerId": None,
                "Description": None,
                "InitialContactId": contact.contact_id,
                "InitiationMethod": contact.initiation_method,
                "InstanceARN": contact.instance_arn,
                "LanguageCode": "en-US",
                "MediaStreams": {"Customer": {"Audio": _audio(contact, streams=streams, at=at)}},
                "Name": None,
                "PreviousContactId": contact.contact_id,
                "Queue": queue,
                "References": {},
                "RelatedContactId": None,
                "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:Telephony"}},
                "SystemEndpoint": _endpoint(contact.system_number),
                "Tags": {"aws:connect:instanceId": contact.instance_arn.rpartition("/")[2]},
            },
            "Parameters": dict(parameters),
        },
    }


def _endpoint(number: str) -> dict[str, str]:
    return {"Address": number, "Type": "TELEPHONE_NUMBER"}


def _audio(contact: SimulatedContact, *, streams: bool, at: datetime) -> dict[str, str | None] | None:
    if not contact.stream_arn or contact.stream_began_at is None:
        return None
    return {
        "StreamARN": contact.stream_arn,
        "StartTimestamp": _milliseconds(contact.stream_began_at),
        "StopTimestamp": None if streams else _milliseconds(at),
        "StartFragmentNumber": contact.stream_start_fragment,
    }


def _milliseconds(moment: datetime) -> str:
    return str(round(moment.timestamp() * 1_000))
