"""G.711: the 8-bit samples of telephone networks, to and from 16 bits, by table."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import cache

_BIAS, _CLIP = 33, 8158  # of the 14-bit numbers that mu-law is defined on (ITU-T G.711, table 2a)


def mulaw_value(code: int) -> int:
    """The 16-bit sample that a mu-law code stands for."""
    code = ~code & 0xFF
    size = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 0x07)) - 0x84
    return -size if code & 0x80 else size


def alaw_value(code: int) -> int:
    """The 16-bit sample that an A-law code stands for."""
    code ^= 0x55
    segment, step = code >> 4 & 0x07, (code & 0x0F) << 4
    size = step + 8 if segment == 0 else step + 0x108 << segment - 1
    return size if code & 0x80 else -size


def linear8_value(code: int) -> int:
    """The 16-bit sample that an unsigned 8-bit one stands for."""
    return code - 128 << 8


def widened(data: bytes, value: Callable[[int], int]) -> array[int]:
    """8-bit samples as 16-bit ones; `value` is one of the three functions above."""
    low, high = _tables(value)
    both = bytearray(2 * len(data))
    both[::2] = data.translate(low)
    both[1::2] = data.translate(high)
    return array("h", bytes(both))


def to_mulaw(samples: array[int]) -> bytes:
    """16-bit samples as mu-law."""
    return bytes(map(_codes().__getitem__, array("H", samples.tobytes())))


@cache
def _tables(value: Callable[[int], int]) -> tuple[bytes, bytes]:
    """The low and the high byte of all 256 samples, so that a block is widened without a loop in Python."""
    values = [value(code) & 0xFFFF for code in range(256)]
    return bytes(number & 0xFF for number in values), bytes(number >> 8 for number in values)


@cache
def _codes() -> bytes:
    """The mu-law code of every 16-bit sample, read as unsigned."""
    return b"".join(bytes([_mulaw_code(number)]) * 4 for number in (*range(1 << 13), *range(-(1 << 13), 0)))


def _mulaw_code(number: int) -> int:
    """The mu-law code of a 14-bit sample."""
    size = min(abs(number), _CLIP) + _BIAS
    segment = size.bit_length() - 6
    return ~(0x80 * (number < 0) | segment << 4 | size >> segment + 1 & 0x0F) & 0xFF
