"""What every journal promises, whatever it is made of."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from scv_voicemail.errors import LeaseLost
from scv_voicemail.ports import Journal, RunState
from scv_voicemail.voicemail import Segment, Transcript, Word

from tests.builders import NOON, a_transcript, a_voicemail
from tests.contracts.journal.claims import accept, claim, held


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

    assert again.receipts["open"] == {"voiceCallId": "0LQ"}
    assert again.attempt == 2


@pytest.mark.covers("clock-1")
def test_a_step_that_began_in_the_future_has_begun_now(journal: Journal) -> None:
    """A clock was an hour ahead and is right again: otherwise a wait of seconds asks the other side for an hour."""
    accept(journal)
    ahead = held(journal)
    begun = journal.receive(ahead, "open", {}, now=NOON + timedelta(hours=1), lease_seconds=60)
    soon = NOON + timedelta(seconds=5)
    journal.postpone(begun, step="mark", why="not yet", due=soon, now=soon, failed=False, reached=True)

    again = held(journal, seconds=5)

    assert again.step_since == soon


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


@pytest.mark.covers("retry-1")
def test_redo_can_tear_up_all_later_receipts_too(journal: Journal) -> None:
    """What the first step made is gone, and with it what the others did to it; what came before stays."""
    accept(journal)
    run = held(journal)
    for step in ("listen", "open", "mark", "route"):
        run = journal.receive(run, step, {"did": step}, now=NOON, lease_seconds=60)

    journal.redo(run, step="open", why="the VoiceCall is gone", now=NOON, and_later=True)
    again = held(journal)

    assert set(again.receipts) == {"listen"}
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


def test_single_words_survive_the_journal(journal: Journal) -> None:
    """With times and confidence, and also those that an older version did not write."""
    words = (Word(text="Hello,", start_ms=0, end_ms=400, confidence=0.5), Word(text="Ada.", start_ms=400, end_ms=900))
    transcript = Transcript(segments=(Segment(text="Hello, Ada.", start_ms=0, end_ms=900, words=words),))
    accept(journal)

    journal.keep_transcript(a_voicemail().id, transcript)

    known = journal.voicemail(a_voicemail().id)
    assert known is not None
    assert known.transcript == transcript


@pytest.mark.covers("clock-1")
def test_waits_of_a_clock_that_was_ahead_end_when_it_is_mended(journal: Journal) -> None:
    """A day ahead for a moment: what waits, what is leased and what is held back goes on; ordinary waits stay."""
    ahead, longest = NOON + timedelta(days=1), timedelta(hours=2)
    for name in ("waiting", "leased", "ordinary"):
        accept(journal, id=name)
    for name in ("waiting", "ordinary"):
        run = held(journal, voicemail_id=name)
        due = ahead if name == "waiting" else NOON + timedelta(hours=1)
        journal.postpone(run, step="open", why="later", due=due, now=NOON, failed=False, reached=True)
    held(journal, voicemail_id="leased", now=ahead)
    journal.trip("voice_call", now=ahead, threshold=1, open_seconds=60)
    frozen = claim(journal, seconds=60)

    mended = journal.mend_times(now=NOON, longest=longest)

    assert frozen is None
    assert mended == 2
    assert {held(journal, seconds=seconds).voicemail_id for seconds in (60, 95)} == {"waiting", "leased"}
    assert claim(journal, seconds=130, voicemail_id="ordinary") is None
    assert journal.mend_times(now=NOON + timedelta(seconds=130), longest=longest) == 0


@pytest.mark.covers("poison-10")
@pytest.mark.parametrize("receipt", [{"said": "y" * 500_000}, {"ids": ["x" * 100] * 5_000}, {"warning": "w" * 600_000}])
def test_a_receipt_that_is_too_large_is_cut_and_holds_nothing_up(journal: Journal, receipt: dict[str, Any]) -> None:
    """A target of one's own may put anything into it; the voicemail is delivered, and a warning says what was done."""
    accept(journal)

    run = journal.receive(held(journal), "open", receipt, now=NOON, lease_seconds=60)
    journal.finish(run, now=NOON)

    (kept,) = journal.runs()
    assert kept.state is RunState.DELIVERED
    assert "receipt" in kept.warnings[0]
    assert len(str(kept.receipts)) < 160_000
