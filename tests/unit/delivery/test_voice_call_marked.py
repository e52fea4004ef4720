"""From the first request to the confirmed mark: opened or adopted, marked as voicemail, read back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from scv_voicemail.delivery.voice_call_state import VoiceCallState
from scv_voicemail.ports import NotYet, Receipt, Redo

from tests.builders import NOON, a_recording, a_transcript, a_voicemail
from tests.unit.delivery.voice_call_bench import (
    ADOPTED,
    CALL_ID,
    DONE,
    LONG,
    LOOKED,
    OPENED,
    PATIENCE,
    Bench,
    a_call,
)

# ----------------------------------------------------------------------------------------------------------------- open


def test_a_new_call_is_created_as_a_voicemail_with_its_attributes() -> None:
    """callOrigin is there from the first request on; what the org did not take is a warning."""
    bench = Bench()

    receipt = bench.do("open", voicemail=a_voicemail(attributes=(("Department__c", "Sales"),)))

    ((_, call),) = bench.telephony.sent
    assert (call.call_origin, call.vendor_call_key) == ("Voicemail", a_voicemail().id)
    assert call.call_attributes == {"Department__c": "Sales"}
    assert receipt["voiceCallId"] == CALL_ID
    assert receipt["warning"] == "Text__c: too long"


def test_a_call_that_is_there_is_adopted_with_its_start_and_its_earlier_work() -> None:
    """The inbound flow opened it 40 seconds before the beep, and it was waiting in a queue."""
    bench = Bench()
    began = NOON - timedelta(minutes=5, seconds=40)
    bench.view.call = a_call(call_origin="", disposition="in-progress", started_at=began, ended_at=None)
    bench.view.routings = ["live routing"]

    receipt = bench.do("open")

    assert bench.telephony.sent == []
    assert receipt == {
        "voiceCallId": CALL_ID,
        "adopted": True,
        "closed": False,
        "startTime": began.isoformat(),
        "earlierWork": ["live routing"],
    }


def test_work_on_a_call_that_is_a_voicemail_already_is_our_own() -> None:
    """After a lost journal the voicemail's routing must be found again, and not be taken for a live call's."""
    bench = Bench()
    bench.view.call = a_call()
    bench.view.has_recordings = 1
    bench.view.routings = ["our routing"]

    receipt = bench.do("open")

    assert (receipt["closed"], receipt["earlierWork"]) == (True, [])


def test_work_on_a_call_that_our_delivery_has_not_closed_yet_is_our_own_as_well() -> None:
    """Nobody else marks a call with the end of the message."""
    bench = Bench()
    bench.view.call = a_call(disposition="in-progress")
    bench.view.routings = ["our routing"]

    assert bench.do("open")["earlierWork"] == []


@pytest.mark.parametrize(
    "marked_by_the_flow",
    [a_call(disposition="in-progress", ended_at=None), a_call()],
    ids=["open", "closed by a sync"],
)
def test_a_mark_of_the_contact_flow_makes_the_live_calls_work_not_ours(marked_by_the_flow: VoiceCallState) -> None:
    """It marks before the beep; a rep may have had the call, or it may be in a queue still."""
    bench = Bench()
    bench.view.call = marked_by_the_flow
    bench.view.routings = ["live routing"]

    assert bench.do("open")["earlierWork"] == ["live routing"]


def test_without_rest_access_a_call_is_created_again_after_doubt() -> None:
    """Salesforce gives the id of the call that has this vendorCallKey."""
    bench = Bench(rest=False)

    receipt = bench.do("open", number=2)

    assert bench.telephony.names() == ["create"]
    assert receipt["voiceCallId"] == CALL_ID


# ----------------------------------------------------------------------------------------------------- mark and confirm


@pytest.mark.parametrize(("opened", "active"), [(OPENED, True), (ADOPTED, True), (ADOPTED | {"closed": True}, False)])
def test_marking_keeps_an_open_conversation_open_and_a_closed_one_closed(opened: Receipt, active: bool) -> None:
    """Only a call that somebody closed before is updated as not active."""
    bench = Bench()

    bench.do("mark", open=opened)

    ((_, update),) = bench.telephony.sent
    assert (update.is_active_call, update.call_origin) == (active, "Voicemail")


def test_the_window_of_the_call_is_made_of_whole_seconds_around_the_recording() -> None:
    """Salesforce may drop fractions, and a transcript outside the window is dropped as well."""
    bench = Bench()
    started = datetime(2026, 11, 20, 11, 55, 0, 919_700, tzinfo=UTC)
    voicemail = a_voicemail(started_at=started, recording=a_recording(duration_seconds=12.5), transcript=a_transcript())

    opened = bench.do("open", voicemail=voicemail)
    bench.do("mark", voicemail=voicemail, open=opened)
    bench.do("transcribe", voicemail=voicemail, open=opened)

    (_, update), (_, messages) = bench.telephony.sent[1:]
    assert update.start_time == datetime(2026, 11, 20, 11, 55, 0, tzinfo=UTC)
    assert update.end_time == datetime(2026, 11, 20, 11, 55, 14, tzinfo=UTC)
    for message in messages:
        assert update.start_time.timestamp() * 1000 <= message.start_ms <= message.end_ms
        assert message.end_ms <= update.end_time.timestamp() * 1000


def test_an_end_on_a_whole_second_stays_where_it_is() -> None:
    """Nothing is rounded that is whole."""
    bench = Bench()

    bench.do("mark", voicemail=a_voicemail(recording=a_recording(duration_seconds=12.0)))

    ((_, update),) = bench.telephony.sent
    assert update.end_time == NOON - timedelta(minutes=5) + timedelta(seconds=12)


def test_confirming_reads_until_origin_and_end_are_applied() -> None:
    """CallOrigin alone is not enough: it may come from the create, while the update is still under way."""
    bench = Bench()
    bench.view.call = a_call(ended_at=NOON - timedelta(minutes=5), disposition="in-progress")

    with pytest.raises(NotYet):
        bench.do("confirm")
    bench.view.call = a_call(disposition="in-progress")
    receipt = bench.do("confirm", waited=1)

    assert receipt == {"callOrigin": "Voicemail"}
    assert bench.telephony.sent == []


@pytest.mark.parametrize("call", [None, a_call(call_origin="")])
def test_confirming_is_bounded_and_then_marks_again(call: VoiceCallState | None) -> None:
    """After the patience is over the update is sent once more; it never waits for ever and never goes on unmarked."""
    bench = Bench()
    bench.view.call = call

    with pytest.raises(NotYet):
        bench.do("confirm", waited=PATIENCE - 1)
    with pytest.raises(Redo) as back:
        bench.do("confirm", number=LOOKED, waited=LONG)

    assert back.value.step == "mark"


def test_a_voicemail_whose_end_is_never_applied_goes_on_after_the_patience() -> None:
    """The origin is what routing needs; the end time is set again with the closing update."""
    bench = Bench()
    bench.view.call = a_call(ended_at=None)

    receipt = bench.do("confirm", number=LOOKED, waited=LONG)

    assert receipt["callOrigin"] == "Voicemail"


@pytest.mark.covers("clock-1")
def test_a_clock_that_jumps_ahead_does_not_end_a_wait() -> None:
    """Two looks are no half minute, whatever the clock says: what was sent may still come."""
    bench = Bench()
    bench.view.call = None

    for step, found in (("confirm", None), ("verify", a_call(disposition="in-progress"))):
        bench.view.call = found
        with pytest.raises(NotYet):
            bench.do(step, number=3, waited=3600, **DONE)


def test_the_pauses_between_looks_grow_and_stay_bounded() -> None:
    """A quarter of a second at first, five seconds at the most."""
    bench, pauses = Bench(), []

    for waited in (0, 2, 8, 29):
        with pytest.raises(NotYet) as wait:
            bench.do("confirm", waited=waited)
        pauses.append(wait.value.after_seconds)

    assert pauses == [0.25, 0.5, 2.0, 5.0]


def test_without_rest_access_confirming_is_a_wait_of_the_configured_length() -> None:
    """What is left of it is said; afterwards it goes on."""
    bench = Bench(rest=False, confirm_wait_seconds=10)

    with pytest.raises(NotYet) as wait:
        bench.do("confirm", waited=4)
    receipt = bench.do("confirm", waited=10)

    assert wait.value.after_seconds == 6
    assert receipt == {"waitedSeconds": 10}
