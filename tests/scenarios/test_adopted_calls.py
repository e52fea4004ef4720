"""VoiceCalls that were there before the voicemail: the inbound flow opened them, a rep had them, a sync closed them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.ports import RunState
from scv_voicemail.telephony import InitiationMethod

from tests.builders import a_transcript, a_voicemail
from tests.scenarios.simulation import REP, Simulation

moment = datetime.fromisoformat


def test_a_voice_call_of_the_inbound_flow_is_adopted_and_not_doubled(tmp_path: Path) -> None:
    """Same vendorCallKey, same VoiceCall; the call still began when the caller was connected, not at the beep."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave()
        call_id = simulation.open_live(voicemail, seconds_before=45)

        simulation.work()

        held = simulation.held(voicemail)
        assert held.counts == (1, 1, 2, 1)
        assert held.calls[0]["Id"] == call_id
        assert held.calls[0]["CallOrigin"] == "Voicemail"
        assert moment(held.calls[0]["CallStartDateTime"]) == voicemail.started_at - timedelta(seconds=45)
        assert moment(held.calls[0]["CallEndDateTime"]) == voicemail.ended_at.replace(microsecond=0, second=13)
        assert simulation.run(voicemail).state is RunState.DELIVERED


def test_the_routing_of_the_live_call_is_cleared_before_the_voicemail_is_routed(tmp_path: Path) -> None:
    """A live call was waiting in its queue when the caller chose voicemail; only the voicemail's routing remains."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave()
        call_id = simulation.open_live(voicemail)
        simulation.route_live(call_id, voicemail.dialed_number)
        (live,) = simulation.held(voicemail).pending

        simulation.work()

        (pending,) = simulation.held(voicemail).pending
        assert pending["Id"] != live["Id"]
        assert simulation.queues([pending]) == ["Voicemail"]
        assert simulation.flow.saw == [None, "Voicemail"]


def test_work_that_a_rep_declined_on_the_live_call_is_not_taken_for_the_voicemails(tmp_path: Path) -> None:
    """A declined AgentWork and the pending routing beside it belong to the live call."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave()
        call_id = simulation.open_live(voicemail)
        simulation.route_live(call_id, voicemail.dialed_number)
        simulation.emulator.decline(REP, call_id)

        simulation.work()

        held = simulation.held(voicemail)
        assert [one["Status"] for one in held.work] == ["Declined"]
        assert simulation.queues(held.pending) == ["Voicemail"]
        assert simulation.run(voicemail).state is RunState.DELIVERED


def test_work_that_a_rep_had_accepted_on_the_live_call_is_not_taken_for_the_voicemails(tmp_path: Path) -> None:
    """A rep took the live call and sent the caller on to voicemail: that AgentWork is open, and still not ours."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave()
        call_id = simulation.open_live(voicemail)
        simulation.route_live(call_id, voicemail.dialed_number)
        live = simulation.emulator.accept(REP, call_id)

        simulation.work()

        held = simulation.held(voicemail)
        assert [one["Id"] for one in held.work] == [live]
        assert simulation.queues(held.pending) == ["Voicemail"]
        assert simulation.run(voicemail).warnings == []


@pytest.mark.parametrize("rep_had_it", [False, True], ids=["in the queue", "with a rep"])
def test_a_call_that_the_flow_has_marked_before_the_beep_is_routed_all_the_same(
    tmp_path: Path, rep_had_it: bool
) -> None:
    """It is a voicemail for Salesforce before we come; the live call's work is still none of the voicemail's."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave()
        call_id = simulation.open_live(voicemail)
        simulation.route_live(call_id, voicemail.dialed_number)
        if rep_had_it:
            simulation.emulator.accept(REP, call_id)
        simulation.mark_live(call_id)
        simulation.advance(1)

        simulation.work()

        assert simulation.flow.saw == [None, "Voicemail"]
        assert simulation.queues(simulation.held(voicemail).pending) == ["Voicemail"]
        assert simulation.run(voicemail).state is RunState.DELIVERED


