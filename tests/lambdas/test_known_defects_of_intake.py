"""What Salesforce's own voicemail functions (ServiceCloudVoiceLambdas, release 18.0) do wrong, one test for each.

Every test lets that happen to our handlers which makes those fail, and looks at what the org and the bucket hold then.
Here: from the event to the recording that is kept; test_known_defects.py has what comes after.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from scv_voicemail_lambdas.batches import RESERVE_SECONDS

from tests.lambdas.aws_fakes import refused
from tests.lambdas.calls import MESSAGE_AT, RATE, A, B, C, Call, speech, stamp
from tests.lambdas.contact_center import OURS, ContactCenter, sizes_of
from tests.lambdas.infrastructure.stack import Stack
from tests.mkv_files import a_fragment

Centers = Callable[..., ContactCenter]


def a_failure(code: str) -> bytes:
    """What Kinesis Video Streams writes into a stream instead of audio."""
    tags = {"AWS_KINESISVIDEO_ERROR_CODE": "a failure", "AWS_KINESISVIDEO_ERROR_ID": code}
    return a_fragment(contact_id=A, number=100, at=MESSAGE_AT.timestamp(), before=tags, after={}, token=False)


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


@pytest.mark.covers("official-V2")
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


@pytest.mark.covers("official-V3")
def test_v3_audio_of_one_caller_never_reaches_the_next(center: ContactCenter) -> None:
    """While one is read, and while it is on its way into a slow bucket, the same sandbox takes in the next ones."""
    calls = [Call(id=A, attributes={"vm_lang": "en-US"}), Call(id=B, attributes={"vm_lang": "es-US"}), Call(id=C)]
    center.leave(*calls)
    first, *waiting = calls

    def take_in_another() -> None:
        if waiting:
            center.hand_over(waiting.pop(0))

    def slow_stream() -> Iterator[bytes]:
        for fragment in first.fragments:
            yield fragment
            take_in_another()

    def slow_bucket(name: str, arguments: Mapping[str, Any]) -> None:
        if name == "put_object" and first.id in arguments["Key"]:
            take_in_another()

    center.streams.streams[first.stream_arn] = slow_stream()
    center.services["s3"].before = slow_bucket
    center.hand_over(first)

    assert center.kept() == [A, B, C], "the handler has not returned before all of it is stored"
    assert [center.samples(call.id) == call.said for call in calls] == [True, True, True]
    assert [center.tags(call.id)["vm_lang"] for call in calls] == ["en-US", "es-US", "en-US"]
    assert len({call.said for call in calls}) == 3


@pytest.mark.covers("official-V4")
def test_v4_after_a_failure_the_next_voicemail_is_its_own(center: ContactCenter) -> None:
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


# ---------------------------------------------------------------------------------------------------------- V7


@pytest.mark.covers("official-V7")
@pytest.mark.parametrize("why", ["no right", "nothing there yet", "broken off", "ended early", "throttled"])
def test_v7_audio_that_does_not_come_is_waited_for_and_never_made_up(center: ContactCenter, why: str) -> None:
    """No recording of 44 bytes and no half of a message: the record comes again, and then all of it is there."""
    call = Call(said=speech("a long one", seconds=4))
    center.leave(call)
    if why == "nothing there yet":
        center.streams.streams[call.stream_arn] = []
    elif why == "ended early":
        center.streams.streams[call.stream_arn] = call.fragments[:2]
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


@pytest.mark.covers("official-V7")
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


@pytest.mark.covers("official-V8")
def test_v8_the_header_of_a_recording_is_true(center: ContactCenter) -> None:
    """Not four gigabytes: players show the length, and Transcribe reads it."""
    center.leave(Call())

    center.hand_over(Call())

    wav, said = center.wav(), Call().said
    assert sizes_of(wav) == (len(wav) - 8, len(said))
    assert center.tags()["vm_duration"] == "2"


@pytest.mark.covers("official-V8")
def test_v8_a_long_message_is_not_held_in_memory(center: ContactCenter) -> None:
    """Two minutes, most of them silent, are two megabytes; a function has room for an hour."""
    call = Call(said=speech("somebody") + bytes(118 * 2 * RATE))
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
    for n in range(len(call.said) // (2 * RATE)):
        second = call.said[2 * RATE * n : 2 * RATE * (n + 1)]
        yield a_fragment(contact_id=call.id, number=100 + n, at=MESSAGE_AT.timestamp() + n, customer=second)


# ---------------------------------------------------------------------------------------------------- V9, V10


@pytest.mark.covers("official-V9")
@pytest.mark.parametrize("told", [True, False], ids=["numbers told", "no numbers"])
def test_v9_exactly_the_callers_own_message_is_read_from_the_stream(center: ContactCenter, told: bool) -> None:
    """From its first fragment on, one direction, one contact, and no further than its last fragment."""
    before, call, after = Call(id=B), Call(said=speech(A, seconds=1)), Call(id=C)
    endless = (a_fragment(contact_id=C, number=101 + n, customer=after.said[: 2 * RATE]) for n in range(1_000_000))
    center.leave(call)
    earlier = [a_fragment(contact_id=B, number=98 + n, customer=before.said[: 2 * RATE]) for n in (0, 1)]
    center.streams.streams[call.stream_arn] = (one for part in (earlier, call.fragments, endless) for one in part)
    record = call.record()
    if not told:
        record["Recordings"][0] |= {"FragmentStartNumber": None, "FragmentStopNumber": None}

    failed = center.hand_over(record)

    (sent,) = center.streams.sent
    assert failed == []
    assert center.samples() == call.said
    assert sent.closed
    assert sent.pulled <= 4


@pytest.mark.covers("official-V10")
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


# --------------------------------------------------------------------------------------------------------- V14


@pytest.mark.covers("official-V14")
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


@pytest.mark.covers("official-V14")
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
    assert all(one["MemorySize"] >= 512 for one in functions.values())
    timeouts = {name: one["Timeout"] for name, one in functions.items()}
    assert timeouts.pop("FlowCallFunction") == 8, "Connect waits no longer"
    assert all(seconds > 2 * RESERVE_SECONDS for seconds in timeouts.values())
