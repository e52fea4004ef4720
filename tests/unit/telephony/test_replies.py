"""What the vendor answers, and what it is taken for. The recorded replies are the guide's own examples."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scv_voicemail.errors import (
    AuthenticationFailed,
    ConversationClosed,
    PermissionMissing,
    RateLimited,
    Rejected,
    RoutingFailed,
    Unavailable,
)
from scv_voicemail.telephony import Accepted, OmniFlowRouted, UpdatePending, VoiceCallCreated
from scv_voicemail.telephony.record_ids import to_18
from scv_voicemail.telephony.replies import Reply, judge

RECORDED = Path(__file__).parents[2] / "contracts" / "replies"
CLOSED = "Error: io.grpc.StatusRuntimeException: PERMISSION_DENIED: Conversation does not exist"


def a_reply(status=200, body=None, **headers):
    """A reply to some request."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(
        operation="POST /voiceCalls",
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=content,
        received_at=datetime(2026, 11, 20, 10, tzinfo=UTC),
    )


def recorded(name, status=200):
    """A recorded reply of the vendor."""
    return a_reply(status, json.loads((RECORDED / f"{name}.json").read_text())["body"])


@pytest.mark.parametrize("status", [200, 201, 202, 207])
def test_the_recorded_successes_are_read(status):
    """At any 2xx, as the guide does not say which."""
    results = [
        VoiceCallCreated.from_reply(recorded("create_voice_call", status)),
        UpdatePending.from_reply(recorded("update_voice_call", status)),
        Accepted.from_transcript_reply(recorded("create_transcript", status)),
        OmniFlowRouted.from_reply(recorded("execute_omni_flow", status)),
        Accepted.from_reply(recorded("send_realtime_conversation_events", status)),
        Accepted.from_reply(recorded("store_post_conversation_events", status)),
        Accepted.from_reply(recorded("reroute", status)),
    ]

    assert results == [
        VoiceCallCreated(voice_call_id=to_18("0LQRM0000006CSz")),
        UpdatePending(status="pending"),
        Accepted(text="Accepted"),
        OmniFlowRouted(agent="[AGENT_INFO]", queue="[QUEUE_INFO]"),
        Accepted(text="202 Accepted"),
        Accepted(text="202 Accepted"),
        Accepted(text="Success"),
    ]


def test_a_call_that_was_created_with_errors_is_created():
    """Triggers and validation rules only cost fields; the vendor's text becomes a warning."""
    created = VoiceCallCreated.from_reply(recorded("create_voice_call_with_warnings"))

    assert created.voice_call_id == to_18("0LQS70000004YDG")
    assert len(created.warnings) == 1
    assert created.warnings[0].startswith("We created your voice call but there were some errors")


@pytest.mark.parametrize("errors", [["a", "b"], [{"message": "a"}, {"errorCode": "X", "message": "b"}]])
def test_warnings_may_be_a_list(errors):
    """Of texts or of objects."""
    reply = a_reply(200, {"voiceCallId": "0LQRM0000006CSz", "errors": errors})

    created = VoiceCallCreated.from_reply(reply)

    assert created.warnings == ("a", "b")


@pytest.mark.parametrize("status", [200, 202, 400, 404])
def test_a_flow_with_errors_has_not_routed(status):
    """Whatever the status says; the vendor's texts are kept."""
    reply = recorded("execute_omni_flow_errors", status)

    with pytest.raises(RoutingFailed, match="error1; error2") as caught:
        OmniFlowRouted.from_reply(reply)

    assert caught.value.status == status


@pytest.mark.parametrize("body", [{}, {"agent": None, "queue": ""}])
def test_a_flow_without_rep_and_queue_has_not_routed(body):
    """A success that names nobody is none."""
    with pytest.raises(RoutingFailed, match="neither"):
        OmniFlowRouted.from_reply(a_reply(200, body))


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_errors_of_a_flow_do_not_hide_what_the_status_says(status):
    """Who is asking, how often, and whether the server is there come first."""
    with pytest.raises((AuthenticationFailed, PermissionMissing, RateLimited, Unavailable)):
        OmniFlowRouted.from_reply(a_reply(status, {"errors": ["x"]}))


@pytest.mark.parametrize(
    "read",
    [
        VoiceCallCreated.from_reply,
        UpdatePending.from_reply,
        Accepted.from_reply,
        Accepted.from_transcript_reply,
        OmniFlowRouted.from_reply,
    ],
)
@pytest.mark.parametrize("body", [b"<html><title>Login</title></html>", b'{"voiceCallId": "0LQ', b"\xff\xfe\x00"])
def test_a_success_that_is_no_json_says_nothing(read, body):
    """A login page with status 200 is not a delivery."""
    with pytest.raises(Unavailable):
        read(a_reply(200, body))


