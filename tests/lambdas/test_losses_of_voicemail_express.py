"""How Voicemail Express 2 and 3 lose messages, and not so here; the list is in test_losses_of_others.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.lambdas.aws_fakes import refused
from tests.lambdas.bench import IVR_FOLDER, an_object_event
from tests.lambdas.calls import INSTANCE_ARN, MESSAGE_AT, A, B, Call
from tests.lambdas.contact_center import ContactCenter
from tests.lambdas.infrastructure.stack import Stack
from tests.scenarios.record_org import deploy, records

Centers = Callable[..., ContactCenter]

# ------------------------------------------------------------------------------------------------ Voicemail Express 2


@pytest.mark.parametrize("recordings", [None, []])
def test_01_a_contact_without_recordings_comes_again_with(center: ContactCenter, recordings: Any) -> None:
    """Connect sends the record again when it knows more."""
    center.leave(Call())

    early = center.hand_over(Call().record(Recordings=recordings))
    ignored = dict(center.counted)
    late = center.hand_over(Call())

    assert (early, ignored, late) == ([], {"ContactIgnored": 1}, [])
    assert center.samples() == Call().said


@pytest.mark.parametrize("code", ["InternalError", "AccessDenied", "NoSuchBucket"])
@pytest.mark.parametrize("call", ["put_object", "head_object"])
def test_02_an_error_of_s3_is_no_success(center: ContactCenter, call: str, code: str) -> None:
    """The record comes again until the recording is kept."""
    center.leave(Call())
    center.services["s3"].failing[call] = [refused(code, 500 if code == "InternalError" else 403)]

    first, second = center.hand_over(Call()), center.hand_over(Call())

    assert (first, second) == (["0"], [])
    assert center.samples() == Call().said


def test_03_what_is_told_is_already_safe(center: ContactCenter) -> None:
    """First the recording, then the journal, then the bell: what a kill leaves between them is found again."""
    center.leave(Call())
    seen: list[tuple[str, list[str], bool]] = []

    def look(name: str, _arguments: Mapping[str, Any]) -> None:
        if name in ("put_object", "send_message"):
            seen.append((name, center.kept(), center.journal.voicemail(A) is not None))

    center.services["s3"].before = center.services["sqs"].before = look
    center.hand_over(Call())

    assert seen == [("put_object", [], False), ("send_message", [A], True)]


@pytest.mark.parametrize(
    "record",
    [
        {"ContactId": 5},
        {"ContactId": B, "Attributes": ["vm_flag", "1"]},
        {"ContactId": B, "Attributes": {"vm_flag": "1"}, "Recordings": "none"},
        {"ContactId": B, "Attributes": {"vm_flag": "1"}, "InitiationTimestamp": "yesterday"},
        {"ContactId": "x" * 300, "Attributes": {"vm_flag": "1"}, "SystemEndpoint": "+18005550100"},
        "///",
        "",
    ],
)
def test_04_what_nobody_can_read_holds_nobody_up(center: ContactCenter, record: Any) -> None:
    """It is put aside with the reason, and the shard goes on."""
    center.leave(Call())

    failed = center.hand_over(record, Call())

    (letter,) = center.dead_letters()
    assert failed == []
    assert letter["reason"].startswith("a contact record is not usable")
    assert center.samples() == Call().said


@pytest.mark.parametrize(("way", "code", "status"), [("kvs", "InternalError", 500), ("ivr", "AccessDenied", 403)])
def test_05_no_failure_of_aws_is_taken_for_success(center: ContactCenter, way: str, code: str, status: int) -> None:
    """Whichever call fails, the event comes again or the voicemail is safe; and then it is there once."""
    take: Callable[[Call], list[str]] = center.hand_over if way == "kvs" else center.announce
    calls = [Call(id=f"{number:08}-1e84-4367-8930-f69a74b30ca6", way=way) for number in range(12)]
    center.leave(*calls)
    fault = FailingCall(center)
    for number, call in enumerate(calls):
        fault.at(number, refused(code, status))
        failed = take(call)
        if not fault.happened:
            break

        known = center.journal.voicemail(call.id) is not None
        assert failed or (known and fault.name != "send_message"), fault.name
        assert take(call) == []

    assert number >= 4, "recording, metadata, journal and bell are four calls at the least"
    center.work()
    assert {center.held(call.id).counts for call in calls[: number + 1]} == {(1, 1, 0, 1)}
    assert [center.samples(call.id) == call.said for call in calls[: number + 1]] == [True] * (number + 1)


class FailingCall:
    """Lets the one call to AWS fail that comes after so many others."""

    def __init__(self, center: ContactCenter) -> None:
        self.happened = True
        self.name = ""
        for service in center.services.values():
            service.before = self._before

    def at(self, position: int, error: Exception) -> None:
        self.happened, self._left, self._error = False, position, error

    def _before(self, name: str, _arguments: Mapping[str, Any]) -> None:
        if self.happened:
            return
        self._left -= 1
        if self._left < 0:
            self.happened, self.name = True, name
            raise self._error


QUEUE = f"{INSTANCE_ARN}/queue/22222222-3333-4444-5555-666666666666"
REPS_QUEUE = f"{INSTANCE_ARN}/queue/agent/33333333-4444-5555-6666-777777777777"


@pytest.mark.parametrize(
    ("attributes", "failing"),
    [
        ({"vm_queue_arn": QUEUE}, {}),
        ({"vm_queue_arn": REPS_QUEUE}, {}),
        ({"vm_queue_arn": QUEUE}, {"describe_queue": [refused("AccessDeniedException", 403)]}),
        ({"vm_queue_arn": REPS_QUEUE}, {"describe_user": [refused("AccessDeniedException", 403)]}),
        ({"vm_queue_arn": "no ARN"}, {}),
        ({"vm_mailbox": "nobody@example.com"}, {}),
        ({"vm_flag": None, "vmx_flag": "1", "vmx_mode": "", "vmx_from": "+14155550142"}, {}),
        ({"vm_flag": None, "vmx_flag": "1", "vmx_mode": "task"}, {}),
        ({"vm_flag": None, "vmx_flag": "1", "vmx_mode": "fax"}, {}),
        ({"vm_flag": None, "vmx3_flag": "1", "vmx3_mode": "email", "vmx3_target": "agent"}, {}),
    ],
    ids=[
        *("queue gone", "rep gone", "no right for queues", "no right for reps", "no queue at all", "no such user"),
        *("empty mode", "mode task", "unknown mode", "mode email, no agent"),
    ],
)
def test_06_whom_it_is_for_may_be_unknown(
    center: ContactCenter, attributes: dict[str, str | None], failing: dict[str, list[Exception]]
) -> None:
    """The message still comes to those whom the dialed number leads to."""
    call = Call(attributes=attributes)
    center.leave(call)
    center.services["connect"].failing = {name: list(errors) for name, errors in failing.items()}

    assert center.hand_over(call) == []

    (run,) = center.runs()
    assert run.target == "voice_call"
    asked = attributes.get("vmx_mode") or attributes.get("vmx3_mode")
    unknown = {"TargetUnknown": 1} if asked else {}
    assert center.counted == {"VoicemailAccepted": 1, "DoorbellsRung": 1} | unknown


@pytest.mark.covers("connect-9")
@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ({"vm_flag": None, "vmx_flag": "1", "vmx_mode": "task"}, "task"),
        ({"vm_flag": None, "vmx3_flag": "1", "vmx3_mode": "guided_task"}, "guided_task"),
        ({"vm_targets": "voicecall"}, "voicecall"),
        ({"vm_targets": "voice_call,emial"}, "emial"),
    ],
)
def test_06_a_delivery_that_there_is_not_is_named(
    center: ContactCenter, attributes: dict[str, str | None], named: str
) -> None:
    """The message goes where it is known, and its warning says what was asked for."""
    call = Call(attributes=attributes)
    center.leave(call)

    assert center.hand_over(call) == []
    center.work()

    (run,) = center.runs()
    assert run.target == "voice_call"
    assert any(f"'{named}'" in one for one in run.warnings)
    assert center.counted["TargetUnknown"] == 1


def test_07_after_a_failed_delivery_the_transcript_is_there(a_center: Centers) -> None:
    """No second job, and no conflict with the first."""
    center = a_center(transcriber="amazon-transcribe")
    center.leave(Call())
    center.transcribe.at_once = "Hello, this is Ada."
    center.org.fault("status", method="PATCH", path="*/omniFlow", status=400, body={"message": "no"})
    center.hand_over(Call())
    center.work()
    parked = center.states()

    center.journal.retry(A, now=center.parts.now())
    center.work()

    assert (parked, center.states()) == (["parked"], ["delivered"])
    assert center.held().counts == (1, 1, 1, 1)
    assert center.services["transcribe"].called.count("start_transcription_job") == 1


def test_08_recordings_stay_until_somebody_has_looked() -> None:
    """A year, unless the customer says otherwise; the journal has no end at all."""
    stack = Stack()

    rules = stack.resources("AWS::S3::Bucket")["RecordingsBucket"]["LifecycleConfiguration"]["Rules"]
    table = stack.resources("AWS::DynamoDB::Table")["JournalTable"]

    assert {rule["ExpirationInDays"] for rule in rules if rule["Id"] in ("recordings", "transcripts")} == {365}
    assert "TimeToLiveSpecification" not in table


@pytest.mark.parametrize(
    ("attributes", "owner"),
    [
        ({"vm_mailbox": "rep@example.com"}, ("User", "Username", "rep@example.com")),
        ({"vm_queue_arn": REPS_QUEUE}, ("User", "Username", "rep@example.com")),
        ({"vm_queue_name": "Voicemail"}, ("Group", "DeveloperName", "Voicemail")),
    ],
)
def test_09_a_rep_is_found_by_the_whole_username(
    a_center: Centers, attributes: dict[str, str | None], owner: tuple[str, str, str]
) -> None:
    """It is an email address, with one `@` or with two, and no alias is guessed from it."""
    center, call = a_center(targets="case"), Call(attributes=attributes)
    deploy(center.org)
    center.connect_knows.users[REPS_QUEUE.rpartition("/")[2]] = {"Username": "rep@example.com"}
    center.leave(call)

    center.hand_over(call)
    center.work()

    state = center.org.state()
    (case,) = records(state, A)["Case"]
    kind, field, name = owner
    assert [row[field] for row in state[kind] if row["Id"] == case["OwnerId"]] == [name]


@pytest.mark.parametrize(
    "key",
    [
        "voicemail_transcripts/.write_access_check_file.temp",
        ".write_access_check_file.temp",
        f"{IVR_FOLDER}/.write_access_check_file.temp",
        f"{IVR_FOLDER}/2026/11/20/{A}_20261120T12:00_UTC.json",
        f"{IVR_FOLDER}/2026/11/20/somebody.wav",
    ],
)
def test_10_objects_that_are_no_recordings_are_no_errors(center: ContactCenter, key: str) -> None:
    """Alarms would get used to them."""
    assert center.announce(an_object_event(key)) == []

    assert center.counted == {"ContactIgnored": 1}
    assert center.services["connect"].called == []


@pytest.mark.parametrize("theirs", ["IN_PROGRESS", "COMPLETED", "FAILED"])
def test_11_a_job_of_somebody_else_is_not_ours(a_center: Centers, theirs: str) -> None:
    """Salesforce's own function names its job by the bare id of the contact; ours goes its own way beside it."""
    center = a_center(transcriber="amazon-transcribe")
    center.leave(Call())
    center.transcribe.jobs[A] = {"TranscriptionJobName": A, "TranscriptionJobStatus": theirs}
    center.transcribe.at_once = "Hello, this is Ada."

    center.hand_over(Call())
    center.work()

    assert center.held().counts == (1, 1, 1, 1)
    assert center.transcribe.jobs[A] == {"TranscriptionJobName": A, "TranscriptionJobStatus": theirs}


