"""Reads Matroska (EBML) as it comes down a connection, element by element, without ever holding more than one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from scv_voicemail.errors import BadRecording, Unavailable

MAX_VALUE_BYTES = 4 * 1024 * 1024
"""No value may claim to be longer: a second of Amazon Connect's audio takes 16 KB."""
MAX_DEPTH = 8
"""Kinesis Video Streams nests four deep (Segment, Tags, Tag, SimpleTag)."""

EBML_HEADER, SEGMENT, CLUSTER, BLOCK_GROUP = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0xA0
TRACKS, TRACK_ENTRY, TAGS, TAG, SIMPLE_TAG = 0x1654AE6B, 0xAE, 0x1254C367, 0x7373, 0x67C8
TRACK_NUMBER, TRACK_NAME, CONTENT_ENCODINGS = 0xD7, 0x536E, 0x6D80
TAG_NAME, TAG_STRING, SIMPLE_BLOCK, BLOCK = 0x45A3, 0x4487, 0xA3, 0xA1

_CONTAINERS = frozenset({SEGMENT, CLUSTER, BLOCK_GROUP, TRACKS, TRACK_ENTRY, TAGS, TAG, SIMPLE_TAG})
_VALUES = frozenset({TRACK_NUMBER, TRACK_NAME, CONTENT_ENCODINGS, TAG_NAME, TAG_STRING, SIMPLE_BLOCK, BLOCK})
# Whatever stands at the top or directly in a segment ends a cluster whose size was left open (RFC 9559, 5.1).
_TOP = frozenset({EBML_HEADER, SEGMENT})
_AT_TOP = _TOP | {0xEC, 0xBF}  # and what may stand anywhere: Void and CRC-32
_IN_SEGMENT = frozenset({CLUSTER, TRACKS, TAGS, 0x114D9B74, 0x1549A966, 0x1C53BB6B, 0x1941A469, 0x1043A770})
_ENDS_OPEN = {SEGMENT: _TOP, CLUSTER: _TOP | _IN_SEGMENT}
_NO_LIMIT = 1 << 63
_LACINGS = {0x02: "Xiph", 0x04: "fixed-size", 0x06: "EBML"}


class Mark(Enum):
    """What is said about an element."""

    BEGINS = auto()
    HOLDS = auto()
    ENDS = auto()


class Element(NamedTuple):
    """Where a container begins or ends, or a value with its bytes."""

    id: int
    mark: Mark
    data: bytes = b""


def read_elements(chunks: Iterable[bytes]) -> Iterator[Element]:
    """The containers and values a recording is made of, from any number of documents in a row, cut up in any way.

    Nothing is pulled before it is needed: an element is given as soon as its last byte is there. Unknown elements are
    skipped. Raises `Unavailable` when the bytes end inside an element, `BadRecording` for what is not Matroska.
    """
    source = _Bytes(chunks)
    stack: list[_Open] = []
    while True:
        while stack and stack[-1].limit == source.position:
            yield Element(stack.pop().id, Mark.ENDS)
        if not source.has(1):
            break
        began = source.position
        element, size = source.header()
        while stack and stack[-1].is_ended_by(element):
            yield Element(stack.pop().id, Mark.ENDS)
        end = _end(element, size, source.position, stack, began)
        if element in _CONTAINERS:
            stack.append(_Open(element, end, left_open=size is None))
            yield Element(element, Mark.BEGINS)
        elif element in _VALUES:
            yield Element(element, Mark.HOLDS, source.take(end - source.position))
        else:
            source.skip(end - source.position)
    if not all(one.left_open for one in stack):
        raise _cut(source.position)
    while stack:
        yield Element(stack.pop().id, Mark.ENDS)


class _Open(NamedTuple):
    """A container that has begun, and where it ends at the latest; `left_open`: its size was not given."""

    id: int
    limit: int
    left_open: bool

    def is_ended_by(self, element: int) -> bool:
        return self.left_open and element in _ENDS_OPEN[self.id]


