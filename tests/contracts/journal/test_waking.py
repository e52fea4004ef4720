"""Something that a voicemail waits for has happened: its runs are due at once, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from scv_voicemail.ports import Journal, Run

from tests.builders import NOON, a_voicemail
from tests.contracts.journal.claims import accept, claim, held

KEY = a_voicemail().id
LATER = NOON + timedelta(minutes=10)
SOON = NOON + timedelta(seconds=30)


def wait(journal: Journal, run: Run, *, failed: bool = False) -> None:
    """Give the run back until LATER, as `listen` does."""
    journal.postpone(run, step="listen", why="not yet", due=LATER, now=NOON, failed=failed, reached=False)


def test_a_waiting_run_is_due_now_and_keeps_its_counters(journal: Journal) -> None:
    """Attempts, tries, crashes, patience and the reason of the wait stay as they are."""
    accept(journal)
    wait(journal, held(journal), failed=True)
    (before,) = journal.runs(voicemail_id=KEY)

    woken = journal.wake(KEY, now=SOON)

    assert woken == 1
    assert journal.runs(voicemail_id=KEY) == [replace(before, due=SOON)]
    assert journal.next_due() == SOON
    assert held(journal, seconds=30).attempt == 2


def test_the_same_event_twice_wakes_once(journal: Journal) -> None:
    """Events come twice; a run that is due already has nothing to gain."""
    accept(journal)
    wait(journal, held(journal))

    told = [journal.wake(KEY, now=SOON), journal.wake(KEY, now=SOON), journal.wake(KEY, now=LATER)]

    assert told == [1, 0, 0]
    assert journal.next_due() == SOON


def test_only_what_waits_is_woken(journal: Journal) -> None:
    """Not the run of a worker, not the one that needs a human, not what is delivered."""
    accept(journal, targets=("running", "parked", "delivered", "waiting"))
    for _ in range(4):
        run = held(journal)
        if run.target == "parked":
            journal.park(run, step="open", why="no", now=NOON, reached=True)
        elif run.target == "delivered":
            journal.finish(run, now=NOON)
        elif run.target == "waiting":
            wait(journal, run)
    before = {run.target: run for run in journal.runs()}

    woken = journal.wake(KEY, now=SOON)

    after = {run.target: run for run in journal.runs()}
    assert woken == 1
    assert after == before | {"waiting": replace(before["waiting"], due=SOON)}


def test_the_worker_that_holds_a_run_can_still_write_after_a_wake(journal: Journal) -> None:
    """The event comes while the run is worked on: the lease stays good, and the run waits for its next look."""
    accept(journal)
    run = held(journal)

    woken = journal.wake(KEY, now=SOON)
    wait(journal, run)

    assert woken == 0
    assert journal.next_due() == LATER


def test_other_voicemails_sleep_on(journal: Journal) -> None:
    """An id that nobody knows wakes nobody."""
    for key in ("one", "two"):
        accept(journal, id=key)
        wait(journal, held(journal, voicemail_id=key))

    woken = [journal.wake("one", now=SOON), journal.wake("three", now=SOON)]

    assert woken == [1, 0]
    assert journal.next_due(voicemail_id="two") == LATER


def test_a_run_is_woken_behind_an_open_gate_and_stays_there(journal: Journal) -> None:
    """The target is down all the same."""
    accept(journal)
    wait(journal, held(journal))
    journal.trip("voice_call", now=NOON, threshold=1, open_seconds=300)

    woken = journal.wake(KEY, now=SOON)

    assert woken == 1
    assert claim(journal, seconds=31) is None
    assert claim(journal, seconds=300) is not None


@pytest.mark.parametrize("failed", [False, True])
def test_a_probe_that_did_not_ask_the_target_is_given_back(journal: Journal, failed: bool) -> None:
    """Behind an open gate a run waits for its transcript: the next run may probe at once. A failed try is a probe."""
    for number in range(2):
        accept(journal, id=f"vm-{number}")
    journal.trip("voice_call", now=NOON, threshold=1, open_seconds=10)
    probe = held(journal, seconds=10)

    wait(journal, probe, failed=failed)
    second = claim(journal, seconds=11)

    assert (second is None) is failed
    assert [gate.failures for gate in journal.gates()] == [1]
