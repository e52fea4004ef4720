"""The order of calls that Salesforce publishes for voicemails: its sample connectors' and its own function's."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from scv_emulator.org import Org

from .conftest import NOW, NOW_MS, Phone

CALLER, DIALED = "+14155550123", "+18005550100"
CLOSE = {"recordingLocation": "https://recordings.example.com/1.wav", "totalRecordingDuration": 12}
OMNI_FLOWS = [
    {"dialedNumber": DIALED},
    {"dialedNumber": DIALED, "flowName": "Voicemail_Omni_Routing", "fallbackQueue": "Live_Calls"},
]
"""The name of the flow under a key that the guide does not have, as the sample connectors send it for live calls."""


def sample_connector(phone: Phone, omni_flow: dict[str, Any], *, pause_seconds: float = 0) -> list[int]:
    """The five requests of a sample connector, one after the other; the statuses of the answers.

    Its token lives for four hours and has no id, its keys are some letters, its times are made up.
    """

    def send(method: str, path: str, body: dict[str, Any]) -> int:
        four_hours = int((NOW + timedelta(hours=4)).timestamp())
        return phone.send(method, path, body, token=phone.token(jti=None, exp=four_hours)).status_code

    created = phone.create("q7x0z", **{"from": CALLER, "to": DIALED})
    call = created.json()["voiceCallId"]
    times = {"startTime": NOW.isoformat(), "endTime": (NOW + timedelta(seconds=61)).isoformat()}
    said = {
        "messageId": "k3",
        "content": "Please call me back.",
        "senderType": "END_USER",
        "startTime": NOW_MS,
        "endTime": NOW_MS + 25_000,
        "participantId": CALLER,
    }
    statuses = [
        created.status_code,
        send("PATCH", f"/voiceCalls/{call}", {"callOrigin": "Voicemail", "isActiveCall": True, **times}),
        send("POST", "/voiceCalls/q7x0z/messages", said),
    ]
    phone.wait(pause_seconds)
    statuses += [
        send("PATCH", f"/voiceCalls/{call}/omniFlow", omni_flow),
        send("PATCH", f"/voiceCalls/{call}", CLOSE),
    ]
    phone.wait(2)
    return statuses


def queue_of(org: Org) -> str:
    """Where the one call waits."""
    (pending,) = org.database.all("PendingServiceRouting")
    return str(org.database.get("Group", pending["GroupId"])["DeveloperName"])


@pytest.mark.parametrize("omni_flow", OMNI_FLOWS)
def test_a_sample_connector_is_accepted_and_waits_with_the_live_calls(
    org: Org, phone: Phone, caplog: pytest.LogCaptureFixture, omni_flow: dict[str, Any]
) -> None:
    """It does not wait for its update, so the call is no voicemail yet: accepted, and the log says why."""
    caplog.set_level(logging.WARNING)

    statuses = sample_connector(phone, omni_flow)

    assert statuses == [200, 202, 202, 200, 202]
    assert queue_of(org) == "Live_Calls"
    (routing,) = org.state()["_Routings"]
    assert (routing["vendorCallKey"], routing["to"], routing["callOrigin"]) == ("q7x0z", "Live_Calls", None)
    assert "300 ms" in routing["why"]
    assert "update to Voicemail is pending" in caplog.text
    (call,) = org.database.all("VoiceCall")
    assert (call["CallOrigin"], call["CallDisposition"], call["IsRecorded"]) == ("Voicemail", "completed", True)
    assert [one["_text"] for one in org.database.all("ConversationEntry")] == ["Please call me back."]


@pytest.mark.parametrize("omni_flow", OMNI_FLOWS)
def test_a_sample_connector_that_waits_reaches_the_voicemail_queue(
    org: Org, phone: Phone, caplog: pytest.LogCaptureFixture, omni_flow: dict[str, Any]
) -> None:
    """The same requests, with a second before routing."""
    caplog.set_level(logging.WARNING)

    statuses = sample_connector(phone, omni_flow, pause_seconds=1)

    assert statuses == [200, 202, 202, 200, 202]
    assert queue_of(org) == "Voicemail"
    assert org.state()["_Routings"][0]["why"].startswith("CallOrigin is Voicemail")
    assert caplog.text == ""


def test_a_call_that_nobody_called_a_voicemail_is_no_early_one(
    org: Org, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    """No update says Voicemail: the log tells the way of live calls, and warns of nothing."""
    caplog.set_level(logging.WARNING)
    phone.create()
    phone.send("PATCH", "/voiceCalls/call-1", {"isActiveCall": True})

    phone.route()

    (routing,) = org.state()["_Routings"]
    assert routing["why"].startswith("CallOrigin is empty: the number's flow")
    assert caplog.text == ""


def test_a_routing_that_failed_says_why(org: Org, phone: Phone) -> None:
    """As the answer does, for whoever looks later."""
    phone.create()

    answer = phone.route(dialedNumber="+18005550199")

    (routing,) = org.state()["_Routings"]
    assert (routing["to"], routing["why"]) == ("", answer.json()["errors"][0])


def test_the_vendors_own_function_is_accepted(org: Org, phone: Phone) -> None:
    """The recording with the mark, the transcript, a minute, routing, an empty closing update."""
    phone.create("contact-1")
    times = {"startTime": NOW.isoformat(), "endTime": (NOW + timedelta(seconds=30)).isoformat()}
    marked = {"recordingLocation": "bucket/voicemail_recordings/contact-1.wav", "totalRecordingDuration": 30, **times}
    said = {"messageId": "contact-1", "participantId": "END_USER", "startTime": NOW_MS, "endTime": NOW_MS + 30_000}

    update = phone.send("PATCH", "/voiceCalls/contact-1", marked | {"callOrigin": "Voicemail", "isActiveCall": True})
    message = phone.say("contact-1", **said)
    phone.wait(60)
    routed = phone.route("contact-1")
    closed = phone.send("PATCH", "/voiceCalls/contact-1", {"callCenterApiName": "DemoContactCenter"})
    phone.wait(2)

    assert [one.status_code for one in (update, message, routed, closed)] == [202, 202, 200, 202]
    assert queue_of(org) == "Voicemail"
    (recording,) = org.database.all("VoiceCallRecording")
    assert recording["DurationInSeconds"] == 30
