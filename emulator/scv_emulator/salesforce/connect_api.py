"""Conversations of the Connect REST API: read, redact and upload the transcripts of voice calls.

Source: Service Cloud Voice Implementation Guide, chapter 5; Connect REST API Developer Guide, "Conversation Entries".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from scv_emulator.ids import is_wellformed
from scv_emulator.salesforce.errors import NotFound, SalesforceError
from scv_emulator.salesforce.records import Database, Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_IDENTIFIER = 36
_MAX_DURATION_MS = 2**31 - 1
_APP_AND_ROLE = {
    "Agent": ("AGENT", "AGENT"),
    "Bot": ("CHATBOT", "CHATBOT"),
    "EndUser": ("TELEPHONY_INTEGRATION", "END_USER"),
    "Supervisor": ("AGENT", "SUPERVISOR"),
    "System": ("CONVERSATION", "SYSTEM"),
}
_ACTOR_OF_ROLE = {role: actor for actor, (_, role) in _APP_AND_ROLE.items()}


class EntryRefused(Exception):
    """One entry of an upload cannot be stored; the others can."""


@dataclass(slots=True)
class Conversations:
    """The transcripts of the org. A conversation is named by its ConversationIdentifier or its record id."""

    database: Database
    now: Callable[[], datetime]
    new_upload_id: Callable[[], str] = lambda: str(uuid4())
    success_is_told_as_result: Callable[[], bool] = lambda: False
    _uploads: dict[str, dict[str, Any]] = field(default_factory=dict)

    def entries(self, identifier: str, params: Mapping[str, str]) -> dict[str, Any]:
        """The entries of a conversation in the order of time; `FromEnd` (the default) takes the newest."""
        limit = _number(params, "recordLimit", 25, lowest=1, highest=1000)
        start = _number(params, "startTimestamp", 0, lowest=0)
        end = _number(params, "endTimestamp", 2**63, lowest=0)
        direction = params.get("queryDirection", "FromEnd")
        if direction not in ("FromEnd", "FromStart"):
            raise _illegal(f"queryDirection must be FromEnd or FromStart: {direction}")
        found = [row for row in self._rows(self._conversation(identifier)) if start <= _start_ms(row) <= end]
        found = found[-limit:] if direction == "FromEnd" else found[:limit]
        return {"conversationEntries": [_shown(row) for row in found]}

    def redact(self, identifier: str, body: Any) -> dict[str, Any]:
        """Replace the text of entries."""
        updates = body.get("conversationEntriesUpdates") if isinstance(body, dict) else None
        if not isinstance(updates, list) or not all(isinstance(one, dict) for one in updates):
            raise _illegal("conversationEntriesUpdates must be a list of entry updates")
        rows = {row["MessageIdentifier"]: row for row in self._rows(self._conversation(identifier))}
        results = []
        for update in updates:
            entry, text = update.get("identifier"), update.get("messageText")
            row = rows.get(entry) if isinstance(entry, str) else None
            error = None if row else "Conversation entry not found."
            if not isinstance(text, str):
                error = "messageText is missing."
            if row and not error:
                self.database.update("ConversationEntry", row["Id"], {"_text": text}, by_system=True)
            results.append({"identifier": entry, "status": "FAILED" if error else "SUCCESS", "errorDetail": error})
        return {"conversationEntriesUpdates": results}

    def upload(self, parts: Sequence[tuple[str, bytes]]) -> dict[str, Any]:
        """Store whole transcripts of closed conversations; each part is a conversation's name and its lines of JSON."""
        if not parts:
            raise _illegal("the request has no file part named after its conversation")
        return {"conversationBulkUploadsResults": [self._upload(name, content) for name, content in parts]}

    def upload_statuses(self, upload_ids: Sequence[str]) -> dict[str, Any]:
        """How uploads ended."""
        unknown = [one for one in upload_ids if one not in self._uploads]
        if unknown or not upload_ids:
            raise NotFound(f"no such upload: {', '.join(unknown)}" if unknown else "uploadIds is missing")
        found = [self._uploads[one] for one in upload_ids]
        if self.success_is_told_as_result() and all(one["status"] == "SUCCESS" for one in found):
            return {
                "conversationBulkUploadsResults": [_result(one["conversationId"], one["uploadId"]) for one in found]
            }
        return {"conversationBulkUploadStatuses": found}

    # ------------------------------------------------------------------------------------------------------- inside

    def _conversation(self, identifier: str) -> Record:
        found = self.database.first("Conversation", ConversationIdentifier=identifier)
        if found is None and is_wellformed(identifier):
            found = self.database.first("Conversation", Id=identifier)
        if found is None:
            raise NotFound
        return found

    def _calls(self, conversation: Record) -> list[Record]:
        return self.database.find("VoiceCall", ConversationId=conversation["Id"]) or self.database.find(
            "VoiceCall", VendorCallKey=conversation["ConversationIdentifier"]
        )

    def _rows(self, conversation: Record) -> list[Record]:
        calls = self._calls(conversation)
        rows = [row for call in calls for row in self.database.find("ConversationEntry", ConversationId=call["Id"])]
        return sorted(rows, key=lambda row: (_start_ms(row), row["Seq"] or 0))

    def _upload(self, name: str, content: bytes) -> dict[str, Any]:
        result = _result(name, None)
        try:
            conversation = self._conversation(name)
            entries = _entries_of(content)
        except NotFound:
            return result | {"errorDetail": "Conversation does not exist."}
        except ValueError as error:
            return result | {"errorDetail": str(error)}
        calls = self._calls(conversation)
        if conversation.get("_open") or conversation["EndTime"] is None or not calls:
            return result | {"errorDetail": "Only closed conversations can be uploaded."}
        failed = []
        for entry in entries:
            try:
                self._store(conversation, calls[0], entry)
            except EntryRefused:
                failed.append(str(entry.get("id")))
        upload_id = self.new_upload_id()
        self._uploads[upload_id] = self._status(name, upload_id, total=len(entries), failed=failed)
        return _result(name, upload_id)

    def _status(self, name: str, upload_id: str, *, total: int, failed: list[str]) -> dict[str, Any]:
        status, detail = "SUCCESS", None
        if failed:
            all_failed = len(failed) == total
            status = "FAILED" if all_failed else "PARTIAL_SUCCESS"
            detail = f"Failed to process {'any' if all_failed else 'some'} conversation entries."
        return {
            "conversationId": name,
            "errorDetail": detail,
            "failedEntryCount": len(failed),
            "failedEntryIds": failed,
            "lastUpdatedTimestamp": _milliseconds(self.now()),
            "status": status,
            "successEntryCount": total - len(failed),
            "uploadId": upload_id,
        }

    def _store(self, conversation: Record, call: Record, entry: dict[str, Any]) -> None:
        identifier, sent, duration = entry.get("id"), entry.get("clientSentTimestamp"), entry.get("clientDuration", 0)
        text, sender = entry.get("messageText"), entry.get("sender")
        actor = _ACTOR_OF_ROLE.get(str(sender.get("role"))) if isinstance(sender, dict) else None
        begin, end = _milliseconds(conversation["StartTime"]), _milliseconds(conversation["EndTime"])
        if (
            not isinstance(identifier, str)
            or not 0 < len(identifier) <= _MAX_IDENTIFIER
            or not isinstance(text, str)
            or not isinstance(sender, dict)
            or actor is None
            or not _is_between(sent, begin, end)
            or not _is_between(duration, 0, _MAX_DURATION_MS)
        ):
            raise EntryRefused
        assert isinstance(sent, int)
        assert isinstance(duration, int)
        fields = {
            "ConversationId": call["Id"],
            "MessageIdentifier": identifier,
            "ActorType": actor,
            "ClientTimestamp": _moment(sent),
            "ClientDuration": duration,
            "EntryTime": _moment(sent),
            "EntryEndTime": _moment(sent + duration),
            "EntryType": "Text",
            "ServerReceivedTimestamp": self.now(),
            "_text": text,
            "_participantId": str(sender.get("subject", "")),
            "_startMs": sent,
            "_endMs": sent + duration,
        }
        known = self.database.first("ConversationEntry", ConversationId=call["Id"], MessageIdentifier=identifier)
        if known:
            self.database.update("ConversationEntry", known["Id"], fields, by_system=True)
        else:
            count = len(self.database.find("ConversationEntry", ConversationId=call["Id"]))
            self.database.insert("ConversationEntry", fields | {"Seq": count + 1}, by_system=True)


