"""What goes over the wire in a simulation: a request as the clients send it, and an answer as they read it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; `path` has no query, `query` is as it was sent."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        """True when it changes nothing."""
        return self.method == "GET"

    @property
    def label(self) -> str:
        """The request without what differs between two of its kind, for a trace."""
        if found := re.search(r"FROM(?:\+|%20)(\w+)", self.query):
            return f"look at {found[1]}"
        action = self.path.rstrip("/").rpartition("/")[2]
        name = action if action.isalpha() else {"POST": "create", "PATCH": "update"}.get(self.method, self.path)
        what = json.loads(self.body) if self.body[:1] == b"{" else {}
        return "close with recording" if what.get("recordingLocation") else name


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, content: Any, **headers: str) -> Answer:
        """An answer in JSON."""
        return cls(status, json.dumps(content).encode(), {"content-type": "application/json", **headers})

    @property
    def content(self) -> Any:
        """The decoded JSON, or None."""
        return json.loads(self.body) if self.body else None
