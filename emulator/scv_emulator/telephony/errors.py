"""What the telephony side refuses, in the vendor's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONVERSATION_DOES_NOT_EXIST = "io.grpc.StatusRuntimeException: PERMISSION_DENIED: Conversation does not exist"
"""The vendor's text for an unknown or closed conversation (Implementation Guide, "Create Transcripts in Bulk")."""

TRANSCRIPT_LIMIT = "Exceeded Limits for creating messages in Transcription"


class TelephonyError(Exception):
    """A refusal with a status, a code and a sentence."""

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> Any:
        """The JSON body of the answer."""
        return {"code": self.code, "message": self.message}


class RoutingError(TelephonyError):
    """Routing failed; its body lists the reasons instead of a code."""

    def __init__(self, status: int, reasons: list[str]) -> None:
        super().__init__(status, "ROUTING_FAILED", "; ".join(reasons))
        self.reasons = reasons

    def body(self) -> Any:
        """`{"errors": [...]}`, as the guide shows for the Omni-Channel flow."""
        return {"errors": self.reasons}


def invalid(message: str) -> TelephonyError:
    """A 400 for input that is missing or malformed."""
    return TelephonyError(400, "INVALID_INPUT", message)


def unknown_call(call_id: str) -> TelephonyError:
    """A 404 for a call that is not there."""
    return TelephonyError(404, "NOT_FOUND", f"No voice call was found for {call_id[:100]}")


def unauthorized(message: str) -> TelephonyError:
    """A 401; the vendor documents no body for it."""
    return TelephonyError(401, "UNAUTHORIZED", message, headers={"WWW-Authenticate": "Bearer"})


def rate_limited(message: str, *, retry_after_seconds: int) -> TelephonyError:
    """A 429 with Retry-After."""
    return TelephonyError(429, "RATE_LIMITED", message, headers={"Retry-After": str(retry_after_seconds)})
