"""Transcripts through the Connect API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

CONNECT = "/services/data/v63.0/connect"
KEY = "call-1"


def milliseconds(org: Any, seconds: float = 0) -> int:
    return int((org.clock.now() + timedelta(seconds=seconds)).timestamp() * 1000)


@pytest.fixture
def call(org: Any) -> str:
    """A call that lasted a minute, whose conversation is closed."""
    start, end = org.clock.now(), org.clock.now() + timedelta(seconds=60)
    conversation = org.database.insert(
        "Conversation",
        {"ConversationIdentifier": KEY, "StartTime": start, "EndTime": end, "_open": False},
        by_system=True,
    )
    call_id: str = org.a_voice_call(VendorCallKey=KEY, ConversationId=conversation)
    return call_id


def store(org: Any, call_id: str, number: int) -> None:
    start = org.clock.now() + timedelta(seconds=number)
    fields = {
        "ConversationId": call_id,
        "MessageIdentifier": f"m-{number}",
        "ActorType": "EndUser",
        "ClientTimestamp": start,
        "EntryTime": start,
        "EntryType": "Text",
        "Seq": number,
        "_text": f"text {number}",
        "_participantId": f"{KEY}END_USER",
        "_startMs": milliseconds(org, number),
        "_endMs": milliseconds(org, number) + 900,
    }
    org.database.insert("ConversationEntry", fields, by_system=True)


def an_entry(org: Any, identifier: str, **changes: Any) -> dict[str, Any]:
    payload = {
        "conversationId": KEY,
        "id": identifier,
        "clientSentTimestamp": milliseconds(org, 5),
        "clientDuration": 1000,
        "messageText": "please call me back",
        "sender": {"appType": "TELEPHONY_INTEGRATION", "subject": "END_USER", "role": "END_USER"},
    }
    return {"type": "conversationEntry", "payload": payload | changes}


def upload(http: Any, *lines: Any, name: str = KEY) -> dict[str, Any]:
    content = "\n".join(json.dumps(one) for one in lines).encode()
    answer = http.post(f"{CONNECT}/conversations/upload", files={name: ("transcripts.txt", content)})
    assert answer.status_code == 200
    [result] = answer.json()["conversationBulkUploadsResults"]
    return dict(result)


HEAD = {"type": "conversation", "payload": {"conversationId": KEY}}


def test_the_text_comes_out_here_and_not_by_query(org: Any, http: Any, call: str) -> None:
    """A query sees that there is an entry, but its Message is blank; this resource gives the words."""
    store(org, call, 3)

    [queried] = http.get("/services/data/v63.0/query?q=SELECT+Message,ActorType+FROM+ConversationEntry").json()[
        "records"
    ]
    [entry] = http.get(f"{CONNECT}/conversation/{KEY}/entries").json()["conversationEntries"]

    assert (queried["Message"], queried["ActorType"]) == (None, "EndUser")
    assert (entry["messageText"], entry["identifier"]) == ("text 3", "m-3")
    assert (entry["clientTimestamp"], entry["clientDuration"]) == (milliseconds(org, 3), 900)
    assert entry["sender"] == {"appType": "TELEPHONY_INTEGRATION", "role": "END_USER", "subject": f"{KEY}END_USER"}


def test_entries_are_cut_from_the_end_unless_asked_otherwise(org: Any, http: Any, call: str) -> None:
    """25 by default, the newest; a limit, a direction and a window choose others; always in the order of time."""
    for number in reversed(range(30)):
        store(org, call, number)
    conversation = org.database.all("Conversation")[0]["Id"]

    def names(**params: Any) -> list[str]:
        answer = http.get(f"{CONNECT}/conversation/{conversation}/entries", params=params)
        return [one["identifier"] for one in answer.json()["conversationEntries"]]

    assert names() == [f"m-{number}" for number in range(5, 30)]
    assert names(recordLimit=2) == ["m-28", "m-29"]
    assert names(recordLimit=2, queryDirection="FromStart") == ["m-0", "m-1"]
    assert names(startTimestamp=milliseconds(org, 2), endTimestamp=milliseconds(org, 3)) == ["m-2", "m-3"]


@pytest.mark.parametrize(
    "params", ["recordLimit=0", "recordLimit=1001", "recordLimit=x", "queryDirection=Up", "endTimestamp=-1"]
)
def test_a_parameter_out_of_range_is_refused(http: Any, call: str, params: str) -> None:
    """The limits are 1 to 1000 entries and two directions."""
    answer = http.get(f"{CONNECT}/conversation/{KEY}/entries?{params}")

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "ILLEGAL_QUERY_PARAMETER_VALUE")


def test_an_unknown_conversation_is_not_found(http: Any) -> None:
    """The key of a call that never was has no entries."""
    assert http.get(f"{CONNECT}/conversation/never/entries").status_code == 404


def test_redaction_replaces_the_text(org: Any, http: Any, call: str) -> None:
    """What was redacted cannot be read any more; an unknown entry fails alone."""
    store(org, call, 1)
    updates = [{"identifier": "m-1", "messageText": "my card is XXXX"}, {"identifier": "m-9", "messageText": "x"}]

    answer = http.patch(f"{CONNECT}/conversation/{KEY}/entries", json={"conversationEntriesUpdates": updates})

    assert [one["status"] for one in answer.json()["conversationEntriesUpdates"]] == ["SUCCESS", "FAILED"]
    [entry] = http.get(f"{CONNECT}/conversation/{KEY}/entries").json()["conversationEntries"]
    assert entry["messageText"] == "my card is XXXX"
    assert http.patch(f"{CONNECT}/conversation/{KEY}/entries", json=[]).status_code == 400


def test_a_transcript_can_be_uploaded_after_the_call(org: Any, http: Any, call: str) -> None:
    """The entries are there afterwards, a second upload does not double them, and the status counts them."""
    upload(http, HEAD, an_entry(org, "1"))

    result = upload(http, HEAD, an_entry(org, "1"), an_entry(org, "2", clientSentTimestamp=milliseconds(org, 9)))

    assert (result["conversationIdentifier"], result["status"], result["errorDetail"]) == (KEY, "SUCCESS", None)
    entries = http.get(f"{CONNECT}/conversation/{KEY}/entries").json()["conversationEntries"]
    assert [(one["identifier"], one["messageText"]) for one in entries] == [
        ("1", "please call me back"),
        ("2", "please call me back"),
    ]
    for parameter in ("uploadId", "uploadIds"):
        answer = http.get(f"{CONNECT}/conversations/upload?{parameter}={result['uploadId']}").json()
        [status] = answer["conversationBulkUploadStatuses"]
        assert (status["status"], status["successEntryCount"], status["failedEntryIds"]) == ("SUCCESS", 2, [])


@pytest.mark.covers("salesforce-9")
def test_how_a_good_upload_is_told_afterwards_is_a_choice(org: Any, http: Any, call: str) -> None:
    """The guide shows two answers of the same resource: that of a status, and for success that of the upload itself."""
    org.core.upload_success_is_told_as_result = lambda: True
    org.core.start_over()
    good, bad = upload(http, HEAD, an_entry(org, "1")), upload(http, HEAD, an_entry(org, "1", messageText=None))

    told = http.get(f"{CONNECT}/conversations/upload?uploadId={good['uploadId']}").json()
    both = http.get(f"{CONNECT}/conversations/upload?uploadId={good['uploadId']},{bad['uploadId']}").json()

    assert told == {"conversationBulkUploadsResults": [good]}
    assert [one["status"] for one in both["conversationBulkUploadStatuses"]] == ["SUCCESS", "FAILED"]


def test_entries_outside_the_call_or_without_a_role_fail(org: Any, http: Any, call: str) -> None:
    """The status names the entries that failed; the others are stored."""
    bad = [
        an_entry(org, "early", clientSentTimestamp=milliseconds(org, -1)),
        an_entry(org, "late", clientSentTimestamp=milliseconds(org, 61)),
        an_entry(org, "seconds", clientSentTimestamp=milliseconds(org) // 1000),
        an_entry(org, "nobody", sender={"role": "ALIEN"}),
        an_entry(org, "wordless", messageText=None),
        an_entry(org, "x" * 37),
    ]

    some = upload(http, HEAD, an_entry(org, "good"), *bad)
    none = upload(http, HEAD, *bad)

    statuses = http.get(f"{CONNECT}/conversations/upload?uploadIds={some['uploadId']},{none['uploadId']}").json()
    partly, failed = statuses["conversationBulkUploadStatuses"]
    assert (partly["successEntryCount"], partly["failedEntryCount"]) == (1, 6)
    assert partly["failedEntryIds"][:2] == ["early", "late"]
    assert (failed["status"], failed["errorDetail"]) == ("FAILED", "Failed to process any conversation entries.")
    assert [row["MessageIdentifier"] for row in org.database.all("ConversationEntry")] == ["good"]


def test_only_closed_existing_conversations_take_an_upload(org: Any, http: Any, call: str) -> None:
    """An open conversation, an unknown one and a broken file each fail with their reason."""
    conversation = org.database.all("Conversation")[0]["Id"]
    org.database.update("Conversation", conversation, {"_open": True}, by_system=True)

    opened = upload(http, HEAD, an_entry(org, "1"))
    unknown = upload(http, HEAD, name="never")
    headless = upload(http, an_entry(org, "1"))
    broken = http.post(f"{CONNECT}/conversations/upload", files={KEY: ("t.txt", b"{")}).json()

    assert (opened["status"], opened["uploadId"]) == ("FAILED", None)
    assert "closed" in opened["errorDetail"]
    assert unknown["errorDetail"] == "Conversation does not exist."
    assert "first line" in headless["errorDetail"]
    assert broken["conversationBulkUploadsResults"][0]["status"] == "FAILED"
    assert http.post(f"{CONNECT}/conversations/upload", json={}).status_code == 400
    assert http.get(f"{CONNECT}/conversations/upload?uploadIds=never").status_code == 404
    assert org.database.all("ConversationEntry") == []
