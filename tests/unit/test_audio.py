"""Recordings, measured: what a header claims against what is there."""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scv_voicemail.audio import BLOCK_BYTES, UNFINISHED, AudioFacts, Encoding, measure
from scv_voicemail.errors import BadRecording, SettingsInvalid

from tests.wav_files import ALAW, AS_IT_IS, GSM, MULAW, PCM, a_chunk, a_format, a_tone, a_wav, an_extensible_format

NOISE = bytes(range(256)) * 64


def measured(path: Path, content: bytes) -> AudioFacts:
    path.write_bytes(content)
    return measure(path)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return tmp_path / "msg0001.wav"


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    "form", [(PCM, 8, Encoding.PCM), (PCM, 16, Encoding.PCM), (MULAW, 8, Encoding.MULAW), (ALAW, 8, Encoding.ALAW)]
)
def test_every_format_that_phones_record_is_measured(
    wav: Path, form: tuple[int, int, Encoding], channels: int, extensible: bool
) -> None:
    """PCM and G.711, mono and stereo, with the plain and the extensible declaration."""
    tag, bits, encoding = form
    fmt = (an_extensible_format if extensible else a_format)(tag, channels=channels, rate=8000, bits=bits)
    content = a_wav(NOISE, fmt=fmt)

    facts = measured(wav, content)

    assert facts == AudioFacts(
        encoding=encoding,
        sample_rate_hz=8000,
        channels=channels,
        bits=bits,
        duration_seconds=len(NOISE) / (channels * bits // 8) / 8000,
        data_bytes=len(NOISE),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


@pytest.mark.parametrize(
    ("data_size", "riff_size"),
    [
        (0, 0),
        (0, 36),
        (0xFFFFFFFF, 0xFFFFFFFF),
        (4294967195, 4294967231),
        (0x7FFFF000, 0x7FFFF024),
    ],
)
def test_a_recorder_that_never_fixed_its_header_is_forgiven(wav: Path, data_size: int, riff_size: int) -> None:
    """Placeholder sizes of recorders that were killed or wrote into a pipe: the audio reaches up to the end."""
    content = a_wav(a_tone(2.5), data_size=data_size, riff_size=riff_size)

    facts = measured(wav, content)

    assert facts.duration_seconds == 2.5


def test_chunks_around_the_audio_are_not_audio(wav: Path) -> None:
    """LIST, bext and fact chunks, one of odd length, before and after the audio."""
    before = a_chunk(b"LIST", b"INFOx") + a_chunk(b"bext", bytes(602)) + a_chunk(b"fact", bytes(4))
    content = a_wav(a_tone(1.5), before=before, after=a_chunk(b"LIST", b"INFO" * 500))

    facts = measured(wav, content)

    assert facts.duration_seconds == 1.5
    assert facts.size_bytes == len(content)


def test_an_odd_number_of_bytes_counts_whole_samples_only(wav: Path) -> None:
    """Half a sample at the end is no sample, and neither is the byte that pads the chunk."""
    content = a_wav(a_tone(1.0) + b"\x01")

    facts = measured(wav, content)

    assert facts.duration_seconds == 1.0
    assert facts.data_bytes == 16_000


def test_a_header_off_by_one_sample_is_forgiven(wav: Path) -> None:
    """Rounding in a sloppy writer is not missing audio."""
    content = a_wav(a_tone(1.0), data_size=16_002)

    facts = measured(wav, content)

    assert facts.duration_seconds == 1.0


def test_missing_audio_is_truncation_and_may_still_arrive(wav: Path) -> None:
    """A copy that stopped half-way is refused, with the code that tells a watcher to wait."""
    content = a_wav(a_tone(2.0))[:-8_000]

    with pytest.raises(BadRecording, match=r"msg0001.wav is truncated: 32,000 bytes of audio announced") as refusal:
        measured(wav, content)

    assert refusal.value.code == "truncated"


@pytest.mark.covers("audio-1")
@pytest.mark.parametrize("kept", [46, 144, 8_044, 31_000])
def test_a_cut_recording_is_measured_as_far_as_it_goes(wav: Path, kept: int) -> None:
    """Where nobody writes to it any more; how much is missing is said."""
    wav.write_bytes(a_wav(a_tone(2.0))[:kept])

    facts = measure(wav, accept_cut=True)

    assert facts.data_bytes == kept - 44
    assert facts.missing_bytes == 32_044 - kept


@pytest.mark.covers("audio-1")
@pytest.mark.parametrize(
    ("data_size", "riff_size"),
    [
        (16_044, 16_036),
        (16_036, 16_036),
        (16_044, 0),
        (20_000, 16_036),
        (0x7000_0000, 16_036),
        (16_100, 16_044),
    ],
)
def test_a_whole_recording_is_whole_whatever_its_audio_claims(wav: Path, data_size: int, riff_size: int) -> None:
    """Some writers put the size of the file where that of the audio belongs; the outer size is true."""
    facts = measured(wav, a_wav(a_tone(1.0), data_size=data_size, riff_size=riff_size))

    assert (facts.data_bytes, facts.missing_bytes) == (16_000, 0)


WAV_LIST = a_chunk(b"LIST", b"INFOISFT" + b"\x04\0\0\0test")


@pytest.mark.covers("audio-2")
@pytest.mark.parametrize(
    ("content", "named"),
    [
        (a_wav(after=a_chunk(b"data", a_tone())), "in several pieces"),
        (a_wav(after=WAV_LIST + a_chunk(b"data", a_tone())), "in several pieces"),
        (a_wav(bytes(401), fmt=a_format(bits=8), after=a_chunk(b"data", bytes(401))), "in several pieces"),
        (a_wav(after=a_chunk(b"data", a_tone(), size=0x7FFFF000)), "in several pieces"),
        (a_wav() + a_wav(), "two WAV files in one"),
        (a_wav() + b"RIFF\xff\xff\xff\xffWAVE", "two WAV files in one"),
        (a_wav(data_size=0, riff_size=0) + a_wav(data_size=0, riff_size=0), "two WAV files in one"),
        (a_wav(a_tone() + a_wav()), "two WAV files in one"),
        (a_wav(a_tone() + a_wav(before=WAV_LIST)), "two WAV files in one"),
        (a_wav(bytes(BLOCK_BYTES - 44 - 10) + a_wav()), "two WAV files in one"),
        (a_wav() + b"\0junk\0\0", ""),
        (a_wav(after=WAV_LIST), ""),
        (a_wav(after=a_chunk(b"data", b"")), ""),
        (a_wav(a_tone() + b"RIFF" + a_tone() + b"WAVE"), ""),
    ],
)
def test_audio_in_pieces_is_refused_with_the_reason(wav: Path, content: bytes, named: str) -> None:
    """Players disagree which piece they play, so half of the message would be gone without a word."""
    if not named:
        assert measured(wav, content).data_bytes >= 16_000
        return
    with pytest.raises(BadRecording, match=named) as told:
        measured(wav, content)

    assert "one" in told.value.fix
    assert told.value.code not in UNFINISHED


@pytest.mark.parametrize("kept", [0, 1, 11, 12, 20, 36, 40])
def test_a_file_cut_inside_its_header_may_still_arrive(wav: Path, kept: int) -> None:
    """However short the beginning of a WAV file is, it is unfinished and not foreign."""
    content = a_wav()[:kept]

    with pytest.raises(BadRecording) as refusal:
        measured(wav, content)

    assert refusal.value.code in {"truncated", "empty"}


@pytest.mark.parametrize("riff_size", [0, 36])
def test_a_header_alone_is_an_empty_recording(wav: Path, riff_size: int) -> None:
    """44 bytes: the caller hung up before the beep, or the recorder has only just begun."""
    content = a_wav(b"", riff_size=riff_size)
    assert len(content) == 44

    with pytest.raises(BadRecording, match="holds no audio") as refusal:
        measured(wav, content)

    assert refusal.value.code == "empty"


def test_nothing_said_but_much_written_is_empty(wav: Path) -> None:
    """A finished file without audio is not mistaken for one whose size was left open."""
    content = a_wav(b"", after=a_chunk(b"LIST", bytes(4000)))

    with pytest.raises(BadRecording, match="holds no audio"):
        measured(wav, content)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"ID3\x04" + bytes(100), "MP3"),
        (b"\xff\xfb\x90\x00" + bytes(100), "MP3"),
        (b"OggS" + bytes(100), "Ogg"),
        (b"\x1a\x45\xdf\xa3" + bytes(100), "Matroska"),
        (b"\x00\x00\x00\x20ftypM4A " + bytes(100), "M4A"),
        (b"RF64" + bytes(100), "RF64"),
        (b"<html>not found</html>", "not a WAV file"),
        (a_wav(bytes(650), fmt=a_format(GSM, bits=0, block=65)), "wav49"),
        (a_wav(fmt=a_format(3, bits=32)), "floating point"),
        (a_wav(fmt=a_format(0x7A22)), "0x7A22"),
        (a_wav(fmt=a_format(PCM, bits=24)), "24 bits"),
        (a_wav(fmt=a_format(MULAW, bits=16)), "16 bits"),
        (a_wav(fmt=a_format(PCM, channels=6)), "6 channels"),
        (a_wav(fmt=a_format(PCM, channels=0)), "0 channels"),
        (a_wav(fmt=an_extensible_format(3, bits=32)), "floating point"),
        (a_wav(fmt=an_extensible_format(PCM)[:-1] + b"\x00"), "extensible"),
    ],
)
def test_a_foreign_format_is_named_with_the_way_to_convert_it(wav: Path, content: bytes, named: str) -> None:
    """Whoever handed it in learns what it is and what to do."""
    with pytest.raises(BadRecording, match=named) as refusal:
        measured(wav, content)

    assert "msg0001.wav" in refusal.value.what
    assert "expected a WAV file" in refusal.value.what
    if "channels" not in named:
        assert "ffmpeg" in refusal.value.fix


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (a_wav(fmt=a_format(rate=0)), "0 Hz"),
        (a_wav(fmt=a_format(rate=4_000_000_000)), "4,000,000,000 Hz"),
        (a_wav(fmt=a_format(block=4)), "contradicts itself"),
        (a_wav(fmt=a_format()[:12]), "too few bytes"),
        (b"RIFF\x24\x00\x00\x00WAVE" + a_chunk(b"data", bytes(100)), "before its format"),
        (a_wav(before=a_chunk(b"junk", b"") * 300), "chunks"),
    ],
)
def test_an_absurd_header_is_refused_by_name(wav: Path, content: bytes, named: str) -> None:
    """Nothing is computed from values that no recorder writes."""
    with pytest.raises(BadRecording, match=named):
        measured(wav, content)


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    """A folder, a named pipe that nobody writes to, a device, nothing at all."""
    os.mkfifo(tmp_path / "pipe.wav")

    for path in (tmp_path, tmp_path / "pipe.wav", Path("/dev/zero")):
        with pytest.raises(BadRecording, match="not a regular file"):
            measure(path)
    with pytest.raises(BadRecording, match=r"absent.wav' is not there"):
        measure(tmp_path / "absent.wav")
    with pytest.raises(BadRecording, match="is not there"):
        measure("zero\0byte.wav")


