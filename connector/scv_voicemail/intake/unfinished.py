"""Tells a voicemail that is still being written from one that will never be complete."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from scv_voicemail.audio import UNFINISHED
from scv_voicemail.errors import BadRecording, VoicemailError
from scv_voicemail.voicemail import Voicemail

SETTLE_SECONDS = 2.0
"""How long files must have been left alone before they are looked into."""
GRACE_SECONDS = 60.0
"""How long a file that looks unfinished may still become a whole one."""
OPEN_SIZE = 0x7FFF_0000
"""From here on the size of a WAV file's data is a mark that nobody knows it yet: 0x7FFFFFFF, 0xFFFFFFFF, …"""
MOST_CHUNKS = 100
CUT_AFTER_GRACES = 10
"""How many times as long audio that ends too early may still grow; then it is taken as far as it goes."""


def quiet_seconds(paths: Iterable[Path], *, now: datetime) -> float:
    """How long ago the last of these files was touched; below zero for files that are gone.

    It is the time of the last change of the inode, which copying tools cannot set back as they do with a file's mtime.
    """
    try:
        return min(now.timestamp() - path.lstat().st_ctime for path in paths)
    except FileNotFoundError:
        return -math.inf


def has_open_sizes(recording: Path) -> bool:
    """True for a WAV file whose header does not say yet how long it will be: whoever writes it may still be at it.

    Programs that write to a pipe never say; theirs is taken when it has been quiet for the grace.
    """
    try:
        with recording.open("rb") as file:
            if file.read(12)[:4] != b"RIFF":
                return False
            for _ in range(MOST_CHUNKS):
                head = file.read(8)
                if len(head) < 8:
                    return False
                size = int.from_bytes(head[4:], "little")
                if head[:4] == b"data":
                    return size == 0 or size >= OPEN_SIZE
                file.seek(size + size % 2, 1)
    except OSError:
        return False  # what reads it says why
    return False


def read_unless_unfinished(
    read: Callable[..., Voicemail], *, quiet: float, grace_seconds: float
) -> Callable[[], Voicemail] | None:
    """Read a voicemail now; hand out what came of it, be it an error. None when it is better to wait.

    `read(accept_cut=…)` is told whether to accept audio that is cut off: a copy over a slow line may stall for minutes.
    """
    is_over = quiet >= CUT_AFTER_GRACES * grace_seconds
    try:
        voicemail = read(accept_cut=is_over)
    except VoicemailError as error:
        is_cut_audio = isinstance(error, BadRecording) and error.code == "truncated"
        waits = error.code in UNFINISHED and (quiet < grace_seconds or (is_cut_audio and not is_over))
        return None if waits else partial(_raise, error)
    except Exception as error:  # noqa: BLE001 - told when it is asked for, so that the others are looked at
        return partial(_raise, error)
    return lambda: voicemail


def _raise(error: Exception) -> NoReturn:
    raise error
