"""Finds the speech in a recording: where it begins and ends, how much there is, and the beep before it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import mul
from pathlib import Path

from scv_voicemail.audio import measure
from scv_voicemail.intake.tones import tone_of
from scv_voicemail.intake.wav_samples import mono_blocks

WINDOWS_PER_SECOND = 50

QUIETEST_SPEECH_DBFS = -50.0
"""Below this nothing counts, however quiet the line is."""
NOISE_MARGIN_DB = 9.0
LOUDEST_THRESHOLD_DBFS = -30.0
"""Above this everything counts: a noisy message is delivered rather than taken for an empty one."""

_FULL_SCALE = 32_768.0
_SILENCE_DBFS = -100.0
_NOISE_SHARE = 0.1
_STEADY = 0.015
_BUCKETS = 1_000
"""Of a tenth of a decibel each."""
# In windows of 20 ms.
_PAUSE = 5
_SHORTEST_SPEECH = 5
_SHORTEST_TONE = 5
_SHORTEST_PAIR = 2
_SHORTEST_BEEP = 6
_BEEP_BEGINS_BY = 3 * WINDOWS_PER_SECOND

_Run = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What was found, in seconds from the start of the recording; all zero when nothing was said.

    `seconds` is the speech alone, without pauses. `beep_ends_at_seconds` is 0 when the recording does not begin with a
    beep.
    """

    starts_at_seconds: float
    ends_at_seconds: float
    seconds: float
    beep_ends_at_seconds: float = 0.0


def find_speech(path: str | Path, *, enough_seconds: float | None = None) -> Speech:
    """Tell speech from silence, noise, clicks, beeps and DTMF tones, by level and steadiness alone.

    In doubt it is speech. With `enough_seconds`, reading stops once that much speech is found, and the answer is about
    what was read until then. Raises what `audio.measure` raises.
    """
    path = Path(path)
    facts = measure(path)
    window_frames = facts.sample_rate_hz // WINDOWS_PER_SECOND
    window_seconds = window_frames / facts.sample_rate_hz
    levels, tones = array("f"), array("f")
    look_again_at = 2 * WINDOWS_PER_SECOND
    for window in _windows(mono_blocks(path, facts), window_frames):
        level = _level(window)
        levels.append(level)
        tones.append(tone_of(window, facts.sample_rate_hz) if level > QUIETEST_SPEECH_DBFS else 0.0)
        if enough_seconds is not None and len(levels) == look_again_at:
            look_again_at *= 2
            if sum(end - begin for begin, end in _speech(levels, tones)) * window_seconds >= enough_seconds:
                break
    speech = _speech(levels, tones)
    return Speech(
        starts_at_seconds=speech[0][0] * window_seconds if speech else 0.0,
        ends_at_seconds=min(speech[-1][1] * window_seconds, facts.duration_seconds) if speech else 0.0,
        seconds=sum(end - begin for begin, end in speech) * window_seconds,
        beep_ends_at_seconds=min(_beep_end(tones, speech) * window_seconds, facts.duration_seconds),
    )


def _windows(blocks: Iterator[array[int]], frames: int) -> Iterator[array[int]]:
    """Stretches of 20 ms; what is left over at the end is too short to be speech."""
    left = array("h")
    for block in blocks:
        samples = left + block
        whole = len(samples) // frames * frames
        for at in range(0, whole, frames):
            yield samples[at : at + frames]
        left = samples[whole:]


def _level(window: array[int]) -> float:
    """The effective level in dBFS, without the constant offset that some lines have."""
    count = len(window)
    square = sum(map(mul, window, window)) / count - (sum(window) / count) ** 2
    return max(_SILENCE_DBFS, 10 * math.log10(square / _FULL_SCALE**2)) if square > 0 else _SILENCE_DBFS


def _speech(levels: Sequence[float], tones: Sequence[float]) -> list[_Run]:
    """The runs of windows that are loud enough, long enough and no tone, short pauses included."""
    if not levels:
        return []
    noise = _nth_lowest(levels, int(len(levels) * _NOISE_SHARE))
    threshold = max(QUIETEST_SPEECH_DBFS, min(noise + NOISE_MARGIN_DB, LOUDEST_THRESHOLD_DBFS))
    loud = bytearray(level > threshold for level in levels)
    for begin, end in _tone_runs(tones):
        # A tone begins and ends inside a window, and what is left of it there sounds like a click.
        around = slice(max(0, begin - 1), min(len(loud), end + 1))
        loud[around] = bytes(len(loud[around]))
    runs: list[_Run] = []
    counts: list[int] = []
    for at, is_loud in enumerate(loud):
        if not is_loud:
            continue
        if runs and at - runs[-1][1] <= _PAUSE:
            runs[-1] = (runs[-1][0], at + 1)
            counts[-1] += 1
        else:
            runs.append((at, at + 1))
            counts.append(1)
    return [run for run, count in zip(runs, counts, strict=True) if count >= _SHORTEST_SPEECH]


def _nth_lowest(levels: Sequence[float], n: int) -> float:
    """What sorting would find, without a list of every level: of a day's recording it would take 200 MB."""
    counts = [0] * (_BUCKETS + 1)
    for level in levels:
        counts[_bucket(level)] += 1
    below = bucket = 0
    while below + counts[bucket] <= n:
        below += counts[bucket]
        bucket += 1
    inside = array("f", (level for level in levels if _bucket(level) == bucket))
    lowest = min(inside)
    return lowest if lowest == max(inside) else sorted(inside)[n - below]


def _bucket(level: float) -> int:
    return min(_BUCKETS, int((level - _SILENCE_DBFS) * 10))


def _tone_runs(tones: Sequence[float]) -> list[_Run]:
    """Where the same tone, or the same pair of tones, stays long enough to be none of a voice."""
    runs: list[_Run] = []
    begin = 0
    for at in range(1, len(tones) + 1):
        if at < len(tones) and tones[begin] and abs(tones[at] - tones[begin]) <= _STEADY * abs(tones[begin]):
            continue
        if tones[begin] and at - begin >= (_SHORTEST_TONE if tones[begin] > 0 else _SHORTEST_PAIR):
            runs.append((begin, at))
        begin = at
    return runs


def _beep_end(tones: Sequence[float], speech: Sequence[_Run]) -> int:
    """The window after the beep that the message begins with, or 0: after speech, a tone is part of the message."""
    for begin, end in _tone_runs(tones):
        if begin > _BEEP_BEGINS_BY or (speech and speech[0][0] < begin):
            return 0
        if tones[begin] > 0 and end - begin >= _SHORTEST_BEEP:
            return end + 1
    return 0
