"""Writes WAV files whose headers are true, in constant memory, under a temporary name until they are whole."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path

from scv_voicemail.audio import BLOCK_BYTES, AudioFacts, Encoding, measure
from scv_voicemail.errors import BadRecording
from scv_voicemail.intake.durable import clear_errors
from scv_voicemail.intake.g711 import to_mulaw
from scv_voicemail.intake.wav_samples import data_blocks, mono_blocks

PROMPT_RATE_HZ = 8000
"""Amazon Connect plays prompts from S3 as mu-law at 8 kHz, mono (admin guide, "Create prompts")."""

_TAGS = {Encoding.PCM: 1, Encoding.ALAW: 6, Encoding.MULAW: 7}
_MAX_DATA_BYTES = (1 << 32) - 256


def write_wav(pcm_chunks: Iterable[bytes], path: str | Path, sample_rate_hz: int = 8000) -> AudioFacts:
    """Write 16-bit little-endian mono samples as a WAV file; `BadRecording` (code `empty`) when there are none."""
    return _written(Path(path), pcm_chunks, encoding=Encoding.PCM, rate=sample_rate_hz, channels=1, bits=16)


def wav_of_samples(samples: Path, path: str | Path, *, sample_rate_hz: int) -> AudioFacts:
    """Write a file of bare samples as a WAV file, like `write_wav`."""
    with samples.open("rb") as file:
        return write_wav(iter(lambda: file.read(BLOCK_BYTES), b""), path, sample_rate_hz)


def trimmed(
    source: str | Path, target: str | Path, *, start_seconds: float, end_seconds: float | None = None
) -> AudioFacts:
    """Copy a part of a recording, exact to the sample and in the same format.

    Times outside the recording mean its beginning and its end: a negative start never counts from the end. When
    nothing is left, `BadRecording` with code `empty`, and no file.
    """
    source, target = Path(source), Path(target)
    facts = measure(source)
    frames = facts.data_bytes // (facts.channels * facts.bits // 8)
    first = _clamped(start_seconds * facts.sample_rate_hz, frames)
    last = frames if end_seconds is None else _clamped(end_seconds * facts.sample_rate_hz, frames)
    kept = data_blocks(source, facts, first_frame=first, frames=max(0, last - first))
    return _written(
        target,
        kept,
        encoding=facts.encoding,
        rate=facts.sample_rate_hz,
        channels=facts.channels,
        bits=facts.bits,
    )


def mulaw_wav(source: str | Path, target: str | Path) -> AudioFacts:
    """Copy a recording at 8 kHz as mono mu-law, which Amazon Connect can play back to the caller."""
    source = Path(source)
    facts = measure(source)
    if facts.sample_rate_hz != PROMPT_RATE_HZ:
        raise BadRecording(
            f"{source.name} has a sample rate of {facts.sample_rate_hz:,} Hz, a prompt needs {PROMPT_RATE_HZ:,} Hz"
        )
    codes = (to_mulaw(samples) for samples in mono_blocks(source, facts))
    return _written(Path(target), codes, encoding=Encoding.MULAW, rate=PROMPT_RATE_HZ, channels=1, bits=8)


def _clamped(frame: float, frames: int) -> int:
    return round(min(max(frame, 0.0), float(frames)))


def _written(
    target: Path, chunks: Iterable[bytes], *, encoding: Encoding, rate: int, channels: int, bits: int
) -> AudioFacts:
    """Write audio whose length is not known beforehand: the header comes again, with the sizes, at the end.

    A kill leaves a hidden .part file and never half a recording. Nothing is synced to the disk: whoever keeps the
    recording does that.
    """
    half = target.with_name(f".{target.name}.{os.getpid()}.part")
    frame_bytes = channels * bits // 8
    with clear_errors(target.parent):
        try:
            with half.open("wb") as file:
                file.write(_header(0, encoding=encoding, rate=rate, channels=channels, bits=bits))
                offset = file.tell()
                for chunk in chunks:
                    file.write(chunk)
                    if file.tell() > _MAX_DATA_BYTES:
                        raise BadRecording(f"{target.name} would be too large for WAV")
                size = (file.tell() - offset) // frame_bytes * frame_bytes
                if not size:
                    raise BadRecording(f"{target.name} would hold no audio", code="empty")
                file.truncate(offset + size)
                file.seek(offset + size)
                file.write(bytes(size % 2))  # RIFF chunks have an even length
                file.seek(0)
                file.write(_header(size, encoding=encoding, rate=rate, channels=channels, bits=bits))
            facts = measure(half)
            half.replace(target)
        finally:
            half.unlink(missing_ok=True)
    return facts


def _header(size: int, *, encoding: Encoding, rate: int, channels: int, bits: int) -> bytes:
    frame_bytes = channels * bits // 8
    form = struct.pack("<HHIIHH", _TAGS[encoding], channels, rate, rate * frame_bytes, frame_bytes, bits)
    if encoding is not Encoding.PCM:
        # Everything but PCM has an extension, here an empty one, and a chunk that counts the samples.
        form += struct.pack("<H4sII", 0, b"fact", 4, size // frame_bytes)
    form_bytes = 16 if encoding is Encoding.PCM else 18
    body = struct.pack("<4s4sI", b"WAVE", b"fmt ", form_bytes) + form + struct.pack("<4sI", b"data", size)
    return struct.pack("<4sI", b"RIFF", len(body) + size + size % 2) + body
