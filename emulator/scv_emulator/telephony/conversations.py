"""Conversations: open from the first call's creation until its closing update; only an open one takes transcripts."""

from __future__ import annotations

from datetime import datetime

from scv_emulator.salesforce.records import Database, Record


class Conversations:
    """Every conversation of the org, by the vendorCallKey of its first call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[str, str] = {}
        self.open_count = 0

    def open(self, key: str, *, start: datetime) -> str:
        """Open a conversation and give its record id; a known key gives the conversation that is there."""
        known = self._ids.get(key)
        if known is not None:
            return known
        conversation = self._database.insert(
            "Conversation",
            {"ConversationIdentifier": key, "StartTime": start, "_open": True},
            by_system=True,
        )
        # The end user's own key is never stored, for privacy (Implementation Guide, "Create a Voice Call Record").
        self._database.insert(
            "ConversationParticipant",
            {
                "ConversationId": conversation,
                "ParticipantKey": "END_USER",
                "ParticipantRole": "EndUser",
                "AppType": "telephony_integration",
                "JoinedTime": start,
            },
            by_system=True,
        )
        self._ids[key] = conversation
        self.open_count += 1
        return conversation

    def by_key(self, key: str) -> Record | None:
        """The conversation whose first call has this vendorCallKey."""
        conversation = self._ids.get(key)
        return None if conversation is None else self._database.first("Conversation", Id=conversation)

    def of_call(self, call: Record) -> Record | None:
        """The conversation of a voice call; a call that the REST API created has none."""
        conversation = call.get("ConversationId")
        return self._database.first("Conversation", Id=conversation) if conversation else None

    def set_times(self, conversation: Record, *, start: datetime | None, end: datetime | None) -> None:
        """Move the window in which transcripts are taken."""
        changes = {name: moment for name, moment in (("StartTime", start), ("EndTime", end)) if moment is not None}
        if changes:
            self._database.update("Conversation", conversation["Id"], changes, by_system=True)

    def close(self, conversation: Record, *, now: datetime) -> None:
        """End a conversation for good; one that was ended stays as it is."""
        if conversation["_open"]:
            self.open_count -= 1
            end = conversation["EndTime"] or now
            self._database.update("Conversation", conversation["Id"], {"_open": False, "EndTime": end}, by_system=True)
