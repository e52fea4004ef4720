"""Voice calls of the emulated org: create, update, close."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.ids import to_18
from scv_emulator.org import Org

from .conftest import NOW, Phone


def the_call(org: Org) -> dict[str, Any]:
    """The one voice call there is."""
    (call,) = org.database.all("VoiceCall")
    return call


def test_creating_a_call_opens_a_conversation(org: Org, phone: Phone) -> None:
    """The answer has the short id; record, conversation and participant exist at once."""
    answer = phone.create(callOrigin="Voicemail")

    call, (conversation,) = the_call(org), org.database.all("Conversation")
    assert answer.status_code == 200
    assert answer.json() == {"voiceCallId": call["Id"][:15], "errors": []}
    assert (call["CallOrigin"], call["CallDisposition"], call["CallType"]) == ("Voicemail", "new", "Inbound")
    assert (conversation["ConversationIdentifier"], conversation["_open"]) == ("call-1", True)
    assert org.database.all("ConversationParticipant")[0]["ParticipantKey"] == "END_USER"
    assert answer.headers["x-request-id"]


def test_a_known_key_gives_the_call_that_exists(org: Org, phone: Phone) -> None:
    """A create that is repeated after a lost answer makes no second call."""
    first = phone.create()

    second = phone.create()

    assert second.json() == first.json()
    assert len(org.database.all("VoiceCall")) == 1


def test_a_switch_makes_a_known_key_create_another_call(org: Org, phone: Phone) -> None:
    """The newer reading of the guide: one key, several calls."""
    org.switches.set("duplicate_vendor_call_key", "create_another")
    first = phone.create()

    second = phone.create()

    assert second.json()["voiceCallId"] != first.json()["voiceCallId"]
    assert len(org.database.all("VoiceCall")) == 2


@pytest.mark.covers("salesforce-9")
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"vendorCallKey": None}, "vendorCallKey"),
        ({"startTime": "yesterday"}, "startTime"),
        ({"startTime": None}, "startTime"),
        ({"initiationMethod": "Outbound"}, "initiationMethod"),
        ({"initiationMethod": "Transfer"}, "parentVoiceCallId"),
        ({"callOrigin": "voicemail-box"}, "callOrigin"),
        ({"participants": []}, "participants"),
        ({"to": None}, "to is required"),
        ({"from": ""}, "from is required"),
        ({"participants": [{"participantKey": "x", "type": "HUMAN_AGENT"}]}, "participants"),
    ],
)
def test_a_malformed_create_names_the_field(org: Org, phone: Phone, change: dict[str, Any], named: str) -> None:
    """400 in the vendor's envelope, and nothing is created."""
    answer = phone.create(**change)

    assert answer.status_code == 400
    assert named in answer.json()["message"]
    assert org.database.all("VoiceCall") == []


@pytest.mark.covers("salesforce-9")
@pytest.mark.parametrize(
    ("choice", "subtype", "status"),
    [
        ("reject_pstn", "PSTN", 400),
        ("reject_pstn", "WebRTC", 200),
        ("reject", "WebRTC", 400),
        ("webrtc_default", "PSTN", 200),
    ],
)
def test_what_a_call_without_number_is_is_a_choice(phone: Phone, choice: str, subtype: str, status: int) -> None:
    """The guide requires the number and gives it a default: by default a web call may go without, a phone call not."""
    phone.org.switches.set("missing_number", choice)

    answer = phone.create(**{"from": None, "callSubtype": subtype})

    assert answer.status_code == status
    for call in phone.org.database.all("VoiceCall"):
        assert call["FromPhoneNumber"] == "WEBRTC_DEFAULT"


@pytest.mark.covers("salesforce-9")
def test_the_contact_of_a_web_caller_is_taken(org: Org, phone: Phone) -> None:
    """The guide names CallerContactInfo among the standard fields; no field of VoiceCall shows it."""
    answer = phone.create(callAttributes='{"CallerContactInfo": "ada@example.com", "SourceType": "Sales"}')

    assert answer.json()["errors"] == []
    assert the_call(org)["_CallerContactInfo"] == "ada@example.com"


def test_the_call_center_must_be_the_one_of_the_token(org: Org, phone: Phone) -> None:
    """A token of one contact center creates no calls for another."""
    answer = phone.create(callCenterApiName="Other")

    assert answer.status_code == 403
    assert org.database.all("VoiceCall") == []


