"""Kinesis video streams byte by byte, in the shape that Amazon Connect writes: `a_fragment(7, number=2)`."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

CONTACT = "0a1b2c3d-0000-4000-8000-00000000000a"
OTHER_CONTACT = "0a1b2c3d-0000-4000-8000-00000000000b"
INSTANCE = "0a1b2c3d-0000-4000-8000-0000000000ff"
FIRST_NUMBER = 91343852333181432392682062607743920340700798530
"""Fragment numbers have 47 digits and more."""
BEGAN_AT = 1_763_650_000.25
MIME = "audio/L16;rate=8000;channels=1;"

UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
HEADER, SEGMENT, INFO, CLUSTER, TRACKS, TAGS = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1F43B675, 0x1654AE6B, 0x1254C367
TRACK_ENTRY, TAG, SIMPLE_TAG, SIMPLE_BLOCK, BLOCK_GROUP, BLOCK, VOID = 0xAE, 0x7373, 0x67C8, 0xA3, 0xA0, 0xA1, 0xEC


def a_size(count: int, *, width: int = 0) -> bytes:
    """A size in EBML; as short as possible unless a width is given."""
    width = width or next(width for width in range(1, 9) if count < (1 << 7 * width) - 1)
    return (count | 1 << 7 * width).to_bytes(width, "big")


def an_element(element: int, body: bytes = b"", *, size: bytes | None = None) -> bytes:
    identifier = element.to_bytes((element.bit_length() + 7) // 8, "big")
    return identifier + (a_size(len(body)) if size is None else size) + body


def a_header() -> bytes:
    return an_element(HEADER, an_element(0x4286, b"\x01") + an_element(0x4282, b"matroska"))


def the_tags(tags: Mapping[str, str]) -> bytes:
    """One Tags element with one Tag, and the four-byte sizes that Kinesis Video Streams writes."""
    simple = b"".join(
        an_element(
            SIMPLE_TAG,
            an_element(0x45A3, name.encode()) + an_element(0x4487, value.encode(), size=a_size(len(value), width=4)),
        )
        for name, value in tags.items()
    )
    return an_element(TAGS, an_element(TAG, simple))


def a_track(number: int, name: str) -> bytes:
    """Amazon Connect calls its linear audio A_AAC."""
    body = an_element(0xD7, bytes([number])) + an_element(0x73C5, bytes([number])) + an_element(0x83, b"\x02")
    body += an_element(0x86, b"A_AAC") + (an_element(0x536E, name.encode()) if name else b"")
    body += an_element(0xE1, an_element(0xB5, struct.pack(">d", 8000.0)) + an_element(0x9F, b"\x01"))
    return an_element(TRACK_ENTRY, body)


def a_block(track: int, samples: bytes, *, at_ms: int = 0, flags: int = 0x80, grouped: bool = False) -> bytes:
    body = a_size(track) + struct.pack(">hB", at_ms, flags) + samples
    return an_element(BLOCK_GROUP, an_element(BLOCK, body)) if grouped else an_element(SIMPLE_BLOCK, body)


def a_fragment(
    index: int = 0,
    customer: bytes = b"",
    system: bytes = b"",
    *,
    contact_id: str = CONTACT,
    number: int | None = None,
    at: float | None = None,
    names: tuple[str, ...] = ("AUDIO_FROM_CUSTOMER", "AUDIO_TO_CUSTOMER"),
    behind_millis: int = 60_000,
    block_bytes: int = 960,
    grouped: bool = False,
    cluster_size: bool = False,
    token: bool = True,
    before: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
    extra: bytes = b"",
) -> bytes:
    """A document of its own, as GetMedia sends it: about one second of both tracks in turn, tags before and after.

    `extra` are elements among the blocks; `before` and `after` replace the tags there.
    """
    number = FIRST_NUMBER + index if number is None else number
    at = BEGAN_AT + index if at is None else at
    blocks = []
    for position in range(0, max(len(customer), len(system)), block_bytes):
        for track, samples in ((1, customer), (2, system)):
            if part := samples[position : position + block_bytes]:
                blocks.append(a_block(track, part, at_ms=position // 16 % 30_000, grouped=grouped))
    cluster = an_element(0xE7, b"\x00") + extra + b"".join(blocks)
    if before is None:
        before = {
            "AWS_KINESISVIDEO_FRAGMENT_NUMBER": str(number),
            "AWS_KINESISVIDEO_SERVER_TIMESTAMP": f"{at + 0.4:.3f}",
            "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP": f"{at:.3f}",
        }
    if after is None:
        after = {"ContactId": contact_id, "InstanceId": INSTANCE, "MimeType": MIME}
        after |= {name: str(track) for track, name in enumerate(("AUDIO_FROM_CUSTOMER", "AUDIO_TO_CUSTOMER"), start=1)}
    last = {
        "AWS_KINESISVIDEO_MILLIS_BEHIND_NOW": str(behind_millis),
        "AWS_KINESISVIDEO_CONTINUATION_TOKEN": str(number),
    }
    tracks = b"".join(a_track(track, name) for track, name in enumerate(names, start=1))
    return (
        a_header()
        + an_element(SEGMENT, size=UNKNOWN_SIZE)
        + an_element(INFO, an_element(0x2AD7B1, b"\x0f\x42\x40"))
        + an_element(TRACKS, tracks)
        + the_tags(before)
        + an_element(CLUSTER, cluster, size=None if cluster_size else UNKNOWN_SIZE)
        + b"".join(the_tags({name: value}) for name, value in after.items())
        + (the_tags(last) if token else b"")
    )


def in_chunks(data: bytes, size: int) -> Iterable[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))
