"""What goes wrong around a voicemail solution for Amazon Connect, and what others then lose, double or mix.

The first half are failures of what is around it (`FAILURES`), the second how one voicemail becomes two (`DOUBLES`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import scv_voicemail
import scv_voicemail_lambdas

from tests.lambdas.calls import INSTANCE_ARN, MESSAGE_AT, RATE, A, B, C, Call, speech, stamp
from tests.lambdas.contact_center import ContactCenter
from tests.scenarios.matrix import PESSIMIST
from tests.scenarios.record_org import deploy, records

Centers = Callable[..., ContactCenter]

HERE, VMX = "test_failures_of_others.py", "test_losses_of_voicemail_express.py"
DEFECTS, INTAKE = "test_known_defects.py", "test_known_defects_of_intake.py"

FAILURES: Mapping[str, tuple[str, str]] = {
    "a transcription job fails": (DEFECTS, "test_v6_a_job_that_fails_costs_the_transcript_at_most"),
    "a job is not started": (DEFECTS, "test_v6_a_transcription_that_cannot_be_started_costs_the_transcript_at_most"),
    "the language is missing or unknown": (HERE, "test_a_language_that_nobody_knows_is_taken_for_the_usual_one"),
    "Salesforce is down, busy, or refuses": (HERE, "test_salesforce_may_be_down_or_busy"),
    "a validation rule refuses": (HERE, "test_what_salesforce_refuses_for_good_waits_for_a_human"),
    "the certificate has expired": (HERE, "test_an_expired_certificate_costs_time_and_no_voicemail"),
    "a link cannot be signed": (HERE, "test_no_address_is_signed"),
    "the agent is gone": (VMX, "test_06_whom_it_is_for_may_be_unknown"),
    "the queue has no description": (HERE, "test_a_queue_needs_a_name_and_nothing_else"),
    "the priority is missing": (HERE, "test_a_priority_may_be_missing_or_unknown"),
    "nothing was said": (HERE, "test_a_silent_message_bothers_nobody_and_is_known"),
    "a very long message": (HERE, "test_a_very_long_message_arrives_whole"),
    "a transcript longer than a field": (HERE, "test_a_transcript_may_be_longer_than_a_field"),
    "events come twice": (DEFECTS, "test_v11_events_that_come_again_change_nothing"),
    "events come in another order": (HERE, "test_events_may_come_in_any_order"),
}
DOUBLES: Mapping[str, tuple[str, str]] = {
    "an event comes again after the delivery": (HERE, "test_records_are_made_once_however_often_events_come"),
    "a record comes again with its flag": (DEFECTS, "test_v11_events_that_come_again_change_nothing"),
    "the next contact inherits the flag": (HERE, "test_a_contact_that_only_inherits_the_flag_is_no_voicemail"),
    "a rep answers during the recording": (VMX, "test_18_who_is_answered_while_speaking_leaves_no_voicemail"),
    "one caller's audio in another's file": (INTAKE, "test_v3_audio_of_one_caller_never_reaches_the_next"),
    "one caller's tags on another's file": (INTAKE, "test_v4_after_a_failure_the_next_voicemail_is_its_own"),
    "our own attributes come back": (HERE, "test_attributes_that_are_written_over_change_nothing"),
    "two copies, one of them for ever": (DEFECTS, "test_v15_recordings_and_transcripts_do_not_stay_for_ever"),
    "a later change sends again": (HERE, "test_a_change_after_the_delivery_delivers_nothing_again"),
}
NOT_OURS: Mapping[str, str] = {
    "email is refused or unverified": "no email here",
    "a queue's description without an address": "no email here, and the description is not read",
    "an email is sent twice": "no email here",
    "a task is made twice": "no tasks here",
}
"""Those that need something that this project does not have."""


@pytest.mark.parametrize("what", [*FAILURES, *DOUBLES])
def test_each_has_its_test(what: str) -> None:
    """A test that is renamed would silently leave the list."""
    file, name = {**FAILURES, **DOUBLES}[what]

    assert what not in NOT_OURS
    assert f"def {name}(" in (Path(__file__).parent / file).read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("spoken", "asked"),
    [(None, "de-DE"), ("xx-XX", "de-DE"), ("klingon", "de-DE"), ("es-us", "es-US")],
)
def test_a_language_that_nobody_knows_is_taken_for_the_usual_one(
    a_center: Centers, spoken: str | None, asked: str
) -> None:
    """One that is known counts, however it is written."""
    center, call = (
        a_center(transcriber="amazon-transcribe", transcribe_languages="de-DE"),
        Call(attributes={"vm_lang": spoken}),
    )
    center.leave(call)
    center.transcribe.at_once = "Guten Tag."

    center.hand_over(call)
    center.work()

    (job,) = center.transcribe.jobs.values()
    assert job["request"]["LanguageCode"] == asked
    assert center.held().counts == (1, 1, 1, 1)


TELEPHONY, REST = "*/telephony/v1/*", "*/services/data/*"
ROW_LOCK = [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record"}]
BAD_DAYS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "down": ("voice_call", {"kind": "status", "status": 503, "times": 6}),
    "token expired": ("voice_call", {"kind": "expired_session"}),
    "too many requests": ("voice_call", {"kind": "rate_limited", "retry_after_seconds": 30, "times": 3}),
    "broken off after it was done": ("voice_call", {"kind": "reset_after_commit", "times": 4}),
    "a login page": ("voice_call", {"kind": "html_200", "times": 2}),
    "down, Case": ("case", {"kind": "status", "status": 503, "times": 2}),
    "session expired, Case": ("case", {"kind": "expired_session"}),
    "broken off after it was done, Case": ("case", {"kind": "reset_after_commit", "method": "POST"}),
    "row lock, Case": ("case", {"kind": "status", "status": 400, "body": ROW_LOCK, "times": 2, "method": "POST"}),
}


@pytest.mark.parametrize("day", BAD_DAYS)
def test_salesforce_may_be_down_or_busy(a_center: Centers, day: str) -> None:
    """It takes longer then, and there is one of everything in the end."""
    target, fault = BAD_DAYS[day]
    center = a_center(targets=target)
    deploy(center.org)
    center.org.fault(path=TELEPHONY if target == "voice_call" else REST, **fault)
    center.leave(Call())

    center.hand_over(Call())
    center.work(hours=6)

    (set_fault,) = center.org.faults()
    assert set_fault["hits"] == fault.get("times", 1)
    assert center.states() == ["delivered"], [run.last_error for run in center.runs()]
    assert len(records(center.org.state(), A)["Case" if target == "case" else "VoiceCall"]) == 1
    assert target == "case" or center.held().counts == (1, 1, 0, 1)


def test_what_salesforce_refuses_for_good_waits_for_a_human(a_center: Centers) -> None:
    """A validation rule: parked with its words, and delivered once it is gone."""
    center = a_center(targets="case")
    deploy(center.org)
    rule = [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Cases need a reason"}]
    center.org.fault("status", method="POST", path="*/sobjects/Case*", status=400, body=rule, times=None)
    center.leave(Call())
    center.hand_over(Call())
    center.work()
    (parked,) = center.runs()

    center.org.clear_faults()
    center.journal.retry(A, now=center.parts.now())
    center.work()

    assert (parked.state.value, center.counted["VoicemailParked"]) == ("parked", 1)
    assert "Cases need a reason" in parked.last_error
    assert center.states() == ["delivered"]
    assert len(records(center.org.state(), A)["Case"]) == 1


def test_an_expired_certificate_costs_time_and_no_voicemail(center: ContactCenter) -> None:
    """Nothing is parked: everything waits until the key is renewed, goes on by itself, and an alarm has told of it."""
    center.org.fault("status", path=TELEPHONY, status=401, times=None, body={"message": "certificate expired"})
    calls = [Call(id=contact) for contact in (A, B, C)]
    center.leave(*calls)
    center.hand_over(*calls)
    center.work(hours=12)
    center.sweep()
    told, gates = center.counted["OldestUndeliveredSeconds"], center.counted["OpenGates"]

    center.org.clear_faults()
    center.work()

    assert told >= 11 * 3600
    assert gates >= 1
    assert [center.held(call.id).counts for call in calls] == [(1, 1, 0, 1)] * 3


def test_no_address_is_signed(center: ContactCenter) -> None:
    """A signed link ends with the session that signed it; what Salesforce is given lasts as long as the recording."""
    sources = [Path(module.__file__ or "").parent for module in (scv_voicemail, scv_voicemail_lambdas)]
    center.leave(Call())

    center.hand_over(Call())
    center.work()

    signing = [path for folder in sources for path in folder.rglob("*.py") if "presigned" in path.read_text("utf-8")]
    assert signing == []
    (recording,) = center.held().recordings
    assert f"ours/voicemail_recordings/{A}.wav" in json.dumps(recording)


def test_a_queue_needs_a_name_and_nothing_else(a_center: Centers) -> None:
    """No description, no tag, no address: Salesforce's own queue of that name, or the one it is mapped to."""
    center = a_center(mailbox_queues={"Orders": "Voicemail"})
    arn = f"{INSTANCE_ARN}/queue/22222222-3333-4444-5555-666666666666"
    center.connect_knows.queues[arn.rpartition("/")[2]] = {"Name": "Orders"}
    call = Call(attributes={"vm_queue_arn": arn})
    center.leave(call)

    center.hand_over(call)

    voicemail = center.journal.voicemail(A)
    assert voicemail is not None
    assert voicemail.mailbox is not None
    assert voicemail.mailbox.name == "Voicemail"


