"""A voicemail that a person or a program hands in again: known, added to, or refused with the field named."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from scv_voicemail.errors import AnotherVoicemail
from scv_voicemail.intake.again import HandedIn, hand_in_again
from scv_voicemail.intake.recordings import RecordingStore
from scv_voicemail.intake.register import Register
from scv_voicemail.intake.single import derived_id, read_voicemail
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.ports import Run
from scv_voicemail.voicemail import Mailbox, MailboxKind, Transcript, Voicemail

from tests.builders import NOON, a_recording, a_transcript, a_voicemail
from tests.wav_files import a_wav_file

SUPPORT = Mailbox(kind=MailboxKind.QUEUE, name="Support")
SALES = Mailbox(kind=MailboxKind.QUEUE, name="Sales")
ALL = frozenset({"received_at", "transcript", "language", "mailbox", "attributes"})


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


def known(journal: MemoryJournal, *done: str, **changes: Any) -> Voicemail:
    """A voicemail whose run has done these steps; `delivered` as the last one ends it."""
    voicemail = a_voicemail(**changes)
    journal.accept(voicemail, targets=["voice_call"], now=NOON)
    if done:
        run = claim(journal)
        for step in done:
            if step == "delivered":
                journal.finish(run, now=NOON)
            else:
                run = journal.receive(run, step, {}, now=NOON, lease_seconds=60)
        if done[-1] != "delivered":
            journal.park(run, step="next", why="test", now=NOON, reached=False)
    return voicemail


def claim(journal: MemoryJournal) -> Run:
    run = journal.claim(owner="test", now=NOON, lease_seconds=60, probe_seconds=60)
    assert run is not None
    return run


def again(journal: MemoryJournal, newcomer: Voicemail, *named: str) -> HandedIn:
    first = journal.voicemail(newcomer.id)
    assert first is not None
    return hand_in_again(journal, first, newcomer, named=named, now=NOON)


def everything(journal: MemoryJournal) -> object:
    voicemail_id = a_voicemail().id
    return journal.voicemail(voicemail_id), journal.runs(), journal.events(voicemail_id)


@pytest.mark.covers("first-hour-2")
@pytest.mark.parametrize("done", [(), ("listen", "open"), ("listen", "open", "transcribe", "delivered")])
def test_all_alike_is_known_and_changes_nothing(journal: MemoryJournal, done: tuple[str, ...]) -> None:
    """With the first one's id and time, whatever has become of it."""
    whole = {"mailbox": SUPPORT, "transcript": a_transcript(), "attributes": (("A__c", "1"),), "language": "en-US"}
    first = known(journal, *done, **whole)
    before = everything(journal)

    outcome = again(journal, replace(first, targets=("voice_call",)), *ALL)

    assert outcome == HandedIn(voicemail_id=first.id, new=False, started_at=first.started_at)
    assert everything(journal) == before
    assert outcome.told == f"voicemail {first.id} is known, left at 2026-11-20 11:55:00 UTC; nothing is new"


@pytest.mark.covers("first-hour-2")
@pytest.mark.parametrize("done", [(), ("listen", "open", "route", "delivered")])
def test_one_more_target_gets_its_run(journal: MemoryJournal, done: tuple[str, ...]) -> None:
    """Also of a voicemail that has been delivered to the first one; once, however often it is said."""
    first = known(journal, *done)

    outcomes = [again(journal, replace(first, targets=("voice_call", "case"))) for _ in range(2)]

    assert [outcome.effects for outcome in outcomes] == [("target case",), ()]
    assert sorted(run.target for run in journal.runs()) == ["case", "voice_call"]


@pytest.mark.covers("first-hour-2")
@pytest.mark.parametrize("done", [(), ("listen",), ("listen", "open", "mark", "confirm"), ("listen", "match")])
def test_a_transcript_is_added_before_it_is_sent(journal: MemoryJournal, done: tuple[str, ...]) -> None:
    """A speech-to-text program was slower than the call data."""
    first = known(journal, *done)

    outcome = again(journal, replace(first, transcript=a_transcript()), "transcript")

    assert outcome.effects == ("transcript for voice_call",)
    assert journal.voicemail(first.id) == replace(first, transcript=a_transcript())


