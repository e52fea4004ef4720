"""Transcripts: taken only while the conversation is open, stored only when they lie inside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scv_emulator.due import DueWork
from scv_emulator.salesforce.records import Database, Record
from scv_emulator.switches import Switches
from scv_emulator.telephony.conversations import Conversations
from scv_emulator.telephony.errors import (
    CONVERSATION_DOES_NOT_EXIST,
    TRANSCRIPT_LIMIT,
    TelephonyError,
    invalid,
    rate_limited,
)
from scv_emulator.telephony.fields import Body
from scv_emulator.telephony.limits import PerSecond

_ACTOR_TYPES = {
    "END_USER": "EndUser",
    "EXTERNAL_USER": "EndUser",
    "HUMAN_AGENT": "Agent",
    "SUPERVISOR": "Supervisor",
    "VIRTUAL_AGENT": "Bot",
}
_REWRITTEN_SENDERS = {"END_USER", "SUPERVISOR", "VIRTUAL_AGENT"}
_LONGEST_MESSAGE_ID = 36
_LONGEST_CONTENT = 131_072
_MOST_CALLS, _MOST_MESSAGES = 5, 5
_FIRST_CALL_ONLY = "The vendorCallKey of the conversation's first voice call is required here, not a Salesforce id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One message of "Create a Transcript"."""

    message_id: str
    participant_id: str
    sender_type: str
    start_ms: int
    end_ms: int
    content: str

    @classmethod
    def read(cls, body: Body, *, key: str, switches: Switches) -> Utterance:
        """The message that a body describes; TelephonyError names the field that is wrong."""
        message_id = body.required_text("messageId")
        if len(message_id) > _LONGEST_MESSAGE_ID:
            if switches.long_message_id == "reject":
                raise invalid(f"messageId must not be longer than {_LONGEST_MESSAGE_ID} characters")
            if switches.long_message_id == "truncate":
                message_id = message_id[:_LONGEST_MESSAGE_ID]
        participant = body.required_text("participantId")
        body.required_text("senderType")
        sender = body.one_of("senderType", _ACTOR_TYPES) or ""
        start, end = body.milliseconds("startTime"), body.milliseconds("endTime")
        if end < start:
            raise invalid("endTime must not be before startTime")
        return cls(
            message_id=message_id,
            # Whatever was sent, these become the call's own key plus the role, for privacy.
            participant_id=f"{key}{sender}" if sender in _REWRITTEN_SENDERS else participant,
            sender_type=sender,
            start_ms=start,
            end_ms=end,
            content=body.required_text("content", longest=_LONGEST_CONTENT),
        )


