"""Decodes recordings to 16-bit linear samples, block by block."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path

from scv_voicemail.audio import BLOCK_BYTES, AudioFacts, Encoding, open_regular
from scv_voicemail.errors import BadRecording


def pcm16_blocks(path: str | Path, facts: AudioFacts) -> Iterator[array[int]]:
    """The samples of a measured recording, channels interleaved, in blocks of at most 64 Ki samples."""
    path = Path(path)
    with open_regular(path) as file:
        file.seek(facts.data_offset)
        left = facts.data_bytes
        while left:
            block = file.read(min(left, BLOCK_BYTES))
            if not block or len(block) % (facts.bits // 8):
                raise BadRecording(f"{path.name} became shorter while it was read", code="truncated")
            left -= len(block)
            yield _decode(block, facts)


def peak_dbfs(path: str | Path, facts: AudioFacts) -> float:
    """The loudest sample in decibels below full scale; minus infinity for digital silence."""
    peak = max(abs(sample) for block in pcm16_blocks(path, facts) for sample in (max(block), min(block)))
    return 20 * math.log10(peak / 32768) if peak else -math.inf


def _decode(block: bytes, facts: AudioFacts) -> array[int]:
    if facts.encoding is Encoding.PCM and facts.bits == 16:
        samples = array("h", block)
        if sys.byteorder == "big":
            samples.byteswap()
        return samples
    table = {Encoding.PCM: _LINEAR_8, Encoding.MULAW: _MULAW, Encoding.ALAW: _ALAW}[facts.encoding]
    return array("h", map(table.__getitem__, block))


def _mulaw_sample(code: int) -> int:
    """ITU-T G.711, table 2: the bits are sent inverted and carry a bias of 132."""
    code ^= 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << (code >> 4 & 7)) - 132
    return -magnitude if code & 0x80 else magnitude


def _alaw_sample(code: int) -> int:
    """ITU-T G.711, table 1: every second bit is sent inverted; segments 0 and 1 have the same step."""
    code ^= 0x55
    segment, step = code >> 4 & 7, (code & 0x0F) << 4
    magnitude = step + 8 if segment == 0 else step + 0x108 << segment - 1
    return magnitude if code & 0x80 else -magnitude


_LINEAR_8 = [(code - 128) << 8 for code in range(256)]
_MULAW = [_mulaw_sample(code) for code in range(256)]
_ALAW = [_alaw_sample(code) for code in range(256)]
