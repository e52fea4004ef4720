"""Takes in what lies in a source, each arrival for itself: one that cannot be taken never holds up another.

    read ── ours to judge ──► set aside, with the reason          (cannot be delivered, or broke what reads it)
      │  └─ not its fault ──► left, looked at less and less often  (a disk, a right, the journal)
      ▼
    known to the journal ──► settled in the source                (or settled later, where that fails)

What was set aside or left stands in the journal as a notice, which `status` shows until it is gone or taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scv_voicemail.errors import JournalLost, Rejected, VoicemailError
from scv_voicemail.ports import Arrival, Clock, Journal, RecordingSource
from scv_voicemail.voicemail import Voicemail

log = logging.getLogger(__name__)

FIRST_REST = timedelta(seconds=2)
LONGEST_REST = timedelta(minutes=10)
"""What failed again and again is looked at so rarely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one look at a recording source brought: ids, and (name, reason) of what was refused or had to be left."""

    new: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    set_aside: tuple[tuple[str, str], ...] = ()
    left: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Rest:
    """How often an arrival failed, and until when it is left alone."""

    until: datetime
    failures: int = 1


@dataclass(slots=True)
class _Look:
    """What becomes of the arrivals of one look."""

    source: str
    new: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    set_aside: list[tuple[str, str]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)

    @property
    def taken(self) -> Taken:
        return Taken(
            new=tuple(self.new), known=tuple(self.known), set_aside=tuple(self.set_aside), left=tuple(self.left)
        )


class Taking:
    """Remembers between the looks what rests and what was told. `accept` writes a voicemail down: True if it is new."""

    def __init__(self, *, journal: Journal, accept: Callable[[Voicemail], bool], now: Clock) -> None:
        self._journal = journal
        self._accept = accept
        self._now = now
        self._rests: dict[tuple[str, str], _Rest] = {}
        self._told: dict[tuple[str, str], tuple[str, str]] = {}
        self._remembered = False

    def look(self, source: RecordingSource) -> Taken:
        """Take in what lies there now. An arrival is settled only after the journal holds it.

        Raises what keeps the source itself from being read, such as a folder that is gone, and `JournalLost`.
        """
        self._remember()
        look, seen = _Look(name_of(source)), set[tuple[str, str]]()
        for arrival in source.pending():
            key = (look.source, arrival.name)
            seen.add(key)
            rest = self._rests.get(key)
            if rest is not None and self._now() < rest.until:
                look.left.append((arrival.name, self._told.get(key, ("", "it rests after a failure"))[1]))
                continue
            self._one(arrival, look, key)
        self._forget(look.source, seen)
        self._tell_remarks(source, look.source, seen)
        return look.taken

    def _remember(self) -> None:
        """What an earlier process has told is not told again, and is cleared when it is over."""
        if not self._remembered:
            told = {(one.source, one.name): (one.kind, one.reason) for one in self._journal.notices()}
            self._told, self._remembered = told | self._told, True

    def _one(self, arrival: Arrival, look: _Look, key: tuple[str, str]) -> None:
        try:
            voicemail = arrival.read()
            is_new = self._accept(voicemail)
        except JournalLost:
            raise
        except Rejected as error:
            self._put_aside(arrival, look, key, str(error), brief=error.brief)
        except (VoicemailError, OSError, MemoryError) as error:
            # A full disk or a missing right is not the recording's fault: it stays where it is for a later look.
            self._leave(look, key, _words(error))
        except Exception as error:  # noqa: BLE001 - a file that breaks what reads it breaks only itself
            what = f"it could not be read: unexpected {type(error).__name__} in scv-voicemail. Next: please report it"
            self._put_aside(arrival, look, key, what, brief=type(error).__name__)
        else:
            (look.new if is_new else look.known).append(voicemail.id)
            self._settle(arrival.taken, look, key, "it is taken in, but could not be moved away")

    def _put_aside(self, arrival: Arrival, look: _Look, key: tuple[str, str], reason: str, *, brief: str) -> None:
        if self._settle(
            lambda: arrival.set_aside(reason), look, key, f"it could not be set aside, which it is to be: {reason}"
        ):
            log.warning("%r was set aside, `scv-voicemail status` shows why: %s", arrival.name, brief)
            look.set_aside.append((arrival.name, reason))
            self._tell(key, "set aside", reason)

    def _settle(self, move: Callable[[], None], look: _Look, key: tuple[str, str], what: str) -> bool:
        try:
            move()
        except JournalLost:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the file system says, the others go on
            self._leave(look, key, f"{what}: {_words(error)}")
            return False
        self._rests.pop(key, None)
        self._clear(key)
        return True

    def _leave(self, look: _Look, key: tuple[str, str], reason: str) -> None:
        rest = self._rests.get(key)
        failures = 1 if rest is None else rest.failures + 1
        pause = min(LONGEST_REST, FIRST_REST * 2 ** min(failures - 1, 20))
        self._rests[key] = _Rest(self._now() + pause, failures)
        look.left.append((key[1], reason))
        if self._tell(key, "left", reason):
            log.error("%r could not be taken in, which is told once: %s", key[1], reason)

    # ----------------------------------------------------------------------------------------------------- what is told

    def _tell(self, key: tuple[str, str], kind: str, reason: str) -> bool:
        """Note it, if it is new or has changed; True then."""
        if self._told.get(key) == (kind, reason):
            return False
        self._told[key] = (kind, reason)
        self._journal.notice(source=key[0], name=key[1], kind=kind, reason=reason, now=self._now())
        return True

    def _clear(self, key: tuple[str, str]) -> None:
        if self._told.pop(key, None):
            self._journal.clear_notice(source=key[0], name=key[1])

    def _forget(self, source: str, seen: set[tuple[str, str]]) -> None:
        """What was left and lies there no more needs nobody any more; what was set aside is not there, and does."""
        for key in [one for one in self._rests if one[0] == source and one not in seen]:
            del self._rests[key]
            self._clear(key)

    def _tell_remarks(self, source: RecordingSource, name: str, seen: set[tuple[str, str]]) -> None:
        """What the source leaves by itself: files that nobody can take, halves that wait for the other one."""
        remarks = dict(_remarks(source))
        for what, reason in remarks.items():
            if (name, what) not in seen:
                self._tell((name, what), "ignored", reason)
        for key in [one for one, (kind, _) in self._told.items() if kind == "ignored" and one[0] == name]:
            if key[1] not in remarks:
                self._clear(key)


def name_of(source: RecordingSource) -> str:
    """What a source is called in notices and logs."""
    return str(getattr(source, "name", "") or type(source).__name__)


def _remarks(source: RecordingSource) -> Iterator[tuple[str, str]]:
    yield from getattr(source, "remarks", {}).items()


def _words(error: BaseException) -> str:
    if isinstance(error, VoicemailError):
        return str(error)
    reason = getattr(error, "strerror", "") or "no reason given"
    return f"{type(error).__name__}: {reason}"
