"""The demo's voicemail: speech on a phone line, and a transcript that fits it."""

from __future__ import annotations

import array
import wave
from importlib.resources import as_file, files
from itertools import pairwise

import pytest
from scv_voicemail.audio import AudioFacts, Encoding, measure
from scv_voicemail.transcripts import load_transcript, read_transcript
from scv_voicemail.voicemail import Segment

DEMO = files("scv_voicemail") / "demo"


@pytest.fixture(scope="module")
def facts() -> AudioFacts:
    with as_file(DEMO / "recording.wav") as path:
        return measure(path)


@pytest.fixture(scope="module")
def segments(facts: AudioFacts) -> tuple[Segment, ...]:
    with as_file(DEMO / "recording.json") as path:
        transcript = read_transcript(load_transcript(path), duration_seconds=facts.duration_seconds)
    assert transcript is not None
    return transcript.segments


def loudness(facts: AudioFacts, start_ms: int, end_ms: int) -> int:
    """The loudest sample of a stretch."""
    with as_file(DEMO / "recording.wav") as path, wave.open(str(path), "rb") as recording:
        samples = array.array("h", recording.readframes(recording.getnframes()))
    stretch = samples[start_ms * facts.sample_rate_hz // 1000 : end_ms * facts.sample_rate_hz // 1000]
    return max(map(abs, stretch))


def test_it_is_a_phone_recording_small_enough_to_ship(facts: AudioFacts) -> None:
    """8 kHz, mono, 16 bit, ten to sixteen seconds, under 300 KB."""
    assert (facts.encoding, facts.sample_rate_hz, facts.channels, facts.bits) == (Encoding.PCM, 8000, 1, 16)
    assert 10 <= facts.duration_seconds <= 16
    assert facts.size_bytes < 300_000


def test_somebody_speaks_in_every_segment_and_nobody_between_them(
    facts: AudioFacts, segments: tuple[Segment, ...]
) -> None:
    """The times of the transcript are those of the speech."""
    pauses = [(one.end_ms, other.start_ms) for one, other in pairwise(segments)]

    assert 4 <= len(segments) <= 6
    assert all(loudness(facts, one.start_ms, one.end_ms) > 8000 for one in segments)
    assert all(end - start > 200 and loudness(facts, start + 1, end - 1) == 0 for start, end in pauses)


def test_the_number_to_call_back_is_a_fictional_one(segments: tuple[Segment, ...]) -> None:
    """555-0100 to 555-0199 belong to nobody."""
    assert "415-555-0142" in " ".join(one.text for one in segments)
