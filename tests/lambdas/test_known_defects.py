"""What Salesforce's own voicemail functions (ServiceCloudVoiceLambdas, release 18.0) do wrong, one test for each.

Every test lets that happen to our handlers which makes those fail, and looks at what the org and the bucket hold then.
"""

from __future__ import annotations

import io
import logging
import math
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from scv_voicemail_lambdas.log import JsonFormatter

from tests.lambdas.contact_center import (
    MESSAGE_AT,
    OURS,
    RATE,
    A,
    B,
    C,
    Call,
    ContactCenter,
    refused,
    sizes_of,
    speech,
    stamp,
)
from tests.lambdas.infrastructure.stack import Stack
from tests.mkv_files import a_fragment
from tests.scenarios.test_nothing_secret_in_logs import leaks

Centers = Callable[..., ContactCenter]
NO_CHANNEL = "+18005550199"
"""A number that nobody has given an Omni-Channel flow."""


def a_failure(code: str) -> bytes:
    """What Kinesis Video Streams writes into a stream instead of audio."""
    tags = {"AWS_KINESISVIDEO_ERROR_CODE": "a failure", "AWS_KINESISVIDEO_ERROR_ID": code}
    return a_fragment(contact_id=A, number=100, at=MESSAGE_AT.timestamp(), before=tags, after={}, token=False)


# ---------------------------------------------------------------------------------------------------------- V1


def test_v1_transcripts_are_dated_inside_the_call(a_center: Centers) -> None:
    """In epoch milliseconds of this call, not the year 2020 as a number; an org drops what lies outside."""
    center, call = a_center(transcriber="amazon-transcribe"), Call()
    center.leave(call)
    center.transcribe.at_once = "Hello, this is Ada."

    center.hand_over(call)
    center.work()

    (message,) = [one["body"] for one in center.sent("*/messages")]
    began, ended = (math.floor(at.timestamp() * 1000) for at in (MESSAGE_AT, call.ended_at))
    assert began <= message["startTime"] < message["endTime"] <= ended
    assert message["participantId"] == f"{A}END_USER"
    assert len(center.held().entries) == 1


# ---------------------------------------------------------------------------------------------------------- V2

BAD_RECORDS: dict[str, tuple[Any, list[str]]] = {
    "hung up before the tone": (Call(id=B, changes={"Recordings": None}), []),
    "given up": (Call(id=B, attributes={"vm_flag": "0"}), []),
    "no attributes": (Call(id=B, attributes=None), []),
    "no JSON": ("bm8gSlNPTg==", []),
    "no contact": ({"hello": "world"}, []),
    "a stream that is not there": (Call(id=B), []),
    "a stream without the call": (Call(id=B), ["1"]),
    "a stream that fails": (Call(id=B), ["1"]),
    "a bucket that refuses": (Call(id=B), ["1"]),
}


@pytest.mark.parametrize("why", BAD_RECORDS)
def test_v2_one_bad_record_costs_none_of_the_others(center: ContactCenter, why: str) -> None:
    """Before or behind it in the batch; it is ignored, set aside or comes again, each for itself."""
    bad, comes_again = BAD_RECORDS[why]
    first, last = Call(id=A), Call(id=C)
    center.leave(first, last)
    if isinstance(bad, Call) and why != "a stream that is not there":
        center.streams.streams[bad.stream_arn] = {
            "a stream without the call": [],
            "a stream that fails": [a_failure("5000")],
        }.get(why, bad.fragments)
    if why == "a bucket that refuses":
        center.services["s3"].before = refuse_the_recording_of(B)

    failed = center.hand_over(first, bad, last)
    center.work()

    assert failed == comes_again
    assert center.kept() == [A, C]
    assert [center.samples(one.id) == one.said for one in (first, last)] == [True, True]
    assert [center.held(contact).counts for contact in (A, B, C)] == [(1, 1, 0, 1), (0, 0, 0, 0), (1, 1, 0, 1)]