@pytest.mark.parametrize(("asked", "becomes"), [(None, "Medium"), ("High", "High"), ("Very urgent!", "Very urgent!")])
def test_a_priority_may_be_missing_or_unknown(a_center: Centers, asked: str | None, becomes: str) -> None:
    """The Case is there in any case."""
    center = a_center()
    attributes = {"vm_flag": None, "vmx_flag": "1", "vmx_mode": "sfcase", "vmx_priority": asked}
    deploy(center.org)
    center.leave(Call(attributes=attributes))

    center.hand_over(Call(attributes=attributes))
    center.work()

    (case,) = records(center.org.state(), A)["Case"]
    assert (center.states(), case["Priority"]) == (["delivered"], becomes)


NOTHING, CLICK = bytes(4 * RATE), speech("a click", seconds=0.1) + bytes(2 * RATE)


@pytest.mark.parametrize("policy", ["suppress", "low_priority", "deliver"])
@pytest.mark.parametrize(
    "said", [bytes(4 * RATE), speech("a click", seconds=0.1) + bytes(2 * RATE)], ids=["nothing", "click"]
)
def test_a_silent_message_bothers_nobody_and_is_known(a_center: Centers, policy: str, said: bytes) -> None:
    """Unless the customer wants it; it is kept in any case."""
    center, call = a_center(short_messages=policy), Call(said=said)
    center.leave(call)

    failed = center.hand_over(call)
    center.work()

    assert failed == []
    assert center.kept() == [A]
    assert center.journal.voicemail(A) is not None
    assert len(center.runs()) == (policy != "suppress")
    assert center.counted.get("VoicemailSuppressed", 0) == (policy == "suppress")


