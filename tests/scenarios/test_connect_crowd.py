"""Callers who come at once, who wait in a queue, whom a rep answers: nobody gets what another has said."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

pytest.importorskip("moto", reason="the local AWS is built on moto, which is not installed")

from scv_emulator.connect.caller import Hear, Press, Say, Step, Wait

from tests.scenarios.connect_bench import IVR, KVS, ConnectBench
from tests.scenarios.left_messages import FULL, hung_up, sent, speech
from tests.scenarios.simulation import held

AT_ONCE = 200 if FULL else 50
WORDS = speech("somebody who waits")


@pytest.fixture
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectBench]:
    """The journal is a file."""
    journal = tmp_path_factory.mktemp("journal") / "journal.db"
    with ConnectBench(settings={"JOURNAL": str(journal)}) as running:
        yield running


def test_many_calls_at_once_are_not_mixed_up(bench: ConnectBench) -> None:
    """All begin at the same moment; whatever follows comes twice, late and in any order, to two functions at a time."""
    draw = random.Random(4)
    bench.aws.connect.streams.reuse = False
    for hop in ("recording", "contact-record", "event:*", "queue:*"):
        bench.aws.disturb(hop, "duplicate", times=None, probability=0.1)
        bench.aws.disturb(hop, "reorder", times=None, probability=0.2)
        bench.aws.disturb(hop, "delay", times=None, probability=0.1, seconds=40.0)
    began_at = bench.clock.now()
    for _ in range(AT_ONCE):
        contact = bench.caller()
        contact.began_at = began_at
        bench.message(draw.choice((sent, hung_up)), contact=contact, module=draw.choice((IVR, KVS)), seconds=1.1)

    bench.aws.settle(timeout_seconds=120, concurrency=2)

    count = bench.count()
    assert (count.callers, count.lost, count.doubled, count.mixed) == (AT_ONCE, 0, 0, 0)
    assert count.wrong == ()
    assert bench.all_kept() == set(bench.left)
    assert bench.dead_letters() == []


def test_calls_that_follow_each_other_on_one_stream_are_not_mixed_up(bench: ConnectBench) -> None:
    """Connect gives a stream to the next call when one is over; between two messages somebody says nothing."""
    for seconds in (1.2, 2.4):
        bench.message(hung_up, module=KVS, seconds=seconds)
        bench.call([Hear("beep"), Wait(3)], module=KVS)
    bench.aws.settle()

    assert len(bench.aws.connect.streams.all()) == 1
    assert bench.count().wrong == ()


def test_a_message_that_a_rep_interrupts_is_no_voicemail(bench: ConnectBench) -> None:
    """The caller talks to the rep instead: nothing is routed a second time, nothing is kept."""
    offered: list[Step] = [Hear("without being asked again"), Press("1"), Hear("beep"), Say(WORDS), Wait(60)]
    contacts = [bench.caller() for _ in range(3)]

    for contact, talks_at in zip(contacts, (1.0, 1.9, 5.0), strict=True):
        contact.queue_arn = contact.queue_name = ""
        alone = bench.call(offered[:3], contact=bench.caller(), entry="inbound_sample", caller_waits_seconds=200)
        beep = next(one.at_seconds for one in alone.timeline if one.detail == "beep")
        report = bench.call(offered, contact=contact, entry="inbound_sample", rep_answers_at=beep + talks_at)
        assert "rep connected" in [one.kind for one in report.timeline]
    bench.aws.settle()

    assert [one.attributes["vm_flag"] for one in contacts] == ["0"] * 3
    assert [bench.runs(one.contact_id) for one in contacts] == [[]] * 3
    assert bench.all_kept().isdisjoint(one.contact_id for one in contacts)


def test_a_caller_who_takes_the_offer_in_the_queue_leaves_a_voicemail(bench: ConnectBench) -> None:
    """Salesforce is told to stop looking for a rep, and routes the voicemail once."""
    contact = bench.caller()
    offered: list[Step] = [Hear("without being asked again"), Press("1"), *sent(WORDS)]

    report = bench.call(offered, contact=contact, entry="inbound_sample")
    bench.expect(contact, WORDS)
    bench.aws.settle()

    assert report.heard()[-1] == "Thank you. Your message is on its way to us."
    assert bench.count().wrong == ()
    assert held(bench.org.state(), contact.contact_id).calls[0]["CallOrigin"] == "Voicemail"
