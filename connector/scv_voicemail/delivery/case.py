"""The Case target: one Case per voicemail, with caller, recording and transcript, for the mailbox's queue or rep."""

from __future__ import annotations

from collections.abc import Mapping

from scv_voicemail.delivery.record_target import RecordTarget

CASE_KEY = "Voicemail_External_Id__c"
"""The External Id of Case that holds the voicemail's id; the flow `Voicemail_Find_Or_Create_Case` fills it, too."""

CASE_FIELDS: Mapping[str, str] = {
    "Subject": "Voicemail from {caller}",
    "Description": "Voicemail of {duration} from {caller} to {dialed_number}, {received_at}.\n\n{transcript}",
    "Status": "New",
    "Origin": "Voicemail",
    "Priority": "{priority}",
    "OwnerId": "{owner_id}",
    "ContactId": "{contact_id}",
    "AccountId": "{account_id}",
    "Voicemail_Caller_Number__c": "{caller}",
    "Voicemail_Duration_Seconds__c": "{duration_seconds}",
    "Voicemail_Recording_Location__c": "{recording_location}",
    "Voicemail_Transcript__c": "{transcript}",
    "Voicemail__c": "{custom_object_id}",
}
"""What is written unless the settings change it: field → template."""


class CaseTarget(RecordTarget):
    """Makes a Case. With `owner_rules` the org's assignment rules choose the owner, once."""

    name = "case"
    placeholder = "case_id"
