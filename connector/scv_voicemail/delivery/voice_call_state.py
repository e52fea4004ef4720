"""What Salesforce holds of a voicemail, read back by REST: never what we believe we have sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scv_voicemail.delivery.identity import CALL_FIELDS, disagreements
from scv_voicemail.errors import PermissionMissing, Rejected
from scv_voicemail.salesforce import ConversationEntry, SalesforceClient
from scv_voicemail.salesforce.failures import well_shaped
from scv_voicemail.telephony import TranscriptMessage
from scv_voicemail.voicemail import Voicemail

NEEDED = ("Id", "CallOrigin", "CallDisposition", "CallStartDateTime", "CallEndDateTime")
"""Fields of a VoiceCall without which nothing can be decided."""

TOLD = ("CallCenterId", "FromPhoneNumber", "ToPhoneNumber")
"""Fields that tell whose call it is; the integration user may not see them."""

HOLDS = {
    "CustomerHoldDuration": "total_hold_duration",
    "NumberOfHolds": "number_of_holds",
    "LongestHoldDuration": "longest_hold_duration",
}
"""Figures of a call's holds, as an update says them: one without them sets them to 0. The user may not see them."""

MOST_CALLS = 20
"""How many calls with one key are looked at: a chain of transfers has a few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceCallState:
    """The fields of a VoiceCall that decide what happens next.

    `told` is what is known of whose call it is; `contact_center` is another one's than ours, where that is known;
    `holds` are the figures that there are, as an update says them.
    """

    id: str
    call_origin: str
    disposition: str
    started_at: datetime | None
    ended_at: datetime | None
    told: Mapping[str, Any] = field(default_factory=dict)
    contact_center: str = ""
    holds: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_voicemail(self) -> bool:
        """The Omni-Channel flow will see a voicemail."""
        return self.call_origin == "Voicemail"

    @property
    def is_completed(self) -> bool:
        """The conversation is closed."""
        return self.disposition == "completed"

    def foreign_to(self, voicemail: Voicemail, *, marked: bool = False) -> list[str]:
        """Why it cannot be the call of this voicemail; `marked`: its times are ours by now, and tell nothing."""
        fields = {name: fact for name, fact in CALL_FIELDS.items() if not (marked and fact == "call_began")}
        found = disagreements(voicemail, {"CallStartDateTime": self.started_at, **self.told}, fields)
        return [*found, *([f"its contact center is {self.contact_center}"] if self.contact_center else [])]

    def ended_near(self, at: datetime) -> bool:
        """Our end time is applied; datetimes of Salesforce may drop the fraction of a second."""
        return self.ended_at is not None and abs((self.ended_at - at).total_seconds()) < 1.5


class VoiceCallView:
    """Looks a voicemail up in Salesforce. Reads only, but for the transcript upload.

    `call_center` is the internal name of our contact center; calls of another one are not ours.
    """

    def __init__(self, salesforce: SalesforceClient, *, call_center: str = "") -> None:
        self.salesforce = salesforce
        self.call_center = call_center
        self._center: str | None = None
        self._seen = [*NEEDED, *TOLD, *HOLDS]

    def find(self, vendor_call_key: str) -> VoiceCallState | None:
        """The first VoiceCall of the call; transfers of it carry the same key and are younger.

        Another contact center's call with the same key is given only where there is none that may be ours.
        """
        clause = f"VendorCallKey = :key ORDER BY CreatedDate, Id LIMIT {MOST_CALLS}"
        rows = self._calls(clause, key=vendor_call_key)
        with well_shaped("VoiceCall"):
            calls = [self._state(row) for row in rows]
        return next((call for call in calls if not call.contact_center), calls[0] if calls else None)

    def get(self, voice_call_id: str) -> VoiceCallState | None:
        """The VoiceCall as it is now."""
        rows = self._calls("Id = :id", id=voice_call_id)
        with well_shaped("VoiceCall"):
            return self._state(rows[0]) if rows else None

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

    def _calls(self, clause: str, **values: str) -> list[dict[str, Any]]:
        """VoiceCalls, without the columns that the integration user does not see."""
        while True:
            try:
                # The columns are constants of this module; only values are bound.
                return self.salesforce.query(f"SELECT {', '.join(self._seen)} FROM VoiceCall WHERE {clause}", **values)  # noqa: S608
            except PermissionMissing as error:
                spared = {*TOLD, *HOLDS} & {*self._seen}
                hidden = {name for name in spared if name in error.what} or spared
                if not hidden or error.code == "INVALID_TYPE":
                    raise
                self._seen = [name for name in self._seen if name not in hidden]

    def _state(self, row: Mapping[str, Any]) -> VoiceCallState:
        center = str(row.get("CallCenterId") or "")
        ours = self._call_center_id() if center and self.call_center else ""
        return VoiceCallState(
            id=str(row["Id"]),
            call_origin=str(row["CallOrigin"] or ""),
            disposition=str(row["CallDisposition"] or "").lower(),
            started_at=_time(row["CallStartDateTime"]),
            ended_at=_time(row["CallEndDateTime"]),
            told={name: row[name] for name in TOLD if row.get(name) is not None},
            holds={name: int(row[column]) for column, name in HOLDS.items() if row.get(column)},
            contact_center=f"{center}, not {ours} ({self.call_center})" if ours and center[:15] != ours[:15] else "",
        )

    def _call_center_id(self) -> str:
        """The record of our contact center; "" where the integration user may not see it."""
        if self._center is None:
            try:
                rows = self.salesforce.query(
                    "SELECT Id FROM CallCenter WHERE InternalName = :name LIMIT 2", name=self.call_center
                )
            except (Rejected, PermissionMissing):
                rows = []
            self._center = str(rows[0]["Id"]) if len(rows) == 1 else ""
        return self._center

    def _pending(self, voice_call_id: str) -> list[dict[str, Any]]:
        return self.salesforce.query("SELECT Id FROM PendingServiceRouting WHERE WorkItemId = :id", id=voice_call_id)

    def _agent_work(self, voice_call_id: str) -> list[dict[str, Any]]:
        return self.salesforce.query("SELECT Id, Status FROM AgentWork WHERE WorkItemId = :id", id=voice_call_id)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