def refuse_the_recording_of(contact: str) -> Callable[[str, Mapping[str, Any]], None]:
    def before(name: str, arguments: Mapping[str, Any]) -> None:
        if name == "put_object" and contact in arguments["Key"]:
            raise refused("InternalError", 500)

    return before


# ------------------------------------------------------------------------------------------------------ V3, V4


def test_v3_audio_of_one_caller_never_reaches_the_next(center: ContactCenter) -> None:
    """While one recording is still on its way into a slow bucket, the same sandbox takes in the next, and the next."""
    calls = [Call(id=A, attributes={"vm_lang": "en-US"}), Call(id=B, attributes={"vm_lang": "es-US"}), Call(id=C)]
    center.leave(*calls)
    waiting = calls[1:]

    def take_in_another(name: str, _arguments: Mapping[str, Any]) -> None:
        if name == "put_object" and waiting:
            center.hand_over(waiting.pop(0))

    center.services["s3"].before = take_in_another
    center.hand_over(calls[0])

    assert center.kept() == [A, B, C], "the handler has not returned before all of it is stored"
    assert [center.samples(call.id) == call.said for call in calls] == [True, True, True]
    assert [center.tags(call.id)["vm_lang"] for call in calls] == ["en-US", "es-US", "en-US"]
    assert len({call.said for call in calls}) == 3


def test_v4_after_a_failure_the_next_voicemail_has_its_own_audio_and_tags(center: ContactCenter) -> None:
    """Nothing of the call that failed is left in the sandbox, and it comes whole when it comes again."""
    broken, next_one = Call(id=A, said=speech("a long one", seconds=4)), Call(id=B)
    center.leave(broken, next_one)
    center.streams.streams[broken.stream_arn] = [*broken.fragments[:3], a_failure("5000")]

    first = center.hand_over(broken, next_one)
    center.streams.streams[broken.stream_arn] = broken.fragments
    second = center.hand_over(broken)

    assert (first, second) == (["0"], [])
    assert [center.samples(call.id) == call.said for call in (broken, next_one)] == [True, True]
    assert center.tags(B) == {
        "vm_lang": "en-US",
        "vm_dialedNumber": "+18005550100",
        "vm_initTimestamp": stamp(MESSAGE_AT),
        "vm_endTimestamp": stamp(next_one.ended_at),
        "vm_duration": "2",
        "vm_recordingUrl": f"{OURS}/voicemail_recordings/{B}.wav",
    }


# ---------------------------------------------------------------------------------------------------------- V5


@pytest.mark.parametrize("status", [200, 400])
def test_v5_a_voicemail_that_is_not_routed_is_neither_closed_nor_forgotten(center: ContactCenter, status: int) -> None:
    """Errors of the flow count whatever the status; a human is called, and after the fix it goes on where it was."""
    center.org.switch(omni_flow_error_status=status)
    call = Call(dialed=NO_CHANNEL)
    center.leave(call)
    center.hand_over(call)
    center.work()
    parked, still_open = center.states(), center.held()

    center.org.set_channel(NO_CHANNEL, flow="Voicemail_Omni_Routing", fallback_queue="Voicemail")
    center.sweep()
    center.journal.retry(A, now=center.parts.now())
    center.work()

    assert (parked, center.counted["VoicemailParked"], center.counted["ParkedRuns"]) == (["parked"], 1, 1)
    assert still_open.counts == (1, 0, 0, 0)
    assert still_open.calls[0]["CallDisposition"] != "completed"
    assert center.held().counts == (1, 1, 0, 1)


