"""Callers leave messages in the voicemail module, and change their minds."""

from __future__ import annotations

import pytest
from scv_emulator.connect.call_audio import seconds_of, tone
from scv_emulator.connect.caller import HangUp, HangUpAfter, Hear, Press, Say, Step, Wait
from scv_emulator.connect.phone_call import FunctionFault

from tests.unit.emulator.connect.rehearsal import FakeWorld, a_call, a_contact, moment, spoken_in

WORDS = tone(5.0, 500)
OTHER_WORDS = tone(2.0, 700)
KEPT: list[Step] = [Hear("beep"), Say(WORDS), Press("#"), Hear("press 0"), Press("#")]
LISTENS_AND_SENDS: list[Step] = [*KEPT[:-1], Press("1"), Hear("press 0"), Press("#")]
THANKS = "Thank you. Your message is on its way to us."
SORRY = "Sorry, we cannot take a message right now."


def test_a_message_is_recorded_and_the_caller_is_told() -> None:
    """The flag, both moments and the recording are those of the message; then the flow hangs up."""
    report, world = a_call("voicemail_flow", KEPT)

    attributes = report.contact.attributes
    assert (attributes["vm_flag"], attributes["vm_source"], attributes["vm_result"]) == ("1", "ivr", "recorded")
    assert (attributes["vm_from"], attributes["vm_queue_name"]) == ("+14155550123", "Support")
    assert spoken_in(world.message(report.contact)) == pytest.approx(5.0, abs=0.1)
    assert report.said_after_beep_seconds == pytest.approx(5.0)
    assert report.heard()[-2:] == [THANKS, "Goodbye."]
    assert report.contact.disconnect_reason == "CONTACT_FLOW_DISCONNECT"
    assert (world.told[0], world.told[-1]) == ("began", "ended")


def test_the_recording_holds_both_sides_from_before_the_beep_to_the_last_key() -> None:
    """The greeting is not in it; the beep and the menu are, and the moments cut them off."""
    report, world = a_call("voicemail_flow", KEPT)

    [(began_at, customer, system)] = world.recordings
    assert len(customer) == len(system)
    assert began_at <= moment(report.contact.attributes["vm_timestamp"])
    assert spoken_in(system) > 0.5
    assert spoken_in(customer) == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("second", range(0, 34, 1))
def test_whenever_the_caller_hangs_up_what_was_said_after_the_beep_is_a_message(second: int) -> None:
    """A flag without a recording would be lost work, words without a flag a lost message."""
    report, world = a_call("voicemail_flow", [*KEPT[:2], Wait(60), HangUpAfter(second + 0.25)])

    said = report.said_after_beep_seconds
    beeped = "beep" in report.heard()
    assert report.contact.disconnect_reason == "CUSTOMER_DISCONNECT"
    assert report.contact.attributes.get("vm_flag", "0") == ("1" if beeped else "0")
    assert said == 0 or beeped
    if beeped:
        assert spoken_in(world.message(report.contact)) == pytest.approx(said, abs=0.21)


def test_who_says_nothing_is_asked_and_then_thanked() -> None:
    """Silence until the time is up, silence in the menu: what there is is kept; the connector decides what it is."""
    report, world = a_call("voicemail_flow", [])

    assert "That was all the time there is for one message." in report.heard()
    assert report.heard()[-2:] == [THANKS, "Goodbye."]
    assert spoken_in(world.message(report.contact)) == 0


def test_extensions_give_more_time_and_less_is_never_given_to_a_second_take() -> None:
    """The vendor's Loop goes on counting where it was left; a take has its first piece of time nevertheless."""
    long_words = tone(100.0, 500)
    again: list[Step] = [Hear("beep"), Say(long_words), Press("#"), Hear("press 0"), Press("2")]

    once, _ = a_call("voicemail_flow", [*again[:3]], parameters={"VoicemailExtensions": "1"})
    twice, _ = a_call("voicemail_flow", [*again, *again[:3]], parameters={"VoicemailExtensions": "1"})

    assert once.said_after_beep_seconds == pytest.approx(100.0)
    assert twice.said_after_beep_seconds > 59
    assert twice.contact.attributes["vm_flag"] == "1"


def test_other_keys_do_not_end_a_message() -> None:
    """A cheek on the keypad is not the end of a sentence."""
    script: list[Step] = [Hear("beep"), Say(WORDS), Press("5"), Say(OTHER_WORDS), Press("#")]

    report, world = a_call("voicemail_flow", script)

    assert spoken_in(world.message(report.contact)) == pytest.approx(7.0, abs=0.2)


