"""The Telephony Integration API client: it has never heard of a voicemail."""

from scv_voicemail.telephony.bulk import BulkResult, MessageOutcome
from scv_voicemail.telephony.client import TelephonyClient
from scv_voicemail.telephony.events import (
    ConversationEvent,
    EventParticipant,
    EventType,
    PostConversationEvent,
    PostConversationEvents,
    RealtimeConversationEvents,
)
from scv_voicemail.telephony.payloads import (
    CallOrigin,
    CallSubtype,
    CreateVoiceCall,
    DisconnectReason,
    ExecuteOmniFlow,
    InitiationMethod,
    UpdateVoiceCall,
)
from scv_voicemail.telephony.results import Accepted, OmniFlowRouted, UpdatePending, VoiceCallCreated
from scv_voicemail.telephony.transcripts import SenderType, TranscriptMessage

__all__ = [
    "Accepted",
    "BulkResult",
    "CallOrigin",
    "CallSubtype",
    "ConversationEvent",
    "CreateVoiceCall",
    "DisconnectReason",
    "EventParticipant",
    "EventType",
    "ExecuteOmniFlow",
    "InitiationMethod",
    "MessageOutcome",
    "OmniFlowRouted",
    "PostConversationEvent",
    "PostConversationEvents",
    "RealtimeConversationEvents",
    "SenderType",
    "TelephonyClient",
    "TranscriptMessage",
    "UpdatePending",
    "UpdateVoiceCall",
    "VoiceCallCreated",
]
