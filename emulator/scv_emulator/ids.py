"""Salesforce record ids: 15 case-sensitive characters, and 3 more that make them safe where case is lost."""

from __future__ import annotations

import random

_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ALPHANUMERIC = frozenset(_DIGITS)


def to_18(id15: str) -> str:
    """The 18-character form of an id; one of 18 characters is returned as it is.

    Each of the three suffix characters says which of five characters are upper-case, the first in the lowest bit.
    """
    if len(id15) == 18:
        return id15
    if len(id15) != 15:
        raise ValueError(f"a record id has 15 or 18 characters, got {len(id15)}")
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, char in enumerate(id15[start : start + 5]) if char in _UPPER)
        suffix += _CHECKSUM[bits]
    return id15 + suffix


def same_id(a: str, b: str) -> bool:
    """Whether two ids, each of 15 or 18 characters, mean the same record; case counts in the first 15."""
    return len(a) in (15, 18) and len(b) in (15, 18) and a[:15] == b[:15]


def is_wellformed(text: str) -> bool:
    """Whether this could be an id: 15 letters and digits, or 18 with the right checksum."""
    if len(text) not in (15, 18) or not _ALPHANUMERIC.issuperset(text):
        return False
    return len(text) == 15 or to_18(text[:15]) == text


class Ids:
    """Gives out record ids that never repeat; the same seed gives the same ids again.

    An id is the object's prefix, a part that belongs to the seed (as real ids carry their org), and a counter.
    """

    def __init__(self, *, seed: int = 0) -> None:
        choice = random.Random(seed)  # noqa: S311 - ids are names, not secrets
        self._org_part = "".join(choice.choice(_DIGITS) for _ in range(3))
        self._last: dict[str, int] = {}

    def next(self, prefix: str) -> str:
        """A new 18-character id that begins with the three characters of `prefix`."""
        number = self._last[prefix] = self._last.get(prefix, 0) + 1
        tail = ""
        while number:
            number, digit = divmod(number, len(_DIGITS))
            tail = _DIGITS[digit] + tail
        return to_18(prefix + self._org_part + tail.rjust(9, "0"))
