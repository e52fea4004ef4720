"""One caller's message out of a Kinesis video stream: every sample of it, and none of anybody else."""

from __future__ import annotations

import hashlib
import io
import random
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, count, repeat

import av
import ebmlite
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scv_voicemail.errors import (
    BadRecording,
    Misconfigured,
    PermissionMissing,
    Unavailable,
    VoicemailError,
)
from scv_voicemail.intake.kinesis_fragments import MAX_FRAGMENT_BYTES, Fragment, read_fragments
from scv_voicemail.intake.kinesis_video import StreamedAudio, write_customer_audio

from tests.mkv_files import (
    BEGAN_AT,
    BLOCK,
    BLOCK_GROUP,
    CLUSTER,
    CONTACT,
    FIRST_NUMBER,
    HEADER,
    MIME,
    OTHER_CONTACT,
    SEGMENT,
    SIMPLE_BLOCK,
    SIMPLE_TAG,
    TAG,
    TAGS,
    TRACK_ENTRY,
    TRACKS,
    UNKNOWN_SIZE,
    VOID,
    a_block,
    a_fragment,
    a_header,
    a_size,
    an_element,
    in_chunks,
    the_tags,
)

SECOND = 16_000


def a_second(seed: int) -> bytes:
    return random.Random(seed).randbytes(SECOND)


def said(index: int) -> bytes:
    """One second of the caller that is like no other."""
    return a_second(index)


def a_message(seconds: int, *, first: int = 0, contact_id: str = CONTACT) -> list[bytes]:
    """Fragments with the caller and the system talking at the same time."""
    return [a_fragment(n, said(n), a_second(1000 + n), contact_id=contact_id) for n in range(first, first + seconds)]


def heard(
    chunks: Iterable[bytes],
    *,
    contact_id: str = CONTACT,
    start: int | None = 0,
    stop: int | None = None,
    until_live: bool = False,
) -> tuple[bytes, StreamedAudio]:
    """What is written, and what is said about it; start and stop count from the first fragment."""
    out = io.BytesIO()
    audio = write_customer_audio(
        chunks,
        out,
        contact_id=contact_id,
        start_number=None if start is None else FIRST_NUMBER + start,
        stop_number=None if stop is None else FIRST_NUMBER + stop,
        byte_order="little",
        until_live=until_live,
    )
    return out.getvalue(), audio


def refusing(why: str) -> Iterator[bytes]:
    """Chunks that nobody may ask for."""
    pytest.fail(why)
    yield b""


def test_a_message_is_written_sample_by_sample() -> None:
    """Every second of the caller, in order, with what the caller of the function needs to place and to check it."""
    stream = a_message(5)

    samples, audio = heard(stream, stop=4)

    assert samples == b"".join(said(n) for n in range(5))
    assert audio == StreamedAudio(
        began_at=datetime.fromtimestamp(BEGAN_AT, UTC),
        pcm_bytes=5 * SECOND,
        sample_rate_hz=8000,
        fragments=5,
        first_number=FIRST_NUMBER,
        last_number=FIRST_NUMBER + 4,
        gaps_seconds=0.0,
        byte_order="little",
    )
    assert audio.seconds == 5.0


# ------------------------------------------------------------------------ what others get wrong, by its name


def test_the_first_fragment_is_not_skipped() -> None:
    """`FragmentStartNumber` is the fragment in which the message begins, not the one before it."""
    stream = a_message(3)

    samples, audio = heard(stream, start=0, stop=2)

    assert samples[:SECOND] == said(0)
    assert audio.first_number == FIRST_NUMBER


def test_the_last_fragment_is_not_lost() -> None:
    """`FragmentStopNumber` belongs to the message, and nothing needs to follow it."""
    stream = a_message(3)

    samples, audio = heard(stream, stop=2)

    assert samples[-SECOND:] == said(2)
    assert audio.last_number == FIRST_NUMBER + 2


def test_the_last_fragment_is_not_lost_without_tags_that_end_it() -> None:
    """GetMediaForFragmentList sends no continuation token: the end of the stream ends the fragment."""
    stream = [a_fragment(n, said(n), token=False) for n in range(3)]

    samples, _ = heard(stream, stop=2)

    assert samples == said(0) + said(1) + said(2)


