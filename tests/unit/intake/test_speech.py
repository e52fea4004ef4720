"""Speech told from all that is none, on sounds whose content is known."""

from __future__ import annotations

import json
import random
from array import array
from operator import add
from pathlib import Path

import pytest
import scv_voicemail
from scv_voicemail.errors import BadRecording
from scv_voicemail.intake.speech import find_speech
from scv_voicemail.intake.tones import PAIRS_HZ, tone_of
from scv_voicemail.intake.wav_writing import mulaw_wav, write_wav

from tests.wav_files import ALAW, PCM, a_format, a_tone, a_wav

DEMO = Path(scv_voicemail.__file__).with_name("demo")
SPEECH = (DEMO / "recording.wav").read_bytes()[44:]
SEGMENTS = json.loads((DEMO / "recording.json").read_text())["segments"]
BEGINS, ENDS = SEGMENTS[0]["start_ms"] / 1000, SEGMENTS[-1]["end_ms"] / 1000
SPOKEN = sum(one["end_ms"] - one["start_ms"] for one in SEGMENTS) / 1000


def silence(seconds: float) -> bytes:
    return bytes(2 * round(8000 * seconds))


def noise(seconds: float, level: float) -> bytes:
    dice = random.Random(7)
    return array("h", [round(dice.gauss(0, level)) for _ in range(round(8000 * seconds))]).tobytes()


def together(one: bytes, other: bytes) -> bytes:
    return array("h", map(add, array("h", one), array("h", other))).tobytes()


def a_key(low: float, high: float, seconds: float = 0.1) -> bytes:
    return together(a_tone(seconds, hertz=low, level=5000), a_tone(seconds, hertz=high, level=5000))


def softer(samples: bytes, decibels: float) -> bytes:
    return array("h", [round(value * 10 ** (-decibels / 20)) for value in array("h", samples)]).tobytes()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return tmp_path / "message.wav"


def test_the_speech_of_a_recording_is_found(recording: Path) -> None:
    """Where it begins and ends, and how much there is, as its transcript says; pauses do not count."""
    write_wav([SPEECH], recording)

    found = find_speech(recording)

    assert found.starts_at_seconds == pytest.approx(BEGINS, abs=0.1)
    assert found.ends_at_seconds == pytest.approx(ENDS, abs=0.2)
    assert found.seconds == pytest.approx(SPOKEN, rel=0.15)
    assert found.beep_ends_at_seconds == 0


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("silence", silence(3)),
        ("the noise of a quiet line", noise(3, 30)),
        ("the noise of a bad line", noise(3, 300)),
        ("one click", silence(1) + b"\x00\x7f\x00\x81" * 15 + silence(2)),
        ("a handset that is put down", silence(1) + noise(0.03, 6000) + silence(0.2) + noise(0.02, 3000)),
        ("keys, the last one short", silence(0.51) + a_key(941, 1477) + silence(0.3) + a_key(770, 1209, 0.07)),
        ("a key that is held", a_key(697, 1633, 2.0) + silence(0.2)),
        ("the busy tone", (a_key(480, 620, 0.5) + silence(0.5)) * 3),
        ("the dial tone", a_key(350, 440, 3.0)),
        ("the ringback tone", a_key(440, 480, 2.0) + silence(1)),
        ("the call of a fax", (a_tone(0.5, hertz=1100) + silence(3)) * 2),
        ("shorter than a window", a_tone(0.01)),
    ],
)
def test_what_is_no_speech_is_not_taken_for_it(recording: Path, name: str, samples: bytes) -> None:
    """An empty message stays empty, whatever sounds on the line."""
    write_wav([samples], recording)

    found = find_speech(recording)

    assert (found.seconds, found.starts_at_seconds, found.ends_at_seconds) == (0, 0, 0), name


@pytest.mark.parametrize("hertz", [440, 620, 1000, 1400, 2000])
@pytest.mark.parametrize(("before", "seconds"), [(0.0, 0.15), (0.33, 0.2), (2.9, 0.5)])
def test_a_leading_beep_ends_where_it_ends(recording: Path, hertz: float, before: float, seconds: float) -> None:
    """Any pitch, at least 150 ms long, within the first three seconds; the speech after it is all there."""
    beep = a_tone(seconds, hertz=hertz)
    write_wav([silence(before), beep, silence(0.3), SPEECH], recording)

    found = find_speech(recording)

    assert before + seconds <= found.beep_ends_at_seconds <= before + seconds + 0.045
    assert found.starts_at_seconds == pytest.approx(before + seconds + 0.3 + BEGINS, abs=0.1)
    assert found.seconds == pytest.approx(SPOKEN, rel=0.15)


def test_a_beep_alone_is_no_speech(recording: Path) -> None:
    """The caller hung up after the tone."""
    write_wav([silence(0.3), a_tone(0.4, hertz=1000), silence(2), noise(0.02, 3000)], recording)

    found = find_speech(recording)

    assert found.seconds == 0
    assert found.beep_ends_at_seconds == pytest.approx(0.71, abs=0.03)


def test_a_message_that_begins_during_the_beep_keeps_its_first_word(recording: Path) -> None:
    """The beep ends where the tone ends, and not where the pause after it would."""
    word = SPEECH[2 * 3200 : 2 * 20_000]
    write_wav([a_tone(0.3, hertz=1000), word], recording)

    found = find_speech(recording)

    assert found.beep_ends_at_seconds == pytest.approx(0.3, abs=0.045)
    assert found.starts_at_seconds == pytest.approx(0.3, abs=0.1)


