"""What every journal promises, whatever it is made of."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from scv_voicemail.errors import LeaseLost
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.ports import Journal, Run, RunState

from tests.builders import NOON, a_transcript, a_voicemail

OpenJournal = Callable[[], Journal]


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """One journal of each kind in turn."""
    if request.param == "memory":
        yield MemoryJournal()
    else:
        opened = SqliteJournal(tmp_path / "state" / "journal.db")
        yield opened
        opened.close()


def claim(journal: Journal, *, owner: str = "a", seconds: float = 0, **more: Any) -> Run | None:
    """Claim at NOON plus `seconds`."""
    now = NOON + timedelta(seconds=seconds)
    return journal.claim(**{"owner": owner, "now": now, "lease_seconds": 60, "probe_seconds": 30} | more)


def held(journal: Journal, **more: Any) -> Run:
    """A claim that must succeed."""
    run = claim(journal, **more)
    assert run is not None
    return run


def accept(journal: Journal, *, targets: tuple[str, ...] = ("voice_call",), **changes: Any) -> bool:
    return journal.accept(a_voicemail(**changes), targets=targets, now=NOON)


def test_a_voicemail_is_accepted_once(journal: Journal) -> None:
    """The second copy changes nothing, even when its data differ."""
    first = accept(journal, id="one")
    second = accept(journal, id="one", caller="+14155550199")

    assert (first, second) == (True, False)
    assert journal.voicemail("one") == a_voicemail(id="one")
    assert len(journal.runs()) == 1


def test_a_voicemail_comes_back_as_it_was_written(journal: Journal) -> None:
    """Transcript, times and attributes survive the journal to the letter."""
    voicemail = a_voicemail(transcript=a_transcript(), attributes=(("Department__c", "Sales"),), targets=("x",))

    journal.accept(voicemail, targets=["x"], now=NOON)

    assert journal.voicemail(voicemail.id) == voicemail


def test_a_leased_run_is_nobody_elses_until_the_lease_ends(journal: Journal) -> None:
    """A second worker gets nothing at once, and the run when the lease is over."""
    accept(journal)
    first = held(journal, owner="a")

    during = claim(journal, owner="b", seconds=59)
    after = held(journal, owner="b", seconds=60)

    assert during is None
    assert (after.owner, after.crashes) == ("b", 1)
    assert after.token > first.token


def test_a_dead_owners_lease_need_not_be_waited_for(journal: Journal) -> None:
    """A worker that is known to be gone loses its lease at once."""
    accept(journal)
    held(journal, owner="dead")

    run = claim(journal, owner="b", is_gone=lambda owner: owner == "dead")

    assert run is not None
    assert run.attempt == 2


@pytest.mark.parametrize("change", ["receive", "postpone", "redo", "finish", "park"])
def test_a_worker_that_lost_its_lease_cannot_write(journal: Journal, change: str) -> None:
    """The fencing token stops every kind of late write."""
    accept(journal)
    late = held(journal, owner="slow")
    current = held(journal, owner="b", seconds=61)
    writes: dict[str, Callable[[], object]] = {
        "receive": lambda: journal.receive(late, "open", {}, now=NOON, lease_seconds=60),
        "postpone": lambda: journal.postpone(late, step="open", why="", due=NOON, now=NOON, failed=True, reached=False),
        "redo": lambda: journal.redo(late, step="open", why="", now=NOON),
        "finish": lambda: journal.finish(late, now=NOON),
        "park": lambda: journal.park(late, step="open", why="", now=NOON, reached=True),
    }

    with pytest.raises(LeaseLost):
        writes[change]()

    assert journal.runs() == [current]


def test_a_receipt_is_kept_and_starts_the_next_step_at_its_first_attempt(journal: Journal) -> None:
    """After a crash the step that was under way is known to have been begun before, the finished one stays finished."""
    accept(journal)
    run = held(journal)
    run = journal.receive(run, "open", {"voiceCallId": "0LQ"}, now=NOON, lease_seconds=60)
    assert run.attempt == 1

    again = held(journal, owner="b", seconds=61)

    assert again.receipts == {"open": {"voiceCallId": "0LQ"}}
    assert again.attempt == 2


def test_a_postponed_run_waits_for_its_time(journal: Journal) -> None:
    """Nobody gets it before it is due, and the reason is kept."""
    accept(journal)
    due = NOON + timedelta(seconds=10)
    journal.postpone(held(journal), step="open", why="busy", due=due, now=NOON, failed=True, reached=False)

    early, when = claim(journal, seconds=9.9), journal.next_due()
    late = held(journal, seconds=10)

    assert early is None
    assert when == due
    assert (late.tries, late.last_error) == (1, "busy")


def test_waiting_for_the_other_side_is_no_failed_try(journal: Journal) -> None:
    """Only failures count as tries."""
    accept(journal)

    journal.postpone(held(journal), step="confirm", why="not yet", due=NOON, now=NOON, failed=False, reached=True)

    assert held(journal).tries == 0


def test_redo_tears_up_one_receipt_only(journal: Journal) -> None:
    """The step runs again and knows that it ran before; the others stay done."""
    accept(journal)
    run = held(journal)
    for step in ("open", "route", "finalize"):
        run = journal.receive(run, step, {"did": step}, now=NOON, lease_seconds=60)

    journal.redo(run, step="route", why="not in any queue", now=NOON)
    again = held(journal)

    assert set(again.receipts) == {"open", "finalize"}
    assert (again.redone, again.attempt) == (1, 2)


def test_finished_runs_are_never_claimed_again(journal: Journal) -> None:
    """Delivered is the end, and `retry` leaves it alone."""
    accept(journal)
    journal.finish(held(journal), now=NOON)

    retried = journal.retry(a_voicemail().id, now=NOON)

    assert retried == 0
    assert claim(journal, seconds=1e6) is None
    assert journal.counts()[RunState.DELIVERED] == 1
    assert journal.next_due() is None


def test_a_parked_run_waits_for_a_human(journal: Journal) -> None:
    """`retry` puts it back at the step that failed, with its receipts and with new patience."""
    accept(journal)
    run = journal.receive(held(journal), "open", {}, now=NOON, lease_seconds=60)
    journal.park(run, step="mark", why="no permission", now=NOON, reached=True)
    assert claim(journal, seconds=1e6) is None
    later = NOON + timedelta(hours=100)

    journal.retry(run.voicemail_id, now=later)
    again = held(journal, now=later)

    assert set(again.receipts) == {"open"}
    assert (again.tries, again.patient_since) == (0, later)
    assert again.attempt == 2


def test_targets_of_one_voicemail_are_runs_of_their_own(journal: Journal) -> None:
    """One target parked does not keep the other from being delivered."""
    accept(journal, targets=("voice_call", "case"))
    first = held(journal)
    journal.park(first, step="open", why="no", now=NOON, reached=True)

    second = held(journal)
    journal.finish(second, now=NOON)

    assert {first.target, second.target} == {"voice_call", "case"}
    assert journal.counts() | {} == {
        RunState.WAITING: 0,
        RunState.RUNNING: 0,
        RunState.DELIVERED: 1,
        RunState.PARKED: 1,
    }


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


def test_the_first_transcript_stays(journal: Journal) -> None:
    """Two transcribers racing give one transcript."""
    accept(journal)
    first, second = a_transcript(), a_transcript(language="de-DE")

    journal.keep_transcript(a_voicemail().id, first)
    journal.keep_transcript(a_voicemail().id, second)

    known = journal.voicemail(a_voicemail().id)
    assert known is not None
    assert known.transcript == first


def test_the_history_tells_every_change(journal: Journal) -> None:
    """`explain` can tell the story from the journal alone, in order."""
    accept(journal)
    run = journal.receive(held(journal), "open", {"voiceCallId": "0LQ1"}, now=NOON, lease_seconds=60)
    journal.postpone(run, step="mark", why="HTTP 503", due=NOON, now=NOON, failed=True, reached=False)
    journal.park(held(journal), step="mark", why="no permission", now=NOON, reached=True)
    journal.retry(run.voicemail_id, now=NOON)

    told = [(event.kind, event.step, event.detail) for event in journal.events(run.voicemail_id)]

    assert told == [
        ("accepted", "", ""),
        ("done", "open", "voiceCallId 0LQ1"),
        ("failed", "mark", "HTTP 503"),
        ("parked", "mark", "no permission"),
        ("retried", "", ""),
    ]


def test_many_workers_at_once_get_every_run_exactly_once(journal: Journal) -> None:
    """Eight threads claiming as fast as they can never hold the same run."""
    for number in range(40):
        accept(journal, id=f"vm-{number}")
    got: list[str] = []

    def work(owner: str) -> None:
        while (run := claim(journal, owner=owner)) is not None:
            got.append(run.voicemail_id)
            journal.finish(run, now=NOON)

    threads = [threading.Thread(target=work, args=(f"worker-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == sorted(f"vm-{number}" for number in range(40))


def test_the_sqlite_file_is_its_owners_only(tmp_path: Path) -> None:
    """The journal and its side files hold personal data: mode 0600, also when the file was there before."""
    path = tmp_path / "journal.db"
    path.touch(mode=0o644)

    journal = SqliteJournal(path)
    accept(journal)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    journal.close()
    assert set(modes.values()) == {0o600}, modes


def test_two_processes_share_one_sqlite_file(tmp_path: Path) -> None:
    """What one connection accepts another claims, and the leases hold between them."""
    one, two = SqliteJournal(tmp_path / "journal.db"), SqliteJournal(tmp_path / "journal.db")
    accept(one)

    run = held(two)

    assert claim(one, owner="b") is None
    two.finish(run, now=NOON)
    assert one.counts()[RunState.DELIVERED] == 1
    one.close()
    two.close()


def test_receipts_are_plain_json_in_the_file(tmp_path: Path) -> None:
    """An engineer can read the journal with the sqlite3 shell."""
    journal = SqliteJournal(tmp_path / "journal.db")
    accept(journal)
    journal.receive(held(journal), "open", {"voiceCallId": "0LQ"}, now=NOON, lease_seconds=60)
    journal.close()

    with sqlite3.connect(tmp_path / "journal.db") as db:
        (text,) = db.execute("SELECT receipts FROM runs").fetchone()
    db.close()

    assert json.loads(text) == {"open": {"voiceCallId": "0LQ"}}


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