def test_nothing_is_downloaded_after_the_last_fragment() -> None:
    """The stream stays open for the next caller, or for ever: the chunk with the last byte is the last one pulled."""
    whole = b"".join(a_message(3))

    def chunks() -> Iterator[bytes]:
        yield from in_chunks(whole, 1000)
        yield from refusing("downloaded on after the last fragment")

    samples, _ = heard(chunks(), stop=2)

    assert len(samples) == 3 * SECOND


def test_the_other_direction_is_not_mixed_in() -> None:
    """The system's prompts are in the same clusters, block by block in turn."""
    stream = [a_fragment(0, said(0), a_second(99), block_bytes=320)]

    samples, _ = heard(stream, stop=0)

    assert samples == said(0)


def test_the_next_caller_on_a_reused_stream_is_not_heard() -> None:
    """A stream is given to one call after the other; without a stop number the next contact ends the message."""
    stream = [*a_message(2), *a_message(2, first=2, contact_id=OTHER_CONTACT)]

    samples, audio = heard(stream)

    assert samples == said(0) + said(1)
    assert audio.last_number == FIRST_NUMBER + 1


def test_the_next_caller_ends_the_message_even_before_the_stop_number() -> None:
    """Whatever the contact record says: what belongs to somebody else is not ours."""
    stream = [*a_message(2), *a_message(2, first=2, contact_id=OTHER_CONTACT)]

    samples, _ = heard(chain(stream, refusing("read on into the next call")), stop=3)

    assert samples == said(0) + said(1)


def test_the_caller_before_on_a_reused_stream_is_passed_over() -> None:
    """Reading begins a little early, so that nothing of ours is missed."""
    stream = [*a_message(2, contact_id=OTHER_CONTACT), *a_message(2, first=2)]

    samples, audio = heard(stream, start=None, stop=3)

    assert samples == said(2) + said(3)
    assert audio.first_number == FIRST_NUMBER + 2


def test_an_earlier_part_of_the_same_call_is_passed_over() -> None:
    """The flow may have streamed before: the message begins at its start number."""
    stream = a_message(4)

    samples, audio = heard(stream, start=2, stop=3)

    assert samples == said(2) + said(3)
    assert audio.began_at == datetime.fromtimestamp(BEGAN_AT + 2, UTC)


