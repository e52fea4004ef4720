"""Reads what the Telephony Integration API answers, liberally, and turns refusals into our errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scv_voicemail import bounds
from scv_voicemail.errors import (
    AuthenticationFailed,
    ConversationClosed,
    PermissionMissing,
    RateLimited,
    Rejected,
    Unavailable,
    VoicemailError,
)

MAX_VENDOR_TEXT = 300
REQUEST_ID_HEADERS = ("x-request-id", "sfdc-request-id", "x-sfdc-request-id", "x-amzn-requestid", "x-amzn-trace-id")

_GRPC_NAME = re.compile(r"StatusRuntimeException:\s*([A-Z_]+)|^([A-Z_]{5,}):")
_TRY_AGAIN_NAMES = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "INTERNAL"})
_LIMIT_NAMES = frozenset({"RATE_LIMITED", "RESOURCE_EXHAUSTED", "REQUEST_LIMIT_EXCEEDED", "SCV_LIMITS_ERROR"})
_LIMIT_TEXT = re.compile(r"exceeded the maximum number of|exceeded limits for creating messages", re.IGNORECASE)
_CLOSED_TEXT = re.compile(r"conversation does not exist", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as it came over the wire; `operation` is what was asked, for messages."""

    operation: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    @property
    def ok(self) -> bool:
        """True for any 2xx: the guide does not say which one."""
        return 200 <= self.status < 300

    @property
    def content(self) -> Any:
        """The decoded JSON, or None when there is none."""
        try:
            return bounds.read_json(self.body)
        except ValueError:
            return None

    @property
    def request_id(self) -> str:
        """The vendor's name for this request, for its support."""
        return next((self.headers[name] for name in REQUEST_ID_HEADERS if self.headers.get(name)), "")

    @property
    def retry_after_seconds(self) -> float | None:
        """What Retry-After asks for, given as seconds or as a date."""
        return bounds.wait_seconds(self.headers.get("retry-after", ""), now=self.received_at)

    def error(self, kind: type[VoicemailError], why: str = "", *, code: str = "") -> VoicemailError:
        """An error of the given kind that says what was asked, what was answered, and under which request id."""
        what = f"{self.operation}: {why or self.vendor_text or 'the reply has no explanation'}"
        context: dict[str, Any] = {"retry_after_seconds": self.retry_after_seconds} if kind is RateLimited else {}
        return kind(
            what,
            service="telephony",
            status=self.status,
            code=code or self.vendor_code,
            request_id=self.request_id,
            **context,
        )

    @property
    def vendor_text(self) -> str:
        """The vendor's explanation, from any of its envelopes, cut to a length for people."""
        return cut("; ".join(texts(self.content)))

    @property
    def vendor_code(self) -> str:
        """The vendor's error code: a field of the envelope, or a gRPC name within the text."""
        content = self.content
        first = content[0] if isinstance(content, list) and content else content
        if isinstance(first, Mapping):
            for name in ("code", "errorCode", "error"):
                if isinstance(first.get(name), str):
                    return str(first[name])
            nested = first.get("errors")
            if isinstance(nested, list) and nested and isinstance(nested[0], Mapping):
                return str(nested[0].get("errorCode") or nested[0].get("code") or "")
        return grpc_name("; ".join(texts(content)))


def judge(reply: Reply) -> None:
    """Raise the error that a reply stands for; return when it is a success that can be read."""
    if reply.ok:
        if reply.body.strip() and reply.content is None:
            raise reply.error(Unavailable, "the reply is not JSON (a login or maintenance page?), so nothing is known")
        return
    if reply.status == 401:
        raise reply.error(AuthenticationFailed)
    code, text = reply.vendor_code, reply.vendor_text
    if reply.status == 429 or code in _LIMIT_NAMES or _LIMIT_TEXT.search(text):
        raise reply.error(RateLimited)
    if is_conversation_closed(reply.status, text):
        raise reply.error(ConversationClosed)
    if reply.status == 403:
        raise reply.error(PermissionMissing)
    if 300 <= reply.status < 400:
        raise reply.error(Unavailable, "the server answered with a redirect; check that the URL is the org's own")
    if reply.status == 408 or reply.status >= 500 or code in _TRY_AGAIN_NAMES:
        raise reply.error(Unavailable)
    raise reply.error(Rejected)


def json_object(reply: Reply) -> Mapping[str, Any]:
    """The JSON object of a success; without one nothing is known about what happened, which is `Unavailable`."""
    judge(reply)
    content = reply.content
    if not isinstance(content, Mapping):
        raise reply.error(Unavailable, "the reply has no JSON object, so nothing is known about the outcome")
    return content


def texts(content: Any) -> Iterator[str]:
    """Every explanation in an error envelope: a string, a list, or an object of the vendor's several shapes."""
    if isinstance(content, str) and content.strip():
        yield content.strip()
    elif isinstance(content, list):
        for part in content:
            yield from texts(part)
    elif isinstance(content, Mapping):
        for name in ("message", "errors", "error_description", "errorMessage"):
            yield from texts(content.get(name))


def is_conversation_closed(status: int, text: str) -> bool:
    """True for the answer to a transcript of a closed or unknown conversation (guide, Create Transcripts in Bulk)."""
    return bool(_CLOSED_TEXT.search(text)) or (status == 400 and grpc_name(text) == "PERMISSION_DENIED")


def is_worth_retrying(status: int, text: str) -> bool:
    """True for a refusal that may pass: the vendor was busy, not the message wrong."""
    return status in {408, 429} or status >= 500 or grpc_name(text) in _TRY_AGAIN_NAMES | _LIMIT_NAMES


def grpc_name(text: str) -> str:
    """The gRPC status name that the vendor lets through in its texts, e.g. PERMISSION_DENIED."""
    found = _GRPC_NAME.search(text)
    return (found[1] or found[2]) if found else ""


def cut(text: str) -> str:
    """A vendor's text on one line, at a length that fits into a message."""
    text = " ".join(text.split())
    return text if len(text) <= MAX_VENDOR_TEXT else f"{text[: MAX_VENDOR_TEXT - 1]}…"