@pytest.mark.parametrize(
    "read", [VoiceCallCreated.from_reply, Accepted.from_transcript_reply, OmniFlowRouted.from_reply]
)
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"ok"'])
def test_an_empty_success_says_nothing_where_something_is_needed(read, body):
    """Without an id, a queue or a word of acceptance the outcome is unknown."""
    with pytest.raises(Unavailable):
        read(a_reply(200, body))


@pytest.mark.parametrize("read", [UpdatePending.from_reply, Accepted.from_reply])
def test_an_empty_success_is_enough_where_nothing_is_needed(read):
    """Clearing a routing has no documented body at all."""
    result = read(a_reply(204, b""))

    assert result in (UpdatePending(status=""), Accepted(text=""))


@pytest.mark.parametrize("body", [{"errors": []}, {"voiceCallId": 7}, {"voiceCallId": ""}])
def test_a_created_call_without_an_id_is_not_known_to_exist(body):
    """The caller looks for it by its key."""
    with pytest.raises(Unavailable, match="voiceCallId"):
        VoiceCallCreated.from_reply(a_reply(200, body))


def test_errors_in_a_success_are_not_success():
    """An update that the vendor complains about was not taken."""
    with pytest.raises(Rejected, match="no such field"):
        UpdatePending.from_reply(a_reply(200, {"errors": ["no such field"]}))


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, {"message": "bad", "code": "BAD_REQUEST"}, Rejected, "BAD_REQUEST"),
        (404, [{"errorCode": "NOT_FOUND", "message": "gone"}], Rejected, "NOT_FOUND"),
        (400, {"errors": ["a", "b"]}, Rejected, ""),
        (400, {"errors": [{"errorCode": "X1", "message": "a"}]}, Rejected, "X1"),
        (409, b"not json at all", Rejected, ""),
        (400, b"", Rejected, ""),
        (400, {"message": CLOSED}, ConversationClosed, "PERMISSION_DENIED"),
        (404, {"errors": "Conversation does not exist"}, ConversationClosed, ""),
        (401, {"code": "UNAUTHORIZED"}, AuthenticationFailed, "UNAUTHORIZED"),
        (403, {"code": "PERM_MISSING"}, PermissionMissing, "PERM_MISSING"),
        (429, {"code": "RATE_LIMITED"}, RateLimited, "RATE_LIMITED"),
        (400, {"message": "Your org has exceeded the maximum number of concurrent calls."}, RateLimited, ""),
        (400, {"message": "x: io.grpc.StatusRuntimeException: RESOURCE_EXHAUSTED"}, RateLimited, "RESOURCE_EXHAUSTED"),
        (400, {"message": "UNAVAILABLE: io exception"}, Unavailable, "UNAVAILABLE"),
        (408, {}, Unavailable, ""),
        (500, {"message": "boom"}, Unavailable, ""),
        (503, b"<html>", Unavailable, ""),
        (302, b"", Unavailable, ""),
    ],
)
def test_a_refusal_is_one_of_ours(status, body, kind, code):
    """Every envelope that the vendor uses, at every status."""
    with pytest.raises(kind) as caught:
        judge(a_reply(status, body))

    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.code, caught.value.service) == (status, code, "telephony")


@pytest.mark.parametrize("header", ["x-request-id", "sfdc-request-id", "x-amzn-requestid"])
def test_an_error_carries_the_vendors_request_id(header):
    """Its support asks for it first."""
    with pytest.raises(Rejected) as caught:
        judge(a_reply(400, {"message": "bad"}, **{header: "r-1"}))

    assert caught.value.request_id == "r-1"
    assert "r-1" in str(caught.value)


def test_a_long_text_of_the_vendor_is_cut():
    """An error is read by people."""
    with pytest.raises(Rejected) as caught:
        judge(a_reply(400, {"message": "x" * 5000}))

    assert 250 < len(caught.value.what) < 350


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Fri, 20 Nov 2026 10:01:30 GMT", 90.0),
        ("Fri, 20 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    """Anything else is as if it were not there."""
    with pytest.raises(RateLimited) as caught:
        judge(a_reply(429, {}, retry_after=header))

    assert caught.value.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("0LQxx0000004GcS", "0LQxx0000004GcSGAU"),
        ("0LQWQ00000ERARR", "0LQWQ00000ERARR4A5"),
        ("0LMRM000000HU8a", "0LMRM000000HU8a4AG"),
        ("0LQxx0000004GcSGAU", "0LQxx0000004GcSGAU"),
        ("not an id", "not an id"),
    ],
)
def test_ids_come_back_with_18_characters(short, long):
    """The pairs are from the vendor's documents."""
    assert to_18(short) == long