def test_half_an_hour_takes_no_more_memory_than_a_minute() -> None:
    """The message goes to its file fragment by fragment."""
    seconds, each = 1800, 5

    class Counting(io.RawIOBase):
        written = 0

        def write(self, data: object) -> int:
            assert isinstance(data, bytes)
            self.written += len(data)
            return len(data)

    out, customer = Counting(), said(0) * each
    pattern = a_fragment(0, customer, customer, block_bytes=SECOND)
    stream = (
        pattern.replace(str(FIRST_NUMBER).encode(), str(FIRST_NUMBER + n).encode()).replace(
            f"{BEGAN_AT:.3f}".encode(), f"{BEGAN_AT + n * each:.3f}".encode()
        )
        for n in range(seconds // each)
    )
    tracemalloc.start()

    audio = write_customer_audio(stream, out, contact_id=CONTACT)  # type: ignore[arg-type]

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (audio.seconds, out.written) == (seconds, seconds * SECOND)
    assert peak < 2_000_000


# -------------------------------------------------------------------------------------------- other judges


@pytest.mark.parametrize("shape", [{}, {"grouped": True}, {"cluster_size": True}, {"token": False}])
def test_two_other_readers_hear_the_same(shape: dict[str, bool]) -> None:
    """FFmpeg's demuxer and ebmlite, over the same bytes, by SHA-256."""
    stream = b"".join(a_fragment(n, said(n), a_second(1000 + n), **shape) for n in range(6))  # type: ignore[arg-type]
    want = hashlib.sha256(b"".join(said(n) for n in range(6))).hexdigest()

    samples, _ = heard(in_chunks(stream, 1000), stop=5)

    assert hashlib.sha256(samples).hexdigest() == want
    assert hashlib.sha256(_by_ffmpeg(stream)).hexdigest() == want
    assert hashlib.sha256(_by_ebmlite(stream)).hexdigest() == want


def _by_ffmpeg(stream: bytes) -> bytes:
    with av.open(io.BytesIO(stream), format="matroska") as container:
        return b"".join(bytes(packet) for packet in container.demux(container.streams[0]) if packet.size)


def _by_ebmlite(stream: bytes) -> bytes:
    def blocks(parent: Iterable[ebmlite.Element]) -> Iterator[bytes]:
        for element in parent:
            if element.name in ("Segment", "Cluster", "BlockGroup"):
                yield from blocks(element)
            elif element.id in (SIMPLE_BLOCK, BLOCK) and element.value[0] == 0x81:  # ebmlite has no name for Block
                yield bytes(element.value[4:])

    return b"".join(blocks(ebmlite.loadSchema("matroska.xml").load(io.BytesIO(stream))))


# ------------------------------------------------------------------------------------------- broken streams

SMALL = [a_fragment(n, bytes([n + 1, 0]) * 30, b"zz" * 30, at=BEGAN_AT) for n in range(3)]
SMALL_SAMPLES = b"".join(bytes([n + 1, 0]) * 30 for n in range(3))


def test_a_stream_that_breaks_off_anywhere_is_tried_again() -> None:
    """At whatever byte: either the message is whole, or `Unavailable` is raised, and never half a message is taken."""
    whole = b"".join(SMALL)

    outcomes = [_outcome(whole[:cut]) for cut in range(len(whole) + 1)]

    assert set(outcomes[:-1]) == {"truncated", "no_fragments"}
    assert outcomes[-1] == SMALL_SAMPLES


def _outcome(stream: bytes) -> bytes | str:
    try:
        return heard([stream], stop=2)[0]
    except Unavailable as error:
        return error.code


@settings(max_examples=150, deadline=None)
@given(flips=st.lists(st.tuples(st.integers(0, len(b"".join(SMALL)) - 1), st.integers(1, 255)), min_size=1, max_size=4))
def test_flipped_bytes_are_an_error_of_ours_or_harmless(flips: list[tuple[int, int]]) -> None:
    """No other exception, no hang, and never more audio than the stream has bytes and its times allow."""
    broken = bytearray(b"".join(SMALL))
    for at, mask in flips:
        broken[at] ^= mask

    try:
        samples, audio = heard(in_chunks(bytes(broken), 200), start=None)
    except VoicemailError:
        return

    assert len(samples) == audio.pcm_bytes
    assert len(samples) - 16_000 * audio.gaps_seconds <= len(broken) + 2


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 5000))
def test_any_chunk_size_gives_the_same_message(size: int) -> None:
    """The network decides where chunks end."""
    samples, _ = heard(in_chunks(b"".join(SMALL), size), stop=2)

    assert samples == SMALL_SAMPLES


def test_a_stream_without_the_contact_is_tried_again_and_says_what_to_check() -> None:
    """Nothing is taken for an empty message: most often the stream keeps nothing after the call."""
    stream = a_message(2, contact_id=OTHER_CONTACT)

    with pytest.raises(Unavailable, match="no fragment of this contact") as raised:
        heard(stream)

    assert raised.value.code == "no_fragments"
    assert "retention" in raised.value.fix


def test_a_stream_that_ends_early_is_tried_again() -> None:
    """Every fragment is whole, but the last ones of the message are missing."""
    stream = a_message(2)

    with pytest.raises(Unavailable, match="before the last one") as raised:
        heard(stream, stop=4)

    assert raised.value.code == "truncated"


def test_the_end_of_the_stream_is_enough_without_a_stop_number() -> None:
    """Whoever knows no stop number takes what there is."""
    samples, _ = heard(a_message(2), stop=None)

    assert samples == said(0) + said(1)


def test_a_contact_without_a_sample_of_the_caller_is_empty() -> None:
    """The flow streamed only what the caller heard."""
    stream = [a_fragment(n, b"", a_second(n)) for n in range(2)]

    with pytest.raises(BadRecording) as raised:
        heard(stream, stop=1)

    assert raised.value.code == "empty"
    assert "From the customer" in raised.value.fix


