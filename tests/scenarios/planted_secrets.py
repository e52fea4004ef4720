"""What no log may tell: secrets that tests plant, vendors that quote them, and how they are found again."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.commands import PREFIX

CALLER = "+14155550142"
SAID = "Ada Lovelace speaking, my card ends in four two."
SIGNED = (
    "https://bucket.s3.amazonaws.com/secret-name.wav?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE&X-Amz-Signature=0a1b2c3d4e5f"
)
ECHO = {
    "code": "INVALID_INPUT",
    "message": f"cannot take '{SAID}' of {CALLER} at https://pbx.example.com/recordings/secret-name.wav",
}
"""A vendor that quotes what it was sent."""

BAD_DAY: list[dict[str, Any]] = [
    {"kind": "status", "status": 503, "method": "POST", "path": "*/voiceCalls", "body": ECHO},
    {"kind": "expired_session", "method": "GET", "path": "*/query*"},
    {"kind": "status", "status": 500, "method": "PATCH", "path": "*/voiceCalls/0LQ*", "body": ECHO},
    {"kind": "reset_after_commit", "method": "POST", "path": "*/messages"},
    {"kind": "status", "status": 500, "method": "GET", "path": "*/query*", "skip": 4, "body": [ECHO]},
]
REFUSED = {"kind": "status", "status": 400, "method": "PATCH", "path": "*/omniFlow", "times": None, "body": ECHO}

SECRETS = {
    "a JWT": r"eyJ[\w-]{10,}\.",
    "a session id": r"00D\w{12,15}(?:!|%21)",
    "a private key": r"PRIVATE KEY",
    "a bearer token": r"(?i)bearer\s+[\w.~+/=-]{12,}",
    "what the caller said": r"(?i)ada lovelace|speaking|my card",
    "the caller's number": r"415\D{0,2}555\D?0142",
    "the dialed number": r"800\D{0,2}555\D?0100",
    "the address of a recording": r"/recordings/|secret-name",
    "a key of AWS": r"AKIA\w{12,}|(?i:x-amz-(?:signature|security-token)=)\w",
}


def leaks(text: str, *more: str) -> list[str]:
    """What a log tells that it should not."""
    found = [name for name, pattern in SECRETS.items() if re.search(pattern, text)]
    return found + [f"{secret[:8]}…" for secret in more if secret in text]


def key_lines(settings: Mapping[str, str]) -> list[str]:
    """Every full line of the private keys."""
    files = (settings[f"{PREFIX}PRIVATE_KEY_FILE"], settings[f"{PREFIX}OAUTH_KEY_FILE"])
    return [line for file in files for line in Path(file).read_text(encoding="ascii").splitlines() if len(line) > 40]


@contextmanager
def plain_log(*names: str, formatter: logging.Formatter | None = None) -> Iterator[io.StringIO]:
    """What is seen by somebody who attaches a handler to these loggers and wants everything."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter or logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
