"""HTTP of Kinesis Video Streams: GetDataEndpoint and GetMedia. What else there is answers 501.

Pages: the Kinesis Video Streams API reference, and there "GetMedia" for the errors inside a stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from scv_emulator.aws_services import AwsAnswer, AwsError, AwsRequest, RestService, json_answer
from scv_emulator.connect.matroska import error_fragment
from scv_emulator.connect.video_streams import VideoStream, VideoStreams

_NOT_FOUND = "4000"
_APIS = {"PUT_MEDIA", "GET_MEDIA", "LIST_FRAGMENTS", "GET_MEDIA_FOR_FRAGMENT_LIST"}
_BEFORE_ALL = -1


def video_service(streams: VideoStreams, *, endpoint: Callable[[], str]) -> RestService:
    """The operations that read a call's audio; `endpoint` is what GetDataEndpoint answers."""
    api = _Api(streams, endpoint)
    return RestService(
        "Kinesis Video Streams",
        [
            ("POST", "/getDataEndpoint", "GetDataEndpoint", api.data_endpoint),
            ("POST", "/getMedia", "GetMedia", api.get_media),
        ],
    )


class _Api:
    def __init__(self, streams: VideoStreams, endpoint: Callable[[], str]) -> None:
        self._streams = streams
        self._endpoint = endpoint

    def data_endpoint(self, request: AwsRequest) -> AwsAnswer:
        body = request.json()
        self._stream(body)
        if body.get("APIName") not in _APIS:
            raise AwsError("InvalidArgumentException", f"APIName: expected one of {', '.join(sorted(_APIS))}")
        return json_answer({"DataEndpoint": self._endpoint()})

    def get_media(self, request: AwsRequest) -> AwsAnswer:
        body = request.json()
        stream = self._stream(body)
        selector = body.get("StartSelector")
        if not isinstance(selector, dict):
            raise AwsError("InvalidArgumentException", "StartSelector is required")
        pieces = self._live(stream, self._begins_after(stream, selector))
        return AwsAnswer(body=pieces, content_type="video/webm")

    # -------------------------------------------------------------------------------------------------------------

    def _stream(self, body: dict[str, Any]) -> VideoStream:
        name, arn = str(body.get("StreamName") or ""), str(body.get("StreamARN") or "")
        if not (name or arn):
            raise AwsError("InvalidArgumentException", "StreamName or StreamARN is required")
        found = self._streams.find(name=name, arn=arn)
        if found is None:
            raise AwsError("ResourceNotFoundException", "the requested stream is not found", status=404)
        return found

    def _begins_after(self, stream: VideoStream, selector: dict[str, Any]) -> int | None:
        """The number after which reading begins; None when the fragment asked for is not there."""
        kept = self._streams.kept(stream)
        match selector.get("StartSelectorType"):
            case "NOW":
                return kept[-1].number if kept else _BEFORE_ALL
            case "EARLIEST":
                return _BEFORE_ALL
            case "FRAGMENT_NUMBER":
                return self._after_number(
                    stream, selector.get("AfterFragmentNumber"), inclusive=self._streams.inclusive
                )
            case "CONTINUATION_TOKEN":
                return self._after_number(stream, selector.get("ContinuationToken"), inclusive=False)
            case "SERVER_TIMESTAMP" | "PRODUCER_TIMESTAMP" as kind:
                if "StartTimestamp" not in selector:
                    raise AwsError("InvalidArgumentException", "StartTimestamp is required")
                moment = _moment(selector["StartTimestamp"])
                by_server = kind == "SERVER_TIMESTAMP"
                early = [one.number for one in kept if (one.server_at if by_server else one.producer_at) < moment]
                return max(early, default=_BEFORE_ALL)
            case other:
                raise AwsError("InvalidArgumentException", f"StartSelectorType: {other} is not known")

    def _after_number(self, stream: VideoStream, text: Any, *, inclusive: bool) -> int | None:
        if not (isinstance(text, str) and text.isascii() and text.isdecimal()):
            raise AwsError("InvalidArgumentException", "AfterFragmentNumber: expected digits")
        number = int(text)
        is_there = any(one.number == number for one in self._streams.kept(stream))
        if not is_there and number != stream.next_number:  # the call's first fragment may still be on its way
            return None
        return number - 1 if inclusive else number

    def _live(self, stream: VideoStream, after: int | None) -> Iterator[bytes]:
        """Fragments as they come; ends when nobody has written for a while, as the vendor's connection does."""
        if after is None:
            yield error_fragment(code="Requested fragment is not found", error_id=int(_NOT_FOUND))
            return
        while True:
            found = self._streams.after(stream, after, wait_seconds=self._streams.idle_seconds)
            if not found and not stream.contact_id:
                return
            for one in found:
                after = one.number
                yield self._streams.matroska(stream, one)


def _moment(value: Any) -> datetime:
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise AwsError("InvalidArgumentException", f"{value!r} is not a time") from error
