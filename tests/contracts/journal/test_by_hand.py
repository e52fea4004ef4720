"""What people do to runs: retry from a step, dismiss, add and change targets, correct a field. In every journal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from scv_voicemail.errors import BadVoicemail, LeaseLost, Unavailable
from scv_voicemail.ports import Journal, Run, RunState
from scv_voicemail.voicemail import Mailbox, MailboxKind

from tests.builders import NOON, a_voicemail
from tests.contracts.journal.claims import accept, claim, held

KEY = a_voicemail().id
LATER = NOON + timedelta(seconds=100)


def parked(journal: Journal, *, done: tuple[str, ...] = (), target: str = "voice_call") -> Run:
    """A run that has done these steps and needs a human."""
    accept(journal, targets=(target,))
    run = held(journal)
    for step in done:
        run = journal.receive(run, step, {"did": step}, now=NOON, lease_seconds=60)
    journal.park(run, step="next", why="HTTP 404", now=NOON, reached=True)
    return run


def only(journal: Journal) -> Run:
    (run,) = journal.runs(voicemail_id=KEY)
    return run


def test_the_lease_of_a_run_is_good_until_it_ends(journal: Journal) -> None:
    """Asked right before a write to the outside: the token is current, and there is time left."""
    accept(journal)
    run = held(journal)

    journal.ensure_held(run, now=NOON + timedelta(seconds=59))

    with pytest.raises(LeaseLost, match="expired"):
        journal.ensure_held(run, now=NOON + timedelta(seconds=60))


def test_a_run_that_was_taken_over_is_not_held(journal: Journal) -> None:
    """Whoever stood still beyond the lease hears of it before sending anything."""
    accept(journal)
    late = held(journal)
    current = held(journal, owner="b", seconds=61)

    with pytest.raises(LeaseLost, match="taken over"):
        journal.ensure_held(late, now=NOON)

    journal.ensure_held(current, now=NOON + timedelta(seconds=62))


def test_one_more_target_gets_its_run_once(journal: Journal) -> None:
    """A known voicemail goes to one more place; told again, nothing happens."""
    accept(journal)

    told = [journal.add_target(KEY, "case", now=LATER), journal.add_target(KEY, "case", now=LATER)]

    assert told == [True, False]
    assert {run.target: run.state for run in journal.runs(voicemail_id=KEY)} == {
        "voice_call": RunState.WAITING,
        "case": RunState.WAITING,
    }
    assert {held(journal, seconds=100).target, held(journal, seconds=100).target} == {"voice_call", "case"}


def test_an_unknown_voicemail_gets_no_target(journal: Journal) -> None:
    """There is nothing that could be delivered."""
    with pytest.raises(BadVoicemail, match="knows no voicemail"):
        journal.add_target("nobody", "case", now=NOON)

    assert journal.runs() == []


@pytest.mark.covers("retry-1")
def test_a_run_begins_again_from_an_earlier_step(journal: Journal) -> None:
    """What was done from there on is torn up, and each of those steps knows that it may have been sent before."""
    parked(journal, done=("listen", "open", "mark"))

    put_back = journal.retry(KEY, now=LATER, from_step="open")

    run = only(journal)
    assert put_back == 1
    assert (run.state, run.due, run.patient_since) == (RunState.WAITING, LATER, LATER)
    assert "listen" in run.receipts
    assert not {"open", "mark"} & set(run.receipts)
    assert run.begun_again == {"open", "mark"}
    assert held(journal, seconds=100).attempt == 2


def test_a_step_that_was_never_done_is_no_place_to_begin_again(journal: Journal) -> None:
    """The run stays as it is: the step that failed comes before the one that was named."""
    parked(journal, done=("listen",))
    before = only(journal)

    put_back = journal.retry(KEY, now=LATER, from_step="finalize")

    assert put_back == 0
    assert only(journal) == before


def test_begun_again_twice_remembers_every_step(journal: Journal) -> None:
    """A second retry from a later step forgets nothing of the first."""
    parked(journal, done=("open", "mark"))
    journal.retry(KEY, now=NOON, from_step="open")
    run = held(journal)
    for step in ("open", "mark", "route"):
        run = journal.receive(run, step, {}, now=NOON, lease_seconds=60)
    journal.park(run, step="verify", why="", now=NOON, reached=True)

    journal.retry(KEY, now=NOON, from_step="route")

    assert only(journal).begun_again == {"open", "mark", "route"}
    assert "mark" in only(journal).receipts


def test_a_parked_run_is_dismissed_with_its_reason(journal: Journal) -> None:
    """It stays parked, so that an older version knows its state, and says who needs it no more."""
    parked(journal)

    told = [journal.dismiss(KEY, why="called back by Ada", now=LATER), journal.dismiss(KEY, why="again", now=LATER)]

    assert told == [1, 0]
    assert only(journal).state is RunState.PARKED
    assert only(journal).dismissed
    assert only(journal).receipts["dismissed"]["why"] == "called back by Ada"
    assert [(event.kind, event.detail) for event in journal.events(KEY)][-1] == ("dismissed", "called back by Ada")


def test_only_parked_runs_are_dismissed(journal: Journal) -> None:
    """What is under way goes on."""
    accept(journal)

    assert journal.dismiss(KEY, why="no", now=NOON) == 0
    assert claim(journal) is not None


def test_a_dismissed_run_can_be_put_back(journal: Journal) -> None:
    """A human may change his mind; then it is a run like any other."""
    parked(journal, done=("open",))
    journal.dismiss(KEY, why="mistake", now=NOON)

    put_back = journal.retry(KEY, now=LATER)

    assert put_back == 1
    assert set(only(journal).receipts) == {"open"}
    assert not only(journal).dismissed


def test_a_run_for_an_unknown_target_becomes_one_for_a_known(journal: Journal) -> None:
    """A mistyped target costs nothing: the parked run is settled, and the voicemail goes where it was meant to go."""
    parked(journal, target="voicecall")

    told = [
        journal.change_target(KEY, old="voicecall", new="voice_call", now=LATER),
        journal.change_target(KEY, old="voicecall", new="voice_call", now=LATER),
    ]

    runs = {run.target: run for run in journal.runs(voicemail_id=KEY)}
    assert told == [True, False]
    assert runs["voicecall"].dismissed
    assert runs["voice_call"].state is RunState.WAITING
    assert held(journal, seconds=100).target == "voice_call"


@pytest.mark.parametrize("old", ["voice_call", "case"])
def test_only_a_parked_run_changes_its_target(journal: Journal, old: str) -> None:
    """Not one that is waiting, and not one that is not there."""
    accept(journal)

    assert journal.change_target(KEY, old=old, new="custom_object", now=NOON) is False
    assert [run.target for run in journal.runs(voicemail_id=KEY)] == ["voice_call"]


CHANGES = {
    "caller": "+14155550199",
    "dialed_number": "+18005550111",
    "mailbox": Mailbox(kind=MailboxKind.REP, name="ada@example.com"),
    "started_at": NOON - timedelta(hours=2),
    "priority": "High",
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_field_of_a_parked_voicemail_is_corrected(journal: Journal, name: str) -> None:
    """The next try reads what a human wrote, and the history says that somebody did."""
    parked(journal)

    amended = journal.amend(KEY, now=LATER, **{name: CHANGES[name]})

    assert amended == a_voicemail(**{name: CHANGES[name]})
    assert journal.voicemail(KEY) == amended
    assert [(event.kind, event.detail) for event in journal.events(KEY)][-1] == ("amended", name)
    assert only(journal).state is RunState.PARKED


def test_what_is_delivered_is_corrected_no_more(journal: Journal) -> None:
    """Salesforce has it; nothing changes here, and the error says where to."""
    accept(journal)
    journal.finish(held(journal), now=NOON)

    with pytest.raises(BadVoicemail, match="Salesforce"):
        journal.amend(KEY, now=LATER, caller="+14155550199")

    assert journal.voicemail(KEY) == a_voicemail()


def test_a_voicemail_is_not_corrected_under_a_workers_hands(journal: Journal) -> None:
    """Half of it would be delivered as it was; a dead worker's lease holds nobody up."""
    accept(journal)
    held(journal)

    with pytest.raises(Unavailable, match="right now"):
        journal.amend(KEY, now=NOON, caller="+14155550199")

    assert journal.amend(KEY, now=LATER, caller="+14155550199").caller == "+14155550199"


@pytest.mark.parametrize(
    ("key", "changes"), [("nobody", {"caller": "+14155550199"}), (KEY, {"id": "other"}), (KEY, {"recording": None})]
)
def test_what_cannot_be_corrected_is_refused(journal: Journal, key: str, changes: dict[str, Any]) -> None:
    """An unknown voicemail, or a field that makes it another one."""
    accept(journal)

    with pytest.raises(BadVoicemail):
        journal.amend(key, now=NOON, **changes)

    assert journal.voicemail(KEY) == a_voicemail()


def test_a_claim_leaves_the_runs_of_other_targets_to_others(journal: Journal) -> None:
    """A worker that knows one target never takes a run of another, not even when it is alone."""
    accept(journal, targets=("case", "voice_call"))

    mine = held(journal, targets={"voice_call"})
    nothing = claim(journal, targets={"voice_call"})
    by_its_id = claim(journal, targets={"voice_call"}, voicemail_id=KEY)
    theirs = held(journal, targets={"case", "email"})

    assert mine.target == "voice_call"
    assert nothing is None
    assert by_its_id is None
    assert theirs.target == "case"
    assert claim(journal, targets=()) is None
