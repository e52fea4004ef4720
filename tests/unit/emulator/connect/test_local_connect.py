"""What a call leaves behind: recording, contact record, events, media streams."""

from __future__ import annotations

import io
import wave
from array import array
from datetime import timedelta
from typing import Any

import pytest
from scv_emulator.connect.recordings import recording_wav

from tests.unit.emulator.connect.instance import CONTACT_ID, NOON, Instance, a_contact
from tests.wav_files import MULAW, a_format, a_tone, a_wav

KEY = f"connect/demo/CallRecordings/ivr/2026/11/20/{CONTACT_ID}_20261120T12:00_UTC.wav"


def samples(wav: bytes) -> tuple[int, array[int]]:
    with wave.open(io.BytesIO(wav), "rb") as file:
        assert (file.getsampwidth(), file.getframerate()) == (2, 8_000)
        return file.getnchannels(), array("h", file.readframes(file.getnframes()))


def test_the_stretches_of_a_call_become_one_recording() -> None:
    """Both sides mixed, in the instance's bucket, under the name that Amazon Connect gives it."""
    instance, contact = Instance(), a_contact()
    instance.connect.contact_began(contact)
    voice, prompt = a_tone(1.0, level=30_000), a_tone(1.0, level=20_000)
    instance.connect.recorded(contact, began_at=NOON + timedelta(seconds=5), customer=voice, system=prompt)
    instance.connect.recorded(contact, began_at=NOON + timedelta(seconds=9), customer=voice, system=bytes(16_000))
    contact.disconnected_at = NOON + timedelta(seconds=10)

    instance.connect.contact_ended(contact)

    channels, mixed = samples(instance.surroundings.objects["connect-bucket", KEY])
    assert (channels, len(mixed)) == (1, 16_000)
    assert max(mixed[:8_000]) == 32_767  # louder than a sample can be
    assert mixed[8_000:].tobytes() == voice
    (entry,) = instance.surroundings.records[0]["Recordings"]
    assert (entry["ParticipantType"], entry["Location"]) == ("IVR", f"connect-bucket/{KEY}")
    assert (entry["StartTimestamp"], entry["StopTimestamp"]) == ("2026-11-20T12:00:05Z", "2026-11-20T12:00:10Z")


def test_a_stereo_recording_keeps_the_sides_apart() -> None:
    """The customer is left; the shorter side is silent at its end."""
    channels, both = samples(recording_wav([(a_tone(0.2), a_tone(0.1, hertz=900))], stereo=True))

    assert channels == 2
    assert both[0::2].tobytes() == a_tone(0.2)
    assert both[1::2].tobytes() == a_tone(0.1, hertz=900) + bytes(1_600)


def test_the_contact_record_has_the_vendors_shape() -> None:
    """What a rep, a queue or recordings would say is null where there was none."""
    instance, contact = Instance(), a_contact()
    instance.connect.contact_began(contact)
    contact.disconnected_at, contact.disconnect_reason = NOON + timedelta(seconds=9), "CUSTOMER_DISCONNECT"

    instance.connect.contact_ended(contact)

    (record,) = instance.surroundings.records
    assert (record["Agent"], record["Queue"], record["Recordings"], record["Recording"]) == (None, None, None, None)
    assert (record["ContactId"], record["Attributes"]) == (CONTACT_ID, {"vm_flag": "1"})
    assert (record["AWSAccountId"], record["Channel"]) == ("123456789012", "VOICE")
    assert record["SystemEndpoint"] == {"Address": "+18005550100", "Type": "TELEPHONE_NUMBER"}
    assert record["DisconnectTimestamp"] == record["LastUpdateTimestamp"] == "2026-11-20T12:00:09Z"
    assert [one["eventType"] for one in instance.surroundings.events] == ["INITIATED", "DISCONNECTED"]


def test_recording_and_record_arrive_when_they_are_told_to() -> None:
    """So their order can be turned round; the record's times can have milliseconds."""
    instance, contact = Instance(), a_contact(began_at=NOON + timedelta(milliseconds=250))
    instance.connect.recording_after_seconds, instance.connect.record_after_seconds = 90.0, 5.0
    instance.connect.record_milliseconds = True
    instance.connect.contact_began(contact)
    instance.connect.recorded(contact, began_at=NOON, customer=bytes(160), system=bytes(160))

    instance.connect.contact_ended(contact)

    assert instance.surroundings.sent == [("recording", 90.0), ("contact-record", 5.0)]
    assert instance.surroundings.records[0]["InitiationTimestamp"] == "2026-11-20T12:00:00.250Z"


def test_the_clock_follows_the_call_and_never_goes_back() -> None:
    """A call that was placed in the past leaves it alone."""
    instance, contact = Instance(), a_contact()
    instance.connect.contact_began(contact)
    instance.connect.invoke("arn", {}, at=NOON + timedelta(seconds=30), limit_seconds=3)
    assert instance.clock.now() == NOON + timedelta(seconds=30)

    instance.connect.contact_changed(contact, at=NOON + timedelta(seconds=10))

    assert instance.clock.now() == NOON + timedelta(seconds=30)
    assert contact.updated_at == NOON + timedelta(seconds=10)


def test_streaming_that_the_call_never_ended_is_ended_with_it() -> None:
    """The record names the stream and its fragments; a stream that is free again takes the next call."""
    instance = Instance()
    first, second = a_contact(), a_contact(contact_id="second")
    for contact in (first, second):
        instance.connect.contact_began(contact)
        instance.connect.stream_opened(contact, at=NOON)
        instance.connect.streamed(contact, at=NOON, customer=a_tone(2.5), system=bytes(40_000))
        contact.disconnected_at = NOON + timedelta(seconds=3)
        instance.connect.contact_ended(contact)

    entries: list[dict[str, Any]] = [record["Recordings"][0] for record in instance.surroundings.records]
    assert first.stream_arn == second.stream_arn == entries[0]["Location"] == entries[1]["Location"]
    assert [one["StorageType"] for one in entries] == ["KINESIS_VIDEO_STREAM"] * 2
    assert entries[0]["FragmentStartNumber"] == first.stream_start_fragment
    numbers = [int(one[name]) for one in entries for name in ("FragmentStartNumber", "FragmentStopNumber")]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == 4


def test_a_prompt_in_s3_has_to_be_what_a_flow_can_play() -> None:
    """8 kHz, mono, mu-law; everything else is as if it were not there."""
    instance = Instance()
    objects = instance.surroundings.objects
    objects["bucket", "a/good.wav"] = a_wav(b"\xff" * 800, fmt=a_format(MULAW, bits=8))
    objects["bucket", "a/pcm.wav"] = a_wav(a_tone(0.1))
    objects["bucket", "a/text.wav"] = b"no audio"

    assert instance.connect.prompt("s3://bucket/a/good.wav") == bytes(1_600)
    assert instance.connect.prompt("https://bucket.s3.us-east-1.amazonaws.com/a/good.wav") == bytes(1_600)
    unplayable = (
        "s3://bucket/a/pcm.wav",
        "s3://bucket/a/text.wav",
        "s3://bucket/none.wav",
        "ftp://bucket/a/good.wav",
        "no",
    )
    for missing in unplayable:
        with pytest.raises(LookupError):
            instance.connect.prompt(missing)
