"""What may stand in the bodies of "create" and "update" (Implementation Guide, chapter 3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scv_emulator.switches import Switches
from scv_emulator.telephony.errors import TelephonyError, invalid
from scv_emulator.telephony.fields import Body

CALL_ORIGINS = ("Preview", "Progressive", "Voicemail")
_UNSET_NUMBER = "WEBRTC_DEFAULT"
_NO_NUMBER = ("reject_pstn", "PSTN")
_LONGEST_RECORDING_LOCATION = 1_000
_LONGEST_ATTRIBUTES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCall:
    """The body of "Create a Voice Call Record"; `attributes_error` is only a warning, as the guide says."""

    vendor_call_key: str
    to_number: str
    from_number: str
    is_transfer: bool
    start: datetime
    call_origin: str | None
    call_subtype: str
    parent: str | None
    queue: str | None
    attributes: dict[str, Any]
    attributes_error: str

    @classmethod
    def read(cls, body: Body, *, contact_center: str, switches: Switches) -> NewCall:
        """The call that a body describes; TelephonyError names the field that is wrong."""
        if body.required_text("callCenterApiName") != contact_center:
            status = switches.call_center_mismatch_status
            raise TelephonyError(status, "PERM_MISSING", "callCenterApiName is not the contact center of the token")
        key = body.required_text("vendorCallKey")
        if body.text("initiationMethod") is None:
            raise invalid("initiationMethod is required")
        is_transfer = body.one_of("initiationMethod", ("Inbound", "Transfer")) == "Transfer"
        start = body.moment("startTime")
        if start is None:
            raise invalid("startTime is required")
        participant = body.objects("participants")[0]
        participant.required_text("participantKey")
        if participant.required_text("type") != "END_USER":
            raise invalid("participants: the type of the first participant must be END_USER")
        parent = body.text("parentVoiceCallId")
        if is_transfer and parent is None:
            raise invalid("parentVoiceCallId is required when initiationMethod is Transfer")
        attributes, attributes_error = _attributes(body)
        subtype = body.one_of("callSubtype", ("PSTN", "WebRTC")) or "PSTN"
        return cls(
            vendor_call_key=key,
            to_number=_number(body, "to", subtype, switches),
            from_number=_number(body, "from", subtype, switches),
            is_transfer=is_transfer,
            start=start,
            call_origin=body.one_of("callOrigin", CALL_ORIGINS) if switches.create_applies_call_origin else None,
            call_subtype=subtype,
            parent=parent,
            queue=body.text("queue") if is_transfer else None,
            attributes=attributes,
            attributes_error=attributes_error,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUpdate:
    """The body of "Update a Voice Call Record"; hold fields that are absent become 0."""

    active: bool
    start: datetime | None
    end: datetime | None
    enqueued: datetime | None
    accepted: datetime | None
    from_number: str | None
    to_number: str | None
    hold_seconds: int
    interaction_seconds: int
    longest_hold_seconds: int | None
    holds: int
    queue_name: str | None
    agent: str | None
    call_origin: str | None
    recording_location: str | None
    recording_seconds: int | None
    disconnect_reason: str | None
    attributes: dict[str, Any]
    attributes_error: str

    @classmethod
    def read(cls, body: Body, *, switches: Switches) -> CallUpdate:
        """The update that a body describes; TelephonyError names the field that is wrong."""
        start, end = body.moment("startTime"), body.moment("endTime")
        if start is not None and end is not None and end < start:
            raise invalid("endTime must not be before startTime")
        location = body.text("recordingLocation", longest=_LONGEST_RECORDING_LOCATION)
        duration = body.count("totalRecordingDuration")
        if duration is not None and location is None and switches.recording_without_location == "reject":
            raise invalid("recordingLocation is required with totalRecordingDuration")
        for name in ("totalHoldDuration", "agentInteractionDuration"):
            if body.count(name) is not None and location is None and switches.hold_without_recording == "reject":
                raise invalid(f"recordingLocation is required with {name}")
        attributes, attributes_error = _attributes(body)
        return cls(
            active=body.flag("isActiveCall"),
            start=start,
            end=end,
            enqueued=body.moment("enqueueTime"),
            accepted=body.moment("acceptTime"),
            from_number=body.text("fromNumber"),
            to_number=body.text("toNumber"),
            hold_seconds=body.count("totalHoldDuration") or 0,
            interaction_seconds=body.count("agentInteractionDuration") or 0,
            longest_hold_seconds=body.count("longestHoldDuration"),
            holds=body.count("numberOfHolds") or 0,
            queue_name=body.text("queue"),
            agent=body.text("agent"),
            call_origin=body.one_of("callOrigin", CALL_ORIGINS),
            recording_location=location,
            recording_seconds=duration,
            disconnect_reason=_disconnect_reason(body),
            attributes=attributes,
            attributes_error=attributes_error,
        )


def _number(body: Body, name: str, subtype: str, switches: Switches) -> str:
    given = body.text(name)
    if given is None and (switches.missing_number == "reject" or (switches.missing_number, subtype) == _NO_NUMBER):
        raise invalid(f"{name} is required")
    return given or _UNSET_NUMBER


def _attributes(body: Body) -> tuple[dict[str, Any], str]:
    value = body.data.get("callAttributes")
    if isinstance(value, str) and len(value) > _LONGEST_ATTRIBUTES:
        raise invalid(f"callAttributes must not be longer than {_LONGEST_ATTRIBUTES} characters")
    try:
        return body.mapping("callAttributes"), ""
    except TelephonyError as error:
        return {}, error.message


def _disconnect_reason(body: Body) -> str | None:
    value = body.data.get("disconnectReason")
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("isError"), bool):
        raise invalid("disconnectReason must be an object with value and isError")
    return Body(value).required_text("value")
