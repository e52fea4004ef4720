"""Standard objects of Service Cloud Voice: calls, recordings, conversations and their entries.

Source: Object Reference for the Salesforce Platform, VoiceCall and related objects; the access letters are that page's
Create and Update properties. The key prefixes of VoiceCallRecording, ConversationParticipant and ConversationEntry are
published nowhere: they are this emulator's own, so a client must ask describe for them.
"""

from __future__ import annotations

from scv_emulator.salesforce.schema import Field, SObject, reference

_CALL_TYPES = ("Inbound", "Outbound", "Transfer", "Callback", "Consult", "InternalCall")

VOICE_CALL = SObject.of(
    "VoiceCall",
    "0LQ",
    [
        Field("Name", "string", "r", autonumber="VC-{00000000}"),
        # A client may create and update these.
        Field("ActivityId", "string", length=18),
        Field("CallResolution", "picklist"),
        Field("Description", "textarea", length=32000),
        Field("IvrDuration", "int"),
        Field("QualityScore", "double"),
        Field("SourceType", "picklist", values=("Sales", "Service"), restricted=True),
        Field("RecordTypeId", "string", length=18),
        reference("OwnerId", "User", "Group"),
        reference("RelatedRecordId", "Account", "Case", "Contact"),
        # The Object Reference gives Create only, and the guide's own "Ensure Correct Delivery of Voicemails" updates
        # it through this API: whether that works is a switch of the emulator.
        Field(
            "CallOrigin",
            "picklist",
            "cu",
            values=("Preview", "Progressive", "Voicemail"),
            restricted=True,
        ),
        # A client may only create these.
        Field("CallAcceptDateTime", "datetime", "c"),
        reference("CallCenterId", "CallCenter", access="c"),
        Field("CallConnectDateTime", "datetime", "c"),
        Field("CallDisposition", "string", "c", values=("new", "in-progress", "completed")),
        Field("CallDurationInSeconds", "int", "c"),
        Field("CallEndDateTime", "datetime", "c", required=True, nillable=False),
        Field("CallStartDateTime", "datetime", "c", required=True, nillable=False),
        Field("CallQueuedDateTime", "datetime", "c"),
        Field("CallerId", "string", "c"),
        Field("CallerIdType", "string", "c"),
        reference("CallRecordingId", "VoiceCallRecording", access="c"),
        Field("CallSubtype", "picklist", "c", values=("PSTN", "WebRTC"), restricted=True),
        Field("CallType", "picklist", "c", values=_CALL_TYPES, required=True, nillable=False),
        reference("ConversationId", "Conversation", access="c"),
        Field("CurrencyCode", "picklist", "c"),
        Field("CustomerHoldDuration", "int", "c"),
        Field("DisconnectReason", "string", "c"),
        Field("EndUserId", "string", "c", length=18),
        Field("FromPhoneNumber", "phone", "c", required=True, nillable=False),
        Field("ToPhoneNumber", "phone", "c", required=True, nillable=False),
        Field("IsRecorded", "boolean", "c", nillable=False, default=False),
        Field("LongestHoldDuration", "int", "c"),
        Field("MediaProviderId", "string", "c", length=18),
        reference("NextCallId", "VoiceCall", access="c"),
        Field("NumberOfHolds", "int", "c"),
        reference("PreviousCallId", "VoiceCall", access="c"),
        Field("Price", "double", "c"),
        Field("QueueName", "string", "c"),
        Field("RecipientId", "string", "c", length=18),
        reference("UserId", "User", access="c"),
        Field("VendorCallKey", "string", "c", id_lookup=True),
        Field("VendorParentCallKey", "string", "c"),
        Field("VendorType", "picklist", "c", values=("ContactCenter",)),
        # Only Salesforce writes these.
        Field("AgentSentimentScore", "double", "r"),
        Field("CustomerSentimentScore", "double", "r"),
        Field("CallStatus", "picklist", "r"),
        Field("IsDiarizationOptIn", "boolean", "r", default=False),
        Field("LastReferencedDate", "datetime", "r"),
        Field("LastViewedDate", "datetime", "r"),
        Field("TranscribedLanguage", "string", "r"),
    ],
)

VOICE_CALL_RECORDING = SObject.of(
    "VoiceCallRecording",
    "0Vr",
    [
        Field("Name", "string", id_lookup=True),
        reference("VoiceCallId", "VoiceCall", access="r"),
        reference("OwnerId", "User", "Group", access="r"),
        Field("DurationInSeconds", "int"),
        Field("IntelligenceScore", "double"),
        Field("IsConsented", "boolean", default=False),
        Field("MediaContentId", "string", "r", length=18),
        Field("UploadDateTime", "datetime", "r"),
    ],
)

CONVERSATION = SObject.of(
    "Conversation",
    "0dw",
    [
        Field("Name", "string", "r", autonumber="{00000000}"),
        Field("ConversationIdentifier", "string", "r", id_lookup=True),
        Field("ConversationChannelId", "string", "r", length=18),
        Field("StartTime", "datetime", "r"),
        Field("EndTime", "datetime", "r"),
    ],
)

CONVERSATION_PARTICIPANT = SObject.of(
    "ConversationParticipant",
    "0dP",
    [
        Field("Name", "string", "r", autonumber="{00000000}"),
        reference("ConversationId", "Conversation", access="r"),
        Field("AppType", "picklist", "r", values=("agent", "telephony_integration", "chatbot", "conversation")),
        Field(
            "ParticipantRole",
            "picklist",
            "r",
            values=("EndUser", "Agent", "Supervisor", "System", "Chatbot", "Router"),
        ),
        Field("ParticipantKey", "string", "r"),
        Field("ParticipantDisplayName", "string", "r"),
        reference("ParticipantEntityId", "User", "Contact", access="r"),
        Field("ParticipantContext", "string", "r"),
        Field("JoinedTime", "datetime", "r"),
        Field("LastActiveTime", "datetime", "r"),
        Field("LeftTime", "datetime", "r"),
    ],
)

CONVERSATION_ENTRY = SObject.of(
    "ConversationEntry",
    "0dE",
    [
        reference("ConversationId", "VoiceCall", access="c", required=True),
        Field("ActorId", "string", "c", length=18),
        Field("ActorName", "string", "c"),
        Field("ActorType", "picklist", "c", values=("Agent", "Bot", "EndUser", "Supervisor", "System"), required=True),
        Field("ClientDuration", "int", "c"),
        Field("ClientTimestamp", "datetime", "c"),
        Field("EntryTime", "datetime", "c", required=True),
        Field("EntryEndTime", "datetime", "c"),
        Field("EntryType", "picklist", "c", values=("Text",), required=True, default="Text"),
        # For voice this stays blank: the text comes out of the Connect API only.
        Field("Message", "textarea", "c", length=20000),
        Field("MessageIdentifier", "string", "c", length=36, id_lookup=True),
        Field("Seq", "int", "c"),
        Field("ServerReceivedTimestamp", "datetime", "c"),
    ],
)

OBJECTS = (
    VOICE_CALL,
    VOICE_CALL_RECORDING,
    CONVERSATION,
    CONVERSATION_PARTICIPANT,
    CONVERSATION_ENTRY,
)