def test_a_tone_after_speech_is_not_the_beep(recording: Path) -> None:
    """Whoever cuts at the beep must not cut away what was said before it."""
    word = SPEECH[2 * 3200 : 2 * 12_000]
    write_wav([word, a_tone(0.4, hertz=1000), SPEECH], recording)

    found = find_speech(recording)

    assert found.beep_ends_at_seconds == 0
    assert found.starts_at_seconds < 0.1


@pytest.mark.parametrize("samples", [silence(3.2) + a_tone(0.4) + SPEECH, a_tone(0.08) + SPEECH])
def test_a_tone_that_is_late_or_short_is_not_the_beep(recording: Path, samples: bytes) -> None:
    """Three seconds and 150 ms are the limits."""
    write_wav([samples], recording)

    assert find_speech(recording).beep_ends_at_seconds == 0


def test_keys_at_the_end_do_not_count(recording: Path) -> None:
    """The caller pressed # when the message was done."""
    write_wav([SPEECH, silence(0.2), a_key(941, 1477, 0.25), silence(0.1)], recording)

    found = find_speech(recording)

    assert found.ends_at_seconds == pytest.approx(ENDS, abs=0.2)


@pytest.mark.parametrize("decibels", [10, 20, 25])
def test_a_quiet_caller_is_heard(recording: Path, decibels: float) -> None:
    """A bad line takes 20 dB and more."""
    write_wav([softer(SPEECH, decibels)], recording)

    found = find_speech(recording)

    assert found.seconds > 0.6 * SPOKEN
    assert found.starts_at_seconds == pytest.approx(BEGINS, abs=0.15)


def test_a_caller_in_a_car_is_heard(recording: Path) -> None:
    """Noise under the speech, at 20 dB below its peaks."""
    write_wav([together(SPEECH, noise(len(SPEECH) / 16_000, 1000))], recording)

    assert find_speech(recording).seconds > 0.8 * SPOKEN


def test_it_does_not_matter_how_the_samples_are_written(tmp_path: Path, recording: Path) -> None:
    """mu-law, A-law, 8 bit and stereo give the same speech as 16 bit mono, to a few windows."""
    write_wav([SPEECH], recording)
    want = find_speech(recording)
    mulaw_wav(recording, tmp_path / "mulaw.wav")
    high = SPEECH[1::2]
    (tmp_path / "8-bit.wav").write_bytes(a_wav(bytes(x ^ 0x80 for x in high), fmt=a_format(PCM, bits=8)))
    both = array("h", [0]) * (len(SPEECH))
    both[::2] = both[1::2] = array("h", SPEECH)
    (tmp_path / "stereo.wav").write_bytes(a_wav(both.tobytes(), fmt=a_format(PCM, channels=2)))

    found = [find_speech(tmp_path / f"{name}.wav") for name in ("mulaw", "8-bit", "stereo")]

    assert [one.seconds for one in found] == [pytest.approx(want.seconds, rel=0.1)] * 3
    assert found[2].starts_at_seconds == want.starts_at_seconds


def test_alaw_silence_is_silent(recording: Path) -> None:
    """Its quietest codes are not zero."""
    recording.write_bytes(a_wav(b"\xd5\x55" * 8000, fmt=a_format(ALAW, bits=8)))

    assert find_speech(recording).seconds == 0


def test_reading_stops_when_there_is_enough(recording: Path) -> None:
    """Whoever only asks whether somebody spoke does not pay for an hour of it."""
    write_wav([SPEECH] * 4, recording)

    found = find_speech(recording, enough_seconds=1.5)

    assert 1.5 <= found.seconds < 5
    assert found.ends_at_seconds < 5


def test_little_speech_at_the_end_is_found_although_enough_is_asked_for(recording: Path) -> None:
    """Reading goes on to the end while there is not enough."""
    write_wav([silence(9), SPEECH[6400:16_000]], recording)

    found = find_speech(recording, enough_seconds=5)

    assert 0.2 < found.seconds < 1
    assert found.starts_at_seconds == pytest.approx(9, abs=0.1)


def test_a_recording_without_audio_is_refused(recording: Path) -> None:
    """As everywhere: `empty`, and nothing to judge."""
    recording.write_bytes(a_wav(b""))

    with pytest.raises(BadRecording) as raised:
        find_speech(recording)

    assert raised.value.code == "empty"


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
@pytest.mark.parametrize("pair", range(len(PAIRS_HZ)))
def test_every_pair_of_telephone_tones_is_known(pair: int, rate: int) -> None:
    """By its number, at any sample rate, whatever its phase."""
    low, high = PAIRS_HZ[pair]
    frames = rate // 50
    samples = together(a_tone(0.1, rate=rate, hertz=low, level=4000), a_tone(0.1, rate=rate, hertz=high, level=5000))

    found = {tone_of(array("h", samples)[at : at + frames], rate) for at in range(0, 3 * frames, frames // 3)}

    # Tones that lie close together look like one between them for a moment.
    assert found == {-1.0 - pair} or (high - low < 150 and all(low < hertz < high for hertz in found if hertz > 0))


def test_voices_are_no_tones() -> None:
    """Hardly a window of speech looks like one, and never several with the same pitch."""
    samples = array("h", SPEECH)

    tones = [tone_of(samples[at : at + 160], 8000) for at in range(0, len(samples) - 160, 160)]

    assert sum(1 for hertz in tones if hertz) < len(tones) / 10