def test_a_fragment_that_does_not_say_whose_it_is_is_not_guessed() -> None:
    """Its tags are missing: to take it could mix two callers, to leave it could lose a second."""
    stream = [*a_message(1), a_fragment(1, said(1), after={}), *a_message(1, first=2)]

    with pytest.raises(Unavailable, match="whose call it is"):
        heard(stream, stop=2)


def test_a_fragment_that_comes_twice_is_heard_once() -> None:
    """As after a reconnection."""
    first, second, third = a_message(3)

    samples, audio = heard([first, second, second, first, third], stop=2)

    assert samples == said(0) + said(1) + said(2)
    assert audio.fragments == 3


def test_missing_fragments_become_silence() -> None:
    """So that a moment of the call is where its time says, for whoever cuts by time."""
    stream = [a_fragment(0, said(0)), a_fragment(3, said(3))]

    samples, audio = heard(stream, stop=3)

    assert samples == said(0) + bytes(2 * SECOND) + said(3)
    assert audio.gaps_seconds == pytest.approx(2.0)


def test_live_reading_ends_with_what_was_said_until_now() -> None:
    """For a caller who wants to listen to the message before sending it."""
    stream = [a_fragment(0, said(0), behind_millis=2400), a_fragment(1, said(1), behind_millis=120)]

    samples, _ = heard(chain(stream, refusing("waited for the caller to go on")), until_live=True)

    assert samples == said(0) + said(1)


# ------------------------------------------------------------------------------------------------- tracks and tags


@pytest.mark.parametrize(
    ("names", "after"),
    [
        (("AUDIO_FROM_CUSTOMER", "AUDIO_TO_CUSTOMER"), {}),
        (("", ""), {"AUDIO_FROM_CUSTOMER": "1", "AUDIO_TO_CUSTOMER": "2"}),
        (("Track_audio/L16",), {}),
    ],
)
def test_the_callers_track_is_known_by_name_or_by_tag(names: tuple[str, ...], after: dict[str, str]) -> None:
    """As streams of today, streams without names and streams of some years ago have it."""
    system = b"" if len(names) == 1 else a_second(9)
    stream = [a_fragment(0, said(0), system, names=names, after={"ContactId": CONTACT, "MimeType": MIME} | after)]

    samples, _ = heard(stream, stop=0)

    assert samples == said(0)


def test_the_name_of_a_track_counts_more_than_a_tag() -> None:
    """Some streams write the name where others write the number."""
    after = {"ContactId": CONTACT, "AUDIO_FROM_CUSTOMER": "AUDIO_FROM_CUSTOMER"}
    stream = [a_fragment(0, said(0), a_second(5), after=after)]

    samples, _ = heard(stream, stop=0)

    assert samples == said(0)


def test_an_unnamed_track_is_not_taken_for_the_caller() -> None:
    """With two of them, one would be the system."""
    stream = [a_fragment(0, said(0), a_second(9), names=("", ""), after={"ContactId": CONTACT})]

    with pytest.raises(BadRecording, match="no audio from the caller"):
        heard(stream, stop=0)


def test_a_fragment_tells_what_its_tags_say() -> None:
    """Times in UTC, the number as a number, tracks by name, every tag kept."""
    [fragment] = read_fragments([a_fragment(7, b"ab" * 4, b"cd" * 4)])

    assert isinstance(fragment, Fragment)
    assert (fragment.number, fragment.contact_id) == (FIRST_NUMBER + 7, CONTACT)
    assert fragment.producer_time == datetime.fromtimestamp(BEGAN_AT + 7, UTC)
    assert fragment.server_time == datetime.fromtimestamp(round(BEGAN_AT + 7.4, 3), UTC)
    assert fragment.tracks == {"AUDIO_FROM_CUSTOMER": b"ab" * 4, "AUDIO_TO_CUSTOMER": b"cd" * 4}
    assert fragment.tags["MimeType"] == MIME


def test_the_archives_own_spelling_of_the_times_is_read() -> None:
    """GetMediaForFragmentList writes SIDE_TIMESTAMP."""
    before = {
        "AWS_KINESISVIDEO_FRAGMENT_NUMBER": "12",
        "AWS_KINESISVIDEO_SERVER_SIDE_TIMESTAMP": "1763650001.5",
        "AWS_KINESISVIDEO_PRODUCER_SIDE_TIMESTAMP": "1763650000.5",
    }

    [fragment] = read_fragments([a_fragment(0, b"ab", before=before, token=False)])

    assert (fragment.server_time - fragment.producer_time).total_seconds() == 1.0


