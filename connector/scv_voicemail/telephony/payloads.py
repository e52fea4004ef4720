"""What is sent to create, update and route a voice call. Source: Implementation Guide, chapter 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from scv_voicemail.telephony.fields import (
    as_iso_utc,
    as_json_string,
    check_count,
    check_enum,
    check_json_object,
    check_moment,
    check_optional_text,
    check_text,
    refused,
    without_none,
)

MAX_RECORDING_LOCATION_LENGTH = 1000


class CallOrigin(StrEnum):
    """How a call came about."""

    PREVIEW = "Preview"
    PROGRESSIVE = "Progressive"
    VOICEMAIL = "Voicemail"


class InitiationMethod(StrEnum):
    """How a call began; outbound calls are not supported by the vendor."""

    INBOUND = "Inbound"
    TRANSFER = "Transfer"


class CallSubtype(StrEnum):
    """The network that a call is made over."""

    PSTN = "PSTN"
    WEB_RTC = "WebRTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateVoiceCall:
    """A new VoiceCall. `to` and `from_` are E.164 numbers or, for WebRTC, email addresses.

    `participant_key` is any identifier of the end user; Salesforce keeps only that there is one.
    `call_attributes` are API names of VoiceCall fields and their values.
    """

    vendor_call_key: str
    to: str
    from_: str
    start_time: datetime
    participant_key: str
    initiation_method: InitiationMethod = InitiationMethod.INBOUND
    call_origin: CallOrigin | None = None
    parent_voice_call_id: str | None = None
    queue: str | None = None
    call_subtype: CallSubtype | None = None
    call_attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_text("vendorCallKey", self.vendor_call_key)
        check_text("to", self.to)
        check_text("from", self.from_)
        check_text("participantKey", self.participant_key)
        check_moment("startTime", self.start_time)
        if self.start_time is None:
            raise refused("startTime", "given")
        check_enum("initiationMethod", self.initiation_method, InitiationMethod)
        check_enum("callOrigin", self.call_origin, CallOrigin)
        check_enum("callSubtype", self.call_subtype, CallSubtype)
        check_optional_text("parentVoiceCallId", self.parent_voice_call_id)
        check_optional_text("queue", self.queue)
        check_json_object("callAttributes", self.call_attributes)
        is_transfer = self.initiation_method == InitiationMethod.TRANSFER
        if is_transfer != (self.parent_voice_call_id is not None):
            raise refused("parentVoiceCallId", "given with initiationMethod Transfer, and only then")
        if self.queue is not None and not is_transfer:
            raise refused("queue", "left out unless initiationMethod is Transfer (the vendor ignores it otherwise)")

    def to_json(self, *, call_center: str) -> dict[str, Any]:
        """The request body for the given contact center (its API name)."""
        return without_none(
            {
                "callCenterApiName": call_center,
                "vendorCallKey": self.vendor_call_key,
                "to": self.to,
                "from": self.from_,
                "initiationMethod": self.initiation_method,
                "startTime": as_iso_utc(self.start_time),
                "participants": [{"participantKey": self.participant_key, "type": "END_USER"}],
                "callOrigin": self.call_origin,
                "parentVoiceCallId": self.parent_voice_call_id,
                "queue": self.queue,
                "callSubtype": self.call_subtype,
                "callAttributes": as_json_string(self.call_attributes) if self.call_attributes else None,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectReason:
    """Why a call was disconnected, in the telephony system's word, e.g. TELECOM_PROBLEM."""

    value: str
    is_error: bool

    def __post_init__(self) -> None:
        check_text("disconnectReason.value", self.value)

    def to_json(self) -> dict[str, Any]:
        """The object that the vendor wants, whatever the type column of its table says."""
        return {"value": self.value, "isError": bool(self.is_error)}


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateVoiceCall:
    """New values for a VoiceCall. Durations are whole seconds.

    `is_active_call` has no default on purpose: leaving it out of a request closes the conversation.
    CallDurationInSeconds changes only if `start_time` and `end_time` come together. `to_number` is not in the page's
    table, but Salesforce's own Lambda function for contact records sends it.
    """

    is_active_call: bool
    start_time: datetime | None = None
    end_time: datetime | None = None
    enqueue_time: datetime | None = None
    accept_time: datetime | None = None
    from_number: str | None = None
    to_number: str | None = None
    call_origin: CallOrigin | None = None
    queue: str | None = None
    agent: str | None = None
    recording_location: str | None = None
    total_recording_duration: int | None = None
    total_hold_duration: int | None = None
    longest_hold_duration: int | None = None
    number_of_holds: int | None = None
    agent_interaction_duration: int | None = None
    call_attributes: Mapping[str, Any] = field(default_factory=dict)
    disconnect_reason: DisconnectReason | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.is_active_call, bool):
            raise refused("isActiveCall", "true or false")
        check_moment("startTime", self.start_time)
        check_moment("endTime", self.end_time)
        check_moment("enqueueTime", self.enqueue_time)
        check_moment("acceptTime", self.accept_time)
        check_optional_text("fromNumber", self.from_number)
        check_optional_text("toNumber", self.to_number)
        check_enum("callOrigin", self.call_origin, CallOrigin)
        check_optional_text("queue", self.queue)
        check_optional_text("agent", self.agent)
        check_optional_text("recordingLocation", self.recording_location, max_length=MAX_RECORDING_LOCATION_LENGTH)
        check_count("longestHoldDuration", self.longest_hold_duration)
        check_count("numberOfHolds", self.number_of_holds)
        recording = {
            "totalRecordingDuration": self.total_recording_duration,
            "totalHoldDuration": self.total_hold_duration,
            "agentInteractionDuration": self.agent_interaction_duration,
        }
        for name, value in recording.items():
            check_count(name, value)
            if value is not None and self.recording_location is None:
                raise refused(name, "sent together with recordingLocation")
        check_json_object("callAttributes", self.call_attributes)

    def to_json(self) -> dict[str, Any]:
        """The request body."""
        return without_none(
            {
                "isActiveCall": self.is_active_call,
                "startTime": as_iso_utc(self.start_time),
                "endTime": as_iso_utc(self.end_time),
                "enqueueTime": as_iso_utc(self.enqueue_time),
                "acceptTime": as_iso_utc(self.accept_time),
                "fromNumber": self.from_number,
                "toNumber": self.to_number,
                "callOrigin": self.call_origin,
                "queue": self.queue,
                "agent": self.agent,
                "recordingLocation": self.recording_location,
                "totalRecordingDuration": self.total_recording_duration,
                "totalHoldDuration": self.total_hold_duration,
                "longestHoldDuration": self.longest_hold_duration,
                "numberOfHolds": self.number_of_holds,
                "agentInteractionDuration": self.agent_interaction_duration,
                "callAttributes": as_json_string(self.call_attributes) if self.call_attributes else None,
                "disconnectReason": self.disconnect_reason.to_json() if self.disconnect_reason else None,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteOmniFlow:
    """How a call is routed. The phone channel of `dialed_number` wins over flow and queue given here.

    `fallback_queue` is a queue's developer name or its 00G id.
    """

    dialed_number: str
    flow_dev_name: str | None = None
    fallback_queue: str | None = None
    flow_input_parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_text("dialedNumber", self.dialed_number)
        check_optional_text("flowDevName", self.flow_dev_name)
        check_optional_text("fallbackQueue", self.fallback_queue)
        check_json_object("flowInputParameters", self.flow_input_parameters)

    def to_json(self) -> dict[str, Any]:
        """The request body; the inputs go as an object, as in the guide's example (its table says string)."""
        return without_none(
            {
                "dialedNumber": self.dialed_number,
                "flowDevName": self.flow_dev_name,
                "fallbackQueue": self.fallback_queue,
                "flowInputParameters": dict(self.flow_input_parameters) or None,
            }
        )
