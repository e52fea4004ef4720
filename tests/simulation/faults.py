"""What may become of a request, and the wrong answers that somebody else gives in Salesforce's place."""

from __future__ import annotations

from tests.simulation.wire import Answer

FAULTS = (
    "refused",
    "lost",
    "late",
    "answer lost",
    "half an answer",
    "garbled",
    "error after",
    "busy",
    "limit",
    "login page",
    "slow",
)
READ_FAULTS = (
    "refused",
    "lost",
    "garbled",
    "half an answer",
    "busy",
    "limit",
    "login page",
    "expired",
    "slow",
    "other shape",
)
WRONG_ANSWERS = {
    "busy": Answer.of(503, {"code": "UNAVAILABLE", "message": "try again"}),
    "limit": Answer.of(429, {"code": "RATE_LIMITED", "message": "too many requests"}, **{"retry-after": "3"}),
    "login page": Answer(200, b"<html>Please log in</html>", {"content-type": "text/html"}),
    "expired": Answer.of(401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]),
    "other shape": Answer.of(200, [1, {"records": 7}]),
}