class Transcripts:
    """Takes transcripts one by one or in bulk; `dropped` lists those that were accepted and not stored."""

    def __init__(
        self,
        *,
        database: Database,
        conversations: Conversations,
        due: DueWork,
        switches: Switches,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._conversations = conversations
        self._due = due
        self._switches = switches
        self._now = now
        self._rate = PerSecond(now)
        self._known: dict[str, set[str]] = {}
        self._count = 0
        self.dropped: list[dict[str, Any]] = []

    def add(self, key: str, body: Body) -> None:
        """Take one transcript; TelephonyError when it is refused."""
        if key.startswith("0LQ") and len(key) in {15, 18}:
            raise invalid(_FIRST_CALL_ONLY)
        utterance = Utterance.read(body, key=key, switches=self._switches)
        if not self._rate.take(1, limit=self._switches.utterances_per_second):
            raise rate_limited(TRANSCRIPT_LIMIT, retry_after_seconds=self._switches.retry_after_seconds)
        self._take(key, utterance)

    def add_in_bulk(self, body: Body) -> list[dict[str, Any]]:
        """Take transcripts of several calls; empty when all were taken, otherwise one entry per call and outcome."""
        entries = body.objects("entries")
        keys = [entry.required_text("vendorCallKey") for entry in entries]
        messages = [entry.objects("messages") for entry in entries]
        counts: dict[str, int] = {}
        for key, of_call in zip(keys, messages, strict=True):
            counts[key] = counts.get(key, 0) + len(of_call)
        if len(counts) > _MOST_CALLS:
            raise invalid(f"entries must not hold more than {_MOST_CALLS} voice calls")
        if max(counts.values()) > _MOST_MESSAGES:
            raise invalid(f"messages must not hold more than {_MOST_MESSAGES} transcripts per voice call")
        outcomes: list[dict[str, Any]] = []
        for key, of_call in zip(keys, messages, strict=True):
            outcomes += self._of_one_call(key, of_call)
        if all(one["status"] == 202 for one in outcomes):
            return []
        if all(one["status"] == 429 for one in outcomes):
            raise rate_limited(TRANSCRIPT_LIMIT, retry_after_seconds=self._switches.retry_after_seconds)
        return outcomes

    def _of_one_call(self, key: str, messages: list[Body]) -> list[dict[str, Any]]:
        """The outcomes of one entry: taken ones together, refused ones together by reason."""
        by_reason: dict[tuple[int, str], list[str]] = {}
        for message in messages:
            try:
                self.add(key, message)
                outcome = (202, "")
            except TelephonyError as refusal:
                outcome = (refusal.status, refusal.message.removeprefix(_refused("", message)))
            by_reason.setdefault(outcome, []).append(_id_of(message))
        return [
            {
                "vendorCallKey": key,
                "status": status,
                "message": f"Successfully Processed Transcripts with Id(s) [{', '.join(ids)}]"
                if status == 202
                else f"Error Processing Transcript with Id(s) [{', '.join(ids)}]. Error: {reason}",
            }
            for (status, reason), ids in by_reason.items()
        ]

    def _take(self, key: str, utterance: Utterance) -> None:
        conversation = self._conversations.by_key(key)
        call = self._database.first("VoiceCall", VendorCallKey=key) if conversation is not None else None
        if conversation is None or call is None or not conversation["_open"]:
            raise _refusal(utterance, CONVERSATION_DOES_NOT_EXIST)
        switches = self._switches
        if conversation["EndTime"] is not None and switches.transcript_after_end_time_patch == "reject":
            raise _refusal(utterance, CONVERSATION_DOES_NOT_EXIST)
        if not _inside(conversation, utterance):
            if switches.transcript_outside_window == "reject":
                raise _refusal(utterance, "The timestamp is not between the conversation's start and end times")
            self._drop(key, utterance, "outside the call's start and end")
            return
        known = self._known.setdefault(key, set())
        if utterance.message_id in known and switches.duplicate_message_id != "store":
            if switches.duplicate_message_id == "reject":
                raise _refusal(utterance, "The messageId is already used in this conversation")
            self._drop(key, utterance, "duplicate messageId")
            return
        known.add(utterance.message_id)
        call_id = str(call["Id"])
        self._due.after(switches.transcript_delay_ms, lambda: self._store(call_id, utterance))

    def _drop(self, key: str, utterance: Utterance, why: str) -> None:
        self.dropped.append(
            {
                "vendorCallKey": key,
                "messageId": utterance.message_id,
                "startMs": utterance.start_ms,
                "endMs": utterance.end_ms,
                "why": why,
            }
        )

    def _store(self, call_id: str, utterance: Utterance) -> None:
        self._count += 1
        self._database.insert(
            "ConversationEntry",
            {
                "ConversationId": call_id,
                "MessageIdentifier": utterance.message_id,
                "ActorType": _ACTOR_TYPES[utterance.sender_type],
                "ClientTimestamp": _moment(utterance.start_ms),
                "ClientDuration": utterance.end_ms - utterance.start_ms,
                "EntryTime": _moment(utterance.start_ms),
                "EntryEndTime": _moment(utterance.end_ms),
                "EntryType": "Text",
                "ServerReceivedTimestamp": self._now(),
                "Seq": self._count,
                "_text": utterance.content,
                "_participantId": utterance.participant_id,
                "_startMs": utterance.start_ms,
                "_endMs": utterance.end_ms,
            },
            by_system=True,
        )


def _inside(conversation: Record, utterance: Utterance) -> bool:
    start, end = conversation["StartTime"], conversation["EndTime"]
    return _ms(start) <= utterance.start_ms and (end is None or utterance.end_ms <= _ms(end))


def _refusal(utterance: Utterance, reason: str) -> TelephonyError:
    return invalid(f"Error Processing Transcript with Id(s) [{utterance.message_id}]. Error: {reason}")


def _refused(reason: str, message: Body) -> str:
    return f"Error Processing Transcript with Id(s) [{_id_of(message)}]. Error: {reason}"


def _id_of(message: Body) -> str:
    return str(message.data.get("messageId", ""))[:255]


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)