@pytest.mark.parametrize(("status", "ends"), [(500, "delivered"), (400, "parked")])
def test_v5_an_update_that_fails_is_not_passed_over(center: ContactCenter, status: int, ends: str) -> None:
    """Tried again while that helps, and else left to a human, before anything is routed."""
    center.org.fault("status", method="PATCH", path="*/voiceCalls/*", status=status, times=2)
    center.leave(Call())

    center.hand_over(Call())
    center.work()

    assert center.states() == [ends]
    assert len(center.sent("*/omniFlow")) == (ends == "delivered")


# ---------------------------------------------------------------------------------------------------------- V6

THERE_IS_NONE = refused("BadRequestException", message="The requested job couldn't be found")


@pytest.mark.parametrize(
    ("failing", "entries"),
    [
        ({"start_transcription_job": [refused("LimitExceededException")]}, 1),
        ({"start_transcription_job": [refused("InternalFailureException", 500)]}, 1),
        ({"get_transcription_job": [refused("ThrottlingException")]}, 1),
        ({"start_transcription_job": [refused("ConflictException")]}, 1),
        ({"start_transcription_job": [refused("BadRequestException", message="bad language")]}, 0),
        ({"start_transcription_job": [refused("BadRequestException", message="S3 object not found")]}, 0),
        ({"start_transcription_job": [refused("AccessDeniedException", 403)]}, 0),
    ],
    ids=["limit", "500 of the start", "throttled", "conflict", "bad language", "no such key", "no right"],
)
def test_v6_a_transcription_that_cannot_be_started_costs_the_transcript_at_most(
    a_center: Centers, failing: dict[str, list[Exception]], entries: int
) -> None:
    """Where another try helps there is one; the voicemail arrives in any case."""
    center, call = a_center(transcriber="amazon-transcribe"), Call()
    center.leave(call)
    center.transcribe.at_once = "Hello, this is Ada."
    if entries and "conflict" in str(failing).lower():
        center.transcribe.start_transcription_job(**a_request(call))
        failing = {"get_transcription_job": [THERE_IS_NONE]}
    center.services["transcribe"].failing = {name: list(errors) for name, errors in failing.items()}

    center.hand_over(call)
    center.work()

    assert center.states() == ["delivered"]
    assert center.held().counts == (1, 1, entries, 1)


def a_request(call: Call) -> dict[str, Any]:
    return {
        "TranscriptionJobName": f"scv-voicemail-{call.id}",
        "OutputBucketName": OURS,
        "OutputKey": f"voicemail_transcripts/{call.id}.json",
    }


@pytest.mark.parametrize("tells", [True, False])
def test_v6_a_job_that_fails_costs_the_transcript_at_most(a_center: Centers, tells: bool) -> None:
    """Whether or not Amazon tells of it."""
    center, call = a_center(transcriber="amazon-transcribe"), Call()
    center.leave(call)
    center.hand_over(call)
    center.ring()

    if tells:
        center.transcribed(call, None)
    else:
        center.transcribe.fail(f"scv-voicemail-{A}")
    center.work()

    assert center.states() == ["delivered"]
    assert center.held().counts == (1, 1, 0, 1)
    assert center.counted["TranscriptsMissing"] == 1


# ---------------------------------------------------------------------------------------------------------- V7


@pytest.mark.parametrize("why", ["no right", "nothing there yet", "broken off", "throttled"])
def test_v7_audio_that_does_not_come_is_waited_for_and_never_made_up(center: ContactCenter, why: str) -> None:
    """No recording of 44 bytes and no half of a message: the record comes again, and then all of it is there."""
    call = Call(said=speech("a long one", seconds=4))
    center.leave(call)
    if why == "nothing there yet":
        center.streams.streams[call.stream_arn] = []
    elif why == "broken off":
        center.streams.streams[call.stream_arn] = [*call.fragments[:2], call.fragments[2][:500]]
    else:
        code, status = ("AccessDeniedException", 403) if why == "no right" else ("ClientLimitExceededException", 400)
        center.services["kinesis-video-media"].failing["get_media"] = [refused(code, status)]

    first, kept = center.hand_over(call), center.kept()
    center.leave(call)
    second = center.hand_over(call)

    assert (first, kept, second) == (["0"], [], [])
    assert center.samples() == call.said


