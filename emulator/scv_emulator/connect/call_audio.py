"""What is heard in a simulated call: tones that stand for words, the beep, and a track for each side."""

from __future__ import annotations

import math
import re
from array import array
from functools import cache

from scv_emulator.connect.ports import SAMPLE_RATE_HZ

WORDS_PER_MINUTE = 150
BEEP_HERTZ, BEEP_SECONDS = 1_000, 0.5
_VOICE_HERTZ, _MUSIC_HERTZ = 220, 330
_LOUD, _QUIET = 12_000, 4_000
_BREAK = re.compile(r'<break[^>]*\btime="([\d.]+)(ms|s)"')
_BEEP = re.compile(r'<say-as[^>]*"expletive"[^>]*>.*?</say-as>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def bytes_of(seconds: float) -> int:
    """How many bytes of PCM so many seconds are: whole samples."""
    return 2 * round(seconds * SAMPLE_RATE_HZ)


def seconds_of(pcm: bytes) -> float:
    """How long the PCM lasts."""
    return len(pcm) / 2 / SAMPLE_RATE_HZ


def silence(seconds: float) -> bytes:
    """Nothing to hear."""
    return bytes(bytes_of(seconds))


@cache
def tone(seconds: float, hertz: int, level: int = _LOUD) -> bytes:
    """A sine."""
    step = 2 * math.pi * hertz / SAMPLE_RATE_HZ
    return array("h", (round(level * math.sin(step * n)) for n in range(bytes_of(seconds) // 2))).tobytes()


@cache
def spoken(text: str) -> bytes:
    """Speech for a text or SSML: a tone for each word, a pause for each break, and the beep."""
    beeps = len(_BEEP.findall(text))
    pauses = sum(float(number) / (1_000 if unit == "ms" else 1) for number, unit in _BREAK.findall(text))
    words = len(_TAG.sub(" ", _BEEP.sub(" ", text)).split())
    each = 60 / WORDS_PER_MINUTE
    word = tone(round(each * 0.75, 3), _VOICE_HERTZ, _QUIET) + silence(each * 0.25)
    return word * words + silence(pauses) + tone(BEEP_SECONDS, BEEP_HERTZ) * beeps


def music(seconds: float) -> bytes:
    """A prompt of the instance, such as music for those who wait."""
    return tone(seconds, _MUSIC_HERTZ, _QUIET)


def words_of(text: str) -> str:
    """What a caller hears of a text or SSML; a beep is the word beep."""
    return " ".join(_TAG.sub(" ", _BEEP.sub(" beep ", text)).split())


class Track:
    """One side of a call: pieces of audio at moments, in seconds since the call began. They do not overlap."""

    def __init__(self) -> None:
        self._pieces: list[tuple[float, bytes]] = []

    def add(self, at: float, pcm: bytes) -> None:
        """Heard from then on."""
        self._pieces.append((at, pcm))

    def cut(self, at: float) -> None:
        """The piece that is heard just now stops."""
        if self._pieces:
            began, pcm = self._pieces[-1]
            self._pieces[-1] = (began, pcm[: max(bytes_of(at - began), 0)])

    def between(self, begin: float, end: float) -> bytes:
        """What is heard in this time; silence where nothing is."""
        heard = bytearray(silence(end - begin))
        for at, pcm in self._pieces:
            offset = bytes_of(at - begin)
            start, stop = max(offset, 0), min(offset + len(pcm), len(heard))
            if start < stop:
                heard[start:stop] = pcm[start - offset : stop - offset]
        return bytes(heard)

    def seconds_between(self, begin: float, end: float) -> float:
        """For how long something is heard in this time."""
        return sum(max(min(at + seconds_of(pcm), end) - max(at, begin), 0) for at, pcm in self._pieces)
