"""Transcripts and conversation events of the emulated org."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.org import Org

from .conftest import NOW_MS, Phone, a_message


def texts(org: Org) -> list[str]:
    """What was stored."""
    return [entry["_text"] for entry in org.database.all("ConversationEntry")]


def test_a_transcript_is_stored_with_the_privacy_participant(org: Org, phone: Phone) -> None:
    """Whatever participantId was sent, the end user is the key plus END_USER."""
    phone.create()

    answer = phone.say()

    (entry,) = org.database.all("ConversationEntry")
    assert (answer.status_code, answer.json()) == (202, {"result": "Accepted"})
    assert (entry["_text"], entry["_participantId"]) == ("Please call me back.", "call-1END_USER")
    assert entry["Message"] is None


def test_the_message_url_may_end_in_a_slash_and_the_type_may_be_malformed(org: Org, phone: Phone) -> None:
    """An official client sends both."""
    phone.create()

    answer = phone.client.request(
        "POST",
        "/telephony/v1/voiceCalls/call-1/messages/",
        json=a_message(),
        headers={"Authorization": f"Bearer {phone.token()}", "Content-Type": "application/json; utf-8"},
    )

    assert answer.status_code == 202
    assert len(texts(org)) == 1


@pytest.mark.parametrize("shift_ms", [-2_000, 30_000])
def test_a_transcript_outside_the_call_is_accepted_and_lost(org: Org, phone: Phone, shift_ms: int) -> None:
    """The worst realistic behaviour: 202, and nobody ever sees it."""
    phone.create()
    phone.mark()
    phone.wait()

    answer = phone.say(startTime=NOW_MS + 1_000 + shift_ms, endTime=NOW_MS + 5_000 + shift_ms)

    assert answer.status_code == 202
    assert texts(org) == []
    assert org.state()["_DroppedTranscripts"][0]["messageId"] == "message-1"


def test_a_switch_refuses_a_transcript_outside_the_call(org: Org, phone: Phone) -> None:
    """The strict reading."""
    org.switches.set("transcript_outside_window", "reject")
    phone.create()

    answer = phone.say(startTime=0, endTime=1)

    assert answer.status_code == 400
    assert texts(org) == []


def test_a_closed_conversation_takes_no_transcripts(org: Org, phone: Phone) -> None:
    """The vendor's gRPC text, the same as for a conversation that never was."""
    phone.create()
    phone.send("PATCH", "/voiceCalls/call-1", {})
    phone.wait()

    closed, unknown = phone.say(), phone.say("nobody")

    assert (closed.status_code, unknown.status_code) == (400, 400)
    assert "PERMISSION_DENIED: Conversation does not exist" in closed.json()["message"]
    assert "PERMISSION_DENIED: Conversation does not exist" in unknown.json()["message"]


def test_a_salesforce_id_is_no_vendor_call_key(phone: Phone) -> None:
    """This resource takes the key of the first call only."""
    call_id = phone.create().json()["voiceCallId"]

    answer = phone.say(call_id)

    assert answer.status_code == 400
    assert "vendorCallKey" in answer.json()["message"]


@pytest.mark.parametrize(("choice", "status", "stored"), [("ignore", 202, 1), ("store", 202, 2), ("reject", 400, 1)])
def test_a_repeated_message_follows_the_switch(org: Org, phone: Phone, choice: str, status: int, stored: int) -> None:
    """A retry is harmless by default."""
    org.switches.set("duplicate_message_id", choice)
    phone.create()
    phone.say()

    answer = phone.say()

    assert answer.status_code == status
    assert len(texts(org)) == stored


@pytest.mark.parametrize(
    "change",
    [
        {"messageId": ""},
        {"messageId": "x" * 37},
        {"startTime": "2026-11-20T10:00:00Z"},
        {"endTime": None},
        {"endTime": 5},
        {"senderType": "CALLER"},
        {"content": ""},
    ],
)
def test_a_malformed_transcript_is_refused(org: Org, phone: Phone, change: dict[str, Any]) -> None:
    """400, and nothing is stored."""
    phone.create()

    answer = phone.say(**change)

    assert answer.status_code == 400
    assert texts(org) == []


def test_a_bulk_request_says_what_became_of_each_call(org: Org, phone: Phone) -> None:
    """Good ones are stored; the reply lists both outcomes in the guide's words."""
    phone.create()
    entries = [
        {"vendorCallKey": "call-1", "messages": [a_message(), a_message(messageId="message-2", content="Bye.")]},
        {"vendorCallKey": "gone", "messages": [a_message(messageId="message-3")]},
    ]

    answer = phone.send("POST", "/voiceCalls/messages", {"entries": entries})

    good, bad = answer.json()["errorResponse"]["errorResponseEntries"]
    assert answer.status_code == 207
    assert (good["vendorCallKey"], good["status"]) == ("call-1", 202)
    assert good["message"] == "Successfully Processed Transcripts with Id(s) [message-1, message-2]"
    assert (bad["vendorCallKey"], bad["status"]) == ("gone", 400)
    assert bad["message"].startswith("Error Processing Transcript with Id(s) [message-3]. Error: io.grpc")
    assert texts(org) == ["Please call me back.", "Bye."]


