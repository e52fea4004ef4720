"""Routed once, closed once, and verified on the other side."""

from __future__ import annotations

import pytest
from scv_voicemail.delivery.voice_call_state import VoiceCallState
from scv_voicemail.errors import (
    RoutingFailed,
)
from scv_voicemail.ports import NotYet, Receipt, Redo
from scv_voicemail.voicemail import Mailbox, MailboxKind

from tests.builders import a_recording, a_voicemail
from tests.unit.delivery.voice_call_bench import (
    ADOPTED,
    CALL_ID,
    DONE,
    LONG,
    LOOKED,
    OPENED,
    Bench,
    a_call,
)

# ---------------------------------------------------------------------------------------------------------------- route


def test_routing_names_the_number_and_fills_in_the_flows_inputs() -> None:
    """Mailbox, caller and the record's id go where the settings put them."""
    bench = Bench(
        flow_dev_name="Vm_Flow",
        fallback_queue="Vm_Queue",
        flow_input_parameters={"recordId": "{voice_call_id}", "box": "{mailbox}/{caller}", "urgency": "{priority}"},
    )
    mailbox = Mailbox(kind=MailboxKind.QUEUE, name="Sales")

    receipt = bench.do("route", voicemail=a_voicemail(mailbox=mailbox, priority="High"))

    ((_, flow),) = bench.telephony.sent
    assert (flow.dialed_number, flow.flow_dev_name, flow.fallback_queue) == ("+18005550100", "Vm_Flow", "Vm_Queue")
    assert flow.flow_input_parameters == {"recordId": CALL_ID, "box": "Sales/+14155550142", "urgency": "High"}
    assert receipt == {"queue": "voicemail-queue", "agent": ""}


@pytest.mark.parametrize(("number", "opened"), [(2, OPENED), (1, ADOPTED)], ids=["again", "adopted"])
def test_a_routing_that_is_there_is_found_and_not_repeated(number: int, opened: Receipt) -> None:
    """omniFlow is not idempotent: a repeat looks for the work of the first try."""
    bench = Bench()
    bench.view.routings = ["our routing"]

    receipt = bench.do("route", number=number, open=opened)

    assert receipt == {"found": "queued"}
    assert bench.telephony.sent == []


def test_a_doubtful_routing_that_left_nothing_is_repeated_once_it_can_not_arrive_any_more() -> None:
    """What was sent may still be carried out, so it waits before it routes again."""
    bench = Bench()

    with pytest.raises(NotYet):
        bench.do("route", number=2, waited=1)
    bench.do("route", number=3, waited=LONG)

    assert bench.telephony.names() == ["route"]


def test_the_live_calls_routing_is_not_ours_and_is_cleared_first() -> None:
    """What was there when the call was adopted is taken away before the flow runs."""
    bench = Bench()
    bench.view.routings = ["live routing"]

    bench.do("route", open=ADOPTED | {"earlierWork": ["live routing"]})

    assert bench.telephony.names() == ["clear", "route"]


def test_without_rest_access_a_doubtful_routing_is_cleared_before_it_is_repeated() -> None:
    """Nobody can look, so what the first try may have left is removed; the first try itself clears nothing."""
    first, again = Bench(rest=False), Bench(rest=False)

    first.do("route")
    again.do("route", number=2, waited=LONG)

    assert first.telephony.names() == ["route"]
    assert again.telephony.names() == ["clear", "route"]


def test_a_routing_that_failed_is_never_taken_for_done() -> None:
    """The error goes up to the pipeline, which tries it again or calls a human."""
    bench = Bench()
    bench.telephony.failing["route"] = RoutingFailed("the queue is not mapped")

    with pytest.raises(RoutingFailed):
        bench.do("route")


# ------------------------------------------------------------------------------------------------------------- finalize


def test_the_closing_update_carries_recording_window_and_origin() -> None:
    """One update: closed, recorded, still a voicemail; the duration is rounded up."""
    bench = Bench()

    bench.do("finalize")

    ((_, update),) = bench.telephony.sent
    assert (update.is_active_call, update.call_origin) == (False, "Voicemail")
    assert update.recording_location == a_recording().location
    assert update.total_recording_duration == 13
    assert update.start_time is not None


def test_a_closing_update_that_has_arrived_is_not_sent_again() -> None:
    """Each update resets what it leaves out, so it is sent once if it can be seen."""
    bench = Bench()
    bench.view.call, bench.view.has_recordings = a_call(), 1

    receipt = bench.do("finalize", number=2)

    assert receipt == {"status": "found"}
    assert bench.telephony.sent == []


