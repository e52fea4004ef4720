"""SweepFunction: rings for what nobody rang for, and measures."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from scv_voicemail.ports import Gate, Run, RunState
from scv_voicemail_lambdas import sweep

from tests.builders import NOON, FakeClock, a_voicemail
from tests.lambdas.bench import CONTACT, OTHER_CONTACT, Lambda


def swept(around: Lambda) -> int:
    answer = sweep.answer({}, around.parts, around.metrics, seconds_left=around.seconds_left)
    return answer["rung"]


def a_run(voicemail_id: str = CONTACT, *, due: float = -60, target: str = "fake", **changes: Any) -> Run:
    at = NOON + timedelta(seconds=due)
    run = Run(
        voicemail_id=voicemail_id, target=target, state=RunState.WAITING, accepted_at=at, due=at, patient_since=at
    )
    return replace(run, **changes)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_bell_that_was_lost_is_made_up_for() -> None:
    """After half a minute, in which the bell is probably only on its way."""
    clock = FakeClock()
    around = Lambda(now=clock)
    around.pipeline.accept(a_voicemail(id=CONTACT))
    clock.advance(29)
    early = swept(around)
    clock.advance(2)

    assert (early, swept(around)) == (0, 1)
    assert around.bell.rung == [(CONTACT, 0)]


def test_a_worker_that_was_killed_is_made_up_for_when_its_lease_is_over() -> None:
    """Nobody else would ring for its voicemail."""
    clock = FakeClock()
    around = Lambda(now=clock)
    around.pipeline.accept(a_voicemail(id=CONTACT))
    around.journal.claim(owner="dead", now=clock(), lease_seconds=120, probe_seconds=60)
    clock.advance(140)
    before = swept(around)
    clock.advance(20)

    assert (before, swept(around)) == (0, 1)


def test_it_rings_for_the_longest_due_first_and_for_so_many_at_most() -> None:
    """The end of an outage must not become the beginning of the next."""
    runs = [a_run(f"call-{number}", due=-1000 + number) for number in reversed(range(sweep.MOST_RINGS + 5))]

    chosen = sweep.voicemails_due(runs, {}, now=NOON)

    assert chosen == [f"call-{number}" for number in range(sweep.MOST_RINGS)]


def test_a_voicemail_with_several_targets_is_rung_for_once() -> None:
    """One bell starts them all."""
    runs = [a_run(target="voice_call"), a_run(target="case")]

    assert sweep.voicemails_due(runs, {}, now=NOON) == [CONTACT]


@pytest.mark.parametrize(
    ("gate", "rung"),
    [
        (Gate(target="fake", open_until=after(10)), 0),
        (Gate(target="fake", open_until=after(-10), probe_until=after(5)), 0),
        (Gate(target="fake", open_until=after(-10)), 1),
    ],
    ids=["open", "being probed", "to be probed"],
)
def test_a_target_that_does_not_answer_gets_a_probe_and_no_more(gate: Gate, rung: int) -> None:
    """Thousands of bells would only find the gate closed; another target's voicemails go on."""
    runs = [*(a_run(f"call-{number}") for number in range(9)), a_run("other", target="case")]

    chosen = sweep.voicemails_due(runs, {"fake": gate}, now=NOON)

    assert len(chosen) == rung + 1
    assert "other" in chosen


def test_it_measures_how_long_the_oldest_caller_has_been_waiting() -> None:
    """What is parked is counted by itself: a human knows of it."""
    clock = FakeClock()
    around = Lambda(now=clock)
    for number, voicemail_id in enumerate(("parked", CONTACT, OTHER_CONTACT)):
        around.pipeline.accept(a_voicemail(id=voicemail_id))
        clock.advance(100 - number)
    parked = around.journal.claim(owner="x", now=clock(), lease_seconds=9, probe_seconds=9, voicemail_id="parked")
    assert parked is not None
    around.journal.park(parked, step="send", why="no", now=clock(), reached=True)
    around.journal.trip("fake", now=clock(), threshold=1, open_seconds=60)

    swept(around)

    assert around.counted["OldestUndeliveredSeconds"] == 99 + 98
    assert around.counted["OpenRuns"] == 2
    assert around.counted["ParkedRuns"] == 1
    assert around.counted["OpenGates"] == 1


def test_a_voicemail_that_only_waits_for_its_transcript_keeps_nobody_waiting() -> None:
    """A rep has it."""
    clock = FakeClock()
    around = Lambda(now=clock)
    around.pipeline.accept(a_voicemail(id=CONTACT))
    run = around.journal.claim(owner="x", now=clock(), lease_seconds=9, probe_seconds=9)
    assert run is not None
    run = around.journal.receive(run, "arrived", {}, now=clock(), lease_seconds=9)
    around.journal.postpone(run, step="listen_again", why="", due=after(9000), now=clock(), failed=False, reached=False)
    clock.advance(3600)

    swept(around)

    assert around.counted["OldestUndeliveredSeconds"] == 0
    assert around.counted["OpenRuns"] == 1


def test_when_all_is_well_the_gauges_say_so() -> None:
    """An alarm needs zeros to come to rest."""
    around = Lambda()

    assert swept(around) == 0
    assert set(around.counted.values()) == {0}
    assert set(around.counted) == {"OpenRuns", "ParkedRuns", "OpenGates", "OldestUndeliveredSeconds"}