def test_a_bulk_request_without_errors_is_accepted(org: Org, phone: Phone) -> None:
    """202 and the short reply."""
    phone.create()
    entries = [{"vendorCallKey": "call-1", "messages": [a_message(messageId=f"m{n}") for n in range(5)]}]

    answer = phone.send("POST", "/voiceCalls/messages", {"entries": entries})

    assert (answer.status_code, answer.json()) == (202, {"result": "Accepted"})
    assert len(texts(org)) == 5


@pytest.mark.parametrize(("calls", "messages"), [(6, 1), (1, 6)])
def test_a_bulk_request_has_room_for_five_by_five(org: Org, phone: Phone, calls: int, messages: int) -> None:
    """More is refused as a whole."""
    phone.create("call-0")
    entries = [
        {"vendorCallKey": f"call-{call}", "messages": [a_message(messageId=f"{call}-{n}") for n in range(messages)]}
        for call in range(calls)
    ]

    answer = phone.send("POST", "/voiceCalls/messages", {"entries": entries})

    assert answer.status_code == 400
    assert texts(org) == []


def test_too_many_transcripts_in_a_second_are_refused(org: Org, phone: Phone) -> None:
    """429 with the vendor's text."""
    org.switches.set("utterances_per_second", 1)
    phone.create()
    phone.say()

    answer = phone.say(messageId="message-2")

    assert answer.status_code == 429
    assert answer.json()["message"] == "Exceeded Limits for creating messages in Transcription"


def test_realtime_events_belong_to_an_open_conversation(org: Org, phone: Phone) -> None:
    """Signals during the call; afterwards only stored sentiments."""
    phone.create()
    signal = {"type": "IntelligenceSignal__Category", "value": "Angry", "startTime": NOW_MS}
    sentiment = {
        "type": "IntelligenceSignal__Sentiment",
        "value": "-1000",
        "startTime": NOW_MS,
        "endTime": NOW_MS,
        "participant": "CUSTOMER",
    }
    realtime, post_call = "/voiceCalls/call-1/realtimeConversationEvents", "/voiceCalls/call-1/postConversationEvents"
    service = "AmazonConnectContactLens"

    during = phone.send("POST", realtime, {"service": service, "events": [signal]})
    too_early = phone.send("POST", post_call, {"service": service, "events": [sentiment]})
    phone.send("PATCH", "/voiceCalls/call-1", {})
    phone.wait()
    after = phone.send("POST", post_call, {"service": service, "events": [sentiment]})

    assert (during.status_code, during.json()) == (202, {"status": "202 Accepted"})
    assert too_early.status_code == 400
    assert after.status_code == 202
    assert [one["kind"] for one in org.state()["_ConversationEvents"]] == ["realtime", "postCall"]


@pytest.mark.parametrize(
    "events",
    [
        [],
        [{"type": "IntelligenceSignal__Sentiment", "value": "5", "startTime": 1}],
        [{"type": "IntelligenceSignal__Sentiment", "value": "1001", "startTime": 1, "participant": "AGENT"}],
        [{"type": "IntelligenceSignal__Category", "value": "x", "startTime": n} for n in (2, 1)],
        [{"type": "IntelligenceSignal__Category", "value": "x", "startTime": 1, "score": 1001}],
    ],
)
def test_malformed_events_are_refused(org: Org, phone: Phone, events: list[dict[str, Any]]) -> None:
    """Sentiments need a participant and a value in range; events come in order."""
    phone.create()

    answer = phone.send("POST", "/voiceCalls/call-1/realtimeConversationEvents", {"service": "x", "events": events})

    assert answer.status_code == 400
    assert org.state()["_ConversationEvents"] == []


@pytest.mark.covers("salesforce-9")
@pytest.mark.parametrize(("taken", "status"), [(True, 202), (False, 400)])
def test_an_overall_sentiment_is_stored_after_the_call(org: Org, phone: Phone, taken: bool, status: int) -> None:
    """The vendor's own function sends it for rep and customer; the guide does not list it: a switch."""
    org.switches.set("overall_sentiment_score", taken)
    phone.create()
    phone.send("PATCH", "/voiceCalls/call-1", {})
    phone.wait()
    score = {"type": "IntelligenceSignal__OverallSentimentScore", "value": "2.5", "startTime": NOW_MS}
    events = [score | {"endTime": NOW_MS, "participant": participant} for participant in ("AGENT", "CUSTOMER")]
    body = {"service": "AmazonConnectContactLens", "events": events}

    answer = phone.send("POST", "/voiceCalls/call-1/postConversationEvents", body)

    assert answer.status_code == status
    assert len(org.state()["_ConversationEvents"]) == (2 if taken else 0)
