"""How other voicemail solutions for Amazon Connect lose messages, one by one, and that it does not happen here.

Voicemail Express 2 and 3, voicemail-for-amazon-connect, AWS's IVR recording sample, Salesforce's own functions. The
numbers are those of the list below, which names the test of each, or says why there is nothing here to be tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from scv_voicemail_lambdas import deliver

from tests.lambdas.aws_fakes import refused
from tests.lambdas.bench import messages_of
from tests.lambdas.calls import RATE, A, B, C, Call, speech
from tests.lambdas.contact_center import ContactCenter

Centers = Callable[..., ContactCenter]

HERE, VMX = "test_losses_of_others.py", "test_losses_of_voicemail_express.py"
DEFECTS, INTAKE = "test_known_defects.py", "test_known_defects_of_intake.py"

LOSSES: Mapping[str, tuple[str, str, str]] = {
    "vmx2 01": ("Recordings null, or an S3 file first", VMX, "test_01_a_contact_without_recordings_comes_again_with"),
    "vmx2 02": ("any audio or S3 error is passed over", VMX, "test_02_an_error_of_s3_is_no_success"),
    "vmx2 03": ("the handler returns before S3 has the file", VMX, "test_03_what_is_told_is_already_safe"),
    "vmx2 04": ("a poison pill holds the shard up", VMX, "test_04_what_nobody_can_read_holds_nobody_up"),
    "vmx2 05": ("failures are returned as success", VMX, "test_05_no_failure_of_aws_is_taken_for_success"),
    "vmx2 06": ("agent, queue or mode cannot be resolved", VMX, "test_06_whom_it_is_for_may_be_unknown"),
    "vmx2 07": ("a replay meets its own old job", VMX, "test_07_after_a_failed_delivery_the_transcript_is_there"),
    "vmx2 08": ("the evidence is deleted after a day", VMX, "test_08_recordings_stay_until_somebody_has_looked"),
    "vmx2 09": ("usernames that are email addresses", VMX, "test_09_a_rep_is_found_by_the_whole_username"),
    "vmx2 10": ("Transcribe's test file raises errors", VMX, "test_10_objects_that_are_no_recordings_are_no_errors"),
    "vmx2 11": ("two consumers race for one job name", VMX, "test_11_a_job_of_somebody_else_is_not_ours"),
    "vmx3 12": ("the job's failure gets a wrong key", DEFECTS, "test_v6_a_job_that_fails_costs_the_transcript_at_most"),
    "vmx3 13": ("of a batch only the last is processed", INTAKE, "test_v2_one_bad_record_costs_none_of_the_others"),
    "vmx3 14": ("crashes when there is no IVR recording", VMX, "test_14_a_contact_of_other_recordings_is_passed_over"),
    "vmx3 15": ("three tries, no destination, LATEST", VMX, "test_15_what_fails_for_good_is_kept"),
    "vmx3 16": ("raised three times, then discarded", VMX, "test_16_a_doorbell_that_is_lost_is_rung_by_the_sweep"),
    "vmx3 17": ("an invalid mode is a success", VMX, "test_17_a_target_that_does_not_exist_is_told_to_a_human"),
    "vmx3 18": ("the flag outlives the voicemail", VMX, "test_18_who_is_answered_while_speaking_leaves_no_voicemail"),
    "vp 21": ("every exception is swallowed", VMX, "test_05_no_failure_of_aws_is_taken_for_success"),
    "vp 22": ("one bad record drops its batch", HERE, "test_22_one_bad_doorbell_keeps_no_other_from_being_answered"),
    "sample 25": ("throttling by Connect is swallowed", HERE, "test_25_connect_may_be_busy"),
    "sample 26": (
        "all notifications of the bucket are replaced",
        "infrastructure/test_recording_events.py",
        "test_eventbridge_is_added_to_what_is_there",
    ),
    "sample 27": ("the text 'false' is a voicemail", HERE, "test_27_only_the_flag_itself_makes_a_voicemail"),
    "scv 28": ("a record without audio ends the batch", INTAKE, "test_v2_one_bad_record_costs_none_of_the_others"),
    "scv 29": ("thirty seconds and one retry", HERE, "test_29_what_there_is_no_time_for_comes_again_untouched"),
    "scv 30": ("closed without a routing", DEFECTS, "test_v5_a_voicemail_that_is_not_routed_is_not_closed"),
    "scv 31": ("the transcript is dated by the number 2020", HERE, "test_31_times_are_read_with_their_zone"),
    "scv 32": ("no transcript, no mark", HERE, "test_32_the_call_is_marked_before_anything_is_transcribed"),
}
"""The number of each loss, what is lost there, and where its test is."""

NOT_OURS: Mapping[str, str] = {
    "vmx3 19": "a task is destroyed when its queue is full: no tasks here, a voicemail waits in Salesforce",
    "vmx3 20": "a task for a preferred agent waits for ever: a rep's voicemail is a Case that everybody can see",
    "vp 23": "a missing address or a failed SMS is a success: no email and no SMS here",
    "vp 24": "a sync overwrites agents' extensions: no directory here, the flow names the mailbox",
}
"""Those that need something that this project does not have."""


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_has_its_test(loss: str) -> None:
    """A test that is renamed would silently leave the list."""
    _, file, name = LOSSES[loss]

    assert f"def {name}(" in (Path(__file__).parent / file).read_text(encoding="utf-8")


def test_the_list_is_complete() -> None:
    """From 1 to 32, each once."""
    numbers = sorted(int(loss.split()[1]) for loss in (*LOSSES, *NOT_OURS))

    assert numbers == list(range(1, 33))


# ------------------------------------------------- voicemail-for-amazon-connect, the IVR sample, Salesforce's functions


def test_22_one_bad_doorbell_keeps_no_other_from_being_answered(center: ContactCenter) -> None:
    """What is no doorbell fails for itself; what nobody knows is told and done with."""
    center.leave(Call(), Call(id=C))
    center.hand_over(Call(), Call(id=C))
    event = messages_of({"voicemailId": A}, "no JSON", {"voicemailId": B}, {"voicemailId": 5}, {"voicemailId": C})

    answer = deliver.answer(event, center.parts, center.metrics, seconds_left=lambda: 60.0)

    failed = [one["itemIdentifier"] for one in answer["batchItemFailures"]]
    assert failed == ["message-1", "message-3"]
    assert [center.states(contact) for contact in (A, B, C)] == [["delivered"], [], ["delivered"]]
    assert center.counted["DoorbellUnknown"] == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "TooManyRequestsException", "InternalServiceException"])
def test_25_connect_may_be_busy(center: ContactCenter, code: str) -> None:
    """The event comes again, and sooner than the queue would show it."""
    call = Call(way="ivr")
    center.leave(call)
    center.services["connect"].failing["describe_contact"] = [refused(code, 429 if "Many" in code else 500)]

    first, second = center.announce(call), center.announce(call, tries=2)

    assert (first, second) == (["0"], [])
    assert center.services["sqs"].called.count("change_message_visibility") == 1
    assert center.samples() == call.said


@pytest.mark.parametrize(
    ("attributes", "voicemails"),
    [
        ({"vm_flag": "0"}, 0),
        ({"vm_flag": "true"}, 0),
        ({"vm_flag": " "}, 0),
        ({"vm_flag": None, "voicemail": "false"}, 0),
        ({"vm_flag": None, "voicemail": "1"}, 0),
        ({"vm_flag": None, "voicemail": "true"}, 1),
        ({"vm_flag": None, "vmx_flag": "0"}, 0),
        ({"vm_flag": None, "vmx3_flag": "1"}, 1),
        ({"vm_flag": "0", "vmx3_flag": "1"}, 0),
        ({"vm_flag": None}, 0),
    ],
)
def test_27_only_the_flag_itself_makes_a_voicemail(
    center: ContactCenter, attributes: dict[str, str | None], voicemails: int
) -> None:
    """And one that was taken back stays so, whatever an older flow has left beside it."""
    call = Call(attributes=attributes)
    center.leave(call)

    assert center.hand_over(call) == []

    assert len(center.kept()) == voicemails


def test_29_what_there_is_no_time_for_comes_again_untouched(center: ContactCenter) -> None:
    """No half recording, no second one: the rest of the batch is reported before it is begun."""
    center.leave(Call(), Call(id=B))
    center.seconds = 5

    failed = center.hand_over(Call(), Call(id=B))

    assert failed == ["0", "1"]
    assert center.kept() == []
    assert center.streams.sent == []


@pytest.mark.parametrize("began", ["2026-11-20T12:00:32Z", "2026-11-20T13:00:32+01:00", "2026-11-20T12:00:32"])
def test_31_times_are_read_with_their_zone(a_center: Centers, began: str) -> None:
    """The message is cut out where the caller began, less a second of rounding; the transcript lies inside it."""
    center = a_center(transcriber="amazon-transcribe")
    call = Call(said=speech("the prompt") + speech("the caller"), attributes={"vm_timestamp": began})
    center.leave(call)
    center.transcribe.at_once = "Hello, this is Ada."

    center.hand_over(call)
    center.work()

    (voice_call,) = center.held().calls
    assert center.samples() == call.said[2 * RATE :]
    assert voice_call["CallStartDateTime"].startswith("2026-11-20T12:00:31")
    assert center.held().counts == (1, 1, 1, 1)


def test_32_the_call_is_marked_before_anything_is_transcribed(a_center: Centers) -> None:
    """Before the beep by the flow, and again by the delivery; the transcript has no say in it."""
    center, call = a_center(transcriber="amazon-transcribe"), Call(attributes={"vm_flag": None})
    center.flow("createVoiceCall", call)
    answer = center.flow("beforeRecording", call)
    marked = center.held().calls[0]["CallOrigin"]
    center.leave(Call())
    center.hand_over(Call())
    center.ring()

    center.transcribed(Call(), None)
    center.work()

    assert (answer["marked"], marked) == ("true", "Voicemail")
    assert center.held().calls[0]["CallOrigin"] == "Voicemail"
    assert center.held().counts == (1, 1, 0, 1)