def test_a_second_take_replaces_the_first() -> None:
    """2 in the menu: the moments are those of the second take, and the recording was never interrupted."""
    script = [Hear("beep"), Say(WORDS), Press("#"), Hear("press 0"), Press("2"), Hear("beep"), Say(OTHER_WORDS)]

    report, world = a_call("voicemail_flow", [*script, Press("#"), Hear("press 0"), Press("#")])

    assert world.methods.count("beforeRecording") == 2
    assert spoken_in(world.message(report.contact)) == pytest.approx(2.0, abs=0.2)
    assert report.contact.attributes["vm_result"] == "recorded"


def test_who_hangs_up_before_the_second_beep_has_left_the_first_take() -> None:
    """Until the new take begins, the old one counts."""
    script = [Hear("beep"), Say(WORDS), Press("#"), Hear("press 0"), Press("2"), HangUp()]

    report, world = a_call("voicemail_flow", script)

    assert report.contact.attributes["vm_flag"] == "1"
    assert spoken_in(world.message(report.contact)) == pytest.approx(5.0, abs=0.1)


def test_the_last_take_is_kept_when_there_were_enough() -> None:
    """The takes are counted; nobody is sent away without a message."""
    once: list[Step] = [Hear("beep"), Say(OTHER_WORDS), Press("#"), Hear("press 0"), Press("2")]

    report, world = a_call("voicemail_flow", once * 7)

    assert "We keep the message that you have just recorded." in report.heard()
    assert report.contact.attributes["vm_flag"] == "1"
    assert world.methods.count("beforeRecording") == 6


def test_a_review_plays_what_was_said_so_far() -> None:
    """1 in the menu; what the caller said is in the stream before the function reads it."""
    report, world = a_call("voicemail_flow", LISTENS_AND_SENDS)

    streamed = b"".join(customer for _at, customer, _system in world.streams)
    review = next(one for one in world.calls if one["Details"]["Parameters"]["methodName"] == "reviewRecording")
    assert "audio from S3" in report.heard()
    assert spoken_in(streamed) == pytest.approx(5.0, abs=0.1)
    assert review["Details"]["ContactData"]["MediaStreams"]["Customer"]["Audio"]["StartFragmentNumber"] == "1"
    assert all(not any(system) for _at, _customer, system in world.streams)


@pytest.mark.parametrize("broken", ["reviewRecording", "missing"])
def test_a_review_that_cannot_be_played_takes_the_choice_away(broken: str) -> None:
    """The message is there all the same."""
    report, world = a_call("voicemail_flow", LISTENS_AND_SENDS, world=FakeWorld(broken=frozenset({broken})))

    assert "Sorry, we cannot play it right now." in report.heard()
    assert report.heard()[-2] == THANKS
    assert spoken_in(world.message(report.contact)) == pytest.approx(5.0, abs=0.1)


def test_without_media_streaming_no_review_is_offered() -> None:
    """The stream serves the review alone; the recording goes on without it."""
    report, world = a_call("voicemail_flow", KEPT, streaming_allowed=False)

    assert not any("press 1" in one for one in report.heard())
    assert report.contact.attributes["vm_review"] == "0"
    assert spoken_in(world.message(report.contact)) == pytest.approx(5.0, abs=0.1)
    assert "stream opened" not in world.told


def test_who_deletes_the_message_goes_back_to_the_queue() -> None:
    """0 in the menu: no flag, nothing recorded any more, and the VoiceCall is told."""
    script: list[Step] = [Hear("beep"), Say(WORDS), Press("#"), Hear("press 0"), Press("0"), Wait(30), HangUp()]

    report, world = a_call("voicemail_flow", script)

    kinds = [one.kind for one in report.timeline]
    assert (report.contact.attributes["vm_flag"], report.contact.attributes["vm_result"]) == ("0", "returned")
    assert world.methods[-1] == "giveUpVoicemail"
    assert kinds.index("recording off") < kinds.index("queued")
    assert report.contact.enqueued_at is not None


@pytest.mark.parametrize("fault", list(FunctionFault))
def test_a_function_that_fails_before_the_beep_does_not_keep_the_caller_from_speaking(fault: FunctionFault) -> None:
    """The message begins where the recording does."""
    report, world = a_call("voicemail_flow", KEPT, function_faults={"beforeRecording": fault})

    [(_began_at, customer, _system)] = world.recordings
    assert report.contact.attributes["vm_flag"] == "1"
    assert "T" not in report.contact.attributes["vm_timestamp"]
    assert spoken_in(customer) == pytest.approx(5.0, abs=0.1)
    assert report.heard()[-2] == THANKS


def test_a_slow_function_costs_the_caller_three_seconds_at_most() -> None:
    """The flow gives up by itself."""
    quick, _ = a_call("voicemail_flow", KEPT)
    slow, _ = a_call("voicemail_flow", KEPT, function_faults={"beforeRecording": FunctionFault.TIMES_OUT})

    beeps = [next(one.at_seconds for one in report.timeline if one.detail == "beep") for report in (quick, slow)]
    assert beeps[1] - beeps[0] == pytest.approx(3.0 - 0.4)


