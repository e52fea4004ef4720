"""Errors and faults as each AWS protocol shows them, and connections that end before the answer does."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import Any, NoReturn
from xml.sax.saxutils import escape

from scv_emulator.aws.transcribe_routes import cbor_answer
from scv_emulator.aws_services import AwsAnswer, AwsError
from scv_emulator.faults import Fault, FaultKind

ACCEPTED_KINDS = frozenset(
    {
        FaultKind.STATUS,
        FaultKind.LATENCY,
        FaultKind.NEVER_ANSWER,
        FaultKind.RESET_BEFORE,
        FaultKind.RESET_AFTER_COMMIT,
        FaultKind.HALF_BODY,
        FaultKind.EXPIRED_SESSION,
        FaultKind.RATE_LIMITED,
    }
)


def error_answer(service: str, headers: Mapping[str, str], error: AwsError) -> AwsAnswer:
    """An error in the protocol in which the request was made."""
    if service == "s3":
        body = f"<Error><Code>{escape(error.code)}</Code><Message>{escape(str(error))}</Message></Error>"
        xml = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
        return AwsAnswer(status=error.status, body=xml.encode(), content_type="application/xml")
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return cbor_answer({"__type": error.code, "message": str(error)}, status=error.status)
    return error.answer()


def wrong_answer(service: str, headers: Mapping[str, str], fault: Fault) -> AwsAnswer:
    """The answer that a fault describes: `body` may be `{"__type": code, "message": …}`."""
    match fault.kind:
        case FaultKind.RATE_LIMITED:
            code, status = {"s3": ("SlowDown", 503), "connect": ("ThrottlingException", 429)}.get(
                service, ("ThrottlingException", 400)
            )
        case FaultKind.EXPIRED_SESSION:
            code, status = ("ExpiredToken" if service == "s3" else "ExpiredTokenException"), 400
        case _:
            code, status = _code(fault), fault.status
    message = fault.body.get("message", "") if isinstance(fault.body, dict) else ""
    made = error_answer(service, headers, AwsError(code, message or "a fault made this answer", status=status))
    if isinstance(fault.body, str):
        return AwsAnswer(status=status, body=fault.body.encode(), content_type="text/plain", headers=fault.headers)
    return AwsAnswer(
        status=made.status, body=made.body, content_type=made.content_type, headers=dict(made.headers) | fault.headers
    )


def _code(fault: Fault) -> str:
    if isinstance(fault.body, dict) and "__type" in fault.body:
        return str(fault.body["__type"])
    return {429: "ThrottlingException", 503: "ServiceUnavailable", 403: "AccessDeniedException"}.get(
        fault.status, "InternalServerError"
    )


def reset(environ: Mapping[str, Any]) -> NoReturn:
    """End the connection with a TCP RST."""
    connection: socket.socket = environ["werkzeug.socket"]
    # Lingering for zero seconds makes the kernel send RST instead of FIN, once the server closes the connection.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionResetError("a fault reset this connection")


def close() -> NoReturn:
    """End the connection in the ordinary way, after what was written."""
    raise ConnectionAbortedError("a fault closed this connection")
