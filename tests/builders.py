"""Valid things in one word: `a_voicemail(caller="…")` changes just what a test is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from scv_voicemail.voicemail import Recording, Segment, Transcript, Voicemail

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


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