@pytest.mark.parametrize("way", ["ivr", "kvs"])
def test_a_very_long_message_arrives_whole(center: ContactCenter, way: str) -> None:
    """Eight minutes in a recording, three in a stream."""
    minutes = 8 if way == "ivr" else 3
    call = Call(way=way, said=speech("a story", seconds=2) + bytes((minutes * 60 - 2) * 2 * RATE))
    center.leave(call)

    failed = center.announce(call) if way == "ivr" else center.hand_over(call)
    center.work()

    assert failed == []
    assert center.samples() == call.said
    assert center.tags()["vm_duration"] == str(minutes * 60)
    assert center.held().counts == (1, 1, 0, 1)


def test_a_transcript_may_be_longer_than_a_field(a_center: Centers) -> None:
    """Thirty thousand words: what does not fit is cut, and the voicemail is in every target."""
    center = a_center(transcriber="amazon-transcribe", targets="voice_call,case,custom_object")
    deploy(center.org)
    center.leave(Call())
    center.transcribe.at_once = "Très café. " * 15_000

    center.hand_over(Call())
    center.work()

    found = records(center.org.state(), A)
    assert center.states() == ["delivered"] * 3
    assert [len(rows) for rows in found.values()] == [1, 1, 1]
    assert found["Case"][0]["Voicemail_Transcript__c"].startswith("Très café. Très")


