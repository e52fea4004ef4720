"""Kinesis Video Streams: fragments in the vendor's shape, selectors, retention, errors inside the stream."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from ebmlite import loadSchema
from scv_emulator.aws_services import AwsError
from scv_emulator.connect.video_routes import video_service
from scv_emulator.connect.video_streams import VideoStream
from scv_voicemail.intake.kinesis_video import write_customer_audio

from tests.unit.emulator.connect.instance import NOON, Instance, ask
from tests.wav_files import a_tone

SCHEMA: Any = loadSchema("matroska.xml")
VOICE, PROMPT = a_tone(4.0), a_tone(4.0, hertz=900)


class Streaming:
    """An instance with one call in one stream."""

    def __init__(self, *, seconds: float = 4.0) -> None:
        self.instance = Instance()
        self.streams = self.instance.streams
        self.streams.idle_seconds = 0.01
        self.stream, self.first = self.streams.open("call", at=NOON)
        size = round(seconds * 16_000)
        self.streams.write(self.stream, at=NOON, customer=VOICE[:size], system=PROMPT[:size])
        self.streams.close(self.stream)
        self.api = video_service(self.streams, endpoint=lambda: "http://127.0.0.1:1")
        self.numbers = [one.number for one in self.stream.fragments]

    def call(self, contact_id: str, *, at: float) -> VideoStream:
        """Another call in the stream that is free."""
        stream, _ = self.streams.open(contact_id, at=NOON + timedelta(seconds=at))
        self.streams.write(stream, at=NOON + timedelta(seconds=at), customer=PROMPT, system=VOICE)
        self.streams.close(stream)
        return stream

    def media(self, **selector: Any) -> list[bytes]:
        answer = ask(self.api, "POST", "/getMedia", {"StreamName": self.stream.name, "StartSelector": selector})
        return pieces(answer.body)

    def read(self, **selector: Any) -> list[int]:
        return [int(tags_of(one)["AWS_KINESISVIDEO_FRAGMENT_NUMBER"]) for one in self.media(**selector)]


def pieces(body: bytes | Iterable[bytes]) -> list[bytes]:
    assert not isinstance(body, bytes)
    return list(body)


def elements(fragment: bytes) -> list[Any]:
    (segment,) = SCHEMA.load(io.BytesIO(fragment))
    return list(segment)


def tags_of(fragment: bytes) -> dict[str, str]:
    """Every tag of a fragment, read with ebmlite."""
    return {
        next(part.value for part in simple if part.name == "TagName"): next(
            part.value for part in simple if part.name == "TagString"
        )
        for element in elements(fragment)
        if element.name == "Tags"
        for tag in element
        for simple in tag
        if simple.name == "SimpleTag"
    }


def test_a_fragment_has_the_shape_of_a_call() -> None:
    """Two tracks that say AAC and hold PCM, about a second each; tags before and after the cluster."""
    streaming = Streaming()

    first = streaming.media(StartSelectorType="EARLIEST")[0]

    names = [one.name for one in elements(first)]
    assert names[:5] == ["Info", "Tracks", "Tags", "Cluster", "Tags"]
    assert set(names[5:]) == {"Tags"}
    tracks = [part.value for entry in elements(first)[1] for part in entry]
    assert [one for one in tracks if isinstance(one, str)] == [
        "AUDIO_FROM_CUSTOMER",
        "A_AAC",
        "AUDIO_TO_CUSTOMER",
        "A_AAC",
    ]
    blocks = [part.value for one in elements(first) if one.name == "Cluster" for part in one][1:]
    assert len(blocks) == 34
    assert b"".join(bytes(one)[4:] for one in blocks if one[0] == 0x81) == VOICE[:17_408]
    tags = tags_of(first)
    assert (tags["ContactId"], tags["AWS_KINESISVIDEO_PRODUCER_TIMESTAMP"]) == ("call", f"{NOON.timestamp():.3f}")
    assert tags["MimeType"] == "audio/L16;rate=8000;channels=1;"


def test_the_connectors_reader_gets_every_sample() -> None:
    """Between calls of others in the same stream, whichever of the two ways to write samples."""
    for big_endian in (False, True):
        streaming = Streaming()
        streaming.streams.big_endian = big_endian
        streaming.call("another", at=10)
        out = io.BytesIO()

        read = write_customer_audio(
            streaming.media(StartSelectorType="EARLIEST"),
            out,
            contact_id="call",
            start_number=streaming.numbers[0],
            stop_number=streaming.numbers[-1],
        )

        assert out.getvalue() == VOICE
        assert (read.began_at, read.fragments) == (NOON, 4)


def test_reading_begins_where_the_selector_says() -> None:
    """After a fragment, from a time, at the end, from a continuation token."""
    streaming = Streaming()
    first, second, *rest = streaming.numbers
    second_at = (NOON + timedelta(seconds=1)).timestamp()

    assert streaming.read(StartSelectorType="EARLIEST") == streaming.numbers
    assert streaming.read(StartSelectorType="NOW") == []
    assert streaming.read(StartSelectorType="FRAGMENT_NUMBER", AfterFragmentNumber=str(first)) == [second, *rest]
    assert streaming.read(StartSelectorType="CONTINUATION_TOKEN", ContinuationToken=str(second)) == rest
    assert streaming.read(StartSelectorType="PRODUCER_TIMESTAMP", StartTimestamp=second_at) == [second, *rest]
    streaming.streams.inclusive = True
    assert streaming.read(StartSelectorType="FRAGMENT_NUMBER", AfterFragmentNumber=str(first)) == streaming.numbers


def test_a_live_stream_stays_open_until_the_call_is_over() -> None:
    """The last fragment that there is says that nothing is behind."""
    streaming = Streaming()
    stream, _ = streaming.streams.open("live", at=NOON)
    streaming.streams.write(stream, at=NOON + timedelta(seconds=9), customer=VOICE[:17_408], system=PROMPT[:17_408])
    body = {"StreamName": stream.name, "StartSelector": {"StartSelectorType": "EARLIEST"}}
    answer = ask(streaming.api, "POST", "/getMedia", body)
    assert not isinstance(answer.body, bytes)
    coming = iter(answer.body)
    seen = [next(coming) for _ in range(5)]
    behind = [tags_of(one)["AWS_KINESISVIDEO_MILLIS_BEHIND_NOW"] for one in seen]

    streaming.streams.close(stream)

    assert behind[-1] == "0"
    assert list(coming) == []


def test_without_retention_an_old_fragment_is_an_error_in_the_stream() -> None:
    """It can be read for some minutes; then the answer is still 200, with an error tag."""
    streaming = Streaming()
    streaming.stream.retention_hours = 0
    after = str(streaming.numbers[0])
    assert len(streaming.media(StartSelectorType="FRAGMENT_NUMBER", AfterFragmentNumber=after)) == 3
    streaming.instance.clock.advance(400)

    (only,) = streaming.media(StartSelectorType="FRAGMENT_NUMBER", AfterFragmentNumber=after)

    tags = tags_of(only)
    assert tags["AWS_KINESISVIDEO_ERROR_ID"] == "4000"
    assert "not found" in tags["AWS_KINESISVIDEO_ERROR_CODE"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/getDataEndpoint", {"StreamName": "none", "APIName": "GET_MEDIA"}, "ResourceNotFoundException"),
        ("/getDataEndpoint", {"APIName": "GET_MEDIA"}, "InvalidArgumentException"),
        ("/getDataEndpoint", {"StreamName": "", "APIName": "READ"}, "InvalidArgumentException"),
        ("/getMedia", {"StartSelector": {"StartSelectorType": "SOON"}}, "InvalidArgumentException"),
        ("/getMedia", {"StartSelector": {"StartSelectorType": "FRAGMENT_NUMBER"}}, "InvalidArgumentException"),
        ("/getMedia", {}, "InvalidArgumentException"),
        ("/listFragments", {}, "NotImplementedException"),
        ("/getClip", {}, "NotImplementedException"),
    ],
)
def test_a_wrong_request_is_refused(path: str, body: dict[str, Any], code: str) -> None:
    """With the vendor's error code."""
    streaming = Streaming()
    named = body if path == "/getDataEndpoint" else body | {"StreamName": streaming.stream.name}

    with pytest.raises(AwsError) as refused:
        ask(streaming.api, "POST", path, named)

    assert refused.value.code == code