def test_wrong_attributes_leave_a_call_and_a_warning(org: Org, phone: Phone) -> None:
    """As the guide says: the record is created, `errors` becomes one string."""
    answer = phone.create(callAttributes='{"SourceType": "Service", "Nothing__c": "x"}')

    assert answer.status_code == 200
    assert answer.json()["errors"].startswith("We created your voice call but there were some errors : Nothing__c")
    assert the_call(org)["SourceType"] == "Service"


def test_a_transfer_continues_the_conversation(org: Org, phone: Phone) -> None:
    """The second leg is a call of its own that knows its parent."""
    phone.create()

    answer = phone.create("leg-2", initiationMethod="Transfer", parentVoiceCallId="call-1", queue="live-queue")

    first, second = org.database.all("VoiceCall")
    assert answer.status_code == 200
    assert (second["PreviousCallId"], first["NextCallId"]) == (first["Id"], second["Id"])
    assert second["ConversationId"] == first["ConversationId"]
    assert second["QueueName"] == "Live Calls"


def test_an_update_is_pending_until_its_delay_is_over(org: Org, phone: Phone) -> None:
    """202 at once, the fields later."""
    phone.create()

    answer = phone.mark()

    assert (answer.status_code, answer.json()) == (202, {"status": "pending"})
    assert the_call(org)["CallOrigin"] is None
    phone.wait(0.3)
    assert the_call(org)["CallOrigin"] == "Voicemail"
    assert the_call(org)["CallDisposition"] == "in-progress"
    assert the_call(org)["CallDurationInSeconds"] == 30


def test_an_update_without_is_active_call_closes_the_call(org: Org, phone: Phone) -> None:
    """Missing means false: the call is completed, its conversation closed."""
    phone.create()

    phone.send("PATCH", "/voiceCalls/call-1")
    phone.wait()

    assert the_call(org)["CallDisposition"] == "completed"
    assert org.database.all("Conversation")[0]["_open"] is False


def test_an_empty_closing_update_keeps_the_recording(org: Org, phone: Phone) -> None:
    """Only hold fields fall back to 0; the recording stays."""
    phone.create()
    phone.mark(recordingLocation="https://vm.example/1", totalRecordingDuration=31, numberOfHolds=2)
    phone.wait()

    phone.send("PATCH", "/voiceCalls/call-1", {})
    phone.wait()

    (recording,) = org.database.all("VoiceCallRecording")
    assert (recording["DurationInSeconds"], recording["_recordingLocation"]) == (31, "https://vm.example/1")
    assert the_call(org)["CallRecordingId"] == recording["Id"]
    assert the_call(org)["NumberOfHolds"] == 0


@pytest.mark.parametrize(("choice", "rows"), [("replace", 1), ("append", 2)])
def test_a_second_recording_follows_the_switch(org: Org, phone: Phone, choice: str, rows: int) -> None:
    """One row per call by default, one per update on request."""
    org.switches.set("repeat_recording", choice)
    phone.create()

    for name in ("first", "second"):
        phone.mark(recordingLocation=f"https://vm.example/{name}")
        phone.wait()

    recordings = org.database.all("VoiceCallRecording")
    assert len(recordings) == rows
    assert recordings[-1]["_recordingLocation"] == "https://vm.example/second"


def test_an_update_of_an_unknown_key_makes_a_call(org: Org, phone: Phone) -> None:
    """The documented way to log a call that is over."""
    answer = phone.mark("missed", isActiveCall=False, fromNumber="+14155550199")

    phone.wait()
    call = the_call(org)
    assert answer.status_code == 202
    assert (call["VendorCallKey"], call["CallDisposition"]) == ("missed", "completed")
    assert (call["FromPhoneNumber"], call["CallStartDateTime"]) == ("+14155550199", NOW)


def test_an_update_of_an_unknown_id_is_not_found(org: Org, phone: Phone) -> None:
    """A Salesforce id names a record; none is made up for it."""
    answer = phone.mark("0LQRM0000006CSz")

    assert answer.status_code == 404
    assert len(org.due) == 0


def test_both_forms_of_the_id_and_the_key_name_the_same_call(org: Org, phone: Phone) -> None:
    """15 characters, 18 characters and vendorCallKey."""
    short = phone.create().json()["voiceCallId"]

    for name in (short, to_18(short), "call-1"):
        phone.mark(name, longestHoldDuration=5)
        phone.wait()

    assert the_call(org)["LongestHoldDuration"] == 5


