"""Valid things in one word: `a_voicemail(caller="…")` changes just what a test is about."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from scv_voicemail.voicemail import Recording, Segment, Transcript, Voicemail

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

BENCH_START = datetime.fromisoformat(os.environ.get("SCV_VOICEMAIL_TEST_START", NOON.isoformat()))
"""When every bench begins, whatever the machine's clock says; `scripts/test-at-hours` begins at worse times."""


def time_now() -> datetime:
    """The time that this process is told: the machine's, or that of a bench which moves it."""
    return datetime.now(UTC)


def file_clock(*, seconds: float) -> FakeClock:
    """A clock that stands so much later than the machine's, which dates the files that a test writes."""
    return FakeClock(time_now() + timedelta(seconds=seconds))


def epoch_now() -> int:
    """`time_now` in whole seconds since 1970, as tokens have it."""
    return int(time.time())


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def a_recording(**changes: Any) -> Recording:
    return Recording(
        **{
            "path": "/nowhere/recording.wav",
            "duration_seconds": 12.5,
            "size_bytes": 200_044,
            "sha256": "5f" * 32,
            "location": "https://recordings.example.com/recording.wav",
        }
        | changes
    )


def a_transcript(**changes: Any) -> Transcript:
    segments = (
        Segment(text="Hello, this is Ada.", start_ms=0, end_ms=2000, confidence=0.98),
        Segment(text="Please call me back.", start_ms=2500, end_ms=4000),
    )
    return Transcript(**{"segments": segments, "language": "en-US"} | changes)


def a_voicemail(**changes: Any) -> Voicemail:
    return Voicemail(
        **{
            "id": "5324881f-1e84-4367-8930-f69a74b30ca6",
            "caller": "+14155550142",
            "dialed_number": "+18005550100",
            "started_at": NOON - timedelta(minutes=5),
            "recording": a_recording(),
        }
        | changes
    )
