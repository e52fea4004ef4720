"""Callers who wait: offers, reps who answer in the middle of a message, and queues that are full."""

from __future__ import annotations

import pytest
from scv_emulator.connect.call_audio import tone
from scv_emulator.connect.caller import HangUp, HangUpAfter, Hear, Press, Say, Step, Wait
from scv_emulator.connect.phone_call import FunctionFault
from scv_emulator.connect.ports import SimulatedContact

from tests.unit.emulator.connect.rehearsal import QUEUE, FakeWorld, a_call, a_contact, spoken_in

WORDS = tone(4.0, 500)
OFFER = "press 1"
AGAIN = "Sorry, nobody can take your call right now. Please call again later. Goodbye."
ACCEPTED: list[Step] = [Hear("without being asked again"), Press("1"), Hear("beep"), Say(WORDS)]


def a_caller() -> SimulatedContact:
    """A caller for whom no queue is chosen yet."""
    return a_contact()


def test_the_sample_opens_the_voice_call_and_queues_the_caller() -> None:
    """Whoever stays on the line waits for a rep, and talks to one."""
    report, world = a_call("inbound_sample", [], contact=a_caller(), rep_answers_at=30.0)

    assert world.methods == ["createVoiceCall"]
    assert report.contact.attributes["voiceCallId"] == "0LQ000000000001"
    assert report.contact.queue_arn == QUEUE
    assert report.contact.agent_connected_at is not None
    assert report.contact.disconnect_reason == "AGENT_DISCONNECT"
    assert "vm_flag" not in report.contact.attributes


@pytest.mark.parametrize("fault", list(FunctionFault))
def test_a_voice_call_that_cannot_be_opened_is_tried_twice_and_stops_nobody(fault: FunctionFault) -> None:
    """The caller waits in the queue all the same."""
    report, _ = a_call(
        "inbound_sample", [HangUpAfter(40)], contact=a_caller(), function_faults={"createVoiceCall": fault}
    )

    tries = [one for one in report.timeline if one.kind == "function"]
    assert len(tries) == 2
    assert report.contact.enqueued_at is not None


def test_a_caller_may_choose_voicemail_at_once() -> None:
    """1 in the welcome leads into the voicemail flow."""
    script: list[Step] = [Hear("stay on the line"), Press("1"), Hear("beep"), Say(WORDS), HangUp()]

    report, world = a_call("inbound_sample", script, contact=a_caller())

    assert report.contact.attributes["vm_flag"] == "1"
    assert spoken_in(world.message(report.contact)) == pytest.approx(4.0, abs=0.1)


def test_a_full_queue_leads_to_voicemail() -> None:
    """Nobody is dropped: the caller hears that all are busy, and can leave a message."""
    script: list[Step] = [Hear("beep"), Say(WORDS), HangUp()]

    report, world = a_call("inbound_sample", script, contact=a_caller(), queue_is_full=True)

    assert "All of our reps are busy right now." in report.heard()
    assert report.contact.attributes["vm_flag"] == "1"
    assert spoken_in(world.message(report.contact)) == pytest.approx(4.0, abs=0.1)


def test_where_neither_queue_nor_voicemail_work_the_caller_is_told() -> None:
    """The last words are not silence."""
    report, _ = a_call("inbound_sample", [], contact=a_caller(), queue_is_full=True, recording="refused")

    assert report.heard()[-1] == AGAIN
    assert report.contact.disconnect_reason == "CONTACT_FLOW_DISCONNECT"
    assert report.contact.attributes["vm_flag"] == "0"


def test_a_queue_that_has_room_later_takes_the_caller_back() -> None:
    """First the queue was full, then the message was deleted: the caller waits."""
    script: list[Step] = [Hear("beep"), Press("#"), Hear("press 0"), Press("0"), Wait(20), HangUp()]

    report, _ = a_call("inbound_sample", script, contact=a_caller(), queue_is_full=1)

    assert report.contact.enqueued_at is not None
    assert report.contact.attributes["vm_flag"] == "0"


def test_waiting_callers_are_offered_a_voicemail_and_leave_one() -> None:
    """Salesforce stops looking for a rep; the message is thanked for, and the flow hangs up."""
    script = [*ACCEPTED, Press("#"), Hear("press 0"), Press("#")]

    report, world = a_call("inbound_sample", script, contact=a_caller())

    assert world.methods == ["createVoiceCall", "cancelOmniFlowExecution", "beforeRecording", "afterRecording"]
    assert report.heard()[-1] == "Thank you. Your message is on its way to us."
    assert report.contact.attributes["vm_flag"] == "1"
    assert spoken_in(world.message(report.contact)) == pytest.approx(4.0, abs=0.1)
    assert report.contact.disconnect_reason == "CONTACT_FLOW_DISCONNECT"