@pytest.mark.parametrize(
    ("mime", "rate"),
    [(MIME, 8000), ("audio/L16; rate=16000; channels=1", 16000), ("AUDIO/l16", 8000)],
)
def test_the_sample_rate_is_that_of_the_mime_type(mime: str, rate: int) -> None:
    """8 kHz where it does not say."""
    stream = [a_fragment(0, said(0), after={"ContactId": CONTACT, "MimeType": mime})]

    _, audio = heard(stream, stop=0)

    assert audio.sample_rate_hz == rate


@pytest.mark.parametrize(
    "mime", ["audio/L16;rate=8000;channels=2;", "audio/aac", "audio/L16;rate=fast", "audio/L16;rate=1"]
)
def test_audio_that_is_not_linear_mono_is_refused(mime: str) -> None:
    """Rather no message than noise."""
    stream = [a_fragment(0, said(0), after={"ContactId": CONTACT, "MimeType": mime})]

    with pytest.raises(BadRecording, match="expected audio/L16"):
        heard(stream, stop=0)


def test_a_message_that_changes_its_sample_rate_is_refused() -> None:
    """Half of it would play at the wrong speed."""
    faster = {"ContactId": CONTACT, "MimeType": "audio/L16;rate=16000;channels=1;"}
    stream = [*a_message(1), a_fragment(1, said(1), after=faster)]

    with pytest.raises(BadRecording, match="changes the sample rate"):
        heard(stream, stop=1)


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ({"AWS_KINESISVIDEO_FRAGMENT_NUMBER": "seven"}, "the number 'seven'"),
        ({"AWS_KINESISVIDEO_FRAGMENT_NUMBER": "9" * 5000}, "the number '999"),
        ({}, "the number ''"),
        ({"AWS_KINESISVIDEO_FRAGMENT_NUMBER": "7"}, "no time"),
        (
            {"AWS_KINESISVIDEO_FRAGMENT_NUMBER": "7", "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP": "1e300"},
            "the time '1e300'",
        ),
        (
            {"AWS_KINESISVIDEO_FRAGMENT_NUMBER": "7", "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP": "nan"},
            "the time 'nan'",
        ),
    ],
)
def test_a_fragment_without_number_or_time_is_refused(tags: dict[str, str], says: str) -> None:
    """It could not be put in its place."""
    with pytest.raises(BadRecording, match=says):
        list(read_fragments([a_fragment(0, b"ab", before=tags)]))


def test_a_compressed_or_encrypted_track_is_refused() -> None:
    """Its bytes are not samples."""
    track = an_element(TRACK_ENTRY, an_element(0xD7, b"\x01") + an_element(0x6D80, b""))
    data = a_header() + an_element(SEGMENT, an_element(TRACKS, track), size=UNKNOWN_SIZE)

    with pytest.raises(BadRecording, match="compressed or encrypted"):
        list(read_fragments([data]))


def test_a_fragment_without_an_end_is_refused() -> None:
    """Nobody can make us hold more than some seconds of audio."""
    begun = a_fragment(0, token=False, after={})
    second = b"".join(a_block(1, bytes(960)) for _ in range(17))

    with pytest.raises(BadRecording, match=f"more than {MAX_FRAGMENT_BYTES:,} bytes"):
        list(read_fragments(chain([begun], repeat(second))))


MOST_BYTES = 64 * 1024 * 1024


@pytest.mark.parametrize(
    ("element", "says"),
    [
        (lambda number: a_block(number, b""), "more than 16 tracks"),
        (lambda number: an_element(TRACKS, an_element(TRACK_ENTRY, an_element(0xD7, number.to_bytes(4)))), "16 tracks"),
        (lambda number: the_tags({f"t{number}": ""}), "more than 1,000 tags"),
        (lambda _number: a_block(1, bytes(1_000_000)), "bytes"),
    ],
)
def test_a_fragment_of_very_many_pieces_is_refused(element: Callable[[int], bytes], says: str) -> None:
    """A quarter of a million empty tracks are small on the line and large in memory."""
    begun = a_fragment(0, token=False, after={})
    tracemalloc.start()

    with pytest.raises(BadRecording, match=says):
        list(read_fragments(chain([begun], map(element, count(3)))))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST_BYTES


