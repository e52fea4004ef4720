"""What may be sent, and what is refused before it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from scv_voicemail.errors import Rejected
from scv_voicemail.telephony import (
    ConversationEvent,
    CreateVoiceCall,
    DisconnectReason,
    EventParticipant,
    EventType,
    ExecuteOmniFlow,
    InitiationMethod,
    PostConversationEvent,
    PostConversationEvents,
    RealtimeConversationEvents,
    SenderType,
    TranscriptMessage,
    UpdateVoiceCall,
)

BEGAN = datetime(2026, 11, 20, 11, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
BEGAN_MS = 1_795_168_800_123


def a_call(**changes):
    """A call that the vendor takes."""
    fields = {
        "vendor_call_key": "pbx-1",
        "to": "+18005550100",
        "from_": "+14155550123",
        "start_time": BEGAN,
        "participant_key": "caller",
    }
    return CreateVoiceCall(**fields | changes)


def an_utterance(**changes):
    """An utterance that the vendor takes."""
    fields = {"message_id": "m-1", "content": "Hello", "start_ms": BEGAN_MS, "end_ms": BEGAN_MS + 900}
    return TranscriptMessage(**fields | changes)


def an_event(**changes):
    """An event that the vendor takes."""
    return ConversationEvent(**{"type": EventType.CATEGORY, "value": "Angry", "start_ms": BEGAN_MS} | changes)


def test_a_call_is_written_in_the_vendors_words():
    """Times are UTC with milliseconds and Z, call attributes one JSON string; only what was given is sent."""
    call = a_call(call_origin="Voicemail", call_attributes={"Department__c": "Zoë", "Urgent__c": True})

    body = call.to_json(call_center="MyContactCenter")

    assert body == {
        "callCenterApiName": "MyContactCenter",
        "vendorCallKey": "pbx-1",
        "to": "+18005550100",
        "from": "+14155550123",
        "initiationMethod": "Inbound",
        "startTime": "2026-11-20T10:00:00.123Z",
        "participants": [{"participantKey": "caller", "type": "END_USER"}],
        "callOrigin": "Voicemail",
        "callAttributes": '{"Department__c": "Zoë", "Urgent__c": true}',
    }


def test_an_update_always_says_whether_the_call_is_active():
    """Leaving isActiveCall out would close the conversation, so it is always sent; zero and False are values too."""
    update = UpdateVoiceCall(is_active_call=False, number_of_holds=0)

    body = update.to_json()

    assert body == {"isActiveCall": False, "numberOfHolds": 0}


def test_an_update_carries_recording_and_reason():
    """The recording's fields go together, and the disconnect reason is an object."""
    update = UpdateVoiceCall(
        is_active_call=True,
        end_time=BEGAN,
        recording_location="https://vm.example/rec/1",
        total_recording_duration=12,
        disconnect_reason=DisconnectReason(value="TELECOM_PROBLEM", is_error=True),
    )

    body = update.to_json()

    assert body == {
        "isActiveCall": True,
        "endTime": "2026-11-20T10:00:00.123Z",
        "recordingLocation": "https://vm.example/rec/1",
        "totalRecordingDuration": 12,
        "disconnectReason": {"value": "TELECOM_PROBLEM", "isError": True},
    }


def test_flow_inputs_go_as_an_object():
    """The guide's example shows an object, and no inputs means no field."""
    with_inputs = ExecuteOmniFlow(dialed_number="+18005550100", flow_input_parameters={"recordId": "0LQ"})
    without = ExecuteOmniFlow(dialed_number="+18005550100")

    bodies = with_inputs.to_json(), without.to_json()

    assert bodies == (
        {"dialedNumber": "+18005550100", "flowInputParameters": {"recordId": "0LQ"}},
        {"dialedNumber": "+18005550100"},
    )


@pytest.mark.parametrize(
    ("sender", "given", "sent"),
    [
        (SenderType.END_USER, None, "pbx-1END_USER"),
        (SenderType.SUPERVISOR, None, "pbx-1SUPERVISOR"),
        (SenderType.VIRTUAL_AGENT, None, "pbx-1VIRTUAL_AGENT"),
        (SenderType.EXTERNAL_USER, "ext-7", "ext-7"),
        (SenderType.HUMAN_AGENT, "005123456789abc", "005123456789abc"),
    ],
)
def test_the_participant_follows_from_the_sender(sender, given, sent):
    """The id of everybody but a rep and an external person is made from the call's key."""
    message = an_utterance(sender_type=sender, participant_id=given)

    body = message.to_json(vendor_call_key="pbx-1")

    assert (body["participantId"], body["senderType"]) == (sent, sender.value)


