"""The custom object target: one record per voicemail, of `Voicemail__c` or of any object with a unique key."""

from __future__ import annotations

from collections.abc import Mapping

from scv_voicemail.delivery.record_target import RecordTarget

VOICEMAIL_OBJECT = "Voicemail__c"
VOICEMAIL_KEY = "External_Id__c"

VOICEMAIL_FIELDS: Mapping[str, str] = {
    "OwnerId": "{owner_id}",
    "Status__c": "New",
    "Caller_Number__c": "{caller}",
    "Dialed_Number__c": "{dialed_number}",
    "Mailbox_Type__c": "{mailbox_type}",
    "Mailbox_Name__c": "{mailbox_name}",
    "Received_At__c": "{received_at}",
    "Ended_At__c": "{ended_at}",
    "Duration_Seconds__c": "{duration_seconds}",
    "Language__c": "{language}",
    "Transcript__c": "{transcript}",
    "Transcript_Segments__c": "{transcript_segments}",
    "Transcription_Status__c": "{transcription_status}",
    "Transcription_Confidence__c": "{transcription_confidence}",
    "Recording_Location__c": "{recording_location}",
    "Source_System__c": "{source}",
    "Delivery_Key__c": "{delivery_key}",
    "Contact__c": "{contact_id}",
    "Account__c": "{account_id}",
    "Case__c": "{case_id}",
    "Voice_Call__c": "{voice_call_id}",
}
"""What is written into `Voicemail__c` unless the settings change it. Another object begins with an empty map."""


class CustomObjectTarget(RecordTarget):
    """Makes a record of the customer's choice."""

    name = "custom_object"
    placeholder = "custom_object_id"