def test_a_file_this_user_may_not_read_is_a_matter_of_settings(tmp_path: Path, wav: Path) -> None:
    """The recording is fine; a human has to correct its permissions."""
    wav.write_bytes(a_wav())
    wav.chmod(0)
    if os.access(wav, os.R_OK):
        pytest.skip("this user may read everything")

    with pytest.raises(SettingsInvalid, match=r"msg0001.wav may not be read"):
        measure(wav)


def test_a_file_above_the_limit_is_refused_before_it_is_read(wav: Path) -> None:
    """The limit and the size are both named."""
    wav.write_bytes(a_wav())

    with pytest.raises(BadRecording, match=r"16,044 bytes, expected at most 16,000"):
        measure(wav, max_bytes=16_000)


def test_an_hour_is_measured_in_constant_memory(wav: Path) -> None:
    """58 MB of audio, a few blocks of memory."""
    with wav.open("wb") as file:
        file.write(a_wav(b"", data_size=8000 * 2 * 3600, riff_size=8000 * 2 * 3600 + 36))
        file.truncate(44 + 8000 * 2 * 3600)

    tracemalloc.start()
    facts = measure(wav)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert facts.duration_seconds == 3600
    assert peak < 10 * BLOCK_BYTES


def refused_or_measured(content: bytes) -> AudioFacts | None:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        file.write(content)
        file.flush()
        try:
            return measure(file.name, accept_cut=True)
        except BadRecording:
            return None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_do_anything_but_be_measured_or_refused(noise: bytes, begins_well: bool) -> None:
    """Random files, with and without a good beginning."""
    content = (b"RIFF\xff\xff\x00\x00WAVE" if begins_well else b"") + noise

    facts = refused_or_measured(content)

    assert facts is None or 0 < facts.data_bytes <= facts.size_bytes == len(content)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 51), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_mutated_header_gives_more_audio_than_there_is(changes: list[tuple[int, int]]) -> None:
    """Whatever a header claims, the duration is that of bytes which exist."""
    content = bytearray(a_wav(bytes(400), before=a_chunk(b"fact", b"\x00\x00\x00\x00")))
    for at, value in changes:
        content[at] = value

    facts = refused_or_measured(bytes(content))

    if facts is not None:
        assert facts.data_bytes <= len(content)
        assert facts.duration_seconds * facts.sample_rate_hz * facts.channels * facts.bits / 8 <= len(content)
        assert struct.unpack_from("<H", content, content.index(b"fmt ") + 10)[0] == facts.channels


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"fmt ", b"data", b"LIST", b"RIFF", b"WAVE", b"\0\0\0\0"])
            | st.binary(min_size=4, max_size=4),
            st.sampled_from([0, 1, 16, 0x7FFFF000, 0xFFFFFFFF]) | st.integers(0, 2**32 - 1) | st.none(),
            st.sampled_from([a_format(), b""]) | st.binary(max_size=60),
        ),
        max_size=8,
    ),
    st.binary(max_size=8),
)
def test_no_row_of_chunks_does_anything_but_be_measured_or_refused(
    chunks: list[tuple[bytes, int | None, bytes]], rest: bytes
) -> None:
    """Sizes that lie, chunks in any order, twice, inside each other: no crash, no end of it, nothing held in memory."""
    body = b"".join(a_chunk(name, data, size=AS_IT_IS if size is None else size) for name, size, data in chunks)
    content = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body + rest

    tracemalloc.start()
    facts = refused_or_measured(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 10 * BLOCK_BYTES
    assert facts is None or 0 < facts.data_bytes <= len(content)


def test_a_file_that_claims_gigabytes_is_read_in_constant_memory(wav: Path) -> None:
    """A sparse file of 400 MB with a header that claims 4 GiB."""
    wav.write_bytes(a_wav(data_size=0xFFFF_FFF0, riff_size=0xFFFF_FFF8))
    os.truncate(wav, 400 * 1024 * 1024)

    tracemalloc.start()
    facts = measure(wav)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert facts.data_bytes == 400 * 1024 * 1024 - 44
    assert peak < 10 * BLOCK_BYTES
