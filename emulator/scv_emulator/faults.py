"""Faults: what goes wrong, where, how often. Which request a fault hits is decided here; `gate.py` carries it out."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class FaultInvalid(ValueError):
    """The description of a fault cannot be used; the message names the key and what was expected."""


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    """An answer with `status`, `body` and `headers` instead of the right one."""
    LATENCY = "latency"
    """The right answer, `latency_ms` late."""
    NEVER_ANSWER = "never_answer"
    """Silence until the client goes away or `seconds` have passed."""
    RESET_BEFORE = "reset_before"
    """The connection is reset (TCP RST) and nothing was done."""
    RESET_AFTER_COMMIT = "reset_after_commit"
    """The work is done, then the connection is reset."""
    HALF_BODY = "half_body"
    """The work is done, then half of the announced body is sent and the connection closed."""
    HTML_200 = "html_200"
    """A login page with status 200."""
    EXPIRED_SESSION = "expired_session"
    """401, as for an expired session or token."""
    RATE_LIMITED = "rate_limited"
    """429 with Retry-After."""
    GARBAGE_JSON = "garbage_json"
    """Status 200 and a body that claims to be JSON and is not."""
    EMPTY_200 = "empty_200"
    """Status 200 and no body."""


_DOES_THE_WORK = {FaultKind.LATENCY, FaultKind.RESET_AFTER_COMMIT, FaultKind.HALF_BODY}


@dataclass(kw_only=True)
class Fault:
    """One thing that goes wrong on the requests that match `method` and `path` (a glob; `*` also crosses slashes).

    The first `skip` matching requests pass; then it hits `times` times (None: always), each time with `probability`.
    With `after_commit` the work is done before the answer goes wrong.
    """

    kind: FaultKind
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    after_commit: bool = False
    status: int = 503
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    latency_ms: int = 1_000
    seconds: float = 60.0
    retry_after_seconds: int = 1
    id: str = ""
    seen: int = 0
    hits: int = 0

    @property
    def commits(self) -> bool:
        """True when the work is done before anything goes wrong."""
        return self.after_commit or self.kind in _DOES_THE_WORK

    def matches(self, method: str, path: str) -> bool:
        """True for a request that this fault is about."""
        return self.method in {"*", method} and fnmatchcase(path, self.path)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"kind": self.kind.value}


class Faults:
    """The faults that are set; the same seed hits the same requests."""

    def __init__(self, *, seed: int = 0) -> None:
        self._seed = seed
        self._count = 0
        self._faults: dict[str, Fault] = {}
        self._dice: dict[str, random.Random] = {}

    def add(self, kind: str, **details: Any) -> Fault:
        """Set a fault; FaultInvalid names what is wrong with the description."""
        fault = read_fault({"kind": kind} | details)
        self._count += 1
        fault.id = f"fault-{self._count}"
        self._faults[fault.id] = fault
        self._dice[fault.id] = random.Random(f"{self._seed}:{fault.id}")  # noqa: S311 - repeatable, not secret
        return fault

    def remove(self, fault_id: str) -> bool:
        """Take one fault away; False when there was none of this id."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Take all faults away; the numbering starts again, so a reset run repeats itself."""
        self._faults.clear()
        self._count = 0

    def all(self) -> list[Fault]:
        """Every fault with its counts, also those that are used up."""
        return list(self._faults.values())

    def hit(self, method: str, path: str) -> Fault | None:
        """The fault that this request runs into, if any; counts it."""
        for fault in self._faults.values():
            if not fault.matches(method, path) or (fault.times is not None and fault.hits >= fault.times):
                continue
            fault.seen += 1
            if fault.seen > fault.skip and self._dice[fault.id].random() < fault.probability:
                fault.hits += 1
                return fault
        return None


_BOUNDS: Mapping[str, tuple[float, float]] = {
    "times": (1, 1e9),
    "skip": (0, 1e9),
    "probability": (0, 1),
    "status": (200, 599),
    "latency_ms": (0, 600_000),
    "seconds": (0, 3_600),
    "retry_after_seconds": (0, 86_400),
}
_WHOLE = {"times", "skip", "status", "latency_ms", "retry_after_seconds"}
_NOT_GIVEN = {"id", "seen", "hits"}
_HEADER_NAME_CHARACTERS = frozenset(string.ascii_letters + string.digits + "-_")


def read_fault(data: Any) -> Fault:
    """A fault from its JSON description."""
    if not isinstance(data, dict):
        raise FaultInvalid("a fault is a JSON object")
    known = {one.name for one in fields(Fault)} - _NOT_GIVEN
    for name in data:
        if name not in known:
            raise FaultInvalid(f"{name}: unknown key; expected one of {', '.join(sorted(known))}")
    kinds = [kind.value for kind in FaultKind]
    if data.get("kind") not in kinds:
        raise FaultInvalid(f"kind: expected one of {', '.join(kinds)}, got {data.get('kind')!r}")
    for name, (least, most) in _BOUNDS.items():
        _check_number(name, data.get(name, least), least, most)
    for name in ("method", "path"):
        if not isinstance(data.get(name, ""), str):
            raise FaultInvalid(f"{name}: expected text")
    if not isinstance(data.get("after_commit", False), bool):
        raise FaultInvalid("after_commit: expected true or false")
    headers = data.get("headers", {})
    if not isinstance(headers, dict) or not all(_is_header(*pair) for pair in headers.items()):
        raise FaultInvalid("headers: expected an object of HTTP header names and printable ASCII values")
    return Fault(**data | {"kind": FaultKind(data["kind"]), "method": data.get("method", "*").upper()})


def _is_header(name: str, value: Any) -> bool:
    if name.lower() in {"content-length", "transfer-encoding"}:
        return False  # the emulator measures its own answers
    readable = isinstance(value, str) and value.isascii() and value.isprintable() and value == value.strip()
    return readable and bool(name) and set(name) <= _HEADER_NAME_CHARACTERS


def _check_number(name: str, value: Any, least: float, most: float) -> None:
    if name == "times" and value is None:
        return
    kinds = (int,) if name in _WHOLE else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        raise FaultInvalid(f"{name}: expected a number from {least:g} to {most:g}, got {value!r}")
