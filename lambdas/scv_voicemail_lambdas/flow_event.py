"""What a contact flow says when it invokes a function. Much of it may be null, depending on where the call stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from scv_voicemail.errors import BadVoicemail


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEvent:
    """One invocation. `stream_began_at` is when the call's audio began to be streamed, in UTC.

    https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html
    """

    method: str
    contact_id: str
    caller: str
    dialed_number: str
    attributes: Mapping[str, str]
    stream_arn: str
    stream_began_at: datetime | None

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Read the event. Raises `BadVoicemail` for one that is none, without quoting it."""
        details = _part(event, "Details")
        contact = _part(details, "ContactData")
        contact_id = contact.get("ContactId")
        if not isinstance(contact_id, str) or not contact_id:
            raise BadVoicemail("this is no event of a contact flow: it has no ContactId")
        audio = _part(_part(_part(contact, "MediaStreams"), "Customer"), "Audio")
        return cls(
            method=str(_part(details, "Parameters").get("methodName") or ""),
            contact_id=contact_id,
            caller=str(_part(contact, "CustomerEndpoint").get("Address") or ""),
            dialed_number=str(_part(contact, "SystemEndpoint").get("Address") or ""),
            attributes=_part(contact, "Attributes"),
            stream_arn=str(audio.get("StreamARN") or ""),
            stream_began_at=_of_milliseconds(audio.get("StartTimestamp")),
        )


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, Mapping) else {}


def _of_milliseconds(text: object) -> datetime | None:
    digits = str(text or "")
    return datetime.fromtimestamp(int(digits) / 1000, UTC) if digits.isdigit() and len(digits) <= 14 else None
