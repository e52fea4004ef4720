"""Writes 16-bit samples so that each stands where its time says, whichever byte order they come in."""

from __future__ import annotations

from array import array
from datetime import datetime
from itertools import islice
from operator import sub
from typing import BinaryIO, Literal

from scv_voicemail.errors import BadRecording

ByteOrder = Literal["little", "big"]

GAP_FROM_SECONDS = 0.5
"""A shorter hole is jitter of the clock; a missing fragment is about one second."""
MAX_GAPS_SECONDS = 2 * 3600.0

_HEARD_BYTES = 8_000
_JUDGED_BYTES = 32_000
_HELD_BYTES = 512 * 1024
_SILENCE = bytes(64 * 1024)


class PcmTimeline:
    """A file of samples that grows fragment by fragment, with silence where fragments are missing.

    "L16" is big-endian by name (RFC 2586), and yet Amazon Connect writes little-endian. Unless `byte_order` says which,
    the first sounds are held back and read both ways: in the wrong order the low bytes become noise at full level.
    """

    def __init__(self, out: BinaryIO, sample_rate_hz: int, *, byte_order: ByteOrder | None = None) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.pcm_bytes = 0
        self.gaps_seconds = 0.0
        self._out = out
        self._order = byte_order
        self._began_at: datetime | None = None
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._heard_bytes = 0

    @property
    def began_at(self) -> datetime:
        """When the first sample was spoken; there is none before the first `add`."""
        assert self._began_at is not None
        return self._began_at

    @property
    def byte_order(self) -> ByteOrder:
        """The order in which the samples came; little-endian when nothing could be heard."""
        return self._order or "little"

    def add(self, at: datetime, samples: bytes) -> None:
        """Put samples at their time, or right after what is there where that is later."""
        if len(samples) % 2:
            raise BadRecording("a fragment ends in the middle of a sample", service="kinesis-video", code="malformed")
        if self._began_at is None:
            self._began_at = at
        gap = (at - self._began_at).total_seconds() - self.pcm_bytes / 2 / self.sample_rate_hz
        if gap >= GAP_FROM_SECONDS and samples:
            self._fill(gap)
        self._put(samples)

    def close(self) -> None:
        """Write what was held back."""
        if self._held:
            self._judge(finally_=True)

    def _fill(self, seconds: float) -> None:
        self.gaps_seconds += seconds
        if self.gaps_seconds > MAX_GAPS_SECONDS:
            raise BadRecording(
                "the times of the fragments do not fit together", service="kinesis-video", code="malformed"
            )
        missing = 2 * round(seconds * self.sample_rate_hz)
        while missing:
            silence = _SILENCE[: min(missing, len(_SILENCE))]
            self._put(silence)
            missing -= len(silence)

    def _put(self, samples: bytes) -> None:
        self.pcm_bytes += len(samples)
        if self._order is not None:
            self._write(samples)
            return
        self._held.append(samples)
        self._held_bytes += len(samples)
        self._heard_bytes += len(samples) - samples.count(0)
        if self._heard_bytes >= _HEARD_BYTES or self._held_bytes >= _HELD_BYTES:
            self._judge(finally_=self._held_bytes >= _HELD_BYTES)

    def _judge(self, *, finally_: bool) -> None:
        """Decide the byte order if what was heard last tells, and at the latest when it must be."""
        held = b"".join(self._held)
        little = array("h", held[-_JUDGED_BYTES:])
        big = little[:]
        big.byteswap()
        as_little, as_big = _roughness(little), _roughness(big)
        if as_big * 2 < as_little:
            self._order = "big"
        elif as_little * 2 < as_big or finally_:
            self._order = "little"
        else:
            self._heard_bytes = 0
            return
        self._held.clear()
        self._write(held)

    def _write(self, samples: bytes) -> None:
        if self._order == "big":
            swapped = array("h", samples)
            swapped.byteswap()
            samples = swapped.tobytes()
        self._out.write(samples)


def _roughness(samples: array[int]) -> int:
    """How far the signal travels from sample to sample."""
    return sum(map(abs, map(sub, islice(samples, 1, None), samples)))