def test_a_doubtful_routing_of_an_adopted_call_looks_past_the_live_work(tmp_path: Path) -> None:
    """The answer to omniFlow is lost after it took effect: the repeat finds the new routing and adds none."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave()
        call_id = simulation.open_live(voicemail)
        simulation.route_live(call_id, voicemail.dialed_number)
        simulation.emulator.fault("reset_after_commit", method="PATCH", path="*/omniFlow")

        simulation.work()

        assert simulation.flow.saw == [None, "Voicemail"]
        assert simulation.held(voicemail).counts == (1, 1, 2, 1)


def test_a_call_that_is_already_completed_becomes_a_voicemail_with_an_uploaded_transcript(tmp_path: Path) -> None:
    """The conversation is closed for good: the transcript goes by the Connect API, everything else as always."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave()
        call_id = simulation.open_live(voicemail)
        simulation.close_live(
            call_id, start=voicemail.started_at - timedelta(seconds=30), end=voicemail.ended_at + timedelta(seconds=1)
        )
        simulation.advance(1)

        simulation.work()

        held, run = simulation.held(voicemail), simulation.run(voicemail)
        assert held.counts == (1, 1, 2, 1)
        assert (held.calls[0]["CallOrigin"], held.calls[0]["CallDisposition"]) == ("Voicemail", "completed")
        assert simulation.queues(held.pending) == ["Voicemail"]
        assert len(simulation.sent("*/conversations/upload", method="POST")) == 1
        assert (run.state, run.warnings) == (RunState.DELIVERED, [])


def test_of_a_chain_of_transfers_the_first_call_becomes_the_voicemail(tmp_path: Path) -> None:
    """Transfers carry the key of the first call; transcripts are taken for that one only."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave()
        first = simulation.open_live(voicemail, seconds_before=90)
        simulation.advance(20)
        second = simulation.open_live(
            voicemail,
            seconds_before=60,
            initiation_method=InitiationMethod.TRANSFER,
            parent_voice_call_id=first,
        )

        simulation.work()

        held = simulation.held(voicemail)
        assert {one["Id"]: one["CallOrigin"] for one in held.calls} == {first: "Voicemail", second: None}
        assert held.counts == (2, 1, 2, 1)
        assert held.recordings[0]["VoiceCallId"] == first
        assert simulation.run(voicemail).state is RunState.DELIVERED


@pytest.mark.covers("identity-1")
@pytest.mark.parametrize("closed", [False, True], ids=["still open", "delivered long ago"])
def test_the_call_of_another_caller_with_the_same_key_is_left_as_it_is(tmp_path: Path, closed: bool) -> None:
    """A telephony system counts from 1 again: the second voicemail waits for a human, the first keeps everything."""
    with Simulation(tmp_path) as simulation:
        voicemail = a_voicemail(id="17", transcript=a_transcript())
        if closed:
            simulation.pipeline.accept(voicemail)
            simulation.work()
        else:
            simulation.open_live(voicemail, seconds_before=20)
        before = simulation.held(voicemail)
        simulation.journal.close()
        simulation.journal = simulation.pipeline.journal = SqliteJournal(tmp_path / "second.db")

        second = simulation.leave(id="17", caller="+14155550199")
        simulation.work()

        run = simulation.run(second)
        assert run.state is RunState.PARKED
        assert before.calls[0]["Id"] in run.last_error
        assert simulation.held(voicemail) == before


HELD = {"CustomerHoldDuration": 42, "NumberOfHolds": 3, "LongestHoldDuration": 30}


@pytest.mark.parametrize("doubtful", [False, True], ids=["once", "closed twice"])
def test_the_holds_of_the_live_call_survive_the_voicemail(tmp_path: Path, doubtful: bool) -> None:
    """A rep had the caller on hold before; each update sets to 0 what it does not name."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave()
        call_id = simulation.open_live(voicemail)
        simulation.emulator.org.database.update("VoiceCall", call_id, HELD, by_system=True)
        if doubtful:
            simulation.emulator.fault("reset_after_commit", method="PATCH", path=f"*/{call_id}", skip=1)

        simulation.work()

        (call,) = simulation.held(voicemail).calls
        assert {name: call[name] for name in HELD} == HELD
        assert simulation.held(voicemail).counts == (1, 1, 2, 1)
