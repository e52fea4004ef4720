"""The audio of a Kinesis video stream, as it comes: one open connection, closed as soon as nobody reads on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from scv_voicemail.aws.failures import our_errors
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import Unavailable

CHUNK_BYTES = 32 * 1024
MARGIN_SECONDS = 5.0
"""How much earlier than asked for reading begins: whoever reads skips what is not theirs, nobody can read back."""


class MediaReader:
    """Opens streams.

    media = MediaReader(AwsClients())
    with media.open(stream_arn, since=started_at) as chunks:
        for chunk in chunks: ...
    """

    def __init__(self, clients: AwsClients, *, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._clients = clients
        self._chunk_bytes = chunk_bytes

    @contextmanager
    def open(
        self, stream_arn: str, *, since: datetime | None = None, after_fragment: str | None = None
    ) -> Iterator[Iterator[bytes]]:
        """The bytes (Matroska) of a stream from a moment, or from after a fragment, or from now on.

        Leaving the context closes the connection at once: a stream that is still written to never ends by itself.
        Prefer `since`: AWS's own pages do not agree whether the fragment `AfterFragmentNumber` is itself sent.
        https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/API_dataplane_GetMedia.html
        """
        control: Any = self._clients.client("kinesisvideo")
        with our_errors("kinesisvideo:GetDataEndpoint", of=_name(stream_arn)):
            endpoint = control.get_data_endpoint(StreamARN=stream_arn, APIName="GET_MEDIA")["DataEndpoint"]
        data: Any = self._clients.at("kinesis-video-media", endpoint)
        with our_errors("kinesisvideo:GetMedia", of=_name(stream_arn)):
            answer = data.get_media(StreamARN=stream_arn, StartSelector=_selector(since, after_fragment))
        try:
            yield self._chunks(answer["Payload"], stream_arn)
        finally:
            answer["Payload"].close()

    def _chunks(self, payload: Any, stream_arn: str) -> Iterator[bytes]:
        """What has come, as soon as it comes: botocore's own reading waits until a whole chunk is there."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - comes with boto3, an extra

        stream = payload._raw_stream  # noqa: SLF001 - botocore wraps every way to read but this one
        while True:
            try:
                chunk: bytes = stream.read1(self._chunk_bytes)
            except (HTTPError, OSError) as error:
                what = f"kinesisvideo:GetMedia of {_name(stream_arn)}: the stream broke off ({type(error).__name__})"
                raise Unavailable(what, service="kinesisvideo") from error
            if not chunk:
                return
            yield chunk


def _selector(since: datetime | None, after_fragment: str | None) -> dict[str, Any]:
    if since is not None:
        begin = since - timedelta(seconds=MARGIN_SECONDS)
        return {"StartSelectorType": "SERVER_TIMESTAMP", "StartTimestamp": begin}
    if after_fragment is not None:
        return {"StartSelectorType": "FRAGMENT_NUMBER", "AfterFragmentNumber": after_fragment}
    return {"StartSelectorType": "NOW"}


def _name(stream_arn: str) -> str:
    """`arn:…:stream/NAME/CREATED` as a person knows it."""
    return f"stream {stream_arn.partition(':stream/')[2].partition('/')[0] or stream_arn}"