# ------------------------------------------------------------------------------------------------ Voicemail Express 3


@pytest.mark.parametrize("participant", ["AGENT", "CUSTOMER", "", None])
def test_14_a_contact_of_other_recordings_is_passed_over(center: ContactCenter, participant: str | None) -> None:
    """Only a call recording, and no message: no voicemail, no error, and the next one is taken."""
    other = {"StorageType": "S3", "Location": f"theirs/{IVR_FOLDER}/x.wav", "ParticipantType": participant}
    center.leave(Call(id=B))

    failed = center.hand_over(Call().record(Recordings=[other]), Call(id=B))

    assert failed == []
    assert center.kept() == [B]
    assert center.counted["ContactIgnored"] == 1


def test_15_what_fails_for_good_is_kept() -> None:
    """The stream is read from its beginning, for a day records are tried again, and at last they are put aside."""
    function = Stack().functions()["ContactRecordFunction"]

    mapping = function["Events"]["ContactRecords"]["Properties"]

    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert (mapping["MaximumRetryAttempts"], mapping["MaximumRecordAgeInSeconds"]) == (-1, 24 * 3600)
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == "<DeadLetterQueue.Arn>"
    assert function["Environment"]["SCV_VOICEMAIL_DEAD_LETTER_QUEUE_URL"] == "<DeadLetterQueue>"


