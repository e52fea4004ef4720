"""The nouns hold together."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.voicemail import Mailbox, MailboxKind, Segment, Transcript, Voicemail, Word

from tests.builders import NOON, a_recording, a_transcript, a_voicemail


def test_a_voicemail_ends_when_its_recording_does() -> None:
    """Start and measured length, nothing else."""
    voicemail = a_voicemail(started_at=NOON, recording=a_recording(duration_seconds=12.5))

    assert voicemail.ended_at == NOON + timedelta(seconds=12.5)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"id": ""}, "id"),
        ({"id": "x" * 256}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"started_at": datetime(2026, 11, 20, 12, 0)}, "time zone"),
        ({"dialed_number": ""}, "dialed number"),
    ],
)
def test_what_no_step_could_deliver_cannot_be_made(changes: dict[str, Any], what: str) -> None:
    """The reason names the field."""
    with pytest.raises(BadVoicemail, match=what):
        a_voicemail(**changes)


def test_the_longest_id_and_any_printable_character_are_fine() -> None:
    """The key is the telephony system's, not ours."""
    assert a_voicemail(id="ü/?#" + "x" * 251).id.startswith("ü/?#")


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
WORDS = st.builds(Word, text=TEXT, start_ms=st.integers(0, 10**6), end_ms=st.integers(0, 10**6))
SEGMENTS = st.builds(
    Segment,
    text=TEXT,
    start_ms=st.integers(0, 10**6),
    end_ms=st.integers(0, 10**6),
    confidence=st.none() | st.floats(0, 1),
    words=st.lists(WORDS, max_size=3).map(tuple),
)


@given(
    transcript=st.none() | st.builds(Transcript, segments=st.lists(SEGMENTS, max_size=3).map(tuple), language=TEXT),
    mailbox=st.none() | st.builds(Mailbox, kind=st.sampled_from(MailboxKind), name=TEXT),
    attributes=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    targets=st.lists(TEXT, max_size=2).map(tuple),
    started_at=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),
    hours=st.integers(-12, 14),
)
def test_a_voicemail_survives_being_written_down(started_at: datetime, hours: int, **changes: Any) -> None:
    """Through JSON and back it is equal, to the microsecond and in whatever time zone."""
    voicemail = a_voicemail(started_at=started_at.replace(tzinfo=timezone(timedelta(hours=hours))), **changes)

    again = Voicemail.from_dict(json.loads(json.dumps(voicemail.to_dict())))

    assert again == voicemail


def test_a_transcript_is_added_and_nothing_else_changes() -> None:
    """Frozen: the voicemail without it stays as it was."""
    before = a_voicemail(transcript=None)

    after = before.with_transcript(a_transcript())

    assert before.transcript is None
    assert after.transcript == a_transcript()
    assert (after.id, after.recording) == (before.id, before.recording)


def test_a_transcript_without_times_covers_the_whole_recording() -> None:
    """One segment; nothing but spaces is no segment."""
    whole = Transcript.of_text(" Call me. ", duration_seconds=2.5)

    assert whole.segments == (Segment(text="Call me.", start_ms=0, end_ms=2500),)
    assert Transcript.of_text("  ", duration_seconds=2.5).segments == ()
    assert a_transcript().text == "Hello, this is Ada. Please call me back."
