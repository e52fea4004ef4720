"""HTTP of Amazon Transcribe, in both of its protocols: `smithy-rpc-v2-cbor` and JSON 1.1 (`x-amz-target`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from scv_emulator.aws.cbor import CborInvalid, decode, encode
from scv_emulator.aws.transcribe import TranscriptionJobs, listed, shown
from scv_emulator.aws_services import AwsAnswer, AwsError, AwsRequest, not_played

CBOR_TYPE = "application/cbor"


class TranscribeService:
    """StartTranscriptionJob, GetTranscriptionJob, ListTranscriptionJobs."""

    def __init__(self, jobs: TranscriptionJobs) -> None:
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "StartTranscriptionJob": lambda body: {"TranscriptionJob": shown(jobs.start(body))},
            "GetTranscriptionJob": lambda body: {"TranscriptionJob": shown(jobs.get(_name(body)))},
            "ListTranscriptionJobs": lambda body: listed(jobs.all(), body),
        }

    def operation(self, request: AwsRequest) -> str:
        """The operation's name."""
        name = _asked(request)
        return name if name in self._operations else ""

    def answer(self, request: AwsRequest) -> AwsAnswer:
        """Answer one request in the protocol in which it was asked."""
        name = _asked(request)
        if name not in self._operations:
            raise not_played("Amazon Transcribe", name or request.path)
        if not is_cbor(request):
            answered = self._operations[name](request.json())
            return AwsAnswer(
                body=json.dumps(answered, default=_epoch).encode(), content_type="application/x-amz-json-1.1"
            )
        try:
            body = decode(request.body) if request.body else {}
        except CborInvalid as error:
            raise AwsError("SerializationException", str(error)) from error
        return cbor_answer(self._operations[name](body))


def is_cbor(request: AwsRequest) -> bool:
    """True for the newer protocol."""
    return request.headers.get("smithy-protocol") == "rpc-v2-cbor"


def cbor_answer(data: Mapping[str, Any], *, status: int = 200) -> AwsAnswer:
    """A body in CBOR, with the header that the protocol asks for."""
    return AwsAnswer(
        status=status, body=encode(data), content_type=CBOR_TYPE, headers={"smithy-protocol": "rpc-v2-cbor"}
    )


def _asked(request: AwsRequest) -> str:
    if is_cbor(request):
        return request.path.rpartition("/operation/")[2]
    return request.headers.get("x-amz-target", "").rpartition(".")[2]


def _name(body: Mapping[str, Any]) -> str:
    return str(body.get("TranscriptionJobName", ""))


def _epoch(value: Any) -> float:
    assert isinstance(value, datetime)
    return value.timestamp()