def test_a_closing_update_that_does_not_arrive_is_sent_again_after_the_patience() -> None:
    """First it is given time, then it is repeated."""
    bench = Bench()
    bench.view.call = a_call(disposition="in-progress")

    with pytest.raises(NotYet):
        bench.do("finalize", number=2, waited=1)
    bench.do("finalize", number=3, waited=LONG)

    assert bench.telephony.names() == ["update"]


def test_a_call_that_was_closed_before_gets_its_recording() -> None:
    """Completed is not enough: the recording is what is missing."""
    bench = Bench()
    bench.view.call = a_call()

    bench.do("finalize", open=ADOPTED | {"closed": True})

    assert bench.telephony.names() == ["update"]


def test_of_a_closing_update_that_was_applied_by_halves_the_recording_is_not_sent_again() -> None:
    """The recording is there, the call is still open: an org may keep a second recording beside the first."""
    bench = Bench()
    bench.view.call, bench.view.has_recordings = a_call(disposition="in-progress"), 1

    bench.do("finalize", number=3, waited=LONG)

    ((_, update),) = bench.telephony.sent
    assert (update.is_active_call, update.recording_location, update.total_recording_duration) == (False, None, None)


def test_the_number_of_holds_is_said_again_when_only_the_closing_is_missing() -> None:
    """How long they lasted may be said together with a recording only, and that is there."""
    bench = Bench()
    bench.view.call, bench.view.has_recordings = a_call(disposition="in-progress"), 1
    figures = {"total_hold_duration": 42, "number_of_holds": 3, "longest_hold_duration": 30}

    bench.do("finalize", number=7, waited=LONG, open=ADOPTED | {"holds": figures})

    ((_, update),) = bench.telephony.sent
    assert (update.total_hold_duration, update.number_of_holds, update.longest_hold_duration) == (None, 3, 30)


@pytest.mark.covers("identity-3")
def test_a_voicemail_whose_recording_is_gone_is_closed_and_verified_without_one() -> None:
    """Number and transcript are worth being routed; nobody waits for a recording that nobody sends."""
    bench, without = Bench(), a_voicemail(recording=a_recording(location=""))
    bench.do("finalize", voicemail=without)
    bench.view.call, bench.view.routings = a_call(), ["0JR1"]

    receipt = bench.do("verify", voicemail=without)

    ((_, update),) = bench.telephony.sent
    assert (update.is_active_call, update.recording_location) == (False, None)
    assert receipt["work"] == "queued"


# --------------------------------------------------------------------------------------------------------------- verify


def test_verifying_reads_the_other_side_and_writes_nothing() -> None:
    """Completed, recorded, queued: delivered without a warning."""
    bench = Bench()
    bench.view.call, bench.view.has_recordings, bench.view.routings = a_call(), 1, ["our routing"]

    receipt = bench.do("verify", **DONE)

    assert receipt == {"work": "queued", "warning": ""}
    assert bench.telephony.sent == []


@pytest.mark.parametrize(
    ("call", "recordings", "routings", "step"),
    [
        (a_call(disposition="in-progress"), 1, ["our routing"], "finalize"),
        (a_call(), 0, ["our routing"], "finalize"),
        (None, 0, [], "finalize"),
        (a_call(), 1, [], "route"),
        (a_call(), 1, ["live routing"], "route"),
    ],
    ids=["not completed", "no recording", "no call", "in nobody's queue", "only the live call's routing"],
)
def test_what_is_missing_is_waited_for_and_then_done_again(
    call: VoiceCallState | None, recordings: int, routings: list[str], step: str
) -> None:
    """Salesforce gets its time; then the step whose effect is missing is repeated."""
    bench = Bench()
    bench.view.call, bench.view.has_recordings, bench.view.routings = call, recordings, routings
    opened = ADOPTED | {"earlierWork": ["live routing"]}

    with pytest.raises(NotYet):
        bench.do("verify", waited=1, open=opened, **DONE)
    with pytest.raises(Redo) as back:
        bench.do("verify", number=LOOKED, waited=LONG, open=opened, **DONE)

    assert back.value.step == step


def test_what_others_have_changed_is_a_warning() -> None:
    """Origin rewritten, a second recording: it is delivered, and somebody should know."""
    bench = Bench()
    bench.view.call, bench.view.has_recordings, bench.view.routings = a_call(call_origin="Preview"), 2, ["our routing"]

    receipt = bench.do("verify", **DONE)

    assert "CallOrigin reads 'Preview'" in receipt["warning"]
    assert "2 recordings" in receipt["warning"]


def test_without_rest_access_verifying_is_a_warning() -> None:
    """It is said, so that nobody takes it for verified."""
    receipt = Bench(rest=False).do("verify", **DONE)

    assert receipt["warning"].startswith("not verified")
