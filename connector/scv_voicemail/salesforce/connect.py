"""Conversation entries of the Connect REST API: reading transcripts, and uploading them after a call.

Source: Implementation Guide, chapter 5, and the Connect REST API guide, Conversation Entries.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

MAX_ENTRIES = 1000
"""The most entries that one reading gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationEntry:
    """One utterance. Times are milliseconds since 1970; sender words are the payload's, e.g. END_USER.

    `subject` is the ParticipantKey of the ConversationParticipant that spoke.
    """

    identifier: str
    text: str
    client_timestamp_ms: int
    client_duration_ms: int = 0
    app_type: str = "TELEPHONY_INTEGRATION"
    subject: str = "END_USER"
    role: str = "END_USER"

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Self:
        """Read an entry of a conversation."""
        sender = entry.get("sender")
        sender = sender if isinstance(sender, Mapping) else {}
        return cls(
            identifier=str(entry.get("identifier") or ""),
            text=str(entry.get("messageText") or ""),
            client_timestamp_ms=int(entry.get("clientTimestamp") or 0),
            client_duration_ms=int(entry.get("clientDuration") or 0),
            app_type=str(sender.get("appType") or ""),
            subject=str(sender.get("subject") or ""),
            role=str(sender.get("role") or ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload of entries: SUCCESS when it was taken or is done, FAILED with `error_detail` and the failed entries."""

    upload_id: str
    conversation_identifier: str
    status: str
    error_detail: str = ""
    failed_entry_ids: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, result: Mapping[str, Any]) -> Self:
        """Read a result of the upload, or a status of it."""
        return cls(
            upload_id=str(result.get("uploadId") or ""),
            conversation_identifier=str(result.get("conversationIdentifier") or result.get("conversationId") or ""),
            status=str(result.get("status") or ""),
            error_detail=str(result.get("errorDetail") or ""),
            failed_entry_ids=tuple(str(entry_id) for entry_id in result.get("failedEntryIds") or ()),
        )


def entries_from_json(content: Mapping[str, Any]) -> list[ConversationEntry]:
    """The entries of a conversation, in the order of the reply."""
    entries = content.get("conversationEntries") or []
    return [ConversationEntry.from_json(entry) for entry in entries if isinstance(entry, Mapping)]


def uploads_from_json(content: Mapping[str, Any]) -> list[Upload]:
    """The uploads in a reply; the guide shows the same list under two names."""
    results = content.get("conversationBulkUploadsResults") or content.get("conversationBulkUploadStatuses") or []
    return [Upload.from_json(result) for result in results if isinstance(result, Mapping)]


def upload_body(conversation_id: str, entries: Iterable[ConversationEntry], *, related_records: Sequence[str]) -> bytes:
    """The uploaded file: one JSON object per line, the conversation first."""
    lines: list[dict[str, Any]] = [{"type": "conversation", "payload": {"conversationId": conversation_id}}]
    lines += [
        {
            "type": "conversationEntry",
            "payload": {
                "conversationId": conversation_id,
                "id": entry.identifier,
                "clientSentTimestamp": entry.client_timestamp_ms,
                "clientDuration": entry.client_duration_ms,
                "messageText": entry.text,
                "sender": {"appType": entry.app_type, "subject": entry.subject, "role": entry.role},
                # The guide's examples show ids of 15 characters here.
                "relatedRecords": [record_id[:15] for record_id in related_records],
            },
        }
        for entry in entries
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