@pytest.mark.covers("first-hour-2")
def test_a_transcript_and_a_new_target_for_it_come_together(journal: MemoryJournal) -> None:
    """The delivered run can take none any more, the new one can; which is told."""
    first = known(journal, "listen", "open", "route", "delivered")

    outcome = again(journal, replace(first, transcript=a_transcript(), targets=("case",)), "transcript")

    assert outcome.effects == ("transcript for case", "target case")


@pytest.mark.covers("first-hour-2")
def test_a_mailbox_is_changed_before_anybody_was_asked(journal: MemoryJournal) -> None:
    """It is corrected in the journal, and the history says so."""
    first = known(journal, "listen", mailbox=SUPPORT)

    outcome = again(journal, replace(first, mailbox=SALES), "mailbox")

    assert outcome.effects == ("mailbox queue Sales",)
    assert journal.voicemail(first.id) == replace(first, mailbox=SALES)


ROUTED = ("listen", "open", "transcribe", "route")


@pytest.mark.covers("first-hour-2")
@pytest.mark.parametrize(
    ("changes", "named", "fields"),
    [
        ({"mailbox": SALES}, ["mailbox"], ("mailbox",)),
        ({"transcript": a_transcript()}, ["transcript"], ("transcript",)),
        ({"attributes": (("A__c", "2"),)}, ["attributes"], ("attributes",)),
        ({"language": "de-DE"}, ["language"], ("language",)),
        ({"started_at": NOON}, ["received_at"], ("received_at",)),
        ({"dialed_number": "+18005550199"}, [], ("dialed_number",)),
        ({"caller": "+14155550199"}, [], ("caller",)),
        ({"recording": a_recording(sha256="aa" * 32)}, [], ("recording",)),
        ({"mailbox": SALES, "language": "de-DE"}, ["mailbox", "language"], ("language", "mailbox")),
    ],
)
@pytest.mark.parametrize("done", [ROUTED, (*ROUTED, "delivered")])
def test_what_can_take_effect_no_more_is_refused_and_changes_nothing(
    journal: MemoryJournal, done: tuple[str, ...], changes: dict[str, Any], named: list[str], fields: tuple[str, ...]
) -> None:
    """Not even the target that could still be added: all or nothing, with every field named."""
    first = known(journal, *done, mailbox=SUPPORT, attributes=(("A__c", "1"),), language="en-US")
    before = everything(journal)
    targets = () if named == ["transcript"] else ("case",)  # which would take the transcript

    with pytest.raises(AnotherVoicemail) as told:
        again(journal, replace(first, targets=targets, **changes), *named)

    assert told.value.fields == fields
    assert all(field in str(told.value) for field in fields)
    assert everything(journal) == before


@pytest.mark.covers("first-hour-2")
def test_a_second_transcript_is_refused(journal: MemoryJournal) -> None:
    """The first one stays, so another one would go nowhere."""
    first = known(journal, transcript=a_transcript())
    other = Transcript.of_text("Something else.", duration_seconds=3)

    with pytest.raises(AnotherVoicemail) as told:
        again(journal, replace(first, transcript=other), "transcript")

    assert told.value.fields == ("transcript",)


@pytest.mark.covers("first-hour-2")
def test_what_nobody_names_is_not_compared(journal: MemoryJournal) -> None:
    """A caller of the library who gives less the second time takes nothing back; defaults are nobody's word."""
    first = known(journal, *ROUTED, mailbox=SUPPORT, transcript=a_transcript(), attributes=(("A__c", "1"),))
    less = replace(first, mailbox=None, transcript=None, attributes=(), started_at=NOON - timedelta(hours=3))

    assert again(journal, less).effects == ()


@pytest.mark.covers("first-hour-2")
def test_a_redelivery_adds_nothing(journal: MemoryJournal, tmp_path: Path) -> None:
    """What sources bring again, by a replay or another look, is known, whatever it names."""
    register = a_register(journal, tmp_path, targets=["voice_call"])
    call = a_call(tmp_path)
    register.take(call)

    more = a_register(journal, tmp_path, targets=["voice_call", "case"])
    is_new = more.take(replace(call, targets=("case",), mailbox=SALES, transcript=a_transcript()))

    assert not is_new
    assert [run.target for run in journal.runs()] == ["voice_call"]
    kept = journal.voicemail(call.id)
    assert kept is not None
    assert (kept.mailbox, kept.transcript) == (None, None)


class Killed(BaseException):
    """The process is gone."""


