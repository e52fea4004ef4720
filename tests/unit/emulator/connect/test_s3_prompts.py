"""What flows can play from S3."""

from __future__ import annotations

import math
import struct
from array import array
from pathlib import Path

import pytest
from scv_emulator.connect.s3_prompts import pcm_of_prompt
from scv_voicemail.intake.wav_writing import mulaw_wav

from tests.wav_files import MULAW, PCM, a_chunk, a_format, a_tone, a_wav


def a_prompt(data: bytes = b"\xff" * 80, *, fmt: bytes | None = None) -> bytes:
    """A WAV in mu-law."""
    chunks = a_chunk(b"fmt ", fmt or a_format(MULAW, bits=8)) + a_chunk(b"data", data)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def test_what_the_connector_makes_for_a_review_can_be_played(tmp_path: Path) -> None:
    """Encoded there and decoded here, a tone keeps its shape: G.711 is good for about 38 dB."""
    source, prompt = tmp_path / "message.wav", tmp_path / "prompt.wav"
    samples = a_tone(0.5)
    source.write_bytes(a_wav(samples))
    mulaw_wav(source, prompt)

    heard = array("h", pcm_of_prompt(prompt.read_bytes()))

    said = array("h", samples)
    noise = sum((one - other) ** 2 for one, other in zip(said, heard, strict=True))
    assert 10 * math.log10(sum(one * one for one in said) / noise) > 30


def test_known_codes_are_known_samples() -> None:
    """ITU-T G.711, table 2a: the ends of the scale, and silence."""
    samples = array("h", pcm_of_prompt(a_prompt(b"\x00\x80\xff\x7f")))

    assert list(samples) == [-32_124, 32_124, 0, 0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a wav at all",
        a_prompt(fmt=a_format(PCM)),
        a_prompt(fmt=a_format(MULAW, bits=8, rate=16_000)),
        a_prompt(fmt=a_format(MULAW, bits=8, channels=2)),
        a_prompt(b"\xff" * (8_000 * 301)),
        b"RIFF\x04\x00\x00\x00WAVE",
    ],
    ids=["empty", "text", "PCM", "16 kHz", "stereo", "too long", "no chunks"],
)
def test_what_amazon_connect_does_not_play_is_refused(content: bytes) -> None:
    """The flow then takes its error branch."""
    with pytest.raises(ValueError, match=r"\w"):
        pcm_of_prompt(content)
