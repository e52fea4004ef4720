"""Transcripts in bulk: the vendor's limits, its Multi-Status replies, and what is sent again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_voicemail.errors import PermissionMissing, Rejected, Unavailable
from scv_voicemail.telephony import SenderType, TranscriptMessage
from scv_voicemail.telephony.bulk import collect, split

RECORDED = Path(__file__).parents[2] / "contracts" / "replies"
NOW_MS = 1_795_168_800_000


def a_message(message_id, sender=SenderType.END_USER):
    """An utterance with the given id."""
    return TranscriptMessage(message_id=message_id, content="Hello", start_ms=NOW_MS, end_ms=NOW_MS, sender_type=sender)


def multi_status(*entries):
    """A Multi-Status reply with entries of (key, status, text)."""
    return {
        "result": "Multi-Status: A few messages were not processed",
        "errorResponse": {
            "errorResponseEntries": [{"vendorCallKey": k, "status": s, "message": text} for k, s, text in entries]
        },
    }


def ids(body):
    """Call key and message ids of each entry of a request."""
    return [(entry["vendorCallKey"], [each["messageId"] for each in entry["messages"]]) for entry in body["entries"]]


@given(st.lists(st.integers(min_value=0, max_value=8), max_size=80))
def test_requests_keep_the_limits_the_order_and_every_message(calls):
    """At most five calls with five messages each, whatever comes, and the order within a call is kept."""
    messages = collect((f"call-{call}", a_message(f"m-{number}")) for number, call in enumerate(calls))

    requests = split(messages)

    sent = [each for request in requests for of_call in request.by_call.values() for each in of_call]
    for key in {each.vendor_call_key for each in messages}:
        assert [m for m in sent if m.vendor_call_key == key] == [m for m in messages if m.vendor_call_key == key]
    assert len(sent) == len(messages)
    assert all(len(request.by_call) <= 5 for request in requests)
    assert all(len(of_call) <= 5 for request in requests for of_call in request.by_call.values())
    most = max(Counter(calls).values(), default=0)
    assert len(requests) >= -(-most // 5)


def test_two_long_voicemails_share_their_requests(client, vendor):
    """Twelve sentences each are three requests, not six."""
    vendor.answers(202, {"result": "Accepted"})
    messages = [(key, a_message(f"m-{number}")) for key in ("a", "b") for number in range(12)]

    result = client.create_transcripts_in_bulk(messages)

    assert [[len(found) for _, found in ids(body)] for body in vendor.bodies] == [[5, 5], [5, 5], [2, 2]]
    assert len(result.accepted) == 24
    assert result.refused == ()


def test_an_entry_has_one_speaker(client, vendor):
    """The vendor keeps the order only when messages come one participant at a time."""
    vendor.answers(202, {"result": "Accepted"})
    bot = SenderType.VIRTUAL_AGENT
    messages = [
        ("a", a_message("1", bot)),
        ("a", a_message("2", bot)),
        ("a", a_message("3")),
        ("a", a_message("4", bot)),
    ]

    client.create_transcripts_in_bulk(messages)

    assert ids(vendor.bodies[0]) == [("a", ["1", "2"]), ("a", ["3"]), ("a", ["4"])]


def test_no_messages_are_no_request(client, vendor):
    """Silence needs no call."""
    result = client.create_transcripts_in_bulk([])

    assert result.outcomes == ()
    assert vendor.requests == []


def test_the_recorded_multi_status_is_read(client, vendor):
    """Two conversations are closed, one message was taken."""
    vendor.answers(207, json.loads((RECORDED / "create_transcripts_in_bulk_multi_status.json").read_text())["body"])
    messages = [
        ("b09955ce-03be-4335-saturday-18896", a_message("b09955ce-03be-4335-a8a0-2889129")),
        ("b09955ce-03be-4335-saturday-188954", a_message("b2922012ne-tl3081984si-t04021978re")),
        ("ghbjnkk-jlme-6789-friday-67754", a_message("kjikjnkk-jkjhu-6789-kjgjhg-87643")),
    ]

    result = client.create_transcripts_in_bulk(messages)

    assert [outcome.accepted for outcome in result.outcomes] == [False, True, False]
    assert [(each.code, each.conversation_closed, each.retryable) for each in result.refused] == [
        ("PERMISSION_DENIED", True, False)
    ] * 2
    assert len(vendor.requests) == 1


def test_only_what_may_pass_later_is_sent_again(client, vendor, time):
    """In its order, and not for ever."""
    busy = "Error Processing Transcript with Id(s) [2, 3]. Error: io.grpc.StatusRuntimeException: UNAVAILABLE: busy"
    vendor.answers(207, multi_status(("a", 400, busy), ("a", 202, "Successfully Processed Transcripts with Id(s) [1]")))
    vendor.answers(207, multi_status(("a", 503, "Error Processing Transcript with Id(s) [3]"), ("a", 202, "Id(s) [2]")))
    vendor.answers(202, {"result": "Accepted"})

    result = client.create_transcripts_in_bulk([("a", a_message(name)) for name in "123"])

    assert [ids(body) for body in vendor.bodies] == [[("a", ["1", "2", "3"])], [("a", ["2", "3"])], [("a", ["3"])]]
    assert [outcome.message_id for outcome in result.accepted] == ["1", "2", "3"]
    assert time.slept == [0.2, 0.4]


def test_what_stays_busy_is_refused_as_retryable(client, vendor):
    """The caller's journal tries again later."""
    vendor.answers(207, multi_status(("a", 429, "Exceeded Limits for creating messages in Transcription")))

    result = client.create_transcripts_in_bulk([("a", a_message("1"))])

    assert len(vendor.requests) == 3
    assert [(each.status, each.retryable) for each in result.refused] == [(429, True)]


