"""Files that nobody takes, and what to do about each: told once, instead of being ignored without a word."""

from __future__ import annotations

import os
from pathlib import Path

AUDIO = frozenset(
    {".wav16", ".gsm", ".ulaw", ".ul", ".alaw", ".al", ".g722", ".g729", ".sln", ".sln16", ".raw", ".ogg", ".opus"}
    | {".mp3", ".m4a", ".aac", ".flac", ".amr", ".webm", ".wma", ".aiff"}
)
"""Names of recordings that are no plain WAV file."""


def why_left(entry: os.DirEntry[str], *, expected: bool) -> str:
    """Why a file of a watched folder is left where it is; "" for one that is taken, or is no recording at all."""
    suffix = Path(entry.name).suffix.lower()
    if expected and entry.is_symlink():
        return "it is a link, and links are not followed. Next: put the file itself there"
    if expected and not entry.is_file(follow_symlinks=False):
        return "it is no plain file. Next: put the recording itself there"
    if expected and not entry.name.isprintable():
        return "its name cannot be printed. Next: rename it"
    if not expected and suffix in AUDIO:
        return f"recordings are taken as WAV only, not as {suffix}. Next: convert it: `ffmpeg -i FILE NAME.wav`"
    return ""
