"""The circuit breaker of a target: one for all workers of a journal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scv_voicemail.ports import Journal

from tests.builders import NOON, a_voicemail
from tests.contracts.journal.claims import accept, claim, held


def test_an_open_gate_lets_one_probe_through_per_interval(journal: Journal) -> None:
    """While a target is down its runs wait, whoever asks; then one at a time may try."""
    for number in range(5):
        accept(journal, id=f"vm-{number}")
    journal.trip("voice_call", now=NOON, threshold=2, open_seconds=30)
    below = claim(journal)
    assert below is not None
    journal.trip("voice_call", now=NOON, threshold=2, open_seconds=30)

    during = claim(journal, seconds=29)
    probe = claim(journal, seconds=30)
    second = claim(journal, seconds=31)
    next_probe = claim(journal, seconds=60)

    assert during is None
    assert probe is not None
    assert second is None
    assert next_probe is not None


def test_an_answer_closes_the_gate(journal: Journal) -> None:
    """One receipt from the target and everybody may go; a step of our own proves nothing."""
    for number in range(3):
        accept(journal, id=f"vm-{number}")
    run = held(journal)
    journal.trip("voice_call", now=NOON, threshold=1, open_seconds=30)
    run = journal.receive(run, "listen", {}, now=NOON, lease_seconds=60, reached=False)
    assert claim(journal) is None

    journal.receive(run, "open", {}, now=NOON, lease_seconds=60)

    assert journal.gates() == []
    assert claim(journal) is not None


@pytest.mark.parametrize("change", ["postpone", "redo"])
def test_not_yet_is_an_answer_too(journal: Journal, change: str) -> None:
    """A probe that finds the target alive, only not ready, lets everybody go; otherwise all wait for the next probe."""
    for number in range(3):
        accept(journal, id=f"vm-{number}")
    journal.trip("voice_call", now=NOON, threshold=1, open_seconds=1)
    probe = held(journal, seconds=1)
    answered = {
        "postpone": lambda: journal.postpone(
            probe, step="confirm", why="", due=NOON, now=NOON, failed=False, reached=True
        ),
        "redo": lambda: journal.redo(probe, step="mark", why="", now=NOON),
    }

    answered[change]()

    assert journal.gates() == []
    assert claim(journal, seconds=1) is not None


def test_behind_an_open_gate_the_next_thing_to_do_is_the_probe(journal: Journal) -> None:
    """A gate delays the runs of its own target only, and a run that is due later still waits for its time."""
    later = NOON + timedelta(seconds=90)
    accept(journal, id="due", targets=("down",))
    accept(journal, id="later", targets=("down",))
    run = held(journal, voicemail_id="later")
    journal.postpone(run, step="open", why="down", due=later, now=NOON, failed=True, reached=False)
    journal.trip("down", now=NOON, threshold=1, open_seconds=30)
    journal.trip("idle", now=NOON, threshold=1, open_seconds=10)
    behind_the_gate = journal.next_due()

    accept(journal, id="elsewhere", targets=("up",))

    assert behind_the_gate == NOON + timedelta(seconds=30)
    assert journal.next_due(voicemail_id="later") == later
    assert journal.next_due(voicemail_id="elsewhere") == NOON
    assert journal.next_due() == NOON


def test_a_gate_without_runs_gives_nothing_to_do(journal: Journal) -> None:
    """Nobody wakes up to probe a target that no voicemail is waiting for."""
    journal.trip("down", now=NOON, threshold=1, open_seconds=30)

    accept(journal, targets=("up",))
    journal.finish(held(journal), now=NOON)

    assert journal.next_due() is None


def test_a_humans_retry_probes_at_once(journal: Journal) -> None:
    """Who says `retry` does not wait for the probe's interval."""
    accept(journal)
    journal.postpone(
        held(journal), step="open", why="down", due=NOON + timedelta(hours=1), now=NOON, failed=True, reached=False
    )
    journal.trip("voice_call", now=NOON, threshold=1, open_seconds=3600)

    journal.retry(a_voicemail().id, now=NOON)

    assert claim(journal) is not None


def test_a_probe_that_fails_opens_the_gate_for_as_long_as_it_was_told(journal: Journal) -> None:
    """The other side's word counts, not the interval that was set aside for the probe."""
    accept(journal)
    journal.trip("voice_call", now=NOON, threshold=1, open_seconds=10)
    probe = held(journal, seconds=10, probe_seconds=600)
    now = NOON + timedelta(seconds=10)
    journal.postpone(probe, step="open", why="429", due=now, now=now, failed=True, reached=False)

    gate = journal.trip("voice_call", now=now, threshold=1, open_seconds=3)

    assert gate.next_probe == now + timedelta(seconds=3)
    assert claim(journal, seconds=12.9) is None
    assert claim(journal, seconds=13) is not None


def test_a_refusal_of_one_voicemail_closes_the_gate_for_all(journal: Journal) -> None:
    """A target that parks a voicemail with an answer is up."""
    for number in range(2):
        accept(journal, id=f"vm-{number}")
    journal.trip("voice_call", now=NOON, threshold=1, open_seconds=10)

    journal.park(held(journal, seconds=10), step="open", why="HTTP 400", now=NOON, reached=True)

    assert journal.gates() == []
    assert claim(journal, seconds=10) is not None


def test_nothing_is_due_before_the_gate_lets_it_through(journal: Journal) -> None:
    """A worker that asks when to look again is not told a time at which it would get nothing."""
    for number in range(2):
        accept(journal, id=f"vm-{number}")
    held(journal, lease_seconds=5)

    journal.trip("voice_call", now=NOON, threshold=1, open_seconds=90)

    assert journal.next_due() == NOON + timedelta(seconds=90)
