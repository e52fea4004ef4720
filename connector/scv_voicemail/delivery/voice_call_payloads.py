"""What the VoiceCall target sends, made of a voicemail: the same voicemail always makes the same payloads."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scv_voicemail.delivery.flow_inputs import Told
from scv_voicemail.delivery.record_facts import priority_of
from scv_voicemail.telephony import (
    CallOrigin,
    CreateVoiceCall,
    ExecuteOmniFlow,
    InitiationMethod,
    SenderType,
    TranscriptMessage,
    UpdateVoiceCall,
)
from scv_voicemail.telephony.transcripts import MAX_CONTENT_LENGTH
from scv_voicemail.voicemail import Segment, Voicemail

MESSAGE_NAMESPACE = uuid.UUID("6d6a4ab2-3a0c-5f0e-9b0f-3b7f3d2c6f11")
"""TranscriptMessage ids are derived from it, so that every repeat of a transcript entry carries the same id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceCallOptions:
    """How the VoiceCall target behaves. `flow_dev_name` and `fallback_queue` matter only for numbers without a phone
    channel; `flow_input_parameters` is None where nobody has set it.

    `patience_seconds` is how long Salesforce may take to apply an update before it is sent again, and how long the
    transcript may be held up before the voicemail goes on without it (it is then uploaded after the call is closed).
    """

    flow_dev_name: str = ""
    fallback_queue: str = ""
    flow_input_parameters: Mapping[str, str] | None = None
    patience_seconds: float = 30.0
    confirm_wait_seconds: float = 10.0


def new_call(voicemail: Voicemail) -> CreateVoiceCall:
    """A call that is known to be a voicemail from the start."""
    return CreateVoiceCall(
        vendor_call_key=voicemail.id,
        to=voicemail.dialed_number,
        from_=voicemail.caller,
        initiation_method=InitiationMethod.INBOUND,
        call_origin=CallOrigin.VOICEMAIL,
        start_time=voicemail.started_at,
        participant_key=voicemail.caller,
        call_attributes=dict(voicemail.attributes),
    )


def marked(voicemail: Voicemail, *, began: datetime, still_open: bool) -> UpdateVoiceCall:
    """The update that tags the call; `began` is when the call began, which may be long before the message."""
    return UpdateVoiceCall(
        call_origin=CallOrigin.VOICEMAIL,
        is_active_call=still_open,
        start_time=_whole_second(began),
        end_time=end_of(voicemail),
    )


def closed(
    voicemail: Voicemail, *, began: datetime, holds: Mapping[str, int], with_recording: bool = True
) -> UpdateVoiceCall:
    """The update that closes the call and attaches the recording, if there is one.

    `holds` are figures that it must not take away; how long they lasted goes with a recording only.
    """
    attached = with_recording and bool(voicemail.recording.location)
    return UpdateVoiceCall(
        is_active_call=False,
        call_origin=CallOrigin.VOICEMAIL,
        start_time=_whole_second(began),
        end_time=end_of(voicemail),
        recording_location=voicemail.recording.location if attached else None,
        total_recording_duration=math.ceil(voicemail.recording.duration_seconds) if attached else None,
        total_hold_duration=holds.get("total_hold_duration") if attached else None,
        longest_hold_duration=holds.get("longest_hold_duration"),
        number_of_holds=holds.get("number_of_holds"),
    )


def flow(voicemail: Voicemail, call_id: str, options: VoiceCallOptions, told: Told) -> ExecuteOmniFlow:
    """How the call is routed, with the flow's inputs filled in."""
    known = {
        "voice_call_id": call_id,
        "mailbox": told.mailbox.name if told.mailbox else "",
        "mailbox_type": told.mailbox.kind.value.capitalize() if told.mailbox else "",
        "caller": voicemail.caller,
        "priority": priority_of(voicemail),
    }
    return ExecuteOmniFlow(
        dialed_number=voicemail.dialed_number,
        flow_dev_name=options.flow_dev_name or None,
        fallback_queue=options.fallback_queue or None,
        flow_input_parameters={name: value.format_map(known) for name, value in told.inputs.items()},
    )


def messages(voicemail: Voicemail) -> list[TranscriptMessage]:
    """The transcript's entries, all of them inside the call."""
    segments = voicemail.transcript.segments if voicemail.transcript else ()
    pieces = [piece for segment in segments for piece in _pieces(segment)]
    return [_message(voicemail, number, piece) for number, piece in enumerate(pieces)]


def end_of(voicemail: Voicemail) -> datetime:
    """When the call ended, rounded up to a whole second: Salesforce may drop fractions of it."""
    ended = voicemail.ended_at
    return ended if ended.microsecond == 0 else _whole_second(ended) + timedelta(seconds=1)


def _pieces(segment: Segment) -> list[Segment]:
    """The segment as one entry, or an absurdly long one as several: no transcript may hold its voicemail up."""
    starts = range(0, len(segment.text), MAX_CONTENT_LENGTH)
    return [replace(segment, text=segment.text[at : at + MAX_CONTENT_LENGTH]) for at in starts]


def _message(voicemail: Voicemail, number: int, segment: Segment) -> TranscriptMessage:
    began = _epoch_ms(voicemail.started_at)
    longest = _epoch_ms(voicemail.ended_at) - began
    return TranscriptMessage(
        message_id=str(uuid.uuid5(MESSAGE_NAMESPACE, f"{voicemail.id}:{number}")),
        content=segment.text,
        start_ms=began + min(segment.start_ms, longest),
        end_ms=began + min(segment.end_ms, longest),
        sender_type=SenderType.END_USER,
    )


def _epoch_ms(at: datetime) -> int:
    return math.floor(at.timestamp() * 1000)


def _whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
