"""The samples of a WAV file, whatever it is written in, as 16-bit mono, block by block."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from operator import add
from pathlib import Path

from scv_voicemail.audio import AudioFacts, Encoding, open_regular
from scv_voicemail.errors import BadRecording
from scv_voicemail.intake.g711 import alaw_value, linear8_value, mulaw_value, widened

BLOCK_FRAMES = 32_000

_VALUES = {Encoding.MULAW: mulaw_value, Encoding.ALAW: alaw_value, Encoding.PCM: linear8_value}


def data_blocks(path: Path, facts: AudioFacts, *, first_frame: int = 0, frames: int | None = None) -> Iterator[bytes]:
    """The bytes of the audio as they are, in whole frames; `facts` are what `audio.measure` found."""
    frame_bytes = facts.channels * facts.bits // 8
    missing = facts.data_bytes - first_frame * frame_bytes if frames is None else frames * frame_bytes
    with open_regular(path) as file:
        file.seek(facts.data_offset + first_frame * frame_bytes)
        while missing > 0:
            block = file.read(min(missing, BLOCK_FRAMES * frame_bytes))
            if not block or len(block) % frame_bytes:
                raise BadRecording(f"{path.name} became shorter while it was read", code="truncated")
            missing -= len(block)
            yield block


def mono_blocks(path: Path, facts: AudioFacts) -> Iterator[array[int]]:
    """The samples; of a stereo recording, the mean of both channels."""
    for block in data_blocks(path, facts):
        samples = array("h", block) if facts.bits == 16 else widened(block, _VALUES[facts.encoding])
        if facts.channels == 2:
            samples = array("h", [both >> 1 for both in map(add, samples[::2], samples[1::2])])
        yield samples