PIECES = [HEADER, SEGMENT, CLUSTER, TRACKS, TRACK_ENTRY, TAGS, TAG, SIMPLE_TAG, SIMPLE_BLOCK, BLOCK_GROUP, BLOCK, VOID]
VALUES = [0xD7, 0x536E, 0x6D80, 0x45A3, 0x4487]
A_SIZE = st.sampled_from([None, UNKNOWN_SIZE, a_size(0), a_size(1 << 22), a_size((1 << 56) - 2)])
A_VALUE = st.binary(max_size=20) | st.sampled_from(
    [b"ContactId", CONTACT.encode(), b"AWS_KINESISVIDEO_FRAGMENT_NUMBER", b"9" * 200, b"nan", b"1e400", b"\xff\xfe"]
)
ELEMENTS = st.recursive(
    st.builds(
        lambda one, body, size: an_element(one, body, size=size), st.sampled_from(VALUES + PIECES), A_VALUE, A_SIZE
    ),
    lambda inner: st.builds(
        lambda one, bodies, size: an_element(one, b"".join(bodies), size=size),
        st.sampled_from(PIECES),
        st.lists(inner, max_size=6),
        A_SIZE,
    ),
    max_leaves=12,
)


@settings(max_examples=250, deadline=None)
@given(before=st.lists(ELEMENTS, max_size=3), inside=st.lists(ELEMENTS, max_size=4), size=st.integers(1, 500))
def test_no_row_of_elements_does_anything_but_be_read_or_refused(
    before: list[bytes], inside: list[bytes], size: int
) -> None:
    """Known elements at any place, of any size and with any value: an error of ours, an end, and little memory."""
    data = b"".join([*before, a_fragment(0, said(0)[:2000], extra=b"".join(inside)), *inside])
    tracemalloc.start()
    try:
        heard(in_chunks(data, size), start=None)
    except VoicemailError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak < MOST_BYTES


# ------------------------------------------------------------------------------- failures inside the stream


def a_failure(tags: dict[str, str]) -> bytes:
    return a_header() + an_element(SEGMENT, the_tags(tags), size=UNKNOWN_SIZE)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("3002", Unavailable),
        ("4000", BadRecording),
        ("4500", PermissionMissing),
        ("4501", Misconfigured),
        ("4506", Misconfigured),
        ("5000", Unavailable),
        ("9999", Unavailable),
    ],
)
def test_a_failure_that_the_service_writes_into_the_stream_is_raised(code: str, kind: type[VoicemailError]) -> None:
    """With its code: some will pass, for some a human must do something, and an unknown one is tried again."""
    failure = {"AWS_KINESISVIDEO_ERROR_CODE": "Something", "AWS_KINESISVIDEO_ERROR_ID": code}

    with pytest.raises(kind, match="Something") as raised:
        heard([*a_message(1), a_failure(failure)], stop=3)

    assert type(raised.value) is kind
    assert raised.value.code == code


def test_a_fragment_that_is_not_there_says_what_keeps_it_there() -> None:
    """By the code of the vendor's page, and by the one that is really sent."""
    for code in ("3000", "4000"):
        failure = {"AWS_KINESISVIDEO_ERROR_CODE": "FRAGMENT_NOT_FOUND", "AWS_KINESISVIDEO_ERROR_ID": code}

        with pytest.raises(VoicemailError) as raised:
            heard([a_failure(failure)], stop=3)

        assert "retention" in raised.value.fix


def test_a_failure_of_the_archive_is_raised() -> None:
    """GetMediaForFragmentList names the fragment and the failure in other tags."""
    failure = {
        "AWS_KINESISVIDEO_FRAGMENT_NUMBER": "7",
        "AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE": "4000",
        "AWS_KINESISVIDEO_EXCEPTION_MESSAGE": "Fragment not found",
    }

    with pytest.raises(BadRecording, match="Fragment not found") as raised:
        heard([a_failure(failure)], stop=3)

    assert "retention" in raised.value.fix
