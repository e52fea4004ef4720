"""Callers who leave messages in a watched folder: each with samples, a number and words that nobody else has."""

from __future__ import annotations

import json
import random
import wave
from dataclasses import dataclass
from pathlib import Path

RATE = 8000


@dataclass(frozen=True, slots=True)
class Left:
    """What was handed in."""

    number: int
    caller: str
    samples: bytes
    said: str

    @property
    def name(self) -> str:
        """The name of its two files."""
        return f"message-{self.number:05d}"


def a_message(number: int) -> Left:
    """A second or two of noise, a sentence, and a number: all of them say which message it is."""
    dice = random.Random(number)
    samples = dice.randbytes(2 * RATE * dice.choice([1, 2]))
    return Left(number, f"+1415{5_550_000 + number:07d}", samples, f"This is message {number}, please call me back.")


def leave(left: Left, folder: Path) -> None:
    """As a telephony system does: the audio under its own name at once, the JSON last. OSError: the folder is away."""
    recording = folder / f"{left.name}.wav"
    with wave.open(str(recording), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(left.samples)
    data = {"from": left.caller, "to": "+18005550100", "transcript": left.said}
    if left.number % 2:
        data["id"] = f"key-{left.number:05d}"
    half = folder / f".{left.name}.part"
    half.write_text(json.dumps(data), encoding="utf-8")
    half.rename(folder / f"{left.name}.json")


def samples_of(recording: Path) -> bytes:
    """The samples of a kept recording."""
    with wave.open(str(recording), "rb") as file:
        return file.readframes(file.getnframes())
