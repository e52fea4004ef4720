"""The custom object target: `Voicemail__c`, or any object with a unique key."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from scv_voicemail.delivery.custom_object import VOICEMAIL_KEY, VOICEMAIL_OBJECT
from scv_voicemail.delivery.people import REP
from scv_voicemail.voicemail import Mailbox, MailboxKind, Transcript

from tests.builders import NOON, a_transcript, a_voicemail
from tests.unit.delivery.record_bench import Bench


def test_a_voicemail_becomes_a_record_with_typed_values() -> None:
    """Numbers stay numbers and moments moments; what is unknown is left out."""
    bench = Bench()
    bench.org.people[REP] = [{"Id": "005ada", "name": "ada@example.com"}]
    voicemail = a_voicemail(
        transcript=a_transcript(), mailbox=Mailbox(kind=MailboxKind.REP, name="ada@example.com"), source="asterisk"
    )

    bench.do("custom_object", voicemail=voicemail)

    record = dict(bench.record)
    assert json.loads(record.pop("Transcript_Segments__c"))[0] == {
        "text": "Hello, this is Ada.",
        "start_ms": 0,
        "end_ms": 2000,
        "confidence": 0.98,
    }
    assert record == {
        "Id": record["Id"],
        VOICEMAIL_KEY: voicemail.id,
        "OwnerId": "005ada",
        "Status__c": "New",
        "Caller_Number__c": "+14155550142",
        "Dialed_Number__c": "+18005550100",
        "Mailbox_Type__c": "Rep",
        "Mailbox_Name__c": "ada@example.com",
        "Received_At__c": voicemail.started_at,
        "Ended_At__c": voicemail.ended_at,
        "Duration_Seconds__c": 13,
        "Language__c": "en-US",
        "Transcript__c": "Hello, this is Ada. Please call me back.",
        "Transcription_Status__c": "Supplied",
        "Transcription_Confidence__c": 0.98,
        "Recording_Location__c": "https://recordings.example.com/recording.wav",
        "Source_System__c": "asterisk",
        "Delivery_Key__c": f"{voicemail.id} custom_object",
    }


@pytest.mark.parametrize(
    ("transcript", "failed", "status"),
    [
        (None, False, "None"),
        (None, True, "Failed"),
        (a_transcript(), False, "Supplied"),
        (a_transcript(provider="whisper"), False, "Completed"),
    ],
)
def test_the_status_says_where_the_transcript_comes_from(
    transcript: Transcript | None, failed: bool, status: str
) -> None:
    """Or why there is none: not wanted, or tried in vain."""
    bench = Bench()
    bench.receipts["custom_object"] = {"listen": {"warning": "the transcriber failed" if failed else ""}}

    bench.do("custom_object", voicemail=a_voicemail(transcript=transcript))

    assert bench.record["Transcription_Status__c"] == status


def test_a_later_transcript_replaces_only_what_said_that_there_was_none() -> None:
    """The status of the transcription changes; the status that a rep has set does not."""
    bench = Bench()
    bench.do("custom_object", "match", "save", voicemail=a_voicemail())
    bench.record["Status__c"] = "Called back"

    receipt = bench.do("custom_object", "save")

    assert bench.record["Transcription_Status__c"] == "Supplied"
    assert bench.record["Status__c"] == "Called back"
    assert receipt["completed"] == [
        "Language__c",
        "Transcript_Segments__c",
        "Transcript__c",
        "Transcription_Confidence__c",
        "Transcription_Status__c",
    ]


def test_timed_segments_that_do_not_fit_are_dropped_from_the_end() -> None:
    """The player still reads valid JSON."""
    bench = Bench()
    long = a_transcript()
    long = replace(long, segments=long.segments * 40)
    (field,) = [one for one in bench.org.objects[VOICEMAIL_OBJECT] if one["name"] == "Transcript_Segments__c"]
    field["length"] = 1000

    receipt = bench.do("custom_object", "match", "save", voicemail=a_voicemail(transcript=long))

    segments = json.loads(bench.record["Transcript_Segments__c"])
    assert 10 <= len(segments) < 80
    assert len(bench.record["Transcript_Segments__c"]) <= 1000
    assert receipt["note"] == "cut to fit: Transcript_Segments__c"


def test_datetimes_that_come_back_in_salesforces_own_writing_are_the_same() -> None:
    """Otherwise every repeat would find something to complete."""
    bench = Bench()
    bench.do("custom_object", "match", "save")
    bench.record["Received_At__c"] = "2026-11-20T11:55:00.000+0000"
    bench.record["Duration_Seconds__c"] = 13.0

    assert bench.do("custom_object", "save")["completed"] == []
    assert bench.record["Received_At__c"] != NOON
