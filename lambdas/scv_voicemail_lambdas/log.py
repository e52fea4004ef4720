"""Log lines that CloudWatch can search: one JSON object each, keys sorted, nothing secret or personal in it.

    {"context": {"contactId": "…", "function": "…", "requestId": "…"}, "level": "info", "logger": "…", "message": "…",
     "timestamp": "2026-11-20T12:00:00.000Z"}

`context.contactId` is what the Logs Insights queries of Salesforce's guide filter on.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

from scv_voicemail.errors import VoicemailError
from scv_voicemail.redaction import redact

OURS = ("scv_voicemail", "scv_voicemail_lambdas")
"""The loggers that may say more than warnings: at DEBUG, boto3's quote contact attributes and keys."""

_about: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)


@contextmanager
def about(**context: str) -> Iterator[None]:
    """Every line written meanwhile carries this context, and what is around it: `about(contactId=...)`."""
    token = _about.set({**(_about.get() or {}), **context})
    try:
        yield
    finally:
        _about.reset(token)


class JsonFormatter(logging.Formatter):
    """One line of JSON per record. Of an exception its kind and its place are told, and not its text."""

    def format(self, record: logging.LogRecord) -> str:
        """The finished line."""
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "context": {name: redact(value) for name, value in (_about.get() or {}).items()},
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(_message(record)),
            "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = told(record.exc_info[1])
        return json.dumps(line, sort_keys=True, default=str)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # Values that do not fit the words: logging would print both to stderr, as they are.
        return str(record.msg)


def told(error: BaseException) -> dict[str, Any]:
    """What a log may hold of an exception: its text may quote a caller, our own errors have a `brief`."""
    kind = error.brief if isinstance(error, VoicemailError) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    return {"kind": redact(kind), "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}


def set_up(level: str = "INFO", *, stream: TextIO | None = None) -> None:
    """Let every logger write such lines to stdout, ours from `level` on. May be called again."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]  # Lambda's own handler would write each line a second time, as it is
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
