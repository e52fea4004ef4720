"""Writes fragments as Kinesis Video Streams returns an Amazon Connect call: Matroska with PCM in two tracks.

Element ids: RFC 9559. Tags: "GetMedia" in the Kinesis Video Streams API reference.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence

TRACKS = ("AUDIO_FROM_CUSTOMER", "AUDIO_TO_CUSTOMER")
"""Names of the tracks, in the order of their numbers from 1."""
_BLOCK_BYTES = 1_024
_BYTES_PER_MILLISECOND = 16
_UNKNOWN_SIZE = b"\x01\xff\xff\xff\xff\xff\xff\xff"

_EBML, _SEGMENT, _INFO = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66"
_TRACKS, _TRACK_ENTRY, _AUDIO = b"\x16\x54\xae\x6b", b"\xae", b"\xe1"
_CLUSTER, _SIMPLE_BLOCK = b"\x1f\x43\xb6\x75", b"\xa3"
_TAGS, _TAG, _SIMPLE_TAG = b"\x12\x54\xc3\x67", b"\x73\x73", b"\x67\xc8"


def fragment(
    *, head: Mapping[str, str], tail: Sequence[Mapping[str, str]], began_ms: int, audio: Sequence[bytes]
) -> bytes:
    """One fragment: a whole Matroska file with the tags `head`, one cluster, and a Tags element for each of `tail`.

    `audio` is the PCM of each track, 16-bit at 8 kHz; `began_ms` is the cluster's time since 1970.
    """
    header = (
        _uint(b"\x42\x86", 1)
        + _uint(b"\x42\xf7", 1)
        + _uint(b"\x42\xf2", 4)
        + _uint(b"\x42\xf3", 8)
        + _text(b"\x42\x82", "matroska")
        + _uint(b"\x42\x87", 2)
        + _uint(b"\x42\x85", 2)
    )
    info = (
        _element(b"\x73\xa4", bytes(range(16)))
        + _uint(b"\x2a\xd7\xb1", 1_000_000)
        + _text(b"\x4d\x80", "Kinesis Video SDK")
        + _text(b"\x57\x41", "Kinesis Video SDK")
    )
    return b"".join(
        [
            _element(_EBML, header),
            _SEGMENT,
            _UNKNOWN_SIZE,
            _element(_INFO, info),
            _element(_TRACKS, b"".join(_track(number, name) for number, name in enumerate(TRACKS, start=1))),
            tags(head),
            _element(_CLUSTER, _uint(b"\xe7", began_ms) + b"".join(_blocks(audio))),
            *(tags(named) for named in tail),
        ]
    )


def error_fragment(*, code: str, error_id: int) -> bytes:
    """What ends a stream that the service cannot go on with."""
    named = {"AWS_KINESISVIDEO_ERROR_CODE": code, "AWS_KINESISVIDEO_ERROR_ID": str(error_id)}
    return _element(_EBML, _text(b"\x42\x82", "matroska")) + _SEGMENT + _UNKNOWN_SIZE + tags(named)


def tags(named: Mapping[str, str]) -> bytes:
    """One Tags element."""
    simple = b"".join(
        _element(_SIMPLE_TAG, _text(b"\x45\xa3", name) + _text(b"\x44\x87", value)) for name, value in named.items()
    )
    return _element(_TAGS, _element(_TAG, simple))


def _track(number: int, name: str) -> bytes:
    audio = _element(b"\xb5", struct.pack(">d", 8_000.0)) + _uint(b"\x9f", 1)
    return _element(
        _TRACK_ENTRY,
        _uint(b"\xd7", number)
        + _uint(b"\x73\xc5", number)
        + _uint(b"\x83", 2)
        + _text(b"\x53\x6e", name)
        + _text(b"\x86", "A_AAC")  # what Amazon Connect says, although the blocks hold PCM
        + _element(_AUDIO, audio),
    )


def _blocks(audio: Sequence[bytes]) -> Iterator[bytes]:
    longest = max((len(one) for one in audio), default=0)
    for start in range(0, longest, _BLOCK_BYTES):
        for number, pcm in enumerate(audio, start=1):
            piece = pcm[start : start + _BLOCK_BYTES]
            if piece:
                head = bytes([0x80 | number]) + struct.pack(">h", start // _BYTES_PER_MILLISECOND) + b"\x80"
                yield _element(_SIMPLE_BLOCK, head + piece)


def _element(identifier: bytes, content: bytes) -> bytes:
    return identifier + _size(len(content)) + content


def _size(length: int) -> bytes:
    for width in range(1, 9):
        if length < (1 << (7 * width)) - 1:  # all ones would mean "unknown"
            return ((1 << (7 * width)) | length).to_bytes(width, "big")
    raise ValueError(f"{length} bytes do not fit into an element")


def _uint(identifier: bytes, value: int) -> bytes:
    return _element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _text(identifier: bytes, value: str) -> bytes:
    return _element(identifier, value.encode())
