"""Voice calls: created at once, updated later; an update without isActiveCall closes the call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from scv_emulator.due import DueWork
from scv_emulator.flows.automation import Automation
from scv_emulator.salesforce.records import Database, Record, SalesforceError
from scv_emulator.switches import Switches
from scv_emulator.telephony.conversations import Conversations
from scv_emulator.telephony.errors import invalid, rate_limited, unknown_call
from scv_emulator.telephony.limits import PerSecond
from scv_emulator.telephony.queues import Queues
from scv_emulator.telephony.requests import CallUpdate, NewCall

_RECORD_ERRORS = "We created your voice call but there were some errors : "
_TOO_MANY_CALLS = (
    "We can't make or receive calls right now because your org has exceeded the maximum number of calls per second. "
    "Try again in a few minutes, or contact your Salesforce admin for help."
)
_TOO_MANY_CONVERSATIONS = (
    "We can't make or receive calls right now because your org has exceeded the maximum number of concurrent calls. "
    "Contact your Salesforce admin for help."
)
_ATTRIBUTE_NAMES = {"sfdc-RecordTypeId": "RecordTypeId"}
_SHOWN_BY_NO_FIELD = "CallerContactInfo"
"""The guide lets callAttributes set it; the Object Reference knows no such field of VoiceCall."""
_STANDARD_ATTRIBUTES = {"SourceType", _SHOWN_BY_NO_FIELD, "RecordTypeId"}


class Calls:
    """Creates, finds and updates voice calls.

    Example::

        call_id, warnings = calls.create(NewCall.read(body, …), contact_center="DemoContactCenter")
        calls.update(call_id, CallUpdate.read(body, switches=switches), contact_center="DemoContactCenter")
    """

    def __init__(
        self,
        *,
        database: Database,
        conversations: Conversations,
        due: DueWork,
        switches: Switches,
        now: Callable[[], datetime],
        queues: Queues,
        automation: Automation,
    ) -> None:
        self._database = database
        self._conversations = conversations
        self._due = due
        self._switches = switches
        self._now = now
        self._queues = queues
        self._automation = automation
        self._creates = PerSecond(now)
        self._pending: dict[str, list[CallUpdate]] = {}

    # ------------------------------------------------------------------------------------------------------ finding

    def contact_center_id(self, api_name: str) -> str | None:
        """The record id of a contact center."""
        record = self._database.first("CallCenter", InternalName=api_name)
        return None if record is None else str(record["Id"])

    def find(self, call_id: str, *, contact_center: str) -> Record | None:
        """A call of this contact center by voiceCallId or by vendorCallKey; for a key, its first call."""
        if _looks_like_an_id(call_id):
            try:
                found = [self._database.get("VoiceCall", call_id)]
            except SalesforceError:  # unknown, malformed or deleted: to this API it is all the same
                return None
        else:
            found = self._database.find("VoiceCall", VendorCallKey=call_id)
        center = self.contact_center_id(contact_center)
        return next((one for one in found if one["CallCenterId"] in {center, None}), None)

    def get(self, call_id: str, *, contact_center: str) -> Record:
        """As `find`; a call that is not there is a 404."""
        call = self.find(call_id, contact_center=contact_center)
        if call is None:
            raise unknown_call(call_id)
        return call

    def has_pending_update(self, call: Record) -> bool:
        """True while an update of this call was accepted but not applied."""
        return bool(self._waiting(call))

    def pending_origin(self, call: Record) -> str | None:
        """The CallOrigin that accepted updates will give this call; None when they say nothing of it."""
        given = (one.call_origin for one in reversed(self._waiting(call)))
        return next((origin for origin in given if origin is not None), None)

    def _waiting(self, call: Record) -> list[CallUpdate]:
        return [*self._pending.get(call["Id"], []), *self._pending.get(call["VendorCallKey"], [])]

    # ----------------------------------------------------------------------------------------------------- creating

    def create(self, new: NewCall, *, contact_center: str) -> tuple[str, list[str]]:
        """The id of the new call, and what was wrong with its attributes: the call exists nevertheless."""
        parent = None
        if new.is_transfer:
            parent = self.find(new.parent or "", contact_center=contact_center)
            if parent is None:
                raise invalid("parentVoiceCallId is not a voice call of this contact center")
        elif self._switches.duplicate_vendor_call_key == "return_existing":
            known = self.find(new.vendor_call_key, contact_center=contact_center)
            if known is not None:
                return str(known["Id"]), []
        self._check_limits()
        call_id = self._insert(
            {
                "VendorCallKey": new.vendor_call_key,
                "ToPhoneNumber": new.to_number,
                "FromPhoneNumber": new.from_number,
                "CallType": "Transfer" if new.is_transfer else "Inbound",
                "CallSubtype": new.call_subtype,
                "CallOrigin": new.call_origin,
            },
            contact_center=contact_center,
            start=new.start,
            parent=parent,
        )
        queue = self._queues.find(new.queue, self.contact_center_id(contact_center)) if new.queue else None
        if queue is not None:
            changes = {"OwnerId": queue["Id"], "QueueName": queue["Name"]}
            self._database.update("VoiceCall", call_id, changes, by_system=True)
        errors = self._apply_attributes(call_id, new.attributes, new.attributes_error)
        return call_id, errors + self._automation.after_create("VoiceCall", call_id)

    def _check_limits(self) -> None:
        switches = self._switches
        limit = switches.concurrent_conversations
        if limit and self._conversations.open_count >= limit:
            raise rate_limited(_TOO_MANY_CONVERSATIONS, retry_after_seconds=switches.retry_after_seconds)
        if not self._creates.take(1, limit=switches.calls_per_second):
            raise rate_limited(_TOO_MANY_CALLS, retry_after_seconds=switches.retry_after_seconds)

    def _insert(self, fields: Record, *, contact_center: str, start: datetime, parent: Record | None = None) -> str:
        if parent is not None and parent.get("ConversationId"):
            conversation = parent["ConversationId"]
        else:
            conversation = self._conversations.open(fields["VendorCallKey"], start=start)
        call_id = self._database.insert(
            "VoiceCall",
            {
                "CallDisposition": "new",
                "VendorType": "ContactCenter",
                "CallCenterId": self.contact_center_id(contact_center),
                "ConversationId": conversation,
                "CallStartDateTime": start,
                # Never empty on the vendor's side, so an open call ends where it starts.
                "CallEndDateTime": start,
            }
            | ({} if parent is None else {"PreviousCallId": parent["Id"]})
            | fields,
            by_system=True,
        )
        if parent is not None:
            self._database.update("VoiceCall", parent["Id"], {"NextCallId": call_id}, by_system=True)
        return call_id

    def _apply_attributes(self, call_id: str, attributes: dict[str, Any], error: str) -> list[str]:
        errors = [error] if error else []
        for given, value in attributes.items():
            name = _ATTRIBUTE_NAMES.get(given, given)
            if not name.endswith("__c") and name not in _STANDARD_ATTRIBUTES:
                errors.append(f"{given}: not a field that callAttributes can set")
                continue
            if name == _SHOWN_BY_NO_FIELD:
                self._database.update("VoiceCall", call_id, {f"_{name}": value}, by_system=True)
                continue
            try:
                self._database.update("VoiceCall", call_id, {name: value})
            except SalesforceError as refusal:
                errors.append(f"{given}: {refusal.message}")
        return errors

    # ----------------------------------------------------------------------------------------------------- updating

    def update(self, call_id: str, update: CallUpdate, *, contact_center: str) -> None:
        """Accept an update; the recording is applied first, everything else after it, both with a delay.

        An unknown vendorCallKey makes a call of its own ("even after the call has ended"); an unknown id is a 404.
        """
        call = self.find(call_id, contact_center=contact_center)
        if call is None and _looks_like_an_id(call_id):
            raise unknown_call(call_id)
        name = call_id if call is None else str(call["Id"])
        self._pending.setdefault(name, []).append(update)
        delay = self._switches.apply_delay_ms

        def recording() -> None:
            self._apply_recording(self._found_or_made(call_id, update, contact_center), update)

        def everything_else() -> None:
            self._pending[name].remove(update)
            self._apply(self._found_or_made(call_id, update, contact_center), update)

        if update.recording_location is not None:
            self._due.after(delay, recording)
        self._due.after(delay, everything_else)

    def _found_or_made(self, call_id: str, update: CallUpdate, contact_center: str) -> Record | None:
        call = self.find(call_id, contact_center=contact_center)
        if call is None and not _looks_like_an_id(call_id):
            fields = {
                "VendorCallKey": call_id,
                "CallType": "Inbound",
                "CallSubtype": "PSTN",
                "FromPhoneNumber": update.from_number or "WEBRTC_DEFAULT",
                "ToPhoneNumber": update.to_number or "WEBRTC_DEFAULT",
            }
            made = self._insert(fields, contact_center=contact_center, start=update.start or update.end or self._now())
            self._keep_errors(made, self._automation.after_create("VoiceCall", made))
            call = self._database.get("VoiceCall", made)
        return call

    def _apply_recording(self, call: Record | None, update: CallUpdate) -> None:
        if call is None:  # deleted while the update was waiting
            return
        total = update.recording_seconds
        fields = {
            "DurationInSeconds": update.interaction_seconds + update.hold_seconds if total is None else total,
            "_recordingLocation": update.recording_location,
        }
        known = self._database.first("VoiceCallRecording", VoiceCallId=call["Id"])
        if known is not None and self._switches.repeat_recording == "replace":
            self._database.update("VoiceCallRecording", known["Id"], fields, by_system=True)
            return
        recording = self._database.insert(
            "VoiceCallRecording",
            {"VoiceCallId": call["Id"], "Name": f"Recording of {call['VendorCallKey']}"[:255]} | fields,
            by_system=True,
        )
        changes = {"CallRecordingId": recording, "IsRecorded": True}
        self._database.update("VoiceCall", call["Id"], changes, by_system=True)

    def _apply(self, call: Record | None, update: CallUpdate) -> None:
        if call is None:  # deleted while the update was waiting
            return
        conversation = self._conversations.of_call(call)
        ended = conversation is not None and conversation["EndTime"] is not None
        changes = _changes(update)
        if update.agent is not None:
            rep = self._database.first("User", Username=update.agent)
            changes |= {} if rep is None else {"UserId": rep["Id"]}
        if update.active:
            # A call that was completed stays completed: its conversation cannot be opened again.
            changes |= {} if call["CallDisposition"] == "completed" else {"CallDisposition": "in-progress"}
        else:
            changes |= {"CallDisposition": "completed"}
            changes |= {} if update.end or ended or call["CallDisposition"] == "completed" else self._ends_now()
        self._database.update("VoiceCall", call["Id"], changes, by_system=True)
        if conversation is not None:
            self._conversations.set_times(conversation, start=update.start, end=update.end)
        errors = self._apply_attributes(call["Id"], update.attributes, update.attributes_error)
        # Automation starts with this update and not with the recording's ("Update a Voice Call Record").
        errors += self._automation.after_update("VoiceCall", call["Id"], call)
        self._keep_errors(call["Id"], errors)
        if not update.active:
            self._close(self._database.get("VoiceCall", call["Id"]))

    def _keep_errors(self, call_id: str, errors: list[str]) -> None:
        """Nobody is told by the vendor; whoever watches the emulator should be."""
        if errors:
            self._database.update("VoiceCall", call_id, {"_updateErrors": errors}, by_system=True)

    def _ends_now(self) -> Record:
        return {"CallEndDateTime": self._now()}

    def _close(self, call: Record) -> None:
        conversation = self._conversations.of_call(call)
        if conversation is not None and call["NextCallId"] is None:
            self._conversations.close(conversation, now=self._now())
        if call["CallOrigin"] != "Voicemail" or self._switches.voicemail_close_clears_psr:
            for routing in self._database.find("PendingServiceRouting", WorkItemId=call["Id"]):
                self._database.delete("PendingServiceRouting", routing["Id"])


def creation_errors(errors: list[str]) -> Any:
    """The `errors` of a create: an empty list, or one string, as the guide shows both."""
    return _RECORD_ERRORS + ", ".join(errors) if errors else []


def _changes(update: CallUpdate) -> Record:
    given = {
        "CallStartDateTime": update.start,
        "CallEndDateTime": update.end,
        "CallQueuedDateTime": update.enqueued,
        "CallAcceptDateTime": update.accepted,
        "FromPhoneNumber": update.from_number,
        "ToPhoneNumber": update.to_number,
        "LongestHoldDuration": update.longest_hold_seconds,
        "QueueName": update.queue_name,
        "CallOrigin": update.call_origin,
        "DisconnectReason": update.disconnect_reason,
    }
    changes: Record = {name: value for name, value in given.items() if value is not None}
    if update.start is not None and update.end is not None:
        changes["CallDurationInSeconds"] = round((update.end - update.start).total_seconds())
    # Each update overwrites these three, absent ones with 0 (Implementation Guide, "Update a Voice Call Record").
    return changes | {
        "CustomerHoldDuration": update.hold_seconds,
        "NumberOfHolds": update.holds,
        "_agentInteractionDuration": update.interaction_seconds,
    }


def _looks_like_an_id(call_id: str) -> bool:
    return call_id.startswith("0LQ") and len(call_id) in {15, 18} and call_id.isalnum()
