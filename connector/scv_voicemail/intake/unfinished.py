"""Tells a voicemail that is still being written from one that will never be complete."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from scv_voicemail.audio import UNFINISHED
from scv_voicemail.errors import VoicemailError
from scv_voicemail.voicemail import Voicemail

SETTLE_SECONDS = 2.0
"""How long files must have been left alone before they are looked into."""
GRACE_SECONDS = 60.0
"""How long a file that looks cut off may still become a whole one."""


def quiet_seconds(paths: Iterable[Path], *, now: datetime) -> float:
    """How long ago the last of these files was touched; below zero for files that are gone.

    It is the time of the last change of the inode, which copying tools cannot set back as they do with a file's mtime.
    """
    try:
        return min(now.timestamp() - path.lstat().st_ctime for path in paths)
    except FileNotFoundError:
        return -math.inf


def read_unless_unfinished(read: Callable[[], Voicemail], *, may_grow: bool) -> Callable[[], Voicemail] | None:
    """Read a voicemail now; hand out what came of it, be it an error. None when it is better to wait."""
    try:
        voicemail = read()
    except VoicemailError as error:
        return None if may_grow and error.code in UNFINISHED else partial(_raise, error)
    return lambda: voicemail


def _raise(error: VoicemailError) -> NoReturn:
    raise error
