"""Reads the contact records that Amazon Connect puts on a Kinesis data stream."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from scv_voicemail.aws.contacts import Contact, ContactRecording, fragment_number
from scv_voicemail.bounds import read_json
from scv_voicemail.errors import BadVoicemail


def read_contact_record(data: str) -> Contact:
    """The contact in the `kinesis.data` of a record: base64 of JSON in UTF-8. `BadVoicemail` says what is wrong.

    The same contact comes again and again: at least once by itself, and whenever its attributes are changed.
    https://docs.aws.amazon.com/connect/latest/adminguide/ctr-data-model.html
    """
    return contact_of_record(_decoded(data))


def contact_of_record(record: object) -> Contact:
    """The contact that a record's JSON tells of."""
    if not isinstance(record, Mapping):
        raise _bad("it is no JSON object")
    contact_id = record.get("ContactId")
    if not isinstance(contact_id, str) or not contact_id:
        raise _bad("it has no ContactId")
    queue, agent = _part(record, "Queue"), _part(record, "Agent")
    return Contact(
        id=contact_id,
        channel=_text(record, "Channel"),
        customer_number=_text(_part(record, "CustomerEndpoint"), "Address"),
        system_number=_text(_part(record, "SystemEndpoint"), "Address"),
        began_at=_moment(record, "InitiationTimestamp"),
        agent_connected_at=_moment(agent, "ConnectedToAgentTimestamp"),
        queue_arn=_text(queue, "ARN"),
        queue_name=_text(queue, "Name"),
        attributes={name: value for name, value in _part(record, "Attributes").items() if isinstance(value, str)},
        recordings=tuple(_recording(one) for one in _parts(record, "Recordings")),
    )


def _decoded(data: str) -> object:
    # Some producers leave out the padding, some write too much of it.
    bare = data.strip().rstrip("=")
    try:
        return read_json(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True))
    except (binascii.Error, ValueError) as error:
        # Not chained with its text: it may quote the record.
        raise _bad(f"it cannot be decoded ({type(error).__name__})") from None


def _recording(entry: Mapping[str, Any]) -> ContactRecording:
    return ContactRecording(
        storage=_text(entry, "StorageType"),
        location=_text(entry, "Location"),
        participant=_text(entry, "ParticipantType"),
        started_at=_moment(entry, "StartTimestamp"),
        start_fragment=fragment_number(entry.get("FragmentStartNumber")),
        stop_fragment=fragment_number(entry.get("FragmentStopNumber")),
    )


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    if part is None:
        return {}
    if not isinstance(part, Mapping):
        raise _bad(f"its {name} is no JSON object")
    return part


def _parts(record: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    parts = record.get(name)
    if parts is None:
        return []
    if not isinstance(parts, list) or not all(isinstance(one, Mapping) for one in parts):
        raise _bad(f"its {name} is no list of JSON objects")
    return parts


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""


def _moment(record: Mapping[str, Any], name: str) -> datetime | None:
    value = record.get(name)
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise _bad(f"its {name} is no time in ISO 8601") from None


def _bad(why: str) -> BadVoicemail:
    return BadVoicemail(f"a contact record is not usable: {why}", service="connect")
