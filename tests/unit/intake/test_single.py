"""One recording and its call data become one voicemail."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from scv_voicemail.errors import BadRecording, BadVoicemail
from scv_voicemail.intake.single import read_voicemail
from scv_voicemail.voicemail import ANONYMOUS, Mailbox, MailboxKind, Segment, Voicemail

from tests.builders import NOON, FakeClock
from tests.wav_files import a_wav_file

RECEIVED = "2026-11-20T10:00:00Z"


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return a_wav_file(tmp_path / "msg.wav", seconds=2.0)


def read(wav: Path, **changes: Any) -> Voicemail:
    given = {"caller": "(415) 555-0142", "dialed_number": "8005550100", "default_region": "US", "clock": FakeClock()}
    return read_voicemail(wav, **given | {"received_at": RECEIVED} | changes)


def test_everything_that_is_known_about_a_call_is_in_the_voicemail(wav: Path) -> None:
    """Numbers made uniform, audio measured, transcript within it, the rest as given."""
    mailbox = Mailbox(kind=MailboxKind.QUEUE, name="Support")

    voicemail = read(
        wav,
        voicemail_id="pbx-17",
        transcript=[{"text": "Hello.", "start": 0.5, "end": 2.1}],
        language="en-US",
        mailbox=mailbox,
        targets=["voice_call"],
        attributes={"Account_Number__c": "42"},
        source="test",
    )

    assert voicemail.id == "pbx-17"
    assert (voicemail.caller, voicemail.dialed_number) == ("+14155550142", "+18005550100")
    assert voicemail.started_at == datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    assert voicemail.ended_at == voicemail.started_at + timedelta(seconds=2)
    assert voicemail.recording.path == str(wav)
    assert voicemail.recording.size_bytes == wav.stat().st_size
    assert voicemail.transcript is not None
    assert voicemail.transcript.segments == (Segment(text="Hello.", start_ms=500, end_ms=2000),)
    assert voicemail.transcript.language == "en-US"
    assert (voicemail.mailbox, voicemail.source) == (mailbox, "test")
    assert voicemail.targets == ("voice_call",)
    assert voicemail.attributes == (("Account_Number__c", "42"),)
    assert Voicemail.from_dict(voicemail.to_dict()) == voicemail


def test_the_same_file_handed_in_again_is_the_same_voicemail(wav: Path) -> None:
    """However the numbers and the time are written."""
    first = read(wav)

    again = read(wav, caller="+14155550142", dialed_number="+18005550100", received_at="2026-11-20T11:00:00+01:00")

    assert again.id == first.id


@pytest.mark.parametrize(
    "other", [{"caller": "+14155550143"}, {"dialed_number": "8005550101"}, {"received_at": "2026-11-20T10:00:01Z"}]
)
def test_another_call_is_another_voicemail(wav: Path, other: dict[str, str]) -> None:
    """Two silent messages sound alike; who, whom and when tell them apart."""
    assert read(wav, **other).id != read(wav).id


def test_other_audio_is_another_voicemail(tmp_path: Path, wav: Path) -> None:
    """Two messages in one second from one line."""
    other = a_wav_file(tmp_path / "other.wav", seconds=2.0, hertz=880)

    assert read(other).id != read(wav).id


def test_without_a_time_the_recording_began_its_length_before_the_file_was_closed(wav: Path) -> None:
    """`started_at` is the beginning; a recorder touches the file last at the end."""
    os.utime(wav, (0, NOON.timestamp() - 60))

    voicemail = read(wav, received_at=None)

    assert voicemail.ended_at == NOON - timedelta(seconds=60)


def test_a_datetime_is_taken_in_any_zone_and_kept_in_utc(wav: Path) -> None:
    """An application hands in what it has."""
    local = datetime(2026, 11, 20, 5, 0, tzinfo=timezone(timedelta(hours=-5)))

    voicemail = read(wav, received_at=local)

    assert voicemail.started_at == datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    assert voicemail.started_at.utcoffset() == timedelta(0)


def test_a_clock_a_little_ahead_is_forgiven(wav: Path) -> None:
    """Telephony systems and this machine never agree to the second."""
    ahead = NOON + timedelta(minutes=4)

    assert read(wav, received_at=ahead).started_at == ahead


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"received_at": "2026-11-20T10:00:00"}, "no time zone"),
        ({"received_at": datetime(2026, 11, 20, 10)}, "no time zone"),
        ({"received_at": "yesterday"}, "expected ISO 8601"),
        ({"received_at": ""}, "expected ISO 8601"),
        ({"received_at": "0001-01-01T00:00:00+23:59"}, "ISO 8601"),
        ({"received_at": "2026-11-20T12:06:00Z"}, "not a time at which"),
        ({"received_at": "1970-01-01T00:00:00Z"}, "not a time at which"),
        ({"dialed_number": "1001"}, "dialed number"),
        ({"dialed_number": ""}, "dialed number is missing"),
        ({"language": "english please"}, "language"),
        ({"attributes": {"Name; drop": "x"}}, "'Name; drop'"),
        ({"attributes": {"Count__c": 7}}, "'Count__c'"),
        ({"transcript": Path("absent.json")}, "absent.json is not there"),
        ({"voicemail_id": "x" * 256}, "id must be"),
        ({"voicemail_id": "a\nb"}, "id must be"),
    ],
)
def test_call_data_that_cannot_be_delivered_is_refused_by_name(wav: Path, changes: dict[str, Any], named: str) -> None:
    """Before anything is kept, with the field that is at fault."""
    with pytest.raises(BadVoicemail, match=named):
        read(wav, **changes)


@pytest.mark.covers("transcript-1")
@pytest.mark.parametrize("supplied", [7, b"Hello", ["Hello"], {"segments": 7}, [{"text": None, "start": 0, "end": 1}]])
def test_a_transcript_that_is_none_is_left_out_with_a_warning(wav: Path, supplied: object) -> None:
    """The caller's voice is what counts."""
    voicemail = read(wav, transcript=supplied)

    assert voicemail.transcript is None
    assert [one.partition(":")[0] for one in voicemail.warnings] == ["taken in without its transcript"]


