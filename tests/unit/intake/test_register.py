"""Voicemails that are handed in at the same moment, by workers that are killed, or again."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from scv_voicemail.errors import AnotherVoicemail
from scv_voicemail.intake.recordings import RecordingStore
from scv_voicemail.intake.register import Register, kept_warnings
from scv_voicemail.intake.single import read_voicemail
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.ports import Journal
from scv_voicemail.voicemail import Voicemail

from tests.builders import NOON
from tests.wav_files import a_wav_file

KILLED = 9
FILE_EVENTS = ("open", "os.link", "os.rename", "os.remove", "os.mkdir")


class Watch:
    """Calls `then` at the n-th change of a file below `folder`, counted from now; 0 counts only."""

    def __init__(self) -> None:
        self.folder = ""
        self.number = self.count = 0
        self.then: Callable[[], object] = lambda: None
        sys.addaudithook(self._hook)

    def begin(self, folder: Path, number: int, then: Callable[[], object]) -> None:
        self.folder, self.number, self.count, self.then = str(folder), number, 0, then

    def end(self) -> bool:
        """True when the moment came."""
        came, self.folder = self.count >= self.number, ""
        return came

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.folder and event in FILE_EVENTS and str(arguments[0]).startswith(self.folder):
            self.count += 1
            if self.count == self.number:
                folder, self.folder = self.folder, ""
                self.then()
                self.folder = folder


WATCH = Watch()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def two(tmp_path: Path) -> list[Voicemail]:
    """Two callers, two recordings, one id."""
    return [a_call(tmp_path / f"{hertz}.wav", hertz=hertz, caller=caller) for hertz, caller in CALLERS.items()]


CALLERS = {440: "+14155550142", 880: "+14155550199"}


def a_call(path: Path, *, hertz: int, caller: str) -> Voicemail:
    wav = a_wav_file(path, hertz=hertz)
    return read_voicemail(
        wav, caller=caller, dialed_number="+18005550100", voicemail_id="call-1", received_at=NOON, clock=lambda: NOON
    )


def a_register(journal: Journal, folder: Path) -> Register:
    return Register(
        journal=journal,
        recordings=RecordingStore(folder),
        accept=lambda voicemail, _deliver: journal.accept(voicemail, targets=["case"], now=NOON),
    )


def outcome(register: Register, voicemail: Voicemail) -> str:
    try:
        return "new" if register.take(voicemail) else "known"
    except AnotherVoicemail:
        return "refused"


def kept_agrees(journal: Journal) -> bool:
    """The kept file is the recording that the journal names."""
    known = journal.voicemail("call-1")
    assert known is not None
    return hashlib.sha256(Path(known.recording.path).read_bytes()).hexdigest() == known.recording.sha256


@pytest.mark.covers("identity-2")
def test_whoever_comes_in_between_the_kept_file_is_what_the_journal_says(tmp_path: Path, two: list[Voicemail]) -> None:
    """The second process does all of its work at each moment of the first: one is taken in, one is refused."""
    came, number = True, 0
    while came:
        number += 1
        folder = tmp_path / f"recordings-{number}"
        journal = SqliteJournal(tmp_path / f"{number}.db")
        register, meanwhile = a_register(journal, folder), []
        WATCH.begin(folder, number, lambda r=register, m=meanwhile: m.append(outcome(r, two[1])))  # type: ignore[misc]
        first = outcome(register, two[0])
        came = WATCH.end()
        outcomes = [first, *meanwhile]

        assert sorted(outcomes) == (["new", "refused"] if came else ["new"]), number
        assert kept_agrees(journal), number
        journal.close()
    assert number > 5


@pytest.mark.covers("identity-2")
@pytest.mark.parametrize("next_one", [0, 1])
def test_a_process_killed_at_any_moment_leaves_nothing_that_refuses_the_next(
    tmp_path: Path, two: list[Voicemail], next_one: int
) -> None:
    """The same voicemail handed in again, or another one: what the journal did not hear of keeps nobody out."""
    for number in range(1, 100):
        folder = tmp_path / f"recordings-{number}"
        was_killed = killed_at(number, tmp_path / f"{number}.db", folder, two[0])
        journal = SqliteJournal(tmp_path / f"{number}.db")
        known = journal.voicemail("call-1")

        found = outcome(a_register(journal, folder), two[next_one])

        assert found == ("new" if known is None else "known" if next_one == 0 else "refused"), number
        assert kept_agrees(journal), number
        assert not list(folder.glob(".*.part")) or found != "new", number
        journal.close()
        if not was_killed:
            break
    assert number > 5


def killed_at(number: int, journal_file: Path, folder: Path, voicemail: Voicemail) -> bool:
    """Whether a process that takes the voicemail in was killed before its n-th change of a file."""
    child = os.fork()
    if child == 0:
        WATCH.begin(folder, number, lambda: os._exit(KILLED))
        journal = SqliteJournal(journal_file)
        a_register(journal, folder).take(voicemail)
        journal.close()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == KILLED


@pytest.mark.covers("identity-2")
def test_a_file_of_nobody_under_the_id_goes_aside_and_is_told(
    tmp_path: Path, folder: Path, two: list[Voicemail], caplog: pytest.LogCaptureFixture
) -> None:
    """A copy that a killed 0.1.0 has left, whole or half, is no reason to refuse a caller."""
    folder.mkdir()
    (folder / "call-1.wav").write_bytes(b"half a file")
    journal = SqliteJournal(tmp_path / "journal.db")

    assert outcome(a_register(journal, folder), two[0]) == "new"

    assert kept_agrees(journal)
    assert "lay under its id" in caplog.text
    assert [path.read_bytes() for path in (folder / "orphans").iterdir()] == [b"half a file"]


@pytest.mark.parametrize("caller", ["anonymous", "4155550142", "+14155550142", "0014155550142"])
def test_what_one_side_does_not_know_is_no_contradiction(tmp_path: Path, folder: Path, caller: str) -> None:
    """A number that was withheld, or written otherwise by another version."""
    journal = SqliteJournal(tmp_path / "journal.db")
    register = a_register(journal, folder)
    call = a_call(tmp_path / "a.wav", hertz=440, caller="+14155550142")
    register.take(call)

    assert outcome(register, replace(call, caller=caller)) == "known"


def test_another_caller_under_the_id_is_refused_and_both_are_told(tmp_path: Path, folder: Path) -> None:
    """With the first one's time and the field that differs; nothing of the first one changes."""
    journal = SqliteJournal(tmp_path / "journal.db")
    register = a_register(journal, folder)
    call = a_call(tmp_path / "a.wav", hertz=440, caller="+14155550142")
    register.take(call)

    with pytest.raises(AnotherVoicemail, match="left at 2026-11-20 12:00:00 UTC: this one has another caller") as told:
        register.take(replace(call, caller="+14155550199"))

    assert told.value.fields == ("caller",)
    assert [one.voicemail_id for one in journal.runs()] == ["call-1"]