def _end(element: int, size: int | None, position: int, stack: list[_Open], began: int) -> int:
    """Where the element whose header has just been read ends, if it may stand here at all."""
    limit = stack[-1].limit if stack else _NO_LIMIT
    end = limit if size is None else position + size
    if not stack and element not in _AT_TOP:
        raise _not_matroska(f"element {element:#x} stands outside any document", began)
    if max(position, end) > limit:
        raise _not_matroska(f"element {element:#x} is longer than its container", began)
    if size is None and element not in _ENDS_OPEN:
        raise _not_matroska(f"element {element:#x} leaves its size open", began)
    if element not in _CONTAINERS and end - position > MAX_VALUE_BYTES:
        raise _not_matroska(f"element {element:#x} claims more than {MAX_VALUE_BYTES:,} bytes", began)
    if element in _CONTAINERS and len(stack) >= MAX_DEPTH:
        raise _not_matroska(f"elements are nested more than {MAX_DEPTH} deep", began)
    return end


def block_of(data: bytes) -> tuple[int, bytes]:
    """The track number and the payload of a SimpleBlock or Block; laced ones are a `BadRecording`."""
    width = 9 - data[0].bit_length() if data else 9
    if width > 8 or len(data) < width + 3:
        raise _not_matroska("a block is too short for its header")
    track = int.from_bytes(data[:width], "big") ^ (1 << 7 * width)
    lacing = data[width + 2] & 0x06
    if lacing:
        raise _not_matroska(f"a block has {_LACINGS[lacing]} lacing, which Kinesis Video Streams does not write")
    return track, data[width + 3 :]


class _Bytes:
    """Bytes out of chunks, never pulling a chunk before it is needed."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = b""
        self._at = 0
        self.position = 0

    def has(self, count: int) -> bool:
        """Whether there are that many bytes more; meant for the few bytes of a header."""
        while len(self._buffer) - self._at < count:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._buffer = self._buffer[self._at :] + chunk
            self._at = 0
        return True

    def header(self) -> tuple[int, int | None]:
        """Id and size of the next element; None is a size left open."""
        began = self.position
        element, width = self._number(4, "an element id")
        self._at += width
        size, size_width = self._number(8, "a size")
        self._at += size_width
        self.position = began + width + size_width
        size ^= 1 << 7 * size_width
        return element, None if size == (1 << 7 * size_width) - 1 else size

    def _number(self, longest: int, what: str) -> tuple[int, int]:
        """A number that tells its own width by its leading zero bits (RFC 8794, 4), with its marker, and the width."""
        if not self.has(1):
            raise _cut(self.position)
        width = 9 - self._buffer[self._at].bit_length()
        if width > longest:
            raise _not_matroska(f"{what} has more than {longest} bytes", self.position)
        if not self.has(width):
            raise _cut(self.position)
        return int.from_bytes(self._buffer[self._at : self._at + width], "big"), width

    def take(self, count: int) -> bytes:
        """The next bytes."""
        there = len(self._buffer) - self._at
        if count <= there:
            self._at += count
            self.position += count
            return self._buffer[self._at - count : self._at]
        parts = [self._buffer[self._at :]]
        parts.extend(self._pulled(count - there))
        self.position += count
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Pass over the next bytes."""
        there = len(self._buffer) - self._at
        if count <= there:
            self._at += count
        else:
            for _ in self._pulled(count - there):
                pass
        self.position += count

    def _pulled(self, missing: int) -> Iterator[bytes]:
        """That many bytes from fresh chunks; the rest of the last chunk becomes the buffer."""
        while missing > 0:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise _cut(self.position)
            self._buffer, self._at = chunk, min(missing, len(chunk))
            missing -= self._at
            yield chunk[: self._at]


def _cut(position: int) -> Unavailable:
    return Unavailable(
        f"the stream ended inside an element, after {position:,} bytes", service="kinesis-video", code="truncated"
    )


def _not_matroska(what: str, position: int | None = None) -> BadRecording:
    where = "" if position is None else f" at byte {position:,}"
    return BadRecording(
        f"the stream cannot be read as Matroska{where}: {what}",
        service="kinesis-video",
        code="malformed",
        fix="keep the message and report it; nothing was delivered from it",
    )