def test_without_the_end_of_the_message_the_recording_counts_to_its_own_end() -> None:
    """A function that fails after the message costs a clean cut, not the message."""
    report, world = a_call("voicemail_flow", KEPT, function_faults={"afterRecording": FunctionFault.FAILS})

    assert "vm_end_timestamp" not in report.contact.attributes
    assert spoken_in(world.message(report.contact)) == pytest.approx(5.0, abs=0.1)


def test_a_second_take_is_not_cut_off_by_the_end_of_the_first() -> None:
    """The end of an earlier take lies before the new one's beginning, or is taken back."""
    script = [
        Hear("beep"),
        Say(OTHER_WORDS),
        Press("#"),
        Hear("press 0"),
        Press("2"),
        Hear("beep"),
        Say(WORDS),
        HangUp(),
    ]

    timed, world = a_call("voicemail_flow", script)

    assert moment(timed.contact.attributes["vm_end_timestamp"]) < moment(timed.contact.attributes["vm_timestamp"])
    assert spoken_in(world.message(timed.contact)) == pytest.approx(5.0, abs=0.2)


def test_nobody_is_asked_to_speak_when_nothing_can_be_recorded() -> None:
    """The caller hears that it does not work, and waits in the queue instead."""
    report, world = a_call("voicemail_flow", [Hear("sorry"), Wait(5), HangUp()], recording="refused")

    assert "beep" not in report.heard()
    assert SORRY in report.heard()
    assert (report.contact.attributes["vm_flag"], report.contact.attributes["vm_result"]) == ("0", "failed")
    assert report.contact.enqueued_at is not None
    assert world.recordings == []


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"vm_greeting": "This is the desk of Ana."}, "This is the desk of Ana."),
        ({"vm_greeting": ""}, "We would like to hear from you."),
        ({"vm_reason": "closed"}, "Our office is closed right now."),
        ({"vm_reason": "overflow"}, "All of our reps are busy right now."),
    ],
)
def test_the_greeting_is_that_of_the_queue(attributes: dict[str, str], words: str) -> None:
    """What the calling flow has set as attributes is spoken; markup in it is no markup."""
    contact = a_contact(attributes=attributes)

    report, _ = a_call("voicemail_flow", [HangUpAfter(8)], contact=contact)

    assert words in report.heard()


def test_a_queue_that_the_calling_flow_has_named_is_kept() -> None:
    """The queue of the call is taken only where the flow named none."""
    contact = a_contact(attributes={"vm_queue_arn": "arn:aws:connect:x:1:instance/i/queue/q", "vm_queue_name": "Sales"})

    report, _ = a_call("voicemail_flow", KEPT, contact=contact)

    assert report.contact.attributes["vm_queue_name"] == "Sales"


def test_the_streaming_module_makes_its_message_of_the_stream() -> None:
    """There is no recording; the stream has the caller's side from before the beep to the last key."""
    flows = {"VoicemailModuleArn": "voicemail_module_kvs"}

    report, world = a_call("voicemail_flow", KEPT, parameters=flows)

    assert report.contact.attributes["vm_source"] == "kvs"
    assert world.recordings == []
    assert spoken_in(b"".join(customer for _at, customer, _system in world.streams)) == pytest.approx(5.0, abs=0.2)
    assert report.said_after_beep_seconds == pytest.approx(5.0)
    assert world.told == ["began", "stream opened", "stream closed", "ended"]


def test_the_streaming_module_needs_the_stream() -> None:
    """Without it nobody is asked to speak."""
    flows = {"VoicemailModuleArn": "voicemail_module_kvs"}

    report, _ = a_call("voicemail_flow", [Hear("sorry"), HangUp()], parameters=flows, streaming_allowed=False)

    assert "beep" not in report.heard()
    assert report.contact.attributes["vm_flag"] == "0"


def test_a_recording_that_says_it_is_on_and_is_not_leaves_a_flag_without_audio() -> None:
    """The flow cannot know; whoever reads the contact record has to notice."""
    report, world = a_call("voicemail_flow", KEPT, recording="silent")

    assert report.contact.attributes["vm_flag"] == "1"
    assert world.recordings == []


def test_the_whole_call_can_be_listened_to() -> None:
    """Both sides, equally long, as long as the call."""
    report, _ = a_call("voicemail_flow", KEPT)

    assert len(report.customer) == len(report.system)
    assert seconds_of(report.customer) == pytest.approx(report.timeline[-1].at_seconds, abs=0.01)
