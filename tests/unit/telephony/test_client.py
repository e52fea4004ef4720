"""The client: what goes over the wire, what is sent again, and what is not."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from importlib.metadata import version

import httpx
import pytest
from scv_voicemail.errors import RateLimited, Rejected, SettingsInvalid, Unavailable
from scv_voicemail.telephony import (
    ConversationEvent,
    CreateVoiceCall,
    EventParticipant,
    EventType,
    ExecuteOmniFlow,
    PostConversationEvent,
    PostConversationEvents,
    RealtimeConversationEvents,
    TranscriptMessage,
    UpdateVoiceCall,
)

NOW_MS = 1_795_168_800_000
CALL = CreateVoiceCall(
    vendor_call_key="pbx-1",
    to="+18005550100",
    from_="+14155550123",
    start_time=datetime(2026, 11, 20, 10, tzinfo=UTC),
    participant_key="caller",
)
MESSAGE = TranscriptMessage(message_id="m-1", content="Hello", start_ms=NOW_MS, end_ms=NOW_MS + 900)
EVENT = ConversationEvent(type=EventType.CATEGORY, value="Angry", start_ms=NOW_MS)
STORED = PostConversationEvent(value="10", start_ms=NOW_MS, end_ms=NOW_MS + 1, participant=EventParticipant.CUSTOMER)
EVERY_CALL = {
    "POST /telephony/v1/voiceCalls": lambda client: client.create_voice_call(CALL),
    "PATCH /telephony/v1/voiceCalls/k": lambda client: client.update_voice_call(
        "k", UpdateVoiceCall(is_active_call=True)
    ),
    "POST /telephony/v1/voiceCalls/k/messages": lambda client: client.create_transcript("k", MESSAGE),
    "POST /telephony/v1/voiceCalls/messages": lambda client: client.create_transcripts_in_bulk([("k", MESSAGE)]),
    "PATCH /telephony/v1/voiceCalls/k/omniFlow": lambda client: client.execute_omni_flow(
        "k", ExecuteOmniFlow(dialed_number="+18005550100")
    ),
    "POST /telephony/v1/voiceCalls/k/realtimeConversationEvents": lambda client: (
        client.send_realtime_conversation_events("k", RealtimeConversationEvents(service="X", events=(EVENT,)))
    ),
    "POST /telephony/v1/voiceCalls/k/postConversationEvents": lambda client: client.store_post_conversation_events(
        "k", PostConversationEvents(events=(STORED,))
    ),
    "POST /telephony/v1/voiceCalls/k/reroute": lambda client: client.reroute("k"),
    "PATCH /telephony/v1/voiceCalls/k/clearRouting": lambda client: client.clear_routing("k"),
}
GOOD_FOR_ALL = {"voiceCallId": "0LQRM0000006CSz", "queue": "q-1", "result": "Accepted", "status": "pending"}


@pytest.mark.parametrize("place", EVERY_CALL)
def test_every_call_goes_where_the_guide_says(client, vendor, place):
    """Method and path of the nine calls, with the headers that the guide asks for."""
    vendor.answers(200, GOOD_FOR_ALL)

    EVERY_CALL[place](client)

    headers = vendor.requests[0].headers
    assert vendor.paths == [place]
    assert headers["Content-Type"] == "application/json"
    assert headers["Telephony-Provider-Name"] == "scv-voicemail"
    assert headers["User-Agent"] == f"scv-voicemail/{version('scv-voicemail')}"
    assert headers["Authorization"].startswith("Bearer ey")


def test_the_contact_center_is_the_clients_own(client, vendor):
    """It has to be the one that the token is made for, so a payload cannot say otherwise."""
    vendor.answers(200, GOOD_FOR_ALL)

    client.create_voice_call(CALL)

    assert vendor.bodies[0]["callCenterApiName"] == "MyContactCenter"


@pytest.mark.parametrize(
    ("call_id", "segment"),
    [
        ("a/b", "a%2Fb"),
        ("../admin", "..%2Fadmin"),
        ("100% ?x=1#y", "100%25%20%3Fx%3D1%23y"),
        ("a%2Fb", "a%252Fb"),
        ("sip:7@pbx;tag=ü", "sip%3A7%40pbx%3Btag%3D%C3%BC"),
    ],
)
def test_a_call_id_is_one_segment_of_the_path(client, vendor, call_id, segment):
    """Whatever characters a telephony system puts into its keys."""
    vendor.answers(200, {})

    client.clear_routing(call_id)

    assert vendor.paths == [f"PATCH /telephony/v1/voiceCalls/{segment}/clearRouting"]


@pytest.mark.parametrize("call_id", ["", ".", "..", "k" * 256])
def test_a_call_id_that_cannot_be_a_segment_is_refused(client, vendor, call_id):
    """Nothing is sent."""
    with pytest.raises(Rejected):
        client.clear_routing(call_id)

    assert vendor.requests == []


def test_a_salesforce_id_is_no_vendor_call_key(client, vendor):
    """The transcript and event endpoints take only the vendor's key of the first call."""
    with pytest.raises(Rejected, match="vendorCallKey"):
        client.create_transcript("0LQRM0000006CSz4A5", MESSAGE)

    assert vendor.requests == []


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://x.my.salesforce-scrt.com", "https://x.my.salesforce-scrt.com/telephony/v1/voiceCalls"),
        ("https://x.my.salesforce-scrt.com/", "https://x.my.salesforce-scrt.com/telephony/v1/voiceCalls"),
        ("https://x.my.salesforce-scrt.com/telephony/v1/", "https://x.my.salesforce-scrt.com/telephony/v1/voiceCalls"),
        ("https://proxy:8443/scrt", "https://proxy:8443/scrt/telephony/v1/voiceCalls"),
    ],
)
def test_the_url_may_have_the_api_path_or_not(a_client, vendor, given, used):
    """People copy it from different places."""
    vendor.answers(200, GOOD_FOR_ALL)

    a_client(base_url=given).create_voice_call(CALL)

    assert str(vendor.requests[0].url) == used


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x.my.salesforce-scrt.com",
        "http://x.my.salesforce-scrt.com",
        "https://",
        "https://u:p@x",
        "https://x?a=b",
        "https://x:port",
        "ftp://x",
    ],
)
def test_a_url_that_is_not_https_is_a_setting_to_correct(a_client, url):
    """Tokens never travel in the clear by accident."""
    with pytest.raises(SettingsInvalid, match="https://"):
        a_client(base_url=url)


