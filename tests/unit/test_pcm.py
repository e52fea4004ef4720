"""Samples, decoded: the standard library's own decoder is the judge where it still exists."""

from __future__ import annotations

import math
import warnings
from array import array
from pathlib import Path

import pytest
from scv_voicemail.audio import measure
from scv_voicemail.errors import BadRecording
from scv_voicemail.pcm import pcm16_blocks, peak_dbfs

from tests.wav_files import ALAW, MULAW, PCM, a_format, a_tone, a_wav

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    audioop = pytest.importorskip("audioop", reason="removed from Python 3.13")

EVERY_BYTE = bytes(range(256))


def decoded(path: Path, content: bytes) -> array[int]:
    path.write_bytes(content)
    samples = array("h")
    for block in pcm16_blocks(path, measure(path)):
        samples.extend(block)
    return samples


@pytest.mark.parametrize(
    ("tag", "judge"),
    [
        (MULAW, lambda audio: audioop.ulaw2lin(audio, 2)),
        (ALAW, lambda audio: audioop.alaw2lin(audio, 2)),
        (PCM, lambda audio: audioop.lin2lin(audioop.bias(audio, 1, -128), 1, 2)),
    ],
)
def test_every_byte_is_decoded_as_the_standard_library_does(tmp_path: Path, tag: int, judge: object) -> None:
    """All 256 codes of mu-law, A-law and 8-bit PCM."""
    content = a_wav(EVERY_BYTE, fmt=a_format(tag, bits=8))

    samples = decoded(tmp_path / "all.wav", content)

    assert samples.tobytes() == judge(EVERY_BYTE)  # type: ignore[operator]


def test_16_bit_samples_come_out_as_they_are_in_bounded_blocks(tmp_path: Path) -> None:
    """Neither the header nor what follows the audio is taken for sound."""
    tone = a_tone(10.0)
    path = tmp_path / "tone.wav"
    path.write_bytes(a_wav(tone, after=b"LIST\x04\x00\x00\x00INFO"))

    blocks = list(pcm16_blocks(path, measure(path)))

    assert b"".join(block.tobytes() for block in blocks) == tone
    assert max(map(len, blocks)) <= 65536


@pytest.mark.parametrize(("level", "decibels"), [(32767, 0.0), (3277, -20.0), (0, -math.inf)])
def test_silence_is_told_from_speech(tmp_path: Path, level: int, decibels: float) -> None:
    """The loudest sample, in decibels below full scale."""
    path = tmp_path / "tone.wav"
    path.write_bytes(a_wav(a_tone(0.5, hertz=1000, level=level)))

    peak = peak_dbfs(path, measure(path))

    assert peak == pytest.approx(decibels, abs=0.01)


def test_a_file_that_shrinks_between_measuring_and_decoding_is_refused(tmp_path: Path) -> None:
    """Facts of yesterday do not make a reader wait or loop for ever."""
    path = tmp_path / "tone.wav"
    path.write_bytes(a_wav(a_tone(1.0)))
    facts = measure(path)
    path.write_bytes(a_wav(a_tone(0.5)))

    with pytest.raises(BadRecording, match="became shorter"):
        list(pcm16_blocks(path, facts))
