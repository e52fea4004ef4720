"""Prompts that flows play from S3: 8 kHz, mono, mu-law, at most five minutes, and nothing else is playable.

https://docs.aws.amazon.com/connect/latest/adminguide/setup-prompts-s3.html
"""

from __future__ import annotations

import struct
from array import array
from functools import cache

from scv_emulator.connect.ports import SAMPLE_RATE_HZ

LONGEST_SECONDS = 300
_MULAW = 7
_PLAYABLE = (_MULAW, 1, SAMPLE_RATE_HZ, 8)


def pcm_of_prompt(content: bytes) -> bytes:
    """The samples of a prompt, 16-bit; ValueError when Amazon Connect would not play it."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError("not a WAV")
    chunks: dict[bytes, bytes] = {}
    place = 12
    while place + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, place)
        chunks.setdefault(name, content[place + 8 : place + 8 + size])
        place += 8 + size + size % 2
    if len(chunks.get(b"fmt ", b"")) < 16 or b"data" not in chunks:
        raise ValueError("a WAV without a format or without data")
    tag, channels, rate, _bytes_per_second, _block, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    if (tag, channels, rate, bits) != _PLAYABLE:
        raise ValueError(f"format, channels, rate and bits are {(tag, channels, rate, bits)}, not {_PLAYABLE}")
    if len(chunks[b"data"]) > LONGEST_SECONDS * SAMPLE_RATE_HZ:
        raise ValueError(f"longer than {LONGEST_SECONDS} s")
    table = _table()
    return array("h", [table[byte] for byte in chunks[b"data"]]).tobytes()


@cache
def _table() -> tuple[int, ...]:
    return tuple(_sample(byte) for byte in range(256))


def _sample(byte: int) -> int:
    """ITU-T G.711: sign, three bits of exponent, four of mantissa, all of them inverted."""
    plain = ~byte & 0xFF
    magnitude = (((plain & 0x0F) << 3) + 0x84 << (plain >> 4 & 0x07)) - 0x84
    return -magnitude if plain & 0x80 else magnitude
