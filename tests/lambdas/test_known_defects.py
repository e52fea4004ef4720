"""What Salesforce's own voicemail functions (ServiceCloudVoiceLambdas, release 18.0) do wrong, one test for each.

Every test lets that happen to our handlers which makes those fail, and looks at what the org and the bucket hold then.
Here: what comes after the recording is kept; test_known_defects_of_intake.py has what comes before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from scv_voicemail_lambdas.log import JsonFormatter

from tests.lambdas.aws_fakes import refused
from tests.lambdas.calls import MESSAGE_AT, A, Call, stamp
from tests.lambdas.contact_center import OURS, ContactCenter
from tests.lambdas.infrastructure.stack import Stack
from tests.scenarios.planted_secrets import leaks, plain_log

Centers = Callable[..., ContactCenter]
NO_CHANNEL = "+18005550199"
"""A number that nobody has given an Omni-Channel flow."""


# ---------------------------------------------------------------------------------------------------------- V1


@pytest.mark.covers("official-V1")
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


# ---------------------------------------------------------------------------------------------------------- V5


@pytest.mark.covers("official-V5")
@pytest.mark.parametrize("status", [200, 400])
def test_v5_a_voicemail_that_is_not_routed_is_not_closed(center: ContactCenter, status: int) -> None:
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


@pytest.mark.covers("official-V5")
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


@pytest.mark.covers("official-V6")
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


@pytest.mark.covers("official-V6")
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


# ---------------------------------------------------------------------------------------------------------- V11


@pytest.mark.covers("official-V11")
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


@pytest.mark.covers("official-V11")
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


@pytest.mark.covers("official-V12")
def test_v12_a_voicemail_is_routed_at_once(center: ContactCenter) -> None:
    """No fixed minute: nothing is waited for that has not been asked."""
    center.leave(Call())

    center.hand_over(Call())
    center.work()

    assert center.held().counts == (1, 1, 0, 1)
    assert center.moved_seconds == 0
    assert center.counted["DeliverySeconds"] < 5


@pytest.mark.covers("official-V12")
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


@pytest.mark.covers("official-V13")
@pytest.mark.parametrize(
    ("missing", "caller"),
    [
        ({"vm_from": None}, "+14155550142"),
        ({"vm_from": None}, None),
        ({"vm_from": "no number"}, None),
        ({"vm_from": "+14155550142 14155550142"}, None),
        ({"vm_lang": None}, "+14155550142"),
    ],
)
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


# --------------------------------------------------------------------------------------------------------- V15


@pytest.mark.covers("official-V15")
def test_v15_recordings_and_transcripts_do_not_stay_for_ever() -> None:
    """One number of days for both, and for the old versions of them."""
    bucket = Stack(RetentionDays=30).resources("AWS::S3::Bucket")["RecordingsBucket"]

    rules = bucket["LifecycleConfiguration"]["Rules"]

    kept = {rule.get("Prefix"): rule.get("ExpirationInDays") for rule in rules}
    assert {kept.get("voicemail_recordings/"), kept.get("voicemail_transcripts/")} == {30}
    assert all(
        "NoncurrentVersionExpiration" in rule for rule in rules if rule.get("Prefix", "").startswith("voicemail_")
    )


@pytest.mark.covers("official-V15")
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


@pytest.mark.covers("official-V15")
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

    with plain_log("scv_voicemail", "scv_voicemail_lambdas", formatter=JsonFormatter()) as lines:
        center.hand_over(call, "bm8gSlNPTg==")
        center.hand_over(call)
        center.work()

    assert center.states() == ["delivered"]
    assert "delivered" in lines.getvalue()
    assert leaks(lines.getvalue()) == []
