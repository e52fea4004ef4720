"""Matroska in pieces: whatever comes, it is read, refused or found cut, and never held in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scv_voicemail.errors import BadRecording, Unavailable
from scv_voicemail.intake import ebml
from scv_voicemail.intake.ebml import Element, Mark, block_of, read_elements

from tests.mkv_files import (
    BLOCK_GROUP,
    CLUSTER,
    HEADER,
    INFO,
    SEGMENT,
    SIMPLE_BLOCK,
    SIMPLE_TAG,
    TAG,
    TAGS,
    TRACKS,
    UNKNOWN_SIZE,
    VOID,
    a_block,
    a_fragment,
    a_header,
    a_size,
    an_element,
    in_chunks,
)

TWO_FRAGMENTS = a_fragment(0, b"\x01\x02" * 40, b"\x03\x04" * 40) + a_fragment(1, b"\x05\x06" * 40)


def elements_of(data: bytes, *, chunk_bytes: int = 100) -> list[Element]:
    return list(read_elements(in_chunks(data, chunk_bytes)))


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, len(TWO_FRAGMENTS)), max_size=12))
def test_it_does_not_matter_how_the_bytes_are_cut_up(cuts: list[int]) -> None:
    """Any chunks, empty ones included, give the same elements."""
    edges = sorted({0, *cuts, len(TWO_FRAGMENTS)})
    chunks = [TWO_FRAGMENTS[begin:end] for begin, end in pairwise(edges)]

    found = list(read_elements([b"", *chunks, b""]))

    assert found == elements_of(TWO_FRAGMENTS, chunk_bytes=len(TWO_FRAGMENTS))


def test_every_document_in_a_row_is_read() -> None:
    """Each fragment is a whole document whose segment has no size: the next header ends it."""
    data = TWO_FRAGMENTS

    found = elements_of(data)

    of_segments = [mark for element, mark, _ in found if element == SEGMENT]
    assert of_segments == [Mark.BEGINS, Mark.ENDS] * 2


def test_containers_end_where_they_say_and_open_ones_where_the_next_begins() -> None:
    """A cluster without a size is over when something comes that belongs into the segment."""
    open_cluster = an_element(CLUSTER, a_block(1, b"ab"), size=UNKNOWN_SIZE)
    data = a_header() + an_element(SEGMENT, open_cluster + an_element(TAGS, b""), size=UNKNOWN_SIZE)

    found = [(element, mark) for element, mark, _ in elements_of(data)]

    assert found == [
        (SEGMENT, Mark.BEGINS),
        (CLUSTER, Mark.BEGINS),
        (SIMPLE_BLOCK, Mark.HOLDS),
        (CLUSTER, Mark.ENDS),
        (TAGS, Mark.BEGINS),
        (TAGS, Mark.ENDS),
        (SEGMENT, Mark.ENDS),
    ]


def test_an_open_cluster_ends_with_a_segment_of_known_size() -> None:
    """What is left open inside something with a size cannot be longer than that."""
    data = a_header() + an_element(SEGMENT, an_element(CLUSTER, a_block(1, b"ab"), size=UNKNOWN_SIZE))

    found = [(element, mark) for element, mark, _ in elements_of(data + a_header())]

    assert found[-2:] == [(CLUSTER, Mark.ENDS), (SEGMENT, Mark.ENDS)]


def test_unknown_elements_are_passed_over() -> None:
    """What a later version of the service adds does not disturb."""
    unknown = an_element(VOID, b"x" * 300) + an_element(0x4DBB, b"y" * 20) + an_element(BLOCK_GROUP, b"")
    data = a_header() + an_element(SEGMENT, an_element(CLUSTER, unknown + a_block(3, b"ab")), size=UNKNOWN_SIZE)

    found = [one.data for one in elements_of(data, chunk_bytes=7) if one.mark is Mark.HOLDS]

    assert found == [b"\x83\x00\x00\x80ab"]


def test_an_element_is_given_before_the_next_chunk_is_pulled() -> None:
    """On a live stream the next chunk may never come."""
    data = a_header() + an_element(SEGMENT, an_element(TAGS, b""), size=UNKNOWN_SIZE)

    def chunks() -> Iterator[bytes]:
        yield data
        pytest.fail("pulled more than was needed")

    found = read_elements(chunks())

    assert [next(found)[:2] for _ in range(3)] == [(SEGMENT, Mark.BEGINS), (TAGS, Mark.BEGINS), (TAGS, Mark.ENDS)]


@pytest.mark.parametrize("cut", [1, 3, 6, -1, -3])
def test_a_stream_that_ends_inside_an_element_is_to_be_tried_again(cut: int) -> None:
    """The connection broke: in an id, a size, a skipped value or a kept one."""
    data = a_header() + an_element(SEGMENT, an_element(TAGS, an_element(TAG, b"")) + an_element(INFO, b"abcdef"))

    with pytest.raises(Unavailable) as raised:
        elements_of(data[:cut])

    assert raised.value.code == "truncated"


def test_a_stream_that_ends_between_the_parts_of_a_container_is_cut_too() -> None:
    """A container of known size misses what it announced, although no value is cut in two."""
    inside = an_element(SIMPLE_TAG, b"") * 2
    data = a_header() + an_element(SEGMENT, an_element(TAGS, an_element(TAG, inside)), size=UNKNOWN_SIZE)

    with pytest.raises(Unavailable, match="ended inside an element"):
        elements_of(data[:-3])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"<html><body>Service Unavailable</body></html>", "outside any document"),
        (b'{"message": "no"}', "outside any document"),
        (b"\x00" * 40, "an element id has more than 4 bytes"),
        (a_header() + b"\x18\x53\x80\x67\x00" + bytes(20), "a size has more than 8 bytes"),
        (a_header() + an_element(SEGMENT, an_element(TAGS, an_element(TAG, size=UNKNOWN_SIZE))), "leaves its size"),
        (a_header() + an_element(SEGMENT, an_element(TAGS, b"\x73\x73\xff")), "leaves its size open"),
        (a_header() + an_element(SEGMENT, an_element(TAGS, b"\x73\x73\x85ab")), "longer than its container"),
        (a_header() + an_element(SEGMENT, an_element(TAGS, b"\x73")) + b"\x73\x80", "longer than its container"),
        (a_header() + an_element(SEGMENT, an_element(HEADER, size=UNKNOWN_SIZE)), "leaves its size open"),
    ],
)
def test_what_is_not_matroska_is_refused(data: bytes, says: str) -> None:
    """An error page, a foreign format, sizes that contradict each other."""
    with pytest.raises(BadRecording, match=says):
        elements_of(data)


@pytest.mark.parametrize("element", [SIMPLE_BLOCK, VOID])
def test_a_claim_of_gigabytes_is_refused_before_anything_is_read(element: int) -> None:
    """Neither a kept nor a skipped value makes us read or hold what somebody claims."""
    claim = an_element(element, size=a_size(1 << 40))
    data = a_header() + an_element(SEGMENT, an_element(CLUSTER, claim, size=UNKNOWN_SIZE), size=UNKNOWN_SIZE)

    with pytest.raises(BadRecording, match="claims more than 4,194,304 bytes"):
        elements_of(data)


def test_hostile_nesting_is_refused() -> None:
    """Tags may contain tags, but not thousands of them."""
    nested = b""
    for _ in range(ebml.MAX_DEPTH):
        nested = an_element(SIMPLE_TAG, nested)
    data = a_header() + an_element(SEGMENT, an_element(TAGS, nested), size=UNKNOWN_SIZE)

    with pytest.raises(BadRecording, match="nested more than 8 deep"):
        elements_of(data)


def test_passing_over_a_long_element_holds_none_of_it() -> None:
    """Constant memory, even with tiny chunks."""
    data = a_header() + an_element(SEGMENT, an_element(VOID, bytes(3_000_000)), size=UNKNOWN_SIZE)
    tracemalloc.start()

    elements_of(data, chunk_bytes=4096)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


def test_a_block_tells_its_track_and_its_samples() -> None:
    """The track number is as wide as it needs to be; time and flags follow."""
    short, wide = b"\x81\x00\x05\x80samples", b"\x41\x2c\x00\x05\x00samples"

    found = [block_of(short), block_of(wide)]

    assert found == [(1, b"samples"), (300, b"samples")]


@pytest.mark.parametrize(("flags", "name"), [(0x02, "Xiph"), (0x04, "fixed-size"), (0x86, "EBML")])
def test_lacing_is_refused_by_name(flags: int, name: str) -> None:
    """Several frames in one block would be read as noise."""
    block = a_block(1, b"samples", flags=flags)[2:]

    with pytest.raises(BadRecording, match=f"{name} lacing"):
        block_of(block)


@pytest.mark.parametrize("block", [b"", b"\x81", b"\x81\x00\x00", b"\x00\x00\x00\x00\x00"])
def test_a_block_without_a_header_is_refused(block: bytes) -> None:
    """A track number, two bytes of time and the flags are the least."""
    with pytest.raises(BadRecording, match="too short"):
        block_of(block)


@settings(max_examples=150, deadline=None)
@given(noise=st.binary(max_size=400), with_header=st.booleans())
def test_noise_is_refused_or_found_cut_and_nothing_else(noise: bytes, with_header: bool) -> None:
    """No other exception, and no loop without an end."""
    data = (a_header() + an_element(SEGMENT, size=UNKNOWN_SIZE) if with_header else b"") + noise

    try:
        found = elements_of(data, chunk_bytes=50)
    except (BadRecording, Unavailable):
        return

    assert len(found) <= len(data) + 8
    assert TRACKS not in [element for element, mark, _ in found if mark is Mark.HOLDS]
