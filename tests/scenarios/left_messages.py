"""What callers leave in a test: something like speech, what becomes of it, and what it is compared by."""

from __future__ import annotations

import hashlib
import os
import random
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TypeVar

from scv_emulator.connect.caller import HangUp, Hear, Press, Say, Step, Wait

T = TypeVar("T")

RATE_HZ = 8_000
FULL = os.environ.get("SCV_VOICEMAIL_TEST_MATRIX") == "full"
"""True when every cell of every matrix is played, as `scripts/crash-matrix` does."""


@cache
def speech(of: str, *, seconds: float = 2.0) -> bytes:
    """Something like speech, another for everybody: bursts of noise of changing level; no sample is silent."""
    draw = random.Random(of)
    samples = array("h")
    for _ in range(round(seconds * 10)):
        level = draw.choice((3000, 6000, 9000))
        samples.extend(draw.randint(1, level) * draw.choice((-1, 1)) for _ in range(RATE_HZ // 10))
    return samples.tobytes()


def sampled(cells: Sequence[T], *, every: int) -> list[T]:
    """All cells of a full matrix; else every so many of them, for those who wait for the tests."""
    return list(cells if FULL else cells[::every])


def sent(said: bytes) -> list[Step]:
    """A caller who ends the message with a key, and waits for the thanks."""
    return [Hear("beep"), Say(said), Wait(0.2), Press("#"), Hear("press 0"), Press("#")]


def hung_up(said: bytes) -> list[Step]:
    """A caller who just hangs up."""
    return [Hear("beep"), Say(said), Wait(0.2), HangUp()]


def without_silence(pcm: bytes) -> bytes:
    """The PCM from the first sample that is not zero to the last."""
    samples = array("h", pcm)
    first = next((at for at, one in enumerate(samples) if one), len(samples))
    last = next((at for at in range(len(samples), first, -1) if samples[at - 1]), first)
    return samples[first:last].tobytes()


def digest(pcm: bytes) -> str:
    """What two recordings are compared by."""
    return hashlib.sha256(pcm).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a caller has left: who it was, what was said, and what Transcribe hears in it.

    A message that is `uncut` may have prompts around it: nothing has told when it began or ended. `loose_seconds` of
    its end may be missing or too much.
    """

    contact_id: str
    caller: str
    said: bytes
    text: str
    uncut: bool = False
    loose_seconds: float = 0.0

    def is_in(self, heard: bytes) -> bool:
        """True when this is what was said, and nothing of anybody else."""
        if self.uncut:
            return self.said in heard
        if self.loose_seconds and abs(len(heard) - len(self.said)) <= 2 * RATE_HZ * self.loose_seconds:
            common = min(len(heard), len(self.said))
            return digest(heard[:common]) == digest(self.said[:common])
        return digest(heard) == digest(self.said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What org and bucket hold of all that callers have left; what is `wrong` says so in words."""

    callers: int
    lost: int
    doubled: int
    mixed: int
    wrong: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """As tables show it."""
        return "; ".join(self.wrong) or f"{self.callers} exactly once"


def pcm_of(wav: bytes) -> bytes:
    """The samples of a WAV file, 16-bit mono at 8 kHz."""
    with wave.open(BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        return file.readframes(file.getnframes())
