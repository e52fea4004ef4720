"""G.711 by its own rules, and by FFmpeg's reading of them."""

from __future__ import annotations

import io
from array import array
from bisect import bisect_left
from collections.abc import Callable

import av
import pytest
from scv_voicemail.intake.g711 import alaw_value, linear8_value, mulaw_value, to_mulaw, widened

from tests.wav_files import ALAW, MULAW, PCM, a_format, a_wav

ALL_CODES = bytes(range(256))
ALL_SAMPLES = array("h", range(-32768, 32768))


def by_ffmpeg(tag: int, codes: bytes) -> array[int]:
    """The samples that FFmpeg's decoder makes of them; unsigned 8-bit samples stay as they are."""
    samples = b""
    with av.open(io.BytesIO(a_wav(codes, fmt=a_format(tag, bits=8)))) as container:
        for frame in container.decode(audio=0):
            samples += bytes(frame.planes[0])[: frame.samples * (1 if tag == PCM else 2)]
    return array("h", samples) if tag != PCM else array("h", [code - 128 << 8 for code in samples])


@pytest.mark.parametrize(("tag", "value"), [(MULAW, mulaw_value), (ALAW, alaw_value), (PCM, linear8_value)])
def test_every_code_means_what_ffmpeg_says(tag: int, value: Callable[[int], int]) -> None:
    """All 256 of each of the three 8-bit formats."""
    samples = widened(ALL_CODES, value)

    assert samples == by_ffmpeg(tag, ALL_CODES)


def test_a_mulaw_code_survives_the_way_there_and_back() -> None:
    """Copying a message a second time loses nothing; only the second zero becomes the first."""
    codes = to_mulaw(widened(ALL_CODES, mulaw_value))

    assert codes == ALL_CODES.replace(b"\x7f", b"\xff")


def test_every_sample_becomes_a_neighbour_on_the_mulaw_scale() -> None:
    """The next value above or below, over all 65,536 samples; what is too loud becomes the loudest."""
    scale = sorted({mulaw_value(code) for code in ALL_CODES})

    back = widened(to_mulaw(ALL_SAMPLES), mulaw_value)

    for sample, found in zip(ALL_SAMPLES, back, strict=True):
        above = bisect_left(scale, sample)
        assert found in scale[max(0, above - 1) : above + 1]


def test_louder_samples_never_become_softer() -> None:
    """No code is out of order, the two zeros and both ends included."""
    back = widened(to_mulaw(ALL_SAMPLES), mulaw_value)

    assert list(back) == sorted(back)
