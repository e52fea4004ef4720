"""Samples in their places: holes become silence, and the byte order is heard."""

from __future__ import annotations

import io
import random
from array import array
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import scv_voicemail
from scv_voicemail.errors import BadRecording
from scv_voicemail.intake.g711 import mulaw_value
from scv_voicemail.intake.pcm_timeline import ByteOrder, PcmTimeline

BEGAN_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SPEECH = Path(scv_voicemail.__file__).with_name("demo").joinpath("recording.wav").read_bytes()[44:]
SECOND = 16_000


def swapped(samples: bytes) -> bytes:
    values = array("h", samples)
    values.byteswap()
    return values.tobytes()


def noise(level: float, seconds: int = 4) -> bytes:
    dice = random.Random(7)
    return array("h", [round(dice.gauss(0, level)) for _ in range(8000 * seconds)]).tobytes()


def through_a_telephone(samples: bytes) -> bytes:
    """As G.711 leaves it: few distinct values, with structure in their low bytes."""
    steps = sorted({mulaw_value(code) for code in range(256)})
    return array("h", [min(steps, key=lambda step: abs(step - value)) for value in array("h", samples)]).tobytes()


def written(samples: bytes, *, byte_order: ByteOrder | None = None) -> tuple[bytes, PcmTimeline]:
    """What a timeline makes of samples that come second by second."""
    out = io.BytesIO()
    timeline = PcmTimeline(out, 8000, byte_order=byte_order)
    for index, at in enumerate(range(0, len(samples), SECOND)):
        timeline.add(BEGAN_AT + timedelta(seconds=index), samples[at : at + SECOND])
    timeline.close()
    return out.getvalue(), timeline


SOUNDS = {
    "speech": SPEECH,
    "quiet speech": array("h", [value // 60 for value in array("h", SPEECH)]).tobytes(),
    "speech through G.711": through_a_telephone(SPEECH[: 5 * SECOND]),
    "speech after a long silence": bytes(10 * SECOND) + SPEECH,
    "the noise of a line": noise(3),
    "speech too short to fill what is held back": SPEECH[SECOND : 2 * SECOND],
}


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("sound", SOUNDS)
def test_the_byte_order_is_heard(sound: str, order: ByteOrder) -> None:
    """Read in the wrong order, any sound is noise at full level."""
    samples = SOUNDS[sound]

    found, timeline = written(samples if order == "little" else swapped(samples))

    assert found == samples
    assert timeline.byte_order == order


def test_a_given_byte_order_is_not_questioned() -> None:
    """For whoever knows better than what can be heard."""
    found, timeline = written(SPEECH, byte_order="big")

    assert found == swapped(SPEECH)
    assert timeline.byte_order == "big"


@pytest.mark.parametrize("samples", [bytes(3 * SECOND), bytes(40 * SECOND), b"\xff\xff" * 30_000])
def test_what_sounds_the_same_both_ways_is_little_endian(samples: bytes) -> None:
    """As Amazon Connect writes it; and no more than 512 KiB of it are held back."""
    found, timeline = written(samples)

    assert found == samples
    assert timeline.byte_order == "little"


def test_silence_is_not_held_back_for_ever() -> None:
    """A stream of an hour without a sound takes no more memory than one of a minute."""
    out = io.BytesIO()
    timeline = PcmTimeline(out, 8000)

    for second in range(60):
        timeline.add(BEGAN_AT + timedelta(seconds=second), bytes(SECOND))

    assert len(out.getvalue()) >= 60 * SECOND - 512 * 1024


def test_a_hole_becomes_silence_of_its_length() -> None:
    """To the sample, so that what follows stands at its time."""
    out = io.BytesIO()
    timeline = PcmTimeline(out, 8000, byte_order="little")
    timeline.add(BEGAN_AT, b"ab" * 8000)

    timeline.add(BEGAN_AT + timedelta(seconds=3.5), b"cd" * 8000)

    assert out.getvalue() == b"ab" * 8000 + bytes(40_000) + b"cd" * 8000
    assert timeline.gaps_seconds == 2.5


def test_jitter_of_the_clock_is_no_hole() -> None:
    """A word is not torn apart because a time is some milliseconds late."""
    out = io.BytesIO()
    timeline = PcmTimeline(out, 8000, byte_order="little")
    timeline.add(BEGAN_AT, b"ab" * 8000)

    timeline.add(BEGAN_AT + timedelta(seconds=1.3), b"cd" * 8000)
    timeline.add(BEGAN_AT + timedelta(seconds=1.9), b"ef" * 8000)

    assert out.getvalue() == b"ab" * 8000 + b"cd" * 8000 + b"ef" * 8000
    assert timeline.gaps_seconds == 0


def test_a_second_without_a_sample_is_a_hole_once_something_follows() -> None:
    """A fragment may hold only the other direction."""
    out = io.BytesIO()
    timeline = PcmTimeline(out, 8000, byte_order="little")
    for second, samples in enumerate((b"", b"", b"ab" * 8000, b"")):
        timeline.add(BEGAN_AT + timedelta(seconds=second), samples)

    timeline.close()

    assert out.getvalue() == bytes(2 * SECOND) + b"ab" * 8000
    assert timeline.began_at == BEGAN_AT


def test_times_that_cannot_be_are_refused() -> None:
    """A disk is not filled with silence because a clock was wrong."""
    timeline = PcmTimeline(io.BytesIO(), 8000)
    timeline.add(BEGAN_AT, b"ab")

    with pytest.raises(BadRecording, match="times of the fragments"):
        timeline.add(BEGAN_AT + timedelta(days=1), b"ab")


def test_half_a_sample_is_refused() -> None:
    """Everything after it would be noise."""
    timeline = PcmTimeline(io.BytesIO(), 8000)

    with pytest.raises(BadRecording, match="middle of a sample"):
        timeline.add(BEGAN_AT, b"abc")