def test_v7_a_call_without_a_word_of_the_caller_is_no_voicemail(center: ContactCenter) -> None:
    """The stream is there and holds nothing from the caller: counted, and nobody is bothered."""
    call = Call()
    center.leave(call)
    silent = a_fragment(contact_id=A, number=100, at=MESSAGE_AT.timestamp(), system=call.said)
    center.streams.streams[call.stream_arn] = [silent, a_fragment(contact_id=A, number=101, system=call.said)]

    failed = center.hand_over(call)

    assert (failed, center.kept()) == ([], [])
    assert center.counted == {"ContactIgnored": 1}


# ---------------------------------------------------------------------------------------------------------- V8


def test_v8_the_header_of_a_recording_is_true(center: ContactCenter) -> None:
    """Not four gigabytes: players show the length, and Transcribe reads it."""
    center.leave(Call())

    center.hand_over(Call())

    wav, said = center.wav(), Call().said
    assert sizes_of(wav) == (len(wav) - 8, len(said))
    assert center.tags()["vm_duration"] == "2"


def test_v8_a_long_message_is_not_held_in_memory(center: ContactCenter) -> None:
    """Two minutes of it are 1.9 MB; a function has room for an hour."""
    call = Call(said=speech("somebody", seconds=1) * 120)
    center.leave(call)
    peak: list[int] = []

    def note(name: str, _arguments: Mapping[str, Any]) -> None:
        if name == "put_object":
            peak.append(tracemalloc.get_traced_memory()[1])

    center.services["s3"].before = note
    center.streams.streams[call.stream_arn] = lazily(call)
    tracemalloc.start()
    try:
        center.hand_over(call)
    finally:
        tracemalloc.stop()

    assert center.samples() == call.said
    assert peak[0] < 1_000_000