@pytest.mark.parametrize(
    ("field", "build"),
    [
        ("vendorCallKey", lambda: a_call(vendor_call_key=" ")),
        ("to ", lambda: a_call(to="")),
        ("from", lambda: a_call(from_="x" * 256)),
        ("from", lambda: a_call(from_="\ud800")),
        ("participantKey", lambda: a_call(participant_key="")),
        ("startTime", lambda: a_call(start_time=datetime(2026, 11, 20))),
        ("startTime", lambda: a_call(start_time=None)),
        ("initiationMethod", lambda: a_call(initiation_method="Outbound")),
        ("callOrigin", lambda: a_call(call_origin="voicemail")),
        ("callSubtype", lambda: a_call(call_subtype="VoIP")),
        ("parentVoiceCallId", lambda: a_call(initiation_method=InitiationMethod.TRANSFER)),
        ("parentVoiceCallId", lambda: a_call(parent_voice_call_id="pbx-0")),
        ("queue", lambda: a_call(queue="Voicemail")),
        ("callAttributes", lambda: a_call(call_attributes={"When__c": BEGAN})),
        ("callAttributes", lambda: a_call(call_attributes={"Score__c": float("nan")})),
        ("callAttributes", lambda: a_call(call_attributes='{"A__c": 1}')),
        ("isActiveCall", lambda: UpdateVoiceCall(is_active_call="yes")),
        ("recordingLocation", lambda: UpdateVoiceCall(is_active_call=True, recording_location="h" * 1001)),
        ("totalRecordingDuration", lambda: UpdateVoiceCall(is_active_call=True, total_recording_duration=3)),
        ("totalHoldDuration", lambda: UpdateVoiceCall(is_active_call=True, total_hold_duration=0)),
        ("agentInteractionDuration", lambda: UpdateVoiceCall(is_active_call=True, agent_interaction_duration=1)),
        ("numberOfHolds", lambda: UpdateVoiceCall(is_active_call=True, number_of_holds=-1)),
        ("longestHoldDuration", lambda: UpdateVoiceCall(is_active_call=True, longest_hold_duration=1.5)),
        ("longestHoldDuration", lambda: UpdateVoiceCall(is_active_call=True, longest_hold_duration=2**31)),
        ("endTime", lambda: UpdateVoiceCall(is_active_call=True, end_time="2026-11-20T10:00:00Z")),
        ("disconnectReason", lambda: DisconnectReason(value="", is_error=True)),
        ("dialedNumber", lambda: ExecuteOmniFlow(dialed_number="")),
        ("messageId", lambda: an_utterance(message_id="")),
        ("messageId", lambda: an_utterance(message_id="m" * 37)),
        ("content", lambda: an_utterance(content="\n")),
        ("startTime", lambda: an_utterance(start_ms=1_795_168_800)),
        ("startTime", lambda: an_utterance(start_ms=True)),
        ("endTime", lambda: an_utterance(end_ms=16_898_867_880_000_000)),
        ("endTime", lambda: an_utterance(end_ms=BEGAN_MS - 1)),
        ("senderType", lambda: an_utterance(sender_type="CALLER")),
        ("participantId", lambda: an_utterance(sender_type=SenderType.HUMAN_AGENT, participant_id="rep@example.com")),
        ("participantId", lambda: an_utterance(sender_type=SenderType.EXTERNAL_USER)),
        ("events.type", lambda: an_event(type="Mood")),
        ("events.startTime", lambda: an_event(start_ms=1573503300)),
        ("events.value", lambda: an_event(value="")),
        ("events.value", lambda: an_event(type=EventType.SENTIMENT, value="1001", participant="CUSTOMER")),
        ("events.value", lambda: an_event(type=EventType.SENTIMENT, value="nan", participant="CUSTOMER")),
        ("events.score", lambda: an_event(score=-1)),
        ("events.participant", lambda: an_event(type=EventType.SENTIMENT, value="5")),
        ("events.participant", lambda: an_event(participant="BOT")),
        ("events", lambda: RealtimeConversationEvents(service="X", events=())),
        ("service", lambda: RealtimeConversationEvents(service="", events=(an_event(),))),
        (
            "ascending",
            lambda: RealtimeConversationEvents(service="X", events=(an_event(start_ms=BEGAN_MS + 1), an_event())),
        ),
        ("service", lambda: PostConversationEvents(service="X", events=(a_sentiment(),))),
        ("events.value", lambda: a_sentiment(value="-1001")),
        ("events.endTime", lambda: a_sentiment(end_ms=BEGAN_MS - 1)),
        ("events.participant", lambda: a_sentiment(participant=None)),
    ],
)
def test_what_the_vendor_refuses_is_refused_here_by_the_fields_name(field, build):
    """Nothing is sent, and the error names the field."""
    with pytest.raises(Rejected) as caught:
        build()

    assert field in str(caught.value)
    assert caught.value.service == "telephony"


def test_a_refusal_never_shows_the_value():
    """Phone numbers and what a caller said stay out of error messages."""
    with pytest.raises(Rejected) as caught:
        an_utterance(content="my number is 4155550123 " * 10_000)

    assert "4155550123" not in str(caught.value)


def a_sentiment(**changes):
    """A stored sentiment that the vendor takes."""
    fields = {"value": "-1000", "start_ms": BEGAN_MS, "end_ms": BEGAN_MS + 5, "participant": EventParticipant.CUSTOMER}
    return PostConversationEvent(**fields | changes)


def test_events_are_written_in_the_vendors_words():
    """Live and stored events carry what was given and nothing else."""
    live = RealtimeConversationEvents(service="X", persist=False, events=(an_event(score=10, details={"a": 1}),))
    stored = PostConversationEvents(events=(a_sentiment(),))

    bodies = live.to_json(), stored.to_json()

    category = {
        "type": "IntelligenceSignal__Category",
        "value": "Angry",
        "startTime": BEGAN_MS,
        "score": 10,
        "details": {"a": 1},
    }
    sentiment = {
        "type": "IntelligenceSignal__Sentiment",
        "value": "-1000",
        "startTime": BEGAN_MS,
        "endTime": BEGAN_MS + 5,
        "participant": "CUSTOMER",
    }
    assert bodies == (
        {"service": "X", "persist": False, "events": [category]},
        {"service": "AmazonConnectContactLens", "events": [sentiment]},
    )


def test_a_moment_in_utc_keeps_its_milliseconds():
    """A whole second still has its three digits."""
    call = a_call(start_time=datetime(2026, 11, 20, 10, tzinfo=UTC))

    body = call.to_json(call_center="C")

    assert body["startTime"] == "2026-11-20T10:00:00.000Z"