def test_16_a_doorbell_that_is_lost_is_rung_by_the_sweep(center: ContactCenter) -> None:
    """The queue may lose every message: a minute later the journal is asked."""
    center.leave(Call(), Call(id=B))
    center.hand_over(Call(), Call(id=B))
    center.purge_doorbells()

    heard = center.ring()
    center.advance(60)
    swept = center.sweep()
    center.work()

    assert (heard, swept) == (False, {"rung": 2})
    assert [center.held(contact).counts for contact in (A, B)] == [(1, 1, 0, 1)] * 2


@pytest.mark.covers("connect-9")
def test_17_a_target_that_does_not_exist_is_told_to_a_human(center: ContactCenter) -> None:
    """The targets that do exist are served, and a warning names the word that came with the call."""
    call = Call(attributes={"vm_targets": "voice_call,carrier_pigeon"})
    center.leave(call)

    center.hand_over(call)
    center.work()

    (run,) = center.runs()
    assert (run.target, run.state.value) == ("voice_call", "delivered")
    assert "carrier_pigeon" in run.warnings[0]
    assert center.counted["TargetUnknown"] == 1
    assert "TranscriptsMissing" not in center.counted


@pytest.mark.parametrize("way", ["kvs", "ivr"])
@pytest.mark.parametrize(("seconds", "voicemails"), [(-10, 1), (1, 0), (600, 0)])
def test_18_who_is_answered_while_speaking_leaves_no_voicemail(
    center: ContactCenter, way: str, seconds: float, voicemails: int
) -> None:
    """A rep who answers later has heard it; one who spoke to the caller before has not."""
    call = Call(way=way, agent_at=MESSAGE_AT + timedelta(seconds=seconds))
    center.leave(call)

    failed = center.hand_over(call) if way == "kvs" else center.announce(call)

    assert failed == []
    assert len(center.kept()) == voicemails
