"""The caller's own message, cut out of what was recorded of a call."""

from __future__ import annotations

import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import scv_voicemail
from scv_voicemail.errors import BadRecording
from scv_voicemail.intake.message_audio import Message, cut_out

from tests.wav_files import a_tone, a_wav

PACKAGE = Path(scv_voicemail.__file__).parent
RATE = 8000
BEGAN = datetime(2026, 11, 20, 12, 0, 0, 250_000, UTC)
"""With a fraction of a second: a moment without one is taken with a grain of salt."""


def spoken(begin: float, end: float) -> bytes:
    """A part of the recording that ships with the package, in seconds."""
    with wave.open(str(PACKAGE / "demo" / "recording.wav")) as file:
        file.setpos(round(begin * RATE))
        return file.readframes(round((end - begin) * RATE))


PROMPT = spoken(0.5, 2.5)
MESSAGE = spoken(3, 6)
SILENCE = bytes(round(0.5 * RATE) * 2)
BEEP = a_tone(0.5, hertz=1000)


@pytest.fixture
def call(tmp_path: Path) -> Path:
    """2 s of prompt, 0.5 s of nothing, 0.5 s of beep, 0.5 s of nothing, 3 s of message."""
    path = tmp_path / "recording.wav"
    path.write_bytes(a_wav(PROMPT + SILENCE + BEEP + SILENCE + MESSAGE))
    return path


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def samples_of(message: Message) -> bytes:
    with wave.open(str(message.path)) as file:
        return file.readframes(file.getnframes())


def test_prompt_and_tone_are_gone_and_not_a_word_of_the_message(call: Path, tmp_path: Path) -> None:
    """Cut at the moment before the beep, and then after the beep; dated by its first sample."""
    message = cut_out(call, tmp_path, recorded_at=BEGAN, began_at=after(2.125))

    samples = samples_of(message)
    assert samples.endswith(MESSAGE)
    assert 3.3 <= len(samples) / 2 / RATE <= 3.5
    assert message.began_at is not None
    assert abs((message.began_at - after(6.5)).total_seconds() + len(samples) / 2 / RATE) < 0.001
    assert message.speech_seconds > 1.5
    assert message.facts.duration_seconds == len(samples) / 2 / RATE
    assert message.notes == ()


def test_a_cut_is_exact_to_the_sample(tmp_path: Path) -> None:
    """Without a beep nothing but the two moments decides."""
    whole = PROMPT + MESSAGE
    path = tmp_path / "recording.wav"
    path.write_bytes(a_wav(whole))

    message = cut_out(path, tmp_path, recorded_at=BEGAN, began_at=after(1.001), ended_at=after(4.002))

    assert samples_of(message) == whole[2 * 8008 : 2 * 32016]
    assert message.began_at == after(1.001)


def test_a_recording_dated_in_whole_seconds_is_cut_a_second_early(tmp_path: Path) -> None:
    """12:00:07.9 may be written 12:00:07: a cut by that would be 0.9 s late, in the middle of a word."""
    path = tmp_path / "recording.wav"
    path.write_bytes(a_wav(PROMPT + MESSAGE))
    recorded_at = BEGAN.replace(microsecond=0)

    message = cut_out(path, tmp_path, recorded_at=recorded_at, began_at=recorded_at + timedelta(seconds=1.5))

    assert samples_of(message) == (PROMPT + MESSAGE)[2 * 4000 :]


def test_a_message_that_began_before_the_recording_is_whole(tmp_path: Path) -> None:
    """A negative offset counts from the beginning, never from the end."""
    path = tmp_path / "recording.wav"
    path.write_bytes(a_wav(MESSAGE))

    message = cut_out(path, tmp_path, recorded_at=BEGAN, began_at=after(-0.4))

    assert samples_of(message) == MESSAGE


@pytest.mark.parametrize(
    ("recorded_at", "began_at", "note"),
    [
        (None, after(2), "not known when the recording began"),
        (BEGAN, after(12), "after the recording's end"),
        (BEGAN, None, None),
    ],
)
def test_what_cannot_be_placed_stays_whole(
    call: Path, tmp_path: Path, recorded_at: datetime | None, began_at: datetime | None, note: str | None
) -> None:
    """Rather a prompt too much than a word too little; a note says why."""
    message = cut_out(call, tmp_path, recorded_at=recorded_at, began_at=began_at)

    assert samples_of(message) == PROMPT + SILENCE + BEEP + SILENCE + MESSAGE
    assert [note in said for said in message.notes] == ([True] if note else [])
    assert message.began_at == (recorded_at or began_at)


@pytest.mark.parametrize("ended_at", [after(60), after(-1), after(2)])
def test_an_end_outside_the_message_is_the_recordings_own(tmp_path: Path, ended_at: datetime) -> None:
    """A clock that is wrong never makes a message shorter."""
    path = tmp_path / "recording.wav"
    path.write_bytes(a_wav(PROMPT + MESSAGE))

    message = cut_out(path, tmp_path, recorded_at=BEGAN, began_at=after(2), ended_at=ended_at)

    assert samples_of(message) == MESSAGE


@pytest.mark.parametrize("seconds", [2.6, 5.5])
def test_a_caller_who_hung_up_at_the_tone_has_left_nothing(tmp_path: Path, seconds: float) -> None:
    """The recording ends with the tone, or a little before the moment at which the message would begin."""
    path = tmp_path / "recording.wav"
    path.write_bytes(a_wav(PROMPT + SILENCE + BEEP))

    with pytest.raises(BadRecording) as caught:
        cut_out(path, tmp_path, recorded_at=BEGAN, began_at=after(seconds))

    assert caught.value.code == "empty"


def test_an_empty_recording_is_told_from_a_broken_one(tmp_path: Path) -> None:
    """44 bytes of header are a call without audio; half a file is a fault."""
    empty, broken = tmp_path / "empty.wav", tmp_path / "broken.wav"
    empty.write_bytes(a_wav(b""))
    broken.write_bytes(a_wav(MESSAGE)[:-100])

    codes = []
    for path in (empty, broken):
        with pytest.raises(BadRecording) as caught:
            cut_out(path, tmp_path, recorded_at=BEGAN, began_at=after(0))
        codes.append(caught.value.code)

    assert codes == ["empty", "truncated"]


def test_never_more_than_two_copies_lie_on_the_disk(call: Path, tmp_path: Path) -> None:
    """Only the message is left in the end."""
    message = cut_out(call, tmp_path, recorded_at=BEGAN, began_at=after(2.125))

    assert list(tmp_path.iterdir()) == [message.path]


def test_silence_is_no_speech(tmp_path: Path) -> None:
    """What becomes of it is decided elsewhere."""
    path = tmp_path / "recording.wav"
    path.write_bytes(a_wav(SILENCE * 6))

    assert cut_out(path, tmp_path, recorded_at=BEGAN, began_at=after(0.5)).speech_seconds == 0