@pytest.mark.parametrize("order", ["recording first", "record first", "before Connect knows", "end of the job first"])
def test_events_may_come_in_any_order(a_center: Centers, order: str) -> None:
    """Whichever comes first makes the voicemail, and the others change nothing."""
    center, call = a_center(transcriber="amazon-transcribe"), Call(way="ivr")
    center.leave(call)
    center.transcribe.at_once = "Hello, this is Ada."
    if order == "before Connect knows":
        center.connect_knows.contacts.clear()
        assert center.announce(call) == ["0"]
        center.leave(call)
    elif order == "end of the job first":
        center.transcribe.start_transcription_job(
            TranscriptionJobName=f"scv-voicemail-{A}",
            OutputBucketName="ours",
            OutputKey=f"voicemail_transcripts/{A}.json",
        )
        center.transcribed(call)

    ways = [center.announce, center.hand_over]
    failed = [take(call) for take in (reversed(ways) if order == "record first" else ways)]
    center.work()

    assert failed == [[], []]
    assert center.samples() == call.said
    assert center.held().counts == (1, 1, 1, 1)
    assert center.counted["VoicemailAccepted"] == 1


# -------------------------------------------------------------------------------------------- how one becomes two


def test_records_are_made_once_however_often_events_come(a_center: Centers) -> None:
    """Each event again after each step of the way, in front of an org that takes everything it is sent."""
    center = a_center(targets="voice_call,case,custom_object", transcriber="amazon-transcribe")
    center.org.switch(**PESSIMIST)
    deploy(center.org)
    call = Call()
    center.leave(call)
    for _ in range(2):
        center.hand_over(call)
    center.ring()
    for _ in range(2):
        center.transcribed(call)
        center.hand_over(call)
    center.work()

    center.hand_over(call)
    center.transcribed(call)
    for _ in range(3):
        center.parts.doorbell.ring(A)
    center.work()

    assert {name: len(rows) for name, rows in records(center.org.state(), A).items()} == {
        "VoiceCall": 1,
        "Case": 1,
        "Voicemail__c": 1,
    }
    assert center.held().counts == (1, 1, 1, 1)


@pytest.mark.parametrize("rep_speaks", [False, True])
def test_a_contact_that_only_inherits_the_flag_is_no_voicemail(center: ContactCenter, rep_speaks: bool) -> None:
    """A transfer takes the attributes along, and later streams of its own: what a rep said is no message."""
    first, transfer = Call(), Call(id=B)
    transfer.changes = {"InitiationMethod": "TRANSFER", "PreviousContactId": A}
    if rep_speaks:
        transfer.agent_at = MESSAGE_AT + timedelta(seconds=90)
    else:
        transfer.changes["Recordings"] = None
    center.leave(first, transfer)

    failed = center.hand_over(first, transfer)
    center.work()

    assert failed == []
    assert center.kept() == [A]
    assert center.held(B).counts == (0, 0, 0, 0)


@pytest.mark.parametrize("written", ["Monday, November 20 12:00 PM (Instance Time)", ""])
def test_attributes_that_are_written_over_change_nothing(center: ContactCenter, written: str) -> None:
    """Other functions on the same stream put text where a time was: known is known, and a new one is taken uncut."""
    spoken = {"vm_flag": None, "vm_timestamp": None, "vmx3_flag": "1"}
    known = Call(attributes=spoken | {"vmx3_timestamp": stamp(MESSAGE_AT)})
    center.leave(known)
    center.hand_over(known)

    again = Call(attributes=spoken | {"vmx3_timestamp": written})
    new = Call(id=B, attributes=spoken | {"vmx3_timestamp": written})
    center.leave(new)
    failed = center.hand_over(again, new)
    center.work()

    assert failed == []
    assert [center.samples(one.id) == one.said for one in (known, new)] == [True, True]
    assert [center.held(contact).counts for contact in (A, B)] == [(1, 1, 0, 1)] * 2


def test_a_change_after_the_delivery_delivers_nothing_again(a_center: Centers) -> None:
    """A transcript that comes an hour late is added to what is there."""
    center = a_center(transcriber="amazon-transcribe", transcript_wait_seconds=0)
    center.org.switch(duplicate_message_id="store")
    center.leave(Call())
    center.hand_over(Call())
    center.work(hours=0.01)
    arrived, routed = center.held().counts, len(center.sent("*/omniFlow"))

    center.advance(3600)
    center.transcribed(Call())
    center.work()

    assert (arrived, routed) == ((1, 1, 0, 1), 1)
    assert center.held().counts == (1, 1, 1, 1)
    assert len(center.sent("*/omniFlow")) == 1
    assert center.counted["VoicemailDelivered"] == 1
