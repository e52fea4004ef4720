"""WAV files byte by byte: `a_wav(channels=2)` changes just what a test is about."""

from __future__ import annotations

import math
import struct
from array import array
from pathlib import Path

PCM, ALAW, MULAW, GSM, EXTENSIBLE = 1, 6, 7, 0x31, 0xFFFE
SUBFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")
AS_IT_IS = -1


def a_tone(seconds: float = 1.0, *, rate: int = 8000, hertz: float = 440, level: int = 8000) -> bytes:
    """16-bit mono samples of a sine."""
    samples = (round(level * math.sin(2 * math.pi * hertz * n / rate)) for n in range(round(seconds * rate)))
    return array("h", samples).tobytes()


def a_chunk(name: bytes, body: bytes, *, size: int = AS_IT_IS) -> bytes:
    return name + struct.pack("<I", len(body) if size == AS_IT_IS else size) + body + bytes(len(body) % 2)


def a_format(tag: int = PCM, *, channels: int = 1, rate: int = 8000, bits: int = 16, block: int = AS_IT_IS) -> bytes:
    block = channels * bits // 8 if block == AS_IT_IS else block
    return struct.pack("<HHIIHH", tag, channels, rate, rate * block & 0xFFFFFFFF, block, bits)


def an_extensible_format(tag: int, *, channels: int = 1, rate: int = 8000, bits: int = 16) -> bytes:
    plain = a_format(EXTENSIBLE, channels=channels, rate=rate, bits=bits)
    return plain + struct.pack("<HHIH", 22, bits, 0, tag) + SUBFORMAT_TAIL


def a_wav(
    samples: bytes | None = None,
    *,
    fmt: bytes | None = None,
    before: bytes = b"",
    after: bytes = b"",
    data_size: int = AS_IT_IS,
    riff_size: int = AS_IT_IS,
) -> bytes:
    """A RIFF file around samples; by default one second of a tone, 16-bit mono at 8 kHz."""
    samples = a_tone() if samples is None else samples
    body = b"WAVE" + before + a_chunk(b"fmt ", a_format() if fmt is None else fmt)
    body += a_chunk(b"data", samples, size=data_size) + after
    return b"RIFF" + struct.pack("<I", len(body) if riff_size == AS_IT_IS else riff_size) + body


def a_wav_file(path: Path, *, seconds: float = 1.0, hertz: float = 440) -> Path:
    """A recording on disk; another pitch is another recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(a_wav(a_tone(seconds, hertz=hertz)))
    return path
