"""Recordings written: true headers, cuts exact to the sample, and nothing half-written left behind."""

from __future__ import annotations

import contextlib
import os
import tracemalloc
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scv_voicemail.audio import Encoding, measure
from scv_voicemail.errors import BadRecording, SettingsInvalid, Unavailable, VoicemailError
from scv_voicemail.intake.g711 import linear8_value, mulaw_value, to_mulaw, widened
from scv_voicemail.intake.speech import find_speech
from scv_voicemail.intake.wav_writing import mulaw_wav, trimmed, write_wav

from tests.wav_files import ALAW, MULAW, PCM, a_chunk, a_format, a_tone, a_wav

FORMS = [(tag, bits, channels) for tag, bits in ((PCM, 8), (PCM, 16), (MULAW, 8), (ALAW, 8)) for channels in (1, 2)]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "message.wav"


def counted(frames: int, frame_bytes: int) -> bytes:
    """Frames that are all different."""
    return b"".join(frame.to_bytes(4, "little")[:frame_bytes].ljust(frame_bytes, b"\x01") for frame in range(frames))


def audio_of(path: Path) -> bytes:
    facts = measure(path)
    return path.read_bytes()[facts.data_offset : facts.data_offset + facts.data_bytes]


def test_a_written_recording_is_what_its_header_says(target: Path) -> None:
    """Python's own reader finds every sample; the sizes are those of the file, not 4 GB."""
    samples = a_tone(1.5)

    facts = write_wav([samples[:100], b"", samples[100:]], target)

    with wave.open(str(target)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        assert file.readframes(file.getnframes()) == samples
    assert int.from_bytes(target.read_bytes()[4:8], "little") == target.stat().st_size - 8
    assert facts == measure(target)
    assert facts.duration_seconds == 1.5


def test_half_a_sample_at_the_end_is_left_out(target: Path) -> None:
    """The header counts whole samples, and so does the file."""
    facts = write_wav([b"abcde"], target, 16_000)

    assert (facts.data_bytes, facts.size_bytes, facts.sample_rate_hz) == (4, 48, 16_000)


@pytest.mark.parametrize("chunks", [[], [b""], [b"a"]])
def test_a_recording_without_a_sample_is_not_written(target: Path, chunks: list[bytes]) -> None:
    """44 bytes of header are no message."""
    with pytest.raises(BadRecording) as raised:
        write_wav(chunks, target)

    assert raised.value.code == "empty"
    assert list(target.parent.iterdir()) == []


def test_a_recording_that_breaks_off_leaves_what_was_there(target: Path) -> None:
    """Nobody ever finds half a recording under its name."""
    write_wav([a_tone()], target)
    before = target.read_bytes()

    def chunks() -> Iterator[bytes]:
        yield a_tone()
        raise Unavailable("the connection broke")

    with pytest.raises(Unavailable, match="the connection broke"):
        write_wav(chunks(), target)

    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["message.wav"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """As one of our errors, not the operating system's."""
    with pytest.raises((SettingsInvalid, Unavailable), match="cannot be used"):
        write_wav([a_tone()], tmp_path / "missing" / "message.wav")


@pytest.mark.parametrize(("tag", "bits", "channels"), FORMS)
def test_a_cut_is_exact_to_the_sample_in_every_format(
    tmp_path: Path, target: Path, tag: int, bits: int, channels: int
) -> None:
    """Same format, same samples, only fewer; odd lengths are padded as RIFF wants it."""
    frame_bytes = channels * bits // 8
    audio = counted(8000, frame_bytes)
    source = tmp_path / "whole.wav"
    junk = a_chunk(b"LIST", b"recorded by somebody")
    source.write_bytes(a_wav(audio, fmt=a_format(tag, channels=channels, bits=bits), before=junk, after=junk))

    facts = trimmed(source, target, start_seconds=0.123375, end_seconds=0.5)

    assert audio_of(target) == audio[987 * frame_bytes : 4000 * frame_bytes]
    assert (facts.encoding, facts.channels, facts.bits) == (measure(source).encoding, channels, bits)
    assert target.stat().st_size % 2 == 0
    assert facts.duration_seconds == pytest.approx(0.376625)


@pytest.mark.parametrize(
    ("start", "end", "frames"),
    [
        (-3.0, None, slice(0, 8000)),
        (-0.4, 0.1, slice(0, 800)),
        (0.0, 99.0, slice(0, 8000)),
        (0.25, None, slice(2000, 8000)),
        (0.9999, None, slice(7999, 8000)),
        (float("-inf"), float("inf"), slice(0, 8000)),
    ],
)
def test_times_outside_the_recording_mean_its_ends(
    tmp_path: Path, target: Path, start: float, end: float | None, frames: slice
) -> None:
    """A time before the beginning never counts from the end."""
    audio = counted(8000, 2)
    source = tmp_path / "whole.wav"
    source.write_bytes(a_wav(audio))

    trimmed(source, target, start_seconds=start, end_seconds=end)

    assert audio_of(target) == audio[2 * frames.start : 2 * frames.stop]


@pytest.mark.parametrize(("start", "end"), [(1.0, None), (7.0, None), (0.5, 0.5), (0.5, 0.2), (0.0, -1.0)])
def test_a_cut_that_leaves_nothing_is_empty(tmp_path: Path, target: Path, start: float, end: float | None) -> None:
    """No file, and an error that says so."""
    source = tmp_path / "whole.wav"
    source.write_bytes(a_wav(a_tone(1.0)))

    with pytest.raises(BadRecording) as raised:
        trimmed(source, target, start_seconds=start, end_seconds=end)

    assert raised.value.code == "empty"
    assert not target.exists()


def test_a_recording_whose_recorder_never_came_back_to_its_header_can_be_cut(tmp_path: Path, target: Path) -> None:
    """Its sizes are placeholders: the bytes that are there count."""
    audio = counted(8000, 2)
    source = tmp_path / "whole.wav"
    source.write_bytes(a_wav(audio, data_size=0xFFFFFFFF, riff_size=0xFFFFFFFF))

    trimmed(source, target, start_seconds=0.5)

    assert audio_of(target) == audio[8000:]
    assert int.from_bytes(target.read_bytes()[40:44], "little") == 8000


def test_a_recording_can_be_cut_in_its_place(tmp_path: Path) -> None:
    """The old file is read to its end before the new one takes its name."""
    path = tmp_path / "message.wav"
    path.write_bytes(a_wav(counted(8000, 2)))

    trimmed(path, path, start_seconds=0.75)

    assert audio_of(path) == counted(8000, 2)[12_000:]


def test_an_hour_is_cut_in_constant_memory(tmp_path: Path, target: Path) -> None:
    """Whatever the length of the call before the message."""
    source = tmp_path / "hour.wav"
    with source.open("wb") as file:  # a hole in the file: nothing is really written
        file.write(a_wav(b"", data_size=57_600_000, riff_size=57_600_036))
        os.truncate(source, 57_600_044)
    tracemalloc.start()

    trimmed(source, target, start_seconds=3000.0, end_seconds=3180.0)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert measure(target).duration_seconds == 180.0
    assert peak < 1_000_000


def test_a_prompt_is_mulaw_mono(tmp_path: Path, target: Path) -> None:
    """What Amazon Connect plays from S3, with the extension and the count that G.711 needs."""
    source = tmp_path / "whole.wav"
    samples = a_tone(1.0)
    source.write_bytes(a_wav(samples))

    facts = mulaw_wav(source, target)

    assert (facts.encoding, facts.channels, facts.sample_rate_hz) == (Encoding.MULAW, 1, 8000)
    back = widened(audio_of(target), mulaw_value).tobytes()
    assert back == widened(to_mulaw(memoryview(samples).cast("h")), mulaw_value).tobytes()  # type: ignore[arg-type]
    assert target.read_bytes()[12:50].count(b"fact") == 1


def test_both_channels_are_in_a_prompt(tmp_path: Path, target: Path) -> None:
    """A stereo recording is mixed: the caller may be on either side."""
    source = tmp_path / "stereo.wav"
    source.write_bytes(a_wav(bytes([128, 228] * 4000), fmt=a_format(PCM, bits=8, channels=2)))

    facts = mulaw_wav(source, target)

    mean = (linear8_value(128) + linear8_value(228)) // 2
    assert facts.duration_seconds == 0.5
    assert set(widened(audio_of(target), mulaw_value)) == {mulaw_value(to_mulaw_one(mean))}


def to_mulaw_one(sample: int) -> int:
    return to_mulaw(memoryview(sample.to_bytes(2, "little", signed=True)).cast("h"))[0]  # type: ignore[arg-type]


def test_a_prompt_of_another_rate_is_refused(tmp_path: Path, target: Path) -> None:
    """It would play at half its speed."""
    source = tmp_path / "wide.wav"
    source.write_bytes(a_wav(a_tone(rate=16_000), fmt=a_format(rate=16_000)))

    with pytest.raises(BadRecording, match="a prompt needs 8,000 Hz"):
        mulaw_wav(source, target)


@settings(max_examples=150, deadline=None)
@given(
    header=st.lists(st.tuples(st.integers(0, 43), st.integers(0, 255)), max_size=4),
    form=st.sampled_from([a_format(), a_format(MULAW, bits=8), a_format(ALAW, bits=8, channels=2), a_format(bits=8)]),
    sound=st.binary(max_size=3000),
    start=st.floats(allow_nan=False),
)
def test_whatever_a_recording_claims_it_is_cut_played_and_heard_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    header: list[tuple[int, int]],
    form: bytes,
    sound: bytes,
    start: float,
) -> None:
    """Every reader of WAV files: an error of ours or a result, and little memory."""
    content = bytearray(a_wav(sound, fmt=form))
    for at, value in header:
        content[at] = value
    source = tmp_path_factory.getbasetemp() / "hostile.wav"
    source.write_bytes(content)
    readers: list[Callable[[], object]] = [
        lambda: trimmed(source, source.with_name("cut.wav"), start_seconds=start),
        lambda: mulaw_wav(source, source.with_name("prompt.wav")),
        lambda: find_speech(source),
    ]

    tracemalloc.start()
    for reader in readers:
        with contextlib.suppress(VoicemailError):
            reader()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 64 * 1024 * 1024