def test_who_does_not_answer_the_offer_is_asked_again() -> None:
    """The waiting goes on, and so does the music."""
    report, _ = a_call("inbound_sample", [HangUpAfter(260)], contact=a_caller())

    assert sum(OFFER in one and "waiting" not in one for one in report.heard()[1:]) >= 3
    assert sum(one == "prompt of the instance" for one in report.heard()) >= 6


def test_who_declines_the_offer_is_not_asked_again_and_goes_on_waiting() -> None:
    """2 is for good; the music goes on until a rep answers."""
    script: list[Step] = [Hear("without being asked again"), Press("2")]

    report, _ = a_call("inbound_sample", script, contact=a_caller(), rep_answers_at=300.0)

    offers = [one for one in report.heard() if "without being asked again" in one]
    assert len(offers) == 1
    assert report.contact.agent_connected_at is not None


def test_a_rep_who_answers_during_the_message_gets_the_caller_and_no_voicemail() -> None:
    """The recording ends, the flag is taken back before the two are connected, and both are told."""
    report, world = a_call("inbound_sample", ACCEPTED, contact=a_caller(), rep_answers_at=102.0)

    kinds = [one.kind for one in report.timeline]
    told_rep = [one.detail for one in report.timeline if one.kind == "prompt to rep"]
    assert kinds.index("recording on") < kinds.index("rep answers")
    assert report.contact.attributes["vm_flag"] == "0"
    assert world.methods[-1] == "giveUpVoicemail"
    assert told_rep == ["This caller was leaving a voicemail. It will not be sent. Please take the call."]
    assert report.heard()[-1] == "Someone is here to talk to you now. Your message will not be sent."
    assert world.told[-2:] == ["stream closed", "ended"]
    assert len(world.recordings) == 1


def test_who_hangs_up_before_the_rep_is_connected_has_left_a_message() -> None:
    """Only a caller who is still there gives the message up."""
    [answered] = [one for one in _answered().timeline if one.kind == "rep answers"]

    report, _ = a_call(
        "inbound_sample", [*ACCEPTED, HangUpAfter(answered.at_seconds + 1)], contact=a_caller(), rep_answers_at=102.0
    )

    assert report.contact.attributes["vm_flag"] == "1"
    assert report.contact.agent_connected_at is None


def _answered() -> object:
    report, _ = a_call("inbound_sample", ACCEPTED, contact=a_caller(), rep_answers_at=102.0)
    return report


def test_a_rep_who_answers_an_ordinary_call_hears_nothing_of_voicemails() -> None:
    """The whispers are set only for who has begun a voicemail."""
    report, _ = a_call("inbound_sample", [], contact=a_caller(), rep_answers_at=40.0)

    assert not [one for one in report.timeline if one.kind == "prompt to rep"]


def test_who_came_back_to_the_queue_is_connected_without_a_word_about_it() -> None:
    """The message was deleted before; there is nothing to give up."""
    script = [*ACCEPTED, Press("#"), Hear("press 0"), Press("0")]

    report, world = a_call("inbound_sample", script, contact=a_caller(), rep_answers_at=200.0)

    assert report.contact.attributes["vm_result"] == "returned"
    assert world.methods[-2:] == ["giveUpVoicemail", "rerouteFlowExecution"]
    assert "Someone is here to talk to you now. Your message will not be sent." not in report.heard()
    assert report.contact.agent_connected_at is not None


@pytest.mark.parametrize("method", ["createVoiceCall", "cancelOmniFlowExecution", "beforeRecording"])
def test_no_function_is_needed_to_wait_or_to_leave_a_message(method: str) -> None:
    """Whatever fails, the message is recorded."""
    world = FakeWorld(broken=frozenset({method}))

    report, _ = a_call("inbound_sample", [*ACCEPTED, HangUp()], contact=a_caller(), world=world)

    assert report.contact.attributes["vm_flag"] == "1"
    assert world.recordings


def test_a_recording_that_cannot_start_leaves_the_caller_in_the_queue() -> None:
    """Waiting goes on where it was."""
    script: list[Step] = [Hear("without being asked again"), Press("1"), Hear("cannot take a message"), Wait(10)]

    report, _ = a_call("inbound_sample", script, contact=a_caller(), recording="refused", rep_answers_at=150.0)

    assert report.contact.attributes["vm_flag"] == "0"
    assert report.contact.agent_connected_at is not None


def test_a_closed_office_does_not_queue_who_deletes_the_message() -> None:
    """Nobody would ever answer."""
    script: list[Step] = [Hear("beep"), Press("#"), Hear("press 0"), Press("0")]

    report, _ = a_call("voicemail_flow", script, contact=a_contact(attributes={"vm_reason": "closed"}))

    assert report.contact.enqueued_at is None
    assert report.heard()[-1] == AGAIN