@pytest.mark.covers("transcript-1")
def test_what_was_mended_stands_beside_the_voicemail(tmp_path: Path, folder: Path) -> None:
    """`explain` and `deliver` tell it; nothing of it is in the body that older versions read."""
    journal = SqliteJournal(tmp_path / "journal.db")
    call = a_call(tmp_path / "a.wav", hertz=440, caller="+14155550142")

    a_register(journal, folder).take(replace(call, warnings=("taken in without its transcript: it is int",)))

    assert kept_warnings(journal, "call-1") == ["taken in without its transcript: it is int"]
    assert kept_warnings(journal, "call-2") == []


@pytest.mark.covers("number-2")
def test_the_callers_name_stands_beside_the_voicemail(tmp_path: Path, folder: Path) -> None:
    """It is no field of the body that older versions read."""
    journal = SqliteJournal(tmp_path / "journal.db")
    call = a_call(tmp_path / "a.wav", hertz=440, caller='"Ada \\"A\\" L" <+14155550142>')

    a_register(journal, folder).take(call)

    assert journal.beside("call-1") == {"caller_name": 'Ada "A" L'}
    kept = journal.voicemail("call-1")
    assert kept is not None
    assert (kept.caller, "caller_name" in kept.to_dict()) == ("+14155550142", False)


@pytest.mark.covers("audio-1")
def test_the_whole_of_a_cut_recording_is_a_voicemail_that_names_the_first(tmp_path: Path, folder: Path) -> None:
    """It comes under the same id, once; handed in more often it is known."""
    journal = SqliteJournal(tmp_path / "journal.db")
    register = a_register(journal, folder)
    whole = a_call(tmp_path / "whole.wav", hertz=440, caller="+14155550142")
    (tmp_path / "cut.wav").write_bytes((tmp_path / "whole.wav").read_bytes()[:8_044])
    cut = read_voicemail(
        tmp_path / "cut.wav",
        caller="+14155550142",
        dialed_number="+18005550100",
        voicemail_id="call-1",
        received_at=NOON,
        clock=lambda: NOON,
    )

    outcomes = [register.take(one) for one in (cut, whole, cut, whole)]

    ids = sorted(run.voicemail_id for run in journal.runs())
    assert outcomes == [True, True, False, False]
    assert ids == ["call-1", f"call-1-{whole.recording.sha256[:8]}"]
    assert kept_warnings(journal, ids[1]) == [
        "this is more of voicemail call-1, whose recording was cut off when it came"
    ]
    assert register.submit(whole, named=(), now=NOON).voicemail_id == ids[1]


@pytest.mark.covers("audio-1")
def test_another_recording_under_the_id_of_a_cut_one_is_still_another_caller(tmp_path: Path, folder: Path) -> None:
    """More of a message comes from the same caller."""
    journal = SqliteJournal(tmp_path / "journal.db")
    register = a_register(journal, folder)
    first = a_call(tmp_path / "a.wav", hertz=440, caller="+14155550142")
    register.take(replace(first, recording=replace(first.recording, missing_bytes=9)))

    with pytest.raises(AnotherVoicemail):
        register.take(a_call(tmp_path / "b.wav", hertz=880, caller="+14155550199"))
