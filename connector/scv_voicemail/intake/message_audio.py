"""Cuts the caller's own message out of what was recorded of a call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from scv_voicemail import audio
from scv_voicemail.audio import AudioFacts
from scv_voicemail.intake.speech import find_speech
from scv_voicemail.intake.wav_writing import trimmed

ABSURD_SECONDS = 5.0
"""A message that begins so long after the recording's end was dated by a clock that is not this call's."""

ENOUGH_SECONDS = 30.0
"""With so much speech a message is none that somebody left by mistake."""

WHOLE_SECOND = timedelta(seconds=1)
"""How much earlier than written a moment may be that is written without fractions of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The caller's message as a file, when it began, and how much of it is speech.

    `is_misdated`: the recording was over before the message began, so that it may be another one that holds it.
    """

    path: Path
    facts: AudioFacts
    began_at: datetime | None
    speech_seconds: float
    is_misdated: bool = False
    notes: tuple[str, ...] = ()


def cut_out(
    source: Path,
    folder: Path,
    *,
    recorded_at: datetime | None,
    began_at: datetime | None,
    ended_at: datetime | None = None,
    enough_seconds: float = ENOUGH_SECONDS,
) -> Message:
    """The message in a recording that began at `recorded_at`; `source` may be deleted on the way.

    What cannot be placed is left uncut with a note: rather a prompt too much than a word too little. Speech is counted
    up to about `enough_seconds`. Raises `BadRecording`, with the code `empty` when nothing was recorded between the
    end of the tone and the end of the message.
    """
    path, facts = source, audio.measure(source)
    start, end, note = _window(facts.duration_seconds, recorded_at, began_at, ended_at)
    if start or end is not None:
        path = folder / "message.wav"
        facts = trimmed(source, path, start_seconds=start, end_seconds=end)
        source.unlink()
    speech = find_speech(path, enough_seconds=enough_seconds)
    if beep := speech.beep_ends_at_seconds:
        after = folder / "after-the-tone.wav"
        facts = trimmed(path, after, start_seconds=beep, end_seconds=None)
        path.unlink()
        path = after
    placed = recorded_at + timedelta(seconds=start) if recorded_at else began_at
    return Message(
        path=path,
        facts=facts,
        began_at=placed + timedelta(seconds=beep) if placed else None,
        speech_seconds=speech.seconds,
        is_misdated=note is not None and recorded_at is not None,
        notes=(note,) if note else (),
    )


def _window(
    seconds: float, recorded_at: datetime | None, began_at: datetime | None, ended_at: datetime | None
) -> tuple[float, float | None, str | None]:
    """Where the message begins and ends in the recording, in seconds; an end of None is the recording's own.

    With a note why it is not cut, where it should have been.
    """
    if began_at is None:
        return 0.0, None, None
    if recorded_at is None:
        return 0.0, None, "not cut: it is not known when the recording began"
    # A contact record may give whole seconds: 12:00:07.9 is then written 12:00:07, and the cut would be 0.9 s late.
    earliest = began_at - WHOLE_SECOND if recorded_at.microsecond == 0 else began_at
    start = max((earliest - recorded_at).total_seconds(), 0.0)
    if start > seconds + ABSURD_SECONDS:
        return 0.0, None, f"not cut: the message would begin {start - seconds:.0f} s after the recording's end"
    end = None if ended_at is None else (ended_at - recorded_at).total_seconds()
    return start, end if end is not None and start < end < seconds else None, None