@pytest.mark.covers("salesforce-9")
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"recordingLocation": "x" * 1001}, "recordingLocation"),
        ({"totalRecordingDuration": 5}, "recordingLocation"),
        ({"totalHoldDuration": -1}, "totalHoldDuration"),
        ({"callOrigin": "Phone"}, "callOrigin"),
        ({"isActiveCall": "perhaps"}, "isActiveCall"),
        ({"endTime": "2026-11-20T09:00:00Z"}, "endTime"),
        ({"disconnectReason": {"value": "x"}}, "disconnectReason"),
        ({"disconnectReason": "TELECOM_PROBLEM"}, "disconnectReason"),
        ({"totalHoldDuration": 5}, "recordingLocation"),
        ({"agentInteractionDuration": 0}, "recordingLocation"),
    ],
)
def test_a_malformed_update_names_the_field(phone: Phone, change: dict[str, Any], named: str) -> None:
    """Refused at once, not in the background."""
    phone.create()

    answer = phone.mark(**change)

    assert answer.status_code == 400
    assert named in answer.json()["message"]


@pytest.mark.covers("salesforce-9")
def test_holds_of_a_call_that_was_not_recorded_are_a_choice(org: Org, phone: Phone) -> None:
    """As the vendor's own function sends them; the number of holds and the longest need no recording in either case."""
    phone.create()
    org.switches.set("hold_without_recording", "take")

    answer = phone.mark(totalHoldDuration=7, numberOfHolds=2, longestHoldDuration=5)

    phone.wait()
    assert answer.status_code == 202
    assert (the_call(org)["CustomerHoldDuration"], the_call(org)["NumberOfHolds"]) == (7, 2)


def test_unknown_keys_of_a_body_are_ignored(phone: Phone) -> None:
    """Official clients add callCenterApiName and more to every update."""
    phone.create()

    answer = phone.mark(callCenterApiName="DemoContactCenter", parentCallIdentifier="x")

    assert answer.status_code == 202


def test_a_key_with_a_slash_is_one_path_segment(org: Org, phone: Phone) -> None:
    """Percent-encoded, any key can be addressed."""
    phone.create("a/b c")

    answer = phone.mark("a%2Fb%20c")

    phone.wait()
    assert answer.status_code == 202
    assert the_call(org)["CallOrigin"] == "Voicemail"


def test_more_calls_than_the_limit_are_refused_for_a_second(org: Org, phone: Phone) -> None:
    """429 with Retry-After; the next second starts anew."""
    org.switches.set("calls_per_second", 1)
    phone.create("one")

    refused = phone.create("two")
    phone.wait(1)
    taken = phone.create("two")

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["code"] == "RATE_LIMITED"
    assert taken.status_code == 200


def test_open_conversations_are_limited(org: Org, phone: Phone) -> None:
    """Closing one makes room for the next."""
    org.switches.set("concurrent_conversations", 1)
    phone.create("one")

    refused = phone.create("two")
    phone.send("PATCH", "/voiceCalls/one", {})
    phone.wait()
    taken = phone.create("two")

    assert refused.status_code == 429
    assert taken.status_code == 200


def test_the_date_of_an_answer_is_the_date_of_the_org(phone: Phone) -> None:
    """A client learns from it how far its own clock is off."""
    phone.wait(3_600)

    answer = phone.create()

    assert answer.headers["date"] == "Fri, 20 Nov 2026 11:00:00 GMT"


def test_a_call_that_is_deleted_meanwhile_stops_nothing(org: Org, phone: Phone) -> None:
    """The pending update has nothing left to change, and the next request is answered."""
    call_id = phone.create().json()["voiceCallId"]
    phone.mark(call_id, recordingLocation="https://vm.example/1")
    org.database.delete("VoiceCall", call_id)

    phone.wait()
    answer = phone.say()

    assert answer.status_code == 400
    assert org.database.all("VoiceCallRecording") == []


def test_a_conversation_that_is_deleted_meanwhile_stops_nothing(org: Org, phone: Phone) -> None:
    """The call is completed all the same."""
    phone.create()
    phone.send("PATCH", "/voiceCalls/call-1", {})
    org.database.delete("Conversation", org.database.all("Conversation")[0]["Id"])

    phone.wait()
    answer = phone.say()

    assert answer.status_code == 400
    assert the_call(org)["CallDisposition"] == "completed"