def test_plain_http_has_to_be_allowed(a_client, vendor):
    """For the emulator only."""
    vendor.answers(200, GOOD_FOR_ALL)

    a_client(base_url="http://127.0.0.1:5001", allow_plain_http=True).create_voice_call(CALL)

    assert str(vendor.requests[0].url) == "http://127.0.0.1:5001/telephony/v1/voiceCalls"


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")]
)
def test_what_was_never_sent_is_sent_again(client, vendor, time, error):
    """No connection means that nothing happened over there."""
    vendor.answers(raises=error).answers(raises=error).answers(200, GOOD_FOR_ALL)

    created = client.create_voice_call(CALL)

    assert created.voice_call_id.startswith("0LQRM0000006CSz")
    assert len(vendor.requests) == 3
    assert time.slept == [0.2, 0.4]


def test_there_is_an_end_to_trying(client, vendor):
    """The journal does the long waiting."""
    vendor.answers(raises=httpx.ConnectError("refused"))

    with pytest.raises(Unavailable, match="ConnectError"):
        client.create_voice_call(CALL)

    assert len(vendor.requests) == 3


def test_slow_failures_use_up_the_time_for_trying(client, vendor, time):
    """Three connection timeouts in a row would keep a contact flow waiting."""
    vendor.answers(raises=httpx.ConnectTimeout("slow"))
    vendor.on_request = lambda: time.sleep(5)

    with pytest.raises(Unavailable):
        client.create_voice_call(CALL)

    assert len(vendor.requests) == 1


@pytest.mark.parametrize("place", EVERY_CALL)
@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("half a body"),
    ],
)
def test_a_write_with_an_unknown_outcome_is_never_sent_again(client, vendor, place, error):
    """The caller looks at the other side first."""
    vendor.answers(raises=error)

    with pytest.raises(Unavailable) as caught:
        EVERY_CALL[place](client)

    assert len(vendor.requests) == 1
    assert type(error).__name__ in str(caught.value)


@pytest.mark.parametrize("place", EVERY_CALL)
@pytest.mark.parametrize("status", [408, 500, 503])
def test_a_server_error_is_never_sent_again(client, vendor, place, status):
    """It may have been carried out."""
    vendor.answers(status, b"<html>Bad gateway</html>")

    with pytest.raises(Unavailable) as caught:
        EVERY_CALL[place](client)

    assert len(vendor.requests) == 1
    assert caught.value.status == status


def test_a_short_limit_is_waited_out(client, vendor, time, key):
    """A 429 was not carried out; the next try has a new token."""
    vendor.answers(429, {"code": "RATE_LIMITED"}, headers={"Retry-After": "1"}).answers(200, GOOD_FOR_ALL)

    client.create_voice_call(CALL)

    assert time.slept == [1.2]
    assert len(set(vendor.tokens)) == 2


@pytest.mark.parametrize(
    ("header", "seconds"), [({"Retry-After": "30"}, 30.0), ({"Retry-After": "3"}, 3.0), ({}, None)]
)
def test_a_long_limit_is_the_callers_to_wait_out(client, vendor, time, header, seconds):
    """The vendor's word is handed on."""
    vendor.answers(429, {"code": "RATE_LIMITED", "message": "too many calls"}, headers=header)

    with pytest.raises(RateLimited, match="too many calls") as caught:
        client.create_voice_call(CALL)

    assert caught.value.retry_after_seconds == seconds
    assert time.slept == []


def test_threads_may_share_a_client(a_client, vendor):
    """Every request of every thread has a token of its own."""
    vendor.answers(200, {})
    client = a_client(new_id=lambda: f"{threading.get_ident()}-{len(vendor.requests)}-{id(object())}")
    threads = [threading.Thread(target=lambda: [client.clear_routing("k") for _ in range(5)]) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(vendor.requests) == 20


def test_the_log_names_the_route_and_nothing_of_the_call(client, vendor, caplog):
    """One line per request: method, route, status, milliseconds, request id; no key, body or token."""
    caplog.set_level(logging.DEBUG, logger="scv_voicemail.telephony")
    vendor.answers(200, {"result": "Accepted"}, headers={"X-Request-Id": "r-9"})

    client.create_transcript("secret-key", MESSAGE)

    lines = [record.getMessage() for record in caplog.records if record.name.startswith("scv_voicemail")]
    assert lines == ["POST /voiceCalls/{vendorCallKey}/messages answered 200 in 0 ms, request id r-9"]
