"""Condition logic: `and`, `or`, or `1 AND (2 OR NOT 3)`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_TOKEN = re.compile(r"\s*(?:(\d{1,4})|(AND|OR|NOT)\b|([()]))", re.IGNORECASE | re.ASCII)
_MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Junction:
    """All (AND), any (OR) or none (NOT, always one part) of the parts; a number is a condition, counted from 0."""

    word: str
    parts: tuple[Logic, ...]


Logic = Junction | int


def parse(text: str, count: int) -> Logic:
    """The logic that joins so many conditions; raises ValueError with a sentence."""
    word = text.strip().lower()
    if word in ("", "and", "or", "no_conditions"):
        return Junction("OR" if word == "or" else "AND", tuple(range(count)))
    return _Parser(text, count).whole()


def holds(logic: Logic, condition: Callable[[int], bool]) -> bool:
    """Whether the logic holds, asking for no more conditions than are needed; no conditions at all hold."""
    if isinstance(logic, int):
        return condition(logic)
    parts = (holds(part, condition) for part in logic.parts)
    if logic.word == "NOT":
        return not next(parts)
    return all(parts) if logic.word == "AND" or not logic.parts else any(parts)


class _Parser:
    def __init__(self, text: str, count: int) -> None:
        self._text = text
        self._count = count
        self._tokens: list[str] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._wrong()
            self._tokens.append(match[0].strip().upper())
            position = match.end()
        self._at = 0

    def whole(self) -> Logic:
        found = self._junction(0)
        if self._at != len(self._tokens):
            raise self._wrong()
        return found

    def _junction(self, depth: int) -> Logic:
        if depth > _MAX_DEPTH:
            raise self._wrong()
        parts = [self._term(depth)]
        word = ""
        while self._peek() in ("AND", "OR"):
            if word and self._peek() != word:
                raise ValueError(f"{self._text}: AND and OR may not be mixed without parentheses")
            word = self._next()
            parts.append(self._term(depth))
        return Junction(word, tuple(parts)) if word else parts[0]

    def _term(self, depth: int) -> Logic:
        found = self._next()
        if found == "NOT" and depth < _MAX_DEPTH:
            return Junction("NOT", (self._term(depth + 1),))
        if found == "(":
            inside = self._junction(depth + 1)
            if self._next() != ")":
                raise self._wrong()
            return inside
        if not found.isdecimal() or not 1 <= int(found) <= self._count:
            raise self._wrong()
        return int(found) - 1

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _wrong(self) -> ValueError:
        return ValueError(f"{self._text}: not a logic of {self._count} conditions")