@pytest.mark.covers("transcript-1")
@pytest.mark.parametrize("content", [b"[{]", b"\xff\xfe", b'[{"start": 0, "end": 1}]', b'[{"x":' * 30_000])
def test_a_file_that_holds_no_transcript_costs_only_the_transcript(tmp_path: Path, wav: Path, content: bytes) -> None:
    """A speech-to-text program that was killed leaves half a file."""
    file = tmp_path / "said.json"
    file.write_bytes(content)

    voicemail = read(wav, transcript=file)

    assert voicemail.transcript is None
    assert voicemail.warnings


@pytest.mark.covers("transcript-1")
@pytest.mark.parametrize(("start", "end"), [(0.5, 5.0), (1.5, 0.5), ("1", None), (-7, 10**400)])
def test_times_that_cannot_be_are_moved_with_a_warning(wav: Path, start: object, end: object) -> None:
    """Three seconds after the audio, an end before its beginning, no number at all."""
    voicemail = read(wav, transcript=[{"text": "Hello.", "start": start, "end": end}])

    assert voicemail.transcript is not None
    assert voicemail.transcript.text == "Hello."
    assert len(voicemail.warnings) == 1
    assert voicemail.to_dict().keys() == read(wav).to_dict().keys()


def test_a_withheld_number_is_no_reason_to_refuse(wav: Path) -> None:
    """None is what a library user has when there is no caller id."""
    assert read(wav, caller=None).caller == ANONYMOUS


@pytest.mark.covers("audio-1")
def test_a_cut_recording_is_taken_at_once_with_a_warning(wav: Path) -> None:
    """Whoever hands it in by a command or a program has nothing more; a browser plays it as far as it goes."""
    wav.write_bytes(wav.read_bytes()[:16_044])

    voicemail = read(wav)

    assert voicemail.recording.duration_seconds == 1.0
    assert voicemail.warnings == ("the recording is cut off: 16,000 of 32,000 bytes of audio have come",)
    with pytest.raises(BadRecording, match="truncated"):
        read(wav, accept_cut=False)


def test_an_unusable_recording_is_refused(tmp_path: Path) -> None:
    """The file is named."""
    with pytest.raises(BadRecording, match=r"absent.wav"):
        read(tmp_path / "absent.wav")
