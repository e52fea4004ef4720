"""Each arrival for itself: whatever one of them does, the others are taken, and it is told where people look."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from scv_voicemail.errors import BadVoicemail, JournalLost, Unavailable
from scv_voicemail.intake.taking import Taking
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.ports import Arrival
from scv_voicemail.voicemail import Voicemail

from tests.builders import FakeClock, a_voicemail

NO_SPACE = OSError(errno.ENOSPC, "No space left on device")
ANOTHER_DISK = OSError(errno.EXDEV, "Invalid cross-device link")


class Source:
    """Things that came in, by name; what each does when it is read, settled or set aside can be told."""

    name = "folder /srv/in"

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.remarks: dict[str, str] = {}
        self.reads: dict[str, Exception] = {}
        self.moves: dict[str, Exception] = {}
        self.read_times: dict[str, int] = {}
        self.reasons: dict[str, str] = {}

    def pending(self) -> Iterator[Arrival]:
        for name in list(self.names):
            yield Arrival(name=name, read=self._read(name), taken=self._move(name), set_aside=self._aside(name))

    def _read(self, name: str) -> Callable[[], Voicemail]:
        def read() -> Voicemail:
            self.read_times[name] = self.read_times.get(name, 0) + 1
            if name in self.reads:
                raise self.reads[name]
            return a_voicemail(id=name)

        return read

    def _move(self, name: str) -> Callable[[], None]:
        def move() -> None:
            if name in self.moves:
                raise self.moves[name]
            self.names.remove(name)

        return move

    def _aside(self, name: str) -> Callable[[str], None]:
        def set_aside(reason: str) -> None:
            self._move(name)()
            self.reasons[name] = reason

        return set_aside


class Desk:
    """A journal, a clock and what takes in."""

    def __init__(self, journal: MemoryJournal | None = None) -> None:
        self.clock = FakeClock()
        self.journal = journal or MemoryJournal()
        self.taking = Taking(journal=self.journal, accept=self._accept, now=self.clock)

    def _accept(self, voicemail: Voicemail) -> bool:
        return self.journal.accept(voicemail, targets=["voice_call"], now=self.clock())

    def notices(self) -> dict[str, str]:
        return {one.name: one.kind for one in self.journal.notices()}


@pytest.mark.covers("poison-1")
@pytest.mark.parametrize(
    "error", [TypeError("x"), OverflowError("x"), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "x")]
)
def test_one_that_breaks_what_reads_it_is_set_aside_and_the_others_are_taken(error: Exception) -> None:
    """Not read again at every look, and not silently: its reason is beside it and in `status`."""
    desk, source = Desk(), Source("a", "bad", "b")
    source.reads["bad"] = error

    taken = desk.taking.look(source)

    assert taken.new == ("a", "b")
    assert type(error).__name__ in source.reasons["bad"]
    assert desk.notices() == {"bad": "set aside"}
    assert source.names == []


@pytest.mark.covers("poison-2", "poison-3")
@pytest.mark.parametrize("error", [ANOTHER_DISK, NO_SPACE, OSError(errno.ENAMETOOLONG, "File name too long")])
def test_one_that_cannot_be_set_aside_stays_and_stops_nobody(error: OSError) -> None:
    """It is told once, tried less and less often, and set aside when that is possible again."""
    desk, source = Desk(), Source("bad", "good")
    source.reads["bad"], source.moves["bad"] = BadVoicemail("no number"), error
    first = desk.taking.look(source)
    for _ in range(3600):
        desk.clock.advance(1)
        desk.taking.look(source)
    reads, told = source.read_times["bad"], desk.journal.notices()

    source.moves.clear()
    desk.clock.advance(600)
    desk.taking.look(source)

    assert first.new == ("good",)
    assert 8 <= reads <= 20
    assert [(one.name, one.kind, one.times) for one in told] == [("bad", "left", 1)]
    assert "no number" in told[0].reason
    assert "no number" in source.reasons["bad"]
    assert desk.notices() == {"bad": "set aside"}


@pytest.mark.covers("poison-3")
def test_one_that_is_taken_and_cannot_be_moved_is_known_and_moved_later() -> None:
    """`done/` is on another disk, or full: the voicemail is safe, and the others go on."""
    desk, source = Desk(), Source("a", "b")
    source.moves["a"] = ANOTHER_DISK
    taken = desk.taking.look(source)
    left = desk.notices()
    source.moves.clear()
    desk.clock.advance(60)

    again = desk.taking.look(source)

    assert taken.new == ("a", "b")
    assert left == {"a": "left"}
    assert (again.new, again.known, source.names) == ((), ("a",), [])
    assert desk.notices() == {}


@pytest.mark.covers("poison-3")
def test_what_is_not_its_fault_leaves_it_for_a_later_look() -> None:
    """A full disk of ours: nothing is set aside, and everything is taken when there is room."""
    desk, source = Desk(), Source("a", "b")
    source.reads = {"a": NO_SPACE, "b": Unavailable("the disk is full")}
    first = desk.taking.look(source)
    source.reads.clear()
    desk.clock.advance(600)

    second = desk.taking.look(source)

    assert [name for name, _ in first.left] == ["a", "b"]
    assert source.reasons == {}
    assert second.new == ("a", "b")
    assert desk.notices() == {}


def test_what_lies_there_no_more_needs_nobody() -> None:
    """Somebody has taken it away: its notice goes, too."""
    desk, source = Desk(), Source("a")
    source.reads["a"] = NO_SPACE
    desk.taking.look(source)
    source.names.clear()

    desk.taking.look(source)

    assert desk.notices() == {}


@pytest.mark.covers("poison-6")
def test_what_a_source_ignores_is_told_once_and_cleared_when_it_is_gone() -> None:
    """Another process that begins later neither counts it again nor forgets it."""
    desk, source = Desk(), Source()
    source.remarks["a.mp3"] = "recordings are taken as WAV only"
    for _ in range(3):
        desk.taking.look(source)
    later = Desk(desk.journal)
    later.taking.look(source)
    (told,) = desk.journal.notices()
    source.remarks.clear()

    later.taking.look(source)

    assert (told.kind, told.name, told.times) == ("ignored", "a.mp3", 1)
    assert desk.notices() == {}


@pytest.mark.covers("journal-1")
def test_a_lost_journal_is_nothing_to_go_on_after() -> None:
    """Whatever is taken in then would be lost."""
    desk, source = Desk(), Source("a", "b")
    source.reads["a"] = JournalLost("gone")

    with pytest.raises(JournalLost):
        desk.taking.look(source)

    assert source.names == ["a", "b"]


def test_a_file_that_rests_is_told_as_left() -> None:
    """Whoever looks once (`--once`) sees that something is still there."""
    desk, source = Desk(), Source("a")
    source.reads["a"] = NO_SPACE
    desk.taking.look(source)
    desk.clock.advance(timedelta(seconds=1).total_seconds())

    taken = desk.taking.look(source)

    assert [name for name, _ in taken.left] == ["a"]
