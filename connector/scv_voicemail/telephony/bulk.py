"""Transcripts in bulk: splitting them into requests that the vendor takes, and reading its Multi-Status replies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scv_voicemail.errors import ConversationClosed, Rejected, Unavailable
from scv_voicemail.telephony.fields import check_vendor_call_key
from scv_voicemail.telephony.replies import (
    Reply,
    cut,
    grpc_name,
    is_conversation_closed,
    is_worth_retrying,
    json_object,
    judge,
)
from scv_voicemail.telephony.transcripts import TranscriptMessage

MAX_CALLS = 5
MAX_MESSAGES_PER_CALL = 5

_IDS = re.compile(r"Id\s*(?:\(s\)|s)?\s*:?\s*\[([^\]]*)\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOutcome:
    """What became of one message. `retryable` refusals may pass later; `code` is a gRPC name or empty."""

    vendor_call_key: str
    message_id: str
    accepted: bool
    status: int
    code: str = ""
    reason: str = ""
    retryable: bool = False
    conversation_closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult:
    """What became of every message, in the order in which they were given."""

    outcomes: tuple[MessageOutcome, ...]

    @property
    def accepted(self) -> tuple[MessageOutcome, ...]:
        """The messages that the vendor took."""
        return tuple(outcome for outcome in self.outcomes if outcome.accepted)

    @property
    def refused(self) -> tuple[MessageOutcome, ...]:
        """The messages that the vendor did not take, with its reasons."""
        return tuple(outcome for outcome in self.outcomes if not outcome.accepted)


@dataclass(frozen=True, slots=True)
class BulkMessage:
    """A message and the call it belongs to."""

    vendor_call_key: str
    message: TranscriptMessage

    @property
    def id(self) -> tuple[str, str]:
        """Message ids are unique within a conversation only."""
        return self.vendor_call_key, self.message.message_id


@dataclass(slots=True)
class BulkRequest:
    """The messages of one request, by call and in order."""

    by_call: dict[str, list[BulkMessage]] = field(default_factory=dict)

    def has_room_for(self, vendor_call_key: str) -> bool:
        """True while neither limit of the vendor is reached."""
        if vendor_call_key in self.by_call:
            return len(self.by_call[vendor_call_key]) < MAX_MESSAGES_PER_CALL
        return len(self.by_call) < MAX_CALLS

    def to_json(self) -> dict[str, Any]:
        """The request body: one participant per entry, so that the vendor keeps the order (guide, chapter 3)."""
        entries: list[dict[str, Any]] = []
        for key, messages in self.by_call.items():
            speaker = None
            for each in messages:
                rendered = each.message.to_json(vendor_call_key=key)
                if rendered["participantId"] != speaker:
                    speaker = rendered["participantId"]
                    entries.append({"vendorCallKey": key, "messages": []})
                entries[-1]["messages"].append(rendered)
        return {"entries": entries}


def collect(messages: Iterable[tuple[str, TranscriptMessage]]) -> list[BulkMessage]:
    """The messages as a list; the same message id twice in one call is refused, as the vendor could not tell them."""
    collected = [BulkMessage(key, message) for key, message in messages]
    for key in {each.vendor_call_key for each in collected}:
        check_vendor_call_key(key)
    if len({each.id for each in collected}) < len(collected):
        raise Rejected("messageId must be unique within a call; nothing was sent", service="telephony")
    return collected


def split(messages: Sequence[BulkMessage]) -> list[BulkRequest]:
    """As few requests as keep the order within every call: a message never goes before an earlier one of its call."""
    requests: list[BulkRequest] = []
    last_of_call: dict[str, int] = {}
    for each in messages:
        key = each.vendor_call_key
        place = last_of_call.get(key, 0)
        while place < len(requests) and not requests[place].has_room_for(key):
            place += 1
        if place == len(requests):
            requests.append(BulkRequest())
        requests[place].by_call.setdefault(key, []).append(each)
        last_of_call[key] = place
    return requests


def read_outcomes(request: BulkRequest, reply: Reply) -> list[MessageOutcome]:
    """What became of each message of a request. Raises when the request as a whole failed."""
    content = reply.content
    entries = _entries(content)
    if not entries:
        try:
            judge(reply)
        except ConversationClosed:
            return [_outcome(each, reply.status, reply.vendor_text) for each in _all(request)]
        result = json_object(reply).get("result", "")
        if "errorResponse" in json_object(reply) or str(result).lower().startswith("multi"):
            raise reply.error(Unavailable, "some messages were not processed, but the reply does not say which")
        return [_outcome(each, reply.status, "") for each in _all(request)]
    told: dict[tuple[str, str], MessageOutcome] = {}
    # Failures first: where a reply contradicts itself, the message is sent again rather than lost.
    for entry in sorted(entries, key=_status, reverse=True):
        key, status, text = str(entry.get("vendorCallKey", "")), _status(entry), str(entry.get("message") or "")
        of_call = request.by_call.get(key, [])
        for each in _named(of_call, text) or [each for each in of_call if not _named_elsewhere(each, entry, entries)]:
            told.setdefault(each.id, _outcome(each, status, text))
    return [told.get(each.id) or _not_mentioned(each, reply.status) for each in _all(request)]


def _entries(content: Any) -> list[Mapping[str, Any]]:
    response = content.get("errorResponse") if isinstance(content, Mapping) else None
    entries = response.get("errorResponseEntries") if isinstance(response, Mapping) else response
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def _status(entry: Mapping[str, Any]) -> int:
    status = entry.get("status")
    return int(status) if isinstance(status, int | str) and str(status).isdigit() else 500


def _named(messages: Sequence[BulkMessage], text: str) -> list[BulkMessage]:
    """The messages whose ids stand in a text like `… Transcript with Id(s) [a, b]. Error: …`."""
    ids: set[str] = set()
    for listed in _IDS.findall(text):
        ids |= {part.strip(" \"'") for part in listed.split(",")} | set(listed.split())
    return [each for each in messages if each.message.message_id in ids]


def _named_elsewhere(each: BulkMessage, entry: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> bool:
    """True when another entry of the same call speaks of this message by its id."""
    others = (other for other in entries if other is not entry and other.get("vendorCallKey") == each.vendor_call_key)
    return any(_named([each], str(other.get("message") or "")) for other in others)


def _outcome(each: BulkMessage, status: int, text: str) -> MessageOutcome:
    accepted = 200 <= status < 300
    return MessageOutcome(
        vendor_call_key=each.vendor_call_key,
        message_id=each.message.message_id,
        accepted=accepted,
        status=status,
        code="" if accepted else grpc_name(text),
        reason="" if accepted else cut(text or "the vendor gave no reason"),
        retryable=not accepted and is_worth_retrying(status, text),
        conversation_closed=not accepted and is_conversation_closed(status, text),
    )


def _not_mentioned(each: BulkMessage, status: int) -> MessageOutcome:
    return MessageOutcome(
        vendor_call_key=each.vendor_call_key,
        message_id=each.message.message_id,
        accepted=False,
        status=status,
        reason="the Multi-Status reply does not mention this message",
        retryable=True,
    )


def _all(request: BulkRequest) -> list[BulkMessage]:
    return [each for messages in request.by_call.values() for each in messages]
