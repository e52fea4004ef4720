"""What a field of a record may be filled with: the placeholders of a field map and what they stand for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from scv_voicemail.voicemail import MailboxKind, Transcript, Voicemail

FACTS: Mapping[str, str] = {
    "id": "the voicemail's id: the telephony system's key of the call",
    "delivery_key": "the id and the target: names the delivery in the journal",
    "caller": "the caller's number in E.164, or `anonymous`",
    "dialed_number": "the number that was dialed, in E.164",
    "mailbox_name": "developer name of the queue, or username of the rep, that the message is for",
    "mailbox_type": "`Queue` or `Rep`",
    "directness": "`Direct` for a rep's mailbox, `Queue` for any other",
    "received_at": "when the recording began",
    "ended_at": "when the recording ended",
    "duration_seconds": "its length in whole seconds, rounded up",
    "duration": "its length as 1:05",
    "priority": "its priority, in the word that came with it; `Medium` when none did",
    "language": "language of the transcript, or of the caller",
    "transcript": "what was said, as text",
    "transcript_segments": "what was said with its times, as JSON",
    "transcription_status": "`None`, `Supplied`, `Completed` or `Failed`",
    "transcription_confidence": "mean confidence of the segments, 0 to 1",
    "recording_location": "the lasting https address of the recording",
    "source": "where the connector took the voicemail from",
    "attributes": "all attributes, as JSON",
}
"""Known when the voicemail arrives; `{attribute[NAME]}` is one of its attributes."""

SPOKEN = frozenset(
    {"language", "transcript", "transcript_segments", "transcription_status", "transcription_confidence"}
)
"""Those of them that a transcript changes."""

FOUND: Mapping[str, str] = {
    "contact_id": "the only Contact with the caller's number",
    "account_id": "that Contact's Account, or the only Account with the number",
    "owner_id": "the queue or rep of the mailbox",
}
"""Looked up in Salesforce by the step `match`."""

LINKS: Mapping[str, str] = {
    "voice_call_id": "the VoiceCall of the same voicemail",
    "case_id": "the Case of the same voicemail",
    "custom_object_id": "the custom object's record of the same voicemail",
}
"""Filled in by the step `link`, as soon as the other record is there."""


ORDINARY_PRIORITY = "Medium"
"""Of a voicemail about which nobody has said anything; the word of Salesforce's own Case priorities."""


class Whole(str):
    """Text that is of no use when it is cut, such as an address."""

    __slots__ = ()


def facts_of(voicemail: Voicemail, *, target: str, transcription_failed: bool = False) -> dict[str, Any]:
    """The values of all `FACTS`, and `attribute`. None and "" mean that there is nothing to say."""
    mailbox, transcript = voicemail.mailbox, voicemail.transcript
    seconds = math.ceil(voicemail.recording.duration_seconds)
    is_direct = mailbox is not None and mailbox.kind is MailboxKind.REP
    return {
        "id": voicemail.id,
        "delivery_key": f"{voicemail.id} {target}",
        "caller": voicemail.caller,
        "dialed_number": voicemail.dialed_number,
        "mailbox_name": mailbox.name if mailbox else "",
        "mailbox_type": mailbox.kind.value.capitalize() if mailbox else "",
        "directness": "Direct" if is_direct else "Queue",
        "received_at": voicemail.started_at.astimezone(UTC),
        "ended_at": voicemail.ended_at.astimezone(UTC),
        "duration_seconds": seconds,
        "duration": f"{seconds // 60}:{seconds % 60:02}",
        "priority": priority_of(voicemail),
        "language": (transcript.language if transcript else "") or voicemail.language,
        "transcript": transcript.text if transcript else "",
        "transcript_segments": _segments(transcript) if transcript else None,
        "transcription_status": _status(transcript, failed=transcription_failed),
        "transcription_confidence": _confidence(transcript) if transcript else None,
        "recording_location": Whole(voicemail.recording.location),
        "source": voicemail.source,
        "attributes": dict(voicemail.attributes) or None,
        "attribute": dict(voicemail.attributes),
    }


def priority_of(voicemail: Voicemail) -> str:
    """The word that goes into a record or a flow."""
    return voicemail.priority or ORDINARY_PRIORITY


def as_text(value: Any) -> str:
    """A fact as a person reads it inside a sentence."""
    match value:
        case None:
            return ""
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        case list() | dict():
            return as_json(value)
        case _:
            return str(value)


def as_json(value: Any) -> str:
    """The shortest JSON, in the letters that were said."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _segments(transcript: Transcript) -> list[dict[str, Any]]:
    """The form that the player reads."""
    return [
        {"text": one.text, "start_ms": one.start_ms, "end_ms": one.end_ms}
        | ({} if one.confidence is None else {"confidence": one.confidence})
        for one in transcript.segments
    ]


def _status(transcript: Transcript | None, *, failed: bool) -> str:
    if transcript is None:
        return "Failed" if failed else "None"
    return "Supplied" if transcript.provider == "supplied" else "Completed"


def _confidence(transcript: Transcript) -> float | None:
    known = [one.confidence for one in transcript.segments if one.confidence is not None]
    return round(fmean(known), 2) if known else None