def _result(name: str, upload_id: str | None) -> dict[str, Any]:
    status = "SUCCESS" if upload_id else "FAILED"
    return {"conversationIdentifier": name, "errorDetail": None, "status": status, "uploadId": upload_id}


def _entries_of(content: bytes) -> list[dict[str, Any]]:
    """The payloads of the entries; raises ValueError. The JSON values may be spread over lines."""
    text, decoder, position, values = content.decode("utf-8"), json.JSONDecoder(), 0, []
    try:
        while text[position:].strip():
            position += len(text[position:]) - len(text[position:].lstrip())
            value, position = decoder.raw_decode(text, position)
            values.append(value)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    if not values or not all(isinstance(one, dict) and isinstance(one.get("payload"), dict) for one in values):
        raise ValueError("every line must be an object with a type and a payload")
    if values[0].get("type") != "conversation":
        raise ValueError("the first line must describe the conversation")
    return [one["payload"] for one in values[1:] if one.get("type") == "conversationEntry"]


def _shown(row: Record) -> dict[str, Any]:
    app_type, role = _APP_AND_ROLE.get(row["ActorType"], ("CONVERSATION", "SYSTEM"))
    start = _start_ms(row)
    return {
        "clientDuration": row.get("_endMs", start) - start,
        "clientTimestamp": start,
        "identifier": row["MessageIdentifier"],
        "messageText": row.get("_text", ""),
        "relatedRecords": [row["ConversationId"]],
        "sender": {"appType": app_type, "role": role, "subject": row.get("_participantId", "")},
        "serverReceivedTimestamp": _milliseconds(row["ServerReceivedTimestamp"] or row["CreatedDate"]),
    }


def _start_ms(row: Record) -> int:
    return int(row["_startMs"]) if "_startMs" in row else _milliseconds(row["ClientTimestamp"] or row["EntryTime"])


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _is_between(value: Any, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _number(params: Mapping[str, str], name: str, default: int, *, lowest: int, highest: int = 2**63) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and lowest <= int(text) <= highest):
        raise _illegal(f"{name} is out of range: {text}")
    return int(text)


def _illegal(message: str) -> SalesforceError:
    return SalesforceError(400, "ILLEGAL_QUERY_PARAMETER_VALUE", message)
