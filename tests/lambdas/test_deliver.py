"""DeliverFunction: somebody rang."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from scv_voicemail.errors import Rejected, Unavailable
from scv_voicemail.pipeline import Policy
from scv_voicemail.ports import NotYet, Run, RunState
from scv_voicemail_lambdas import deliver

from tests.builders import a_transcript, a_voicemail
from tests.lambdas.bench import CONTACT, OTHER_CONTACT, Lambda, ago, failed, messages_of
from tests.unit.pipeline_bench import FakeTranscriber, ScriptedTarget


def rung(around: Lambda, *voicemail_ids: str) -> Any:
    event = messages_of(*({"voicemailId": one} for one in voicemail_ids))
    return deliver.answer(event, around.parts, around.metrics, seconds_left=around.seconds_left)


def waiting_at(*answers: Any, **policy: Any) -> Lambda:
    """A voicemail whose step `send` answers so."""
    around = Lambda(target=ScriptedTarget(send=answers), policy=Policy(**policy), seconds=0.1 + 10)
    around.pipeline.accept(a_voicemail(id=CONTACT))
    return around


def test_a_voicemail_is_delivered_and_counted() -> None:
    """With the time from the journal to the rep."""
    around = waiting_at()
    around.journal.retry(CONTACT, now=ago(0))

    answer = rung(around, CONTACT)

    assert answer == failed()
    assert around.run().state is RunState.DELIVERED
    assert around.bell.rung == []
    assert around.counted["VoicemailDelivered"] == 1
    assert 0 <= around.counted["DeliverySeconds"] < 5


def test_a_bell_that_rings_twice_delivers_once() -> None:
    """It is only a bell."""
    around = waiting_at()

    rung(around, CONTACT)
    rung(around, CONTACT, CONTACT)

    assert around.target.calls == [("send", 1)]
    assert around.counted["VoicemailDelivered"] == 1


def test_what_has_to_wait_is_rung_for_when_it_is_due() -> None:
    """An invocation that waits is paid for; a message that waits is not."""
    around = waiting_at(NotYet("not applied yet", after_seconds=60))

    assert rung(around, CONTACT) == failed()

    ((voicemail_id, delay),) = around.bell.rung
    assert voicemail_id == CONTACT
    assert 55 < delay <= 60


def test_what_has_to_wait_longer_than_a_message_can_is_left_to_the_sweep() -> None:
    """SQS delays by fifteen minutes at most."""
    around = waiting_at(NotYet("not applied yet", after_seconds=901))

    rung(around, CONTACT)

    assert around.bell.rung == []
    assert around.run().state is RunState.WAITING


def test_bells_do_not_multiply() -> None:
    """Whoever finds nothing to do does not ring: who made it wait has done so."""
    around = waiting_at(NotYet("not applied yet", after_seconds=60))

    rung(around, CONTACT)
    rung(around, CONTACT)
    rung(around, CONTACT)

    assert len(around.bell.rung) == 1


def test_a_voicemail_that_needs_a_human_is_done_with_here() -> None:
    """It is counted; ringing again would change nothing."""
    around = waiting_at(Rejected("a field is missing"))

    assert rung(around, CONTACT) == failed()
    rung(around, CONTACT)

    assert around.run().state is RunState.PARKED
    assert around.bell.rung == []
    assert around.counted == {"VoicemailParked": 1}


def test_an_outage_of_salesforce_is_not_a_failed_message() -> None:
    """The journal knows when to try again: nothing ends among the dead letters for it."""
    around = waiting_at(Unavailable("no answer"), retry_base_seconds=30.0)

    assert rung(around, CONTACT) == failed()

    assert around.run().tries == 1
    assert len(around.bell.rung) == 1


def test_a_bell_for_an_unknown_voicemail_is_reported_and_done_with() -> None:
    """Ringing on would not make it known; the others are delivered."""
    around = waiting_at()

    assert rung(around, OTHER_CONTACT, CONTACT) == failed()

    assert around.run().state is RunState.DELIVERED
    assert around.counted["DoorbellUnknown"] == 1


def test_a_voicemail_that_was_suppressed_is_known() -> None:
    """It has no run, and that is how it should be."""
    around = Lambda()
    around.pipeline.accept(a_voicemail(id=CONTACT), deliver=False)

    assert rung(around, CONTACT) == failed()
    assert around.counted == {}


def test_a_message_that_is_no_bell_ends_among_the_dead_letters() -> None:
    """It is not one of ours."""
    around = waiting_at()
    event = messages_of("no JSON", {"voicemailId": ""}, {"voicemailId": CONTACT})

    answer = deliver.answer(event, around.parts, around.metrics, seconds_left=around.seconds_left)

    assert answer == failed("message-0", "message-1")
    assert around.run().state is RunState.DELIVERED


def test_a_voicemail_counts_as_delivered_when_a_rep_can_see_it() -> None:
    """Its transcript may still be missing, and is added later without a second count."""
    around = Lambda(
        transcriber=FakeTranscriber(NotYet("in progress", after_seconds=20), a_transcript()),
        policy=Policy(transcript_wait_seconds=0.0),
    )
    around.pipeline.accept(a_voicemail(id=CONTACT))

    rung(around, CONTACT)
    first = around.counted
    around.journal.wake(CONTACT, now=ago(0))
    rung(around, CONTACT)

    assert (first["VoicemailDelivered"], first["TranscriptsMissing"]) == (1, 1)
    assert around.run().state is RunState.DELIVERED
    assert around.target.calls[-1][0] == "add_transcript"
    assert around.counted["VoicemailDelivered"] == 1


def test_a_worker_that_died_is_not_judged_by_its_name() -> None:
    """Sandboxes are copies of each other: only an expired lease says that one is gone."""
    around = waiting_at()
    taken = around.journal.claim(owner="lambda/other", now=ago(0), lease_seconds=120, probe_seconds=60)
    assert taken is not None

    rung(around, CONTACT)
    before = around.run().owner
    around.parts.connector.pipeline.now = lambda: ago(-130)
    rung(around, CONTACT)

    assert before == "lambda/other"
    assert around.run().state is RunState.DELIVERED
    assert around.run().accepted_at < ago(0) + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("claims", "now", "counted"),
    [
        ([(1, False)], (1, True), 1),
        ([(1, False)], (2, True), 0),
        ([(1, False), (2, False)], (2, True), 1),
        ([(1, False), (2, True)], (2, True), 1),
        ([(1, False), (3, True)], (3, True), 0),
        ([], (4, True), 0),
    ],
)
def test_of_several_invocations_the_one_that_delivers_counts(
    claims: list[tuple[int, bool]], now: tuple[int, bool], counted: int
) -> None:
    """Readings are fencing tokens, and whether the voicemail had arrived: a token in between was somebody else's."""
    around = waiting_at()
    run = around.journal.runs(voicemail_id=CONTACT)[0]

    def reading(token: int, arrived: bool) -> Run:
        return replace(run, token=token, state=RunState.DELIVERED if arrived else RunState.RUNNING)

    deliver._count([reading(*one) for one in [*claims, now]], around.parts, around.metrics)

    assert around.counted.get("VoicemailDelivered", 0) == counted