def lazily(call: Call) -> Iterator[bytes]:
    second = call.said[: 2 * RATE]
    for n in range(len(call.said) // len(second)):
        yield a_fragment(contact_id=call.id, number=100 + n, at=MESSAGE_AT.timestamp() + n, customer=second)


# ---------------------------------------------------------------------------------------------------- V9, V10


def test_v9_exactly_the_callers_own_message_is_read_from_the_stream(center: ContactCenter) -> None:
    """From its first fragment on, one direction, one contact, and no further than its last fragment."""
    before, call, after = Call(id=B), Call(said=speech(A, seconds=1)), Call(id=C)
    endless = (a_fragment(contact_id=C, number=101 + n, customer=after.said[: 2 * RATE]) for n in range(1_000_000))
    center.leave(call)
    earlier = [a_fragment(contact_id=B, number=98 + n, customer=before.said[: 2 * RATE]) for n in (0, 1)]
    center.streams.streams[call.stream_arn] = (one for part in (earlier, call.fragments, endless) for one in part)

    failed = center.hand_over(call)

    (sent,) = center.streams.sent
    assert failed == []
    assert center.samples() == call.said
    assert sent.closed
    assert sent.pulled <= 4


@pytest.mark.parametrize("ivr", [False, True], ids=["a call recording", "an IVR recording"])
def test_v10_the_stream_is_found_wherever_it_stands_among_the_recordings(center: ContactCenter, ivr: bool) -> None:
    """With call recording on, the first entry is a file in S3 without fragments."""
    other = {
        "StorageType": "S3",
        "MediaStreamType": "AUDIO",
        "ParticipantType": "IVR" if ivr else "AGENT",
        "Location": "theirs/connect/acme/CallRecordings/2026/11/20/a-call.wav",
        "FragmentStartNumber": None,
        "FragmentStopNumber": None,
        "StartTimestamp": stamp(MESSAGE_AT - timedelta(seconds=20)),
        "StopTimestamp": None,
        "Status": "AVAILABLE",
    }
    call = Call(other_recordings=[other])
    center.leave(call)

    failed = center.hand_over(call)

    assert failed == []
    assert center.samples() == call.said


# ---------------------------------------------------------------------------------------------------------- V11


def test_v11_events_that_come_again_change_nothing(a_center: Centers) -> None:
    """Contact records, transcription events and doorbells, each three times, and all of them afterwards."""
    center, call = a_center(transcriber="amazon-transcribe"), Call()
    center.leave(call)
    for _ in range(3):
        center.hand_over(call, call.record(LastUpdateTimestamp=stamp(call.ended_at + timedelta(minutes=1))))
    center.ring()
    for _ in range(3):
        center.transcribed(call)
    center.work()
    requests = len(center.sent("voiceCalls"))

    center.hand_over(call, call)
    center.announce(call)
    center.transcribed(call)
    center.parts.doorbell.ring(A)
    center.work()

    assert center.held().counts == (1, 1, 1, 1)
    assert len(center.sent("*/omniFlow")) == len(center.sent("*/messages")) == len(center.transcribe.jobs) == 1
    assert len(center.sent("voiceCalls")) == requests
    assert center.counted["VoicemailDelivered"] == 1


def test_v11_what_lambda_does_again_is_bounded_and_kept_at_last() -> None:
    """Two retries of Lambda's own, and then the dead letters; the sweep comes back by itself."""
    functions = Stack().functions()

    finished, swept = (
        functions[name]["EventInvokeConfig"] for name in ("TranscriptionFinishedFunction", "SweepFunction")
    )

    assert finished["MaximumRetryAttempts"] == 2
    assert finished["DestinationConfig"]["OnFailure"]["Destination"] == "<DeadLetterQueue.Arn>"
    assert swept["MaximumRetryAttempts"] == 0


# ---------------------------------------------------------------------------------------------------- V12, V13


def test_v12_a_voicemail_is_routed_at_once(center: ContactCenter) -> None:
    """No fixed minute: nothing is waited for that has not been asked."""
    center.leave(Call())

    center.hand_over(Call())
    center.work()

    assert center.held().counts == (1, 1, 0, 1)
    assert center.moved_seconds == 0
    assert center.counted["DeliverySeconds"] < 5


def test_v12_with_a_transcript_it_is_routed_as_soon_as_that_is_there(a_center: Centers) -> None:
    """The end of the job wakes it."""
    center, call = a_center(transcriber="amazon-transcribe"), Call()
    center.leave(call)
    center.hand_over(call)
    center.ring()

    center.advance(7)
    center.transcribed(call)
    center.work()

    assert center.held().counts == (1, 1, 1, 1)
    assert center.moved_seconds == 7


@pytest.mark.parametrize("missing", [{"vm_from": None}, {"vm_from": ""}, {"vm_lang": None}, {"vm_from": "no number"}])
@pytest.mark.parametrize("caller", ["+14155550142", None])
def test_v13_a_voicemail_is_one_whatever_else_the_flow_forgot(
    center: ContactCenter, missing: dict[str, str | None], caller: str | None
) -> None:
    """One place decides what a voicemail is, by the flag alone; what is missing is asked of the call."""
    call = Call(attributes=missing, caller=caller)
    center.leave(call)

    center.hand_over(call)
    center.work()

    held = center.held()
    assert held.counts == (1, 1, 0, 1)
    assert held.calls[0]["CallDisposition"] == "completed"


# ---------------------------------------------------------------------------------------------------- V14, V15


@pytest.mark.parametrize("why", ["the fragments are gone", "the stream is gone"])
def test_v14_a_stream_that_keeps_nothing_is_told_with_the_way_out(center: ContactCenter, why: str) -> None:
    """A retention of zero hours loses the audio; the record stays, with the setting that is to be changed."""
    call = Call()
    if why == "the fragments are gone":
        center.streams.streams[call.stream_arn] = [a_failure("4000")]

    failed = center.hand_over(call)

    (letter,) = center.dead_letters()
    assert (failed, center.counted["RecordSetAside"]) == ([], 1)
    assert "retention" in letter["reason"] or "ResourceNotFoundException" in letter["reason"]
    assert letter["contactRecord"]


def test_v14_the_template_keeps_what_fails_and_gives_functions_time() -> None:
    """It sets no retention of its own; batches are cut in two, and what fails for good is kept."""
    stack = Stack()
    functions = stack.functions()
    records = functions["ContactRecordFunction"]["Events"]["ContactRecords"]["Properties"]

    assert "Retention" not in str(
        {name: one for name, one in stack.template["Resources"].items() if "Connect" in one["Type"]}
    )
    assert records["BisectBatchOnFunctionError"] is True
    assert records["DestinationConfig"]["OnFailure"]["Destination"] == "<DeadLetterQueue.Arn>"
    assert all(one["Timeout"] >= 8 and one["MemorySize"] >= 512 for one in functions.values())
    assert all(
        one["Timeout"] > 2 * batches.RESERVE_SECONDS for name, one in functions.items() if name != "FlowCallFunction"
    )


def test_v15_recordings_and_transcripts_do_not_stay_for_ever() -> None:
    """One number of days for both, and for the old versions of them."""
    bucket = Stack(RetentionDays=30).resources("AWS::S3::Bucket")["RecordingsBucket"]

    rules = bucket["LifecycleConfiguration"]["Rules"]

    kept = {rule.get("Prefix"): rule.get("ExpirationInDays") for rule in rules}
    assert {kept.get("voicemail_recordings/"), kept.get("voicemail_transcripts/")} == {30}
    assert all(
        "NoncurrentVersionExpiration" in rule for rule in rules if rule.get("Prefix", "").startswith("voicemail_")
    )


def test_v15_personal_data_can_be_left_out_of_transcripts(a_center: Centers) -> None:
    """Then Transcribe writes nothing but the redacted text."""
    center = a_center(transcriber="amazon-transcribe", transcribe_redact="PIN,CREDIT_DEBIT_NUMBER")
    center.leave(Call())

    center.hand_over(Call())
    center.ring()

    (job,) = center.transcribe.jobs.values()
    assert job["request"]["ContentRedaction"] == {
        "RedactionType": "PII",
        "RedactionOutput": "redacted",
        "PiiEntityTypes": ["PIN", "CREDIT_DEBIT_NUMBER"],
    }


def test_v15_no_log_line_tells_who_called_or_what_was_said(a_center: Centers) -> None:
    """On a good day and on a bad one."""
    center, call = (
        a_center(transcriber="amazon-transcribe", retry_base_seconds=0.1),
        Call(attributes={"vm_from": "+14155550142"}),
    )
    center.leave(call)
    center.transcribe.at_once = "Ada Lovelace speaking, my card ends in four two."
    echo = {"message": f"cannot take 'Ada Lovelace speaking' of {call.caller}"}
    center.org.fault("status", path="*/messages", status=500, body=echo)
    center.org.fault("status", path="*/omniFlow", status=503, body=echo)
    center.services["s3"].failing["put_object"] = [refused("InternalError", 500, f"no {call.caller}")]

    with logged() as lines:
        center.hand_over(call, "bm8gSlNPTg==")
        center.hand_over(call)
        center.work()

    assert center.states() == ["delivered"]
    assert "delivered" in lines.getvalue()
    assert leaks(lines.getvalue()) == []


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What the functions log meanwhile, as they do in AWS at the most talkative level that is theirs."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonFormatter())
    loggers = [logging.getLogger(name) for name in ("scv_voicemail", "scv_voicemail_lambdas")]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.removeHandler(handler)
            one.setLevel(level)
