"""What Salesforce holds of a voicemail, read back by REST: never what we believe we have sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scv_voicemail.errors import Rejected
from scv_voicemail.salesforce import ConversationEntry, SalesforceClient
from scv_voicemail.telephony import TranscriptMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceCallState:
    """The fields of a VoiceCall that decide what happens next."""

    id: str
    call_origin: str
    disposition: str
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def is_voicemail(self) -> bool:
        """The Omni-Channel flow will see a voicemail."""
        return self.call_origin == "Voicemail"

    @property
    def is_completed(self) -> bool:
        """The conversation is closed."""
        return self.disposition == "completed"

    def ended_near(self, at: datetime) -> bool:
        """Our end time is applied; datetimes of Salesforce may drop the fraction of a second."""
        return self.ended_at is not None and abs((self.ended_at - at).total_seconds()) < 1.5


class VoiceCallView:
    """Looks a voicemail up in Salesforce. Reads only, but for the transcript upload."""

    def __init__(self, salesforce: SalesforceClient) -> None:
        self.salesforce = salesforce

    def find(self, vendor_call_key: str) -> VoiceCallState | None:
        """The first VoiceCall of the call; transfers of it carry the same key and are younger."""
        row = self.salesforce.query_one(
            "SELECT Id, CallOrigin, CallDisposition, CallStartDateTime, CallEndDateTime FROM VoiceCall "
            "WHERE VendorCallKey = :key ORDER BY CreatedDate, Id LIMIT 1",
            key=vendor_call_key,
        )
        return None if row is None else _state(row)

    def get(self, voice_call_id: str) -> VoiceCallState | None:
        """The VoiceCall as it is now."""
        row = self.salesforce.query_one(
            "SELECT Id, CallOrigin, CallDisposition, CallStartDateTime, CallEndDateTime FROM VoiceCall WHERE Id = :id",
            id=voice_call_id,
        )
        return None if row is None else _state(row)

    def recordings(self, voice_call_id: str) -> int:
        """How many recordings the VoiceCall has; there should be one."""
        return len(self.salesforce.query("SELECT Id FROM VoiceCallRecording WHERE VoiceCallId = :id", id=voice_call_id))

    def work_ids(self, voice_call_id: str) -> list[str]:
        """The routing work that is there already: that of the live call, before it became a voicemail."""
        return [str(row["Id"]) for row in (*self._pending(voice_call_id), *self._agent_work(voice_call_id))]

    def work(self, voice_call_id: str, *, apart_from: Collection[str] = ()) -> str | None:
        """ "queued", or the status of the rep's work; None when nobody will see the voicemail.

        Queue first, reps second: what moves from the queue to a rep between the two questions is then still seen.
        """
        if any(row["Id"] not in apart_from for row in self._pending(voice_call_id)):
            return "queued"
        for row in self._agent_work(voice_call_id):
            if row["Id"] not in apart_from and row["Status"] in ("Assigned", "Opened", "Closed"):
                return str(row["Status"]).lower()
        return None

    def transcript_ids(self, vendor_call_key: str) -> set[str]:
        """The ids of the transcript entries that Salesforce holds (Connect API; SOQL does not show them)."""
        try:
            return {entry.identifier for entry in self.salesforce.conversation_entries(vendor_call_key)}
        except Rejected:  # no conversation, or none that holds entries yet
            return set()

    def upload(self, vendor_call_key: str, voice_call_id: str, messages: Sequence[TranscriptMessage]) -> None:
        """Add transcript entries to the closed call; it takes effect later."""
        entries = [
            ConversationEntry(
                identifier=message.message_id,
                text=message.content,
                client_timestamp_ms=message.start_ms,
                client_duration_ms=message.end_ms - message.start_ms,
            )
            for message in messages
        ]
        upload = self.salesforce.upload_conversation_entries(vendor_call_key, entries, voice_call_ids=[voice_call_id])
        if upload.status.upper() == "FAILED":
            raise Rejected(f"the transcript upload failed: {upload.error_detail}", service="salesforce")

    def _pending(self, voice_call_id: str) -> list[dict[str, Any]]:
        return self.salesforce.query("SELECT Id FROM PendingServiceRouting WHERE WorkItemId = :id", id=voice_call_id)

    def _agent_work(self, voice_call_id: str) -> list[dict[str, Any]]:
        return self.salesforce.query("SELECT Id, Status FROM AgentWork WHERE WorkItemId = :id", id=voice_call_id)


def _state(row: dict[str, Any]) -> VoiceCallState:
    return VoiceCallState(
        id=str(row["Id"]),
        call_origin=str(row["CallOrigin"] or ""),
        disposition=str(row["CallDisposition"] or "").lower(),
        started_at=_time(row["CallStartDateTime"]),
        ended_at=_time(row["CallEndDateTime"]),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
