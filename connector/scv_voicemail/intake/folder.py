"""A watched folder: a PBX, a script or a person puts NAME.wav and NAME.json into it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from scv_voicemail import audio
from scv_voicemail.intake import strange
from scv_voicemail.intake.call_data import read_call_data
from scv_voicemail.intake.durable import clear_errors, listed, sync_folder, write_text
from scv_voicemail.intake.single import read_voicemail, utc_now
from scv_voicemail.intake.unfinished import (
    GRACE_SECONDS,
    SETTLE_SECONDS,
    has_open_sizes,
    quiet_seconds,
    read_unless_unfinished,
)
from scv_voicemail.ports import Arrival, Clock
from scv_voicemail.voicemail import Voicemail

LONGEST_STEM = 220
"""Bytes of a name that leave room for a number, `.reason.txt` and the marks of a half-written file; 255 are all."""

DONE, FAILED, REMOVED = "done", "failed", ".removed"


@dataclass(frozen=True, slots=True)
class _Pair:
    audio: Path
    data: Path

    @property
    def files(self) -> tuple[Path, Path]:
        """Both files, in the order in which they leave the folder."""
        return self.data, self.audio


class WatchedFolder:
    """Takes each pair NAME.wav and NAME.json, oldest name first, once both are complete.

        WatchedFolder("/var/spool/voicemails", default_region="US")

    A pair waits while one file is missing, was touched less than `settle_seconds` ago, or looks cut off and was touched
    less than `grace_seconds` ago; audio that ends too early is taken as far as it goes after ten times that. Taken
    pairs go to `done/`, or are deleted with `remove_taken`; unusable ones go to `failed/` with the reason in
    NAME.reason.txt. To hand one in again, move it back. Hidden files, links and folders are not looked at.
    The JSON is described in `call_data.CallData`.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        default_region: str = "",
        default_dialed_number: str = "",
        remove_taken: bool = False,
        settle_seconds: float = SETTLE_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
        max_bytes: int = audio.DEFAULT_MAX_BYTES,
        clock: Clock = utc_now,
    ) -> None:
        self._folder = Path(folder)
        self._default_region = default_region
        self._default_dialed_number = default_dialed_number
        self._remove_taken = remove_taken
        self._settle_seconds = settle_seconds
        self._grace_seconds = grace_seconds
        self._max_bytes = max_bytes
        self._clock = clock
        self.name = f"folder {self._folder}"
        self.remarks: dict[str, str] = {}

    def pending(self) -> Iterator[Arrival]:
        """The complete voicemails in the folder. First, moves that a crash has interrupted are brought to their end."""
        for pair in self._pairs():
            quiet = quiet_seconds(pair.files, now=self._clock())
            if quiet < self._settle_seconds or (quiet < self._grace_seconds and has_open_sizes(pair.audio)):
                continue
            read = read_unless_unfinished(partial(self._read, pair), quiet=quiet, grace_seconds=self._grace_seconds)
            if read is not None:
                yield Arrival(
                    name=pair.audio.name,
                    read=read,
                    taken=partial(self._take, pair),
                    set_aside=partial(self._set_aside, pair),
                )

    def _pairs(self) -> list[_Pair]:
        self.remarks = {}
        recordings: dict[str, Path] = {}
        data: dict[str, Path] = {}
        for entry in listed(self._folder):
            path = self._folder / entry.name
            found = {".wav": recordings, ".json": data}.get(path.suffix.lower())
            if entry.name.startswith(".") or entry.is_dir(follow_symlinks=False):
                continue
            if why := strange.why_left(entry, expected=found is not None):
                self._remark(entry.name, why)
            elif found is not None:
                found.setdefault(path.stem, path)
        self._finish_moves([path for stem, path in recordings.items() if stem not in data])
        for stem, path in data.items():
            if stem not in recordings and quiet_seconds([path], now=self._clock()) >= self._grace_seconds:
                self._remark(path.name, f"it waits for {stem}.wav. Next: put the recording beside it, or delete it")
        return [_Pair(recordings[stem], data[stem]) for stem in recordings if stem in data]

    def _read(self, pair: _Pair, *, accept_cut: bool) -> Voicemail:
        data = read_call_data(pair.data)
        return read_voicemail(
            pair.audio,
            caller=data.caller,
            dialed_number=data.dialed_number or self._default_dialed_number,
            default_region=self._default_region,
            voicemail_id=data.voicemail_id,
            received_at=data.received_at,
            transcript=data.transcript,
            language=data.language,
            mailbox=data.mailbox,
            targets=data.targets,
            attributes=data.attributes,
            source="folder",
            accept_cut=accept_cut,
            max_bytes=self._max_bytes,
            clock=self._clock,
        )

    def _take(self, pair: _Pair) -> None:
        if self._remove_taken:
            self._move(pair, self._folder / REMOVED)
            self._empty_removed()
        else:
            self._move(pair, self._folder / DONE)

    def _set_aside(self, pair: _Pair, reason: str) -> None:
        self._move(pair, self._folder / FAILED, reason=reason)

    def _move(self, pair: _Pair, to: Path, *, reason: str = "") -> None:
        """Move a pair, the JSON first: a JSON without its audio in there marks a move that was interrupted."""
        if not any(file.exists() for file in pair.files):
            return  # another worker on this folder was faster
        with clear_errors(to):
            to.mkdir(mode=0o700, exist_ok=True)
            stem = next(stem for stem in _stems(pair.audio.stem) if not _is_used(to, stem))
            if reason:
                write_text(to / f"{stem}.reason.txt", reason + "\n")
            for file in pair.files:
                with contextlib.suppress(FileNotFoundError):  # or is just being so
                    file.rename(to / f"{stem}{file.suffix.lower()}")
                    sync_folder(to)

    def _finish_moves(self, alone: list[Path]) -> None:
        """Send audio after its JSON, where a crash came between the two."""
        for recording in alone:
            for to in (self._folder / DONE, self._folder / FAILED, self._folder / REMOVED):
                with clear_errors(to), contextlib.suppress(FileNotFoundError):  # another worker may do the same
                    if rest := next(_interrupted(to, recording), None):
                        recording.rename(rest)
                        sync_folder(to)
                        break
            else:
                if quiet_seconds([recording], now=self._clock()) >= self._grace_seconds:
                    why = f"it waits for {recording.stem}.json. Next: put the call's data beside it, or delete it"
                    self._remark(recording.name, why)
        self._empty_removed()

    def _empty_removed(self) -> None:
        removed = self._folder / REMOVED
        with clear_errors(removed):
            for file in sorted(removed.glob("*"), reverse=True) if removed.is_dir() else ():
                file.unlink(missing_ok=True)

    def _remark(self, name: str, why: str) -> None:
        self.remarks[name] = why


def _stems(stem: str) -> Iterator[str]:
    """NAME, NAME-2, NAME-3, …; a name that is too long to have anything added is cut and keeps what tells it apart."""
    if len(os.fsencode(stem)) > LONGEST_STEM:
        apart = hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]
        stem = os.fsencode(stem)[: LONGEST_STEM - 9].decode("utf-8", "ignore") + f"~{apart}"
    yield stem
    yield from (f"{stem}-{number}" for number in count(2))


def _is_used(folder: Path, stem: str) -> bool:
    return (folder / f"{stem}.json").exists() or (folder / f"{stem}.wav").exists()


def _interrupted(to: Path, recording: Path) -> Iterator[Path]:
    """Where a recording belongs whose JSON has gone there before it.

    A JSON may also be alone because somebody has deleted old audio. Its last change was its move, so a recording that
    is younger than that is a new one of the same name, and stays.
    """
    for stem in _stems(recording.stem):
        data, audio_file = to / f"{stem}.json", to / f"{stem}.wav"
        if not _is_used(to, stem):
            return
        if not audio_file.exists() and recording.stat().st_ctime_ns <= data.stat().st_ctime_ns:
            yield audio_file
