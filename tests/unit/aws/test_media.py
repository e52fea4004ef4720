"""Streams of Kinesis Video Streams, over HTTP with boto3."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

import pytest
from scv_voicemail.aws.media import MediaReader
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import Rejected, Unavailable

from tests.unit.aws.conftest import StandIn

ARN = "arn:aws:kinesisvideo:eu-central-1:123456789012:stream/connect-acme-contact-1/1565272947806"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Stream:
    """Sends the same chunk again and again until it is told how many, or until nobody listens any more."""

    def __init__(self, count: int | None, *, breaks_off: bool = False) -> None:
        self.count = count
        self.breaks_off = breaks_off
        self.hung_up = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "video/webm")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        sent = 0
        try:
            while self.count is None or sent < self.count:
                handler.wfile.write(b"400\r\n" + bytes([sent % 251]) * 1024 + b"\r\n")
                sent += 1
            if self.breaks_off:
                handler.close_connection = True
            else:
                handler.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.hung_up.set()
            handler.close_connection = True


def write_to_a_full_disk(_chunk: bytes) -> None:
    raise OSError("disk full")


@pytest.fixture
def media(stand_in: StandIn, clients: AwsClients) -> MediaReader:
    stand_in.answers["/getDataEndpoint"] = (200, {"DataEndpoint": f"{stand_in.url}/data-plane"})
    return MediaReader(clients, chunk_bytes=4096)


def test_a_stream_is_read_at_the_address_it_is_given(stand_in: StandIn, media: MediaReader) -> None:
    """The data endpoint is asked for, and every byte comes through, from a little before the moment asked for."""
    stand_in.answers["/data-plane/getMedia"] = Stream(100)

    with media.open(ARN, since=NOON) as chunks:
        found = b"".join(chunks)

    assert found == b"".join(bytes([n]) * 1024 for n in range(100))
    (_, endpoint), (_, selected) = stand_in.asked
    assert endpoint == {"StreamARN": ARN, "APIName": "GET_MEDIA"}
    assert selected["StreamARN"] == ARN
    assert selected["StartSelector"] == {
        "StartSelectorType": "SERVER_TIMESTAMP",
        "StartTimestamp": NOON.timestamp() - 5,
    }


@pytest.mark.parametrize(
    ("after", "selector"),
    [
        ("7", {"StartSelectorType": "FRAGMENT_NUMBER", "AfterFragmentNumber": "7"}),
        (None, {"StartSelectorType": "NOW"}),
    ],
)
def test_without_a_moment_reading_begins_after_a_fragment_or_now(
    stand_in: StandIn, media: MediaReader, after: str | None, selector: dict[str, str]
) -> None:
    """What AWS calls the start selector."""
    stand_in.answers["/data-plane/getMedia"] = Stream(0)

    with media.open(ARN, after_fragment=after) as chunks:
        assert list(chunks) == []

    assert stand_in.asked[-1][1]["StartSelector"] == selector


def test_leaving_closes_the_connection_at_once(stand_in: StandIn, media: MediaReader) -> None:
    """A stream that never ends is not downloaded on: the server sees that nobody listens."""
    stream = stand_in.answers["/data-plane/getMedia"] = Stream(None)

    with media.open(ARN, since=NOON) as chunks:
        first = next(chunks)

    assert first[:1024] == bytes(1024)
    assert stream.hung_up.wait(5)


def test_a_connection_that_breaks_off_is_unavailable(stand_in: StandIn, media: MediaReader) -> None:
    """Half a message never looks like a whole one."""
    stand_in.answers["/data-plane/getMedia"] = Stream(3, breaks_off=True)

    with pytest.raises(Unavailable, match="stream connect-acme-contact-1"), media.open(ARN, since=NOON) as chunks:
        list(chunks)


def test_a_stream_that_is_not_there_is_rejected(stand_in: StandIn, media: MediaReader) -> None:
    """Named as people know it."""
    with pytest.raises(Rejected, match="stream connect-acme-contact-1"), media.open(ARN, since=NOON):
        pass


def test_a_failure_of_the_reader_is_not_taken_for_aws(stand_in: StandIn, media: MediaReader) -> None:
    """And it closes the connection, too."""
    stream = stand_in.answers["/data-plane/getMedia"] = Stream(None)

    with pytest.raises(OSError, match="disk full"), media.open(ARN, since=NOON) as chunks:
        write_to_a_full_disk(next(chunks))

    assert stream.hung_up.wait(5)


class Pausing:
    """Sends a little and then nothing more until it may."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"5\r\nfirst\r\n")
        handler.wfile.flush()
        self.may_go_on.wait(5)
        handler.wfile.write(b"4\r\nlast\r\n0\r\n\r\n")


def test_what_has_come_is_handed_on_before_more_comes(stand_in: StandIn, media: MediaReader) -> None:
    """A stop fragment at the end of a quiet stream must not wait until somebody else speaks."""
    pausing = stand_in.answers["/data-plane/getMedia"] = Pausing()

    with media.open(ARN, since=NOON) as chunks:
        first = next(chunks)
        was_waiting = not pausing.may_go_on.is_set()
        pausing.may_go_on.set()
        rest = b"".join(chunks)

    assert (first, was_waiting, rest) == (b"first", True, b"last")
