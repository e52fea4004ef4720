"""The requests that the emulator was sent, for a person and for a test; secrets are masked when it is read."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from scv_emulator.json_bodies import parse_json

_SECRET_HEADERS = {"authorization", "cookie", "set-cookie", "x-sfdc-session"}
_MASKED_FIELDS = r"assertion|access_token|refresh_token|oauth_token|client_secret|token|sid|sessionId"
_MASKS = (
    (re.compile(rf"(?i)(?<![\w-])({_MASKED_FIELDS})=[^&\s\"<]+"), r"\1=***"),
    (re.compile(rf'(?i)"({_MASKED_FIELDS})"\s*:\s*"[^"]*"'), r'"\1":"***"'),
    (re.compile(r"(?i)<((?:\w+:)?sessionId)>[^<]*"), r"<\1>***"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "***"),
    (re.compile(r"\b00D\w{12,15}(?:!|%21)[\w.%]+"), "***"),
)


@dataclass(slots=True, kw_only=True)
class Seen:
    """One request and what became of it; `status` stays None when the client got no answer."""

    at: int
    method: str
    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    status: int | None = None
    ms: float | None = None
    fault: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without secrets."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}
        seen = {
            "at": self.at,
            "method": self.method,
            "path": mask(self.path),
            "headers": {name: "***" if name in _SECRET_HEADERS else mask(text) for name, text in headers.items()},
            "body": _readable(self.body),
            "status": self.status,
            "ms": self.ms,
        }
        return seen | {"fault": self.fault} if self.fault else seen


class RequestJournal:
    """The last requests, oldest first."""

    def __init__(self, *, keep: int = 20_000) -> None:
        self._seen: deque[Seen] = deque(maxlen=keep)

    def add(self, seen: Seen) -> None:
        """Write a request down; its outcome is filled in later."""
        self._seen.append(seen)

    def clear(self) -> None:
        """Forget all requests."""
        self._seen.clear()

    def read(
        self, *, path: str = "", method: str = "", since: int = 0, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """Requests, oldest first. `path` is a part or a glob, `since` epoch ms, `limit` the last n."""
        found = [one for one in self._seen if one.at >= since and _fits(one, path, method)]
        return [one.to_dict() for one in (found[-limit:] if limit else found)]


def mask(text: str) -> str:
    """The text without tokens, assertions and session ids."""
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


def _fits(seen: Seen, path: str, method: str) -> bool:
    where = seen.path.partition("?")[0]
    return (not method or seen.method == method.upper()) and (
        not path or (fnmatchcase(where, path) if "*" in path else path in seen.path)
    )


def _readable(body: bytes) -> Any:
    if not body:
        return None
    text = mask(body.decode("utf-8", "replace"))
    try:
        return parse_json(text.encode())
    except ValueError:
        return text
