"""Refuses answers that were cut off on their way: botocore takes what has come of a body for all of it.

It turns off urllib3's own check (`enforce_content_length=False`), and its parsers make an answer without any members
out of half a JSON document: a job without a name, a parameter without a value, an error without a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def only_whole_answers(client: Any) -> Any:
    """The same boto3 client; from now on it raises botocore's `IncompleteReadError` for half an answer.

    What is read as a stream is checked by botocore itself, at its end.
    """
    client.meta.events.register("before-parse", _refuse_half, unique_id="scv-voicemail-only-whole-answers")
    return client


def _refuse_half(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    from botocore.exceptions import IncompleteReadError  # noqa: PLC0415 - slow to import, and an extra

    headers, body = response_dict["headers"], response_dict["body"]
    told = str(headers.get("content-length", ""))
    # The length of a compressed body is not that of what it holds; HEAD tells the length of what it does not send.
    if operation_model.http.get("method") == "HEAD" or headers.get("content-encoding") or not told.isdigit():
        return
    if isinstance(body, bytes) and len(body) < int(told):
        raise IncompleteReadError(actual_bytes=len(body), expected_bytes=int(told))