class DyingJournal(MemoryJournal):
    """Dies before its n-th change; what was changed until then stays."""

    changes_left = -1

    def amend(self, *given: Any, **changes: Any) -> Voicemail:
        self._count()
        return super().amend(*given, **changes)

    def keep_transcript(self, *given: Any, **changes: Any) -> None:
        self._count()
        super().keep_transcript(*given, **changes)

    def add_target(self, *given: Any, **changes: Any) -> bool:
        self._count()
        return super().add_target(*given, **changes)

    def _count(self) -> None:
        if self.changes_left == 0:
            raise Killed
        self.changes_left -= 1


@pytest.mark.covers("first-hour-2")
@pytest.mark.parametrize("changes", range(5))
def test_killed_in_between_the_rest_follows_when_it_is_handed_in_once_more(changes: int) -> None:
    """Whatever was done is alike by then."""
    journal = DyingJournal()
    first = known(journal, mailbox=SUPPORT)
    more = replace(first, mailbox=SALES, transcript=a_transcript(), targets=("case", "custom_object"))
    journal.changes_left = changes
    with contextlib.suppress(Killed):
        again(journal, more, "mailbox", "transcript")
    journal.changes_left = -1

    again(journal, more, "mailbox", "transcript")

    kept = journal.voicemail(first.id)
    assert kept is not None
    assert (kept.mailbox, kept.transcript) == (SALES, a_transcript())
    assert sorted(run.target for run in journal.runs()) == ["case", "custom_object", "voice_call"]
    assert again(journal, more, "mailbox", "transcript").effects == ()


# ---------------------------------------------------------------------------------------- without a key of its own


def a_register(journal: MemoryJournal, folder: Path, *, targets: list[str] | None = None) -> Register:
    def accept(voicemail: Voicemail, _deliver: bool) -> bool:
        return journal.accept(voicemail, targets=targets or ["case"], now=NOON)

    return Register(journal=journal, recordings=RecordingStore(folder / "recordings"), accept=accept)


def a_call(folder: Path, *, name: str = "msg.wav", ago: float = 60, **changes: Any) -> Voicemail:
    wav = a_wav_file(folder / name)
    written = NOON.timestamp() - ago
    os.utime(wav, (written, written))
    given = {"caller": "+14155550142", "dialed_number": "+18005550100", "clock": lambda: NOON}
    return read_voicemail(wav, **given | changes)


@pytest.mark.covers("identity-4")
@pytest.mark.parametrize("ago", [5, 3600, 86_400 * 400])
def test_a_copy_of_the_file_is_the_same_message(journal: MemoryJournal, tmp_path: Path, ago: float) -> None:
    """Its time of change is that of the copy: `cp` and `rsync` set it anew."""
    register = a_register(journal, tmp_path)
    first = register.submit(a_call(tmp_path), named=(), now=NOON)

    second = register.submit(a_call(tmp_path, name="copy.wav", ago=ago), named=(), now=NOON)

    assert (first.new, second.new) == (True, False)
    assert second.voicemail_id == first.voicemail_id
    assert len(journal.runs()) == 1


@pytest.mark.covers("identity-4")
def test_the_id_that_an_earlier_version_made_is_looked_up(journal: MemoryJournal, tmp_path: Path) -> None:
    """It was made of the file's time: a file taken in before the upgrade and not yet moved is not taken in twice."""
    call = a_call(tmp_path)
    sha256, began = call.recording.sha256, call.started_at.isoformat()
    former = replace(call, id=derived_id(sha256, call.caller, call.dialed_number, began))
    register = a_register(journal, tmp_path)
    register.take(former)

    assert not register.take(a_call(tmp_path))
    assert register.submit(a_call(tmp_path), named=(), now=NOON).voicemail_id == former.id
    assert len(journal.runs()) == 1


@pytest.mark.covers("identity-4")
@pytest.mark.parametrize(
    "changes", [{"caller": "+14155550143"}, {"dialed_number": "+18005550101"}, {"received_at": NOON}]
)
def test_another_call_with_the_same_sound_is_another_voicemail(
    journal: MemoryJournal, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Silence sounds alike, and so do fax tones."""
    register = a_register(journal, tmp_path)
    register.take(a_call(tmp_path))

    assert register.submit(a_call(tmp_path, **changes), named=changes, now=NOON).new
