"""Automated interaction recordings: stretches of a call become one WAV, under the name that Amazon Connect gives it.

Name and place: "Where call recordings and transcripts are stored" in the administrator guide, below `ivr/`.
"""

from __future__ import annotations

import io
import wave
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from scv_emulator.connect.ports import SAMPLE_RATE_HZ

_BLOCK_BYTES = 16_000
_LOUDEST = 32_767


def recording_key(*, alias: str, contact_id: str, began_at: datetime) -> str:
    """The object's key in the instance's bucket."""
    utc = began_at.astimezone(UTC)
    return f"connect/{alias}/CallRecordings/ivr/{utc:%Y/%m/%d}/{contact_id}_{utc:%Y%m%dT%H:%M}_UTC.wav"


def recording_entry(location: str, *, began_at: datetime, ended_at: datetime) -> dict[str, Any]:
    """What the contact's `Recordings` say of it; `location` is bucket/key."""
    return {
        "DeletionReason": None,
        "FragmentStartNumber": None,
        "FragmentStopNumber": None,
        "Location": location,
        "MediaStreamType": "AUDIO",
        "ParticipantType": "IVR",
        "StartTimestamp": began_at,
        "Status": "AVAILABLE",
        "StopTimestamp": ended_at,
        "StorageType": "S3",
    }


def recording_wav(stretches: Sequence[tuple[bytes, bytes]], *, stereo: bool = False) -> bytes:
    """One WAV of all stretches (customer, system), mixed; with `stereo` the customer is left and the system right."""
    joined = b"".join((_side_by_side if stereo else _mixed)(customer, system) for customer, system in stretches)
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(2 if stereo else 1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE_HZ)
        wav.writeframes(joined)
    return file.getvalue()


def _mixed(customer: bytes, system: bytes) -> bytes:
    first, second = _equally_long(customer, system)
    return b"".join(
        _mixed_block(first[start : start + _BLOCK_BYTES], second[start : start + _BLOCK_BYTES])
        for start in range(0, len(first), _BLOCK_BYTES)
    )


def _mixed_block(first: bytes, second: bytes) -> bytes:
    if not any(second):
        return first
    if not any(first):
        return second
    pairs = zip(array("h", first), array("h", second), strict=True)
    return array("h", [max(-_LOUDEST - 1, min(_LOUDEST, one + other)) for one, other in pairs]).tobytes()


def _side_by_side(customer: bytes, system: bytes) -> bytes:
    first, second = _equally_long(customer, system)
    both = array("h", bytes(2 * len(first)))
    both[0::2], both[1::2] = array("h", first), array("h", second)
    return both.tobytes()


def _equally_long(first: bytes, second: bytes) -> tuple[bytes, bytes]:
    longest = max(len(first), len(second))
    longest += longest % 2
    return first.ljust(longest, b"\0"), second.ljust(longest, b"\0")
