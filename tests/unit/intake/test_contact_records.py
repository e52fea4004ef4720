"""Contact records as they come off the stream."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from scv_voicemail.aws.contacts import Contact, ContactRecording
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.intake.contact_records import contact_of_record, read_contact_record

RECORD: dict[str, Any] = {
    "AWSContactTraceRecordFormatVersion": "2017-03-10",
    "ContactId": "a1",
    "InitialContactId": None,
    "Channel": "VOICE",
    "InitiationMethod": "INBOUND",
    "InitiationTimestamp": "2020-08-07T06:09:34Z",
    "DisconnectTimestamp": "2020-08-07T06:10:41Z",
    "LastUpdateTimestamp": "2020-08-07T06:12:00Z",
    "SystemEndpoint": {"Address": "+18005550100", "Type": "TELEPHONE_NUMBER"},
    "CustomerEndpoint": {"Address": "+14155550142", "Type": "TELEPHONE_NUMBER"},
    "Attributes": {"vm_flag": "1", "vm_queue_name": "Län"},
    "Agent": {"ConnectedToAgentTimestamp": "2020-08-07T06:10:00Z", "NumberOfHolds": 1},
    "Queue": {"ARN": "arn:q", "Name": "BasicQueue", "EnqueueTimestamp": "2020-08-07T06:09:40Z"},
    "Recordings": [
        {
            "StorageType": "KINESIS_VIDEO_STREAM",
            "Location": "arn:aws:kinesisvideo:us-west-2:1:stream/s/2",
            "MediaStreamType": "AUDIO",
            "ParticipantType": "CUSTOMER",
            "FragmentStartNumber": "100",
            "FragmentStopNumber": "103",
            "StartTimestamp": "2020-08-07T06:09:50.250Z",
            "StopTimestamp": "2020-08-07T06:10:40Z",
            "Status": "AVAILABLE",
            "DeletionReason": None,
        }
    ],
}


def encoded(record: object) -> str:
    return base64.b64encode(json.dumps(record, ensure_ascii=False).encode()).decode()


def test_a_record_is_the_contact_that_the_api_would_tell() -> None:
    """The same noun, whichever way it came."""
    assert read_contact_record(encoded(RECORD)) == Contact(
        id="a1",
        channel="VOICE",
        customer_number="+14155550142",
        system_number="+18005550100",
        began_at=datetime(2020, 8, 7, 6, 9, 34, tzinfo=UTC),
        agent_connected_at=datetime(2020, 8, 7, 6, 10, tzinfo=UTC),
        queue_arn="arn:q",
        queue_name="BasicQueue",
        attributes={"vm_flag": "1", "vm_queue_name": "Län"},
        recordings=(
            ContactRecording(
                storage="KINESIS_VIDEO_STREAM",
                location="arn:aws:kinesisvideo:us-west-2:1:stream/s/2",
                participant="CUSTOMER",
                started_at=datetime(2020, 8, 7, 6, 9, 50, 250_000, UTC),
                start_fragment=100,
                stop_fragment=103,
            ),
        ),
    )


@pytest.mark.parametrize("name", [name for name in RECORD if name != "ContactId"])
def test_everything_but_the_id_may_be_null_or_missing(name: str) -> None:
    """Connect writes null for what a call did not have: no queue, no agent, no recording."""
    without = {key: value for key, value in RECORD.items() if key != name}

    assert contact_of_record(RECORD | {name: None}) == contact_of_record(without)


@pytest.mark.parametrize("padding", ["", "=", "==", "===", "\n"])
def test_padding_is_a_matter_of_taste(padding: str) -> None:
    """Producers leave it out or write too much of it."""
    data = encoded({"ContactId": "a1", "Attributes": {"name": "Lächeln"}}).rstrip("=")

    assert read_contact_record(data + padding).attributes == {"name": "Lächeln"}


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ([], "no JSON object"),
        ({}, "no ContactId"),
        ({"ContactId": 7}, "no ContactId"),
        (RECORD | {"Recordings": {}}, "Recordings"),
        (RECORD | {"Recordings": ["+14155550142"]}, "Recordings"),
        (RECORD | {"Attributes": "+14155550142"}, "Attributes"),
        (RECORD | {"Queue": []}, "Queue"),
        (RECORD | {"InitiationTimestamp": "+14155550142"}, "InitiationTimestamp"),
        (RECORD | {"InitiationTimestamp": 7}, "InitiationTimestamp"),
    ],
)
def test_a_malformed_record_says_what_is_wrong_and_quotes_nothing(record: object, why: str) -> None:
    """The reason is read in a log, where a number has no business."""
    with pytest.raises(BadVoicemail, match=why) as caught:
        read_contact_record(encoded(record))

    assert "4155550142" not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize("data", ["", "%%%", "YWJj", base64.b64encode(b"\xff\xfe").decode(), encoded(RECORD)[:-40]])
def test_what_cannot_be_decoded_is_malformed(data: str) -> None:
    """Neither base64 nor UTF-8 nor JSON, or half of it."""
    with pytest.raises(BadVoicemail, match="cannot be decoded"):
        read_contact_record(data)


def test_attributes_that_are_no_text_are_left_out() -> None:
    """Attributes of Connect are text; null is one that was taken back."""
    contact = contact_of_record({"ContactId": "a1", "Attributes": {"vm_flag": None, "n": 1, "s": "x"}})

    assert contact.attributes == {"s": "x"}
