"""One transcribed utterance, as the two transcript endpoints take it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scv_voicemail.telephony.fields import check_enum, check_epoch_ms, check_optional_text, check_text, refused

MAX_MESSAGE_ID_LENGTH = 36
"""The length of ConversationEntry.MessageIdentifier (object reference)."""
MAX_CONTENT_LENGTH = 100_000
"""The vendor names no limit; a longer utterance is a mistake."""

_USER_ID = re.compile(r"005[A-Za-z0-9]{12}(?:[A-Z0-5]{3})?")


class SenderType(StrEnum):
    """Who spoke."""

    END_USER = "END_USER"
    EXTERNAL_USER = "EXTERNAL_USER"
    HUMAN_AGENT = "HUMAN_AGENT"
    SUPERVISOR = "SUPERVISOR"
    VIRTUAL_AGENT = "VIRTUAL_AGENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptMessage:
    """An utterance; times are milliseconds since 1970 and must lie within the call.

    `message_id` is unique within the conversation, so a repeated message with the same id is the same message.
    `participant_id` is made from the vendor's call key where the guide says so; it is needed only for an
    EXTERNAL_USER (the telephony system's id) and a HUMAN_AGENT (the rep's 005 user id).
    """

    message_id: str
    content: str
    start_ms: int
    end_ms: int
    sender_type: SenderType = SenderType.END_USER
    participant_id: str | None = None

    def __post_init__(self) -> None:
        check_text("messageId", self.message_id, max_length=MAX_MESSAGE_ID_LENGTH)
        check_text("content", self.content, max_length=MAX_CONTENT_LENGTH)
        check_epoch_ms("startTime", self.start_ms)
        check_epoch_ms("endTime", self.end_ms)
        if self.end_ms < self.start_ms:
            raise refused("endTime", "at or after startTime")
        check_enum("senderType", self.sender_type, SenderType)
        check_optional_text("participantId", self.participant_id)
        if self.sender_type == SenderType.HUMAN_AGENT and not _USER_ID.fullmatch(self.participant_id or ""):
            raise refused("participantId", "the rep's user id (005…, 15 or 18 characters) for a HUMAN_AGENT")
        if self.sender_type == SenderType.EXTERNAL_USER and self.participant_id is None:
            raise refused("participantId", "the telephony system's id of the EXTERNAL_USER")

    def to_json(self, *, vendor_call_key: str) -> dict[str, Any]:
        """The message object, for the conversation that began with the given call."""
        return {
            "participantId": self.participant_id or f"{vendor_call_key}{self.sender_type}",
            "messageId": self.message_id,
            "startTime": self.start_ms,
            "endTime": self.end_ms,
            "content": self.content,
            "senderType": self.sender_type,
        }