@pytest.mark.parametrize(
    "text",
    [
        "Error Processing Transcript with Id(s) [m 1, m-2]. Error: x",
        "Ids: ['m 1','m-2'] failed",
        'id [ "m 1" , "m-2" ]',
    ],
)
def test_message_ids_are_found_in_the_vendors_sentence(client, vendor, text):
    """In brackets, however they are written."""
    vendor.answers(
        207, multi_status(("a", 400, text), ("a", 202, "Successfully Processed Transcripts with Id(s) [m-3]"))
    )

    result = client.create_transcripts_in_bulk([("a", a_message(name)) for name in ("m 1", "m-2", "m-3")])

    assert [outcome.accepted for outcome in result.outcomes] == [False, False, True]


def test_a_failure_that_names_no_message_concerns_the_whole_call(client, vendor):
    """Except for those that another entry speaks of."""
    vendor.answers(207, multi_status(("a", 400, "something is wrong"), ("a", 202, "Id(s) [2]"), ("b", 202, "fine")))
    messages = [("a", a_message("1")), ("a", a_message("2")), ("a", a_message("3")), ("b", a_message("1"))]

    result = client.create_transcripts_in_bulk(messages)

    assert [outcome.accepted for outcome in result.outcomes] == [False, True, False, True]
    assert {outcome.reason for outcome in result.refused} == {"something is wrong"}


def test_a_contradiction_counts_as_a_failure(client, vendor):
    """A message is rather sent twice than lost."""
    vendor.answers(207, multi_status(("a", 202, "Id(s) [1]"), ("a", 400, "Id(s) [1]")))

    result = client.create_transcripts_in_bulk([("a", a_message("1"))])

    assert [outcome.accepted for outcome in result.outcomes] == [False]


def test_a_message_that_a_reply_passes_over_is_not_accepted(client, vendor):
    """It is left to the caller, who may send it again under the same id."""
    vendor.answers(207, multi_status(("a", 202, "Id(s) [1]")))

    result = client.create_transcripts_in_bulk([("a", a_message("1")), ("a", a_message("2"))])

    assert [(each.message_id, each.retryable) for each in result.refused] == [("2", True)]
    assert len(vendor.requests) == 1


def test_a_request_that_fails_as_closed_is_a_result_too(client, vendor):
    """One voicemail's closed conversation is no error of the others that follow."""
    text = "Error: io.grpc.StatusRuntimeException: PERMISSION_DENIED: Conversation does not exist"
    vendor.answers(400, {"message": text}).answers(202, {"result": "Accepted"})
    messages = [("a", a_message(f"m-{number}")) for number in range(6)]

    result = client.create_transcripts_in_bulk(messages)

    assert [outcome.accepted for outcome in result.outcomes] == [False] * 5 + [True]
    assert all(outcome.conversation_closed for outcome in result.refused)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, {"code": "PERM_MISSING"}, PermissionMissing),
        (207, {"result": "Multi-Status: A few messages were not processed"}, Unavailable),
        (207, {"result": "x", "errorResponse": {}}, Unavailable),
        (200, b"<html>", Unavailable),
        (200, b"", Unavailable),
        (500, {}, Unavailable),
    ],
)
def test_a_request_that_fails_as_a_whole_raises(client, vendor, status, body, kind):
    """So does a reply that does not say what became of the messages."""
    vendor.answers(status, body)

    with pytest.raises(kind):
        client.create_transcripts_in_bulk([("a", a_message("1"))])


def test_a_lost_answer_raises(client, vendor):
    """All may be given again: the ids are the same."""
    vendor.answers(raises=httpx.ReadTimeout("slow"))

    with pytest.raises(Unavailable):
        client.create_transcripts_in_bulk([("a", a_message("1"))])

    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    "messages",
    [
        [("a", a_message("1")), ("a", a_message("1"))],
        [("0LQRM0000006CSz", a_message("1"))],
        [("", a_message("1"))],
    ],
)
def test_messages_that_could_not_be_told_apart_are_refused(client, vendor, messages):
    """Nothing is sent."""
    with pytest.raises(Rejected):
        client.create_transcripts_in_bulk(messages)

    assert vendor.requests == []
