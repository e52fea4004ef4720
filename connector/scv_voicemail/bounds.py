"""Numbers, times and JSON from outside, within bounds: what is out of them counts as absent, or refuses that one thing.

Nobody may close a target until 2083 with an epoch where seconds are meant, or stop a program with JSON that is nested a
hundred thousand times.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_WAIT_SECONDS = 86_400.0
"""Whoever asks to be left alone for longer than a day means something else, such as a point in time."""

YEARS = range(2015, 2101)
"""A time of an answer outside of these is no time."""

DEEPEST = 100
"""JSON of the APIs that are read here is nested a dozen times at the most."""

LARGEST = 2**63 - 1
_LONGEST_NUMBER = 400


def read_json(text: bytes | str) -> Any:
    """The value of a JSON text. Raises ValueError, without quoting it, for what no API of this field sends.

    Out of bounds are NaN and Infinity, integers beyond 64 bits, halves of characters, and nesting beyond `DEEPEST`.
    """
    try:
        value = json.loads(text, parse_int=_integer)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    check(value)
    return value


def check(value: Any) -> None:
    """Raises ValueError, without quoting it, for a value that `read_json` would not give. Without recursion."""
    left: list[tuple[Any, int]] = [(value, 1)]
    while left:
        one, depth = left.pop()
        match one:
            case str() if not one.isascii():
                _whole_characters(one)
            case bool():
                pass
            case int() if not -LARGEST - 1 <= one <= LARGEST:
                raise ValueError("it has a number that is out of bounds")
            case float() if not math.isfinite(one):
                raise ValueError("it has a number that is out of bounds")
            case dict() | list() if depth > DEEPEST:
                raise ValueError("it is nested too deeply")
            case dict():
                left += [(part, depth + 1) for pair in one.items() for part in pair]
            case list():
                left += [(part, depth + 1) for part in one]
            case _:
                pass


def wait_seconds(header: str, *, now: datetime) -> float | None:
    """What a Retry-After header asks for, as seconds or as a date; None when it says nothing that can be meant.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    seconds = _seconds(header.strip(), now=now)
    return None if seconds is None or seconds > LONGEST_WAIT_SECONDS else max(0.0, seconds)


def http_date(header: str) -> datetime | None:
    """The time of a Date or Retry-After header; None when there is none."""
    try:
        moment = parsedate_to_datetime(header)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC) if moment.year in YEARS else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _seconds(header: str, *, now: datetime) -> float | None:
    try:
        seconds = float(header)
    except ValueError:
        moment = http_date(header)
        # A date that has gone by means: now.
        return None if moment is None else max(0.0, (moment - now).total_seconds())
    return seconds if math.isfinite(seconds) else None


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError("it has a number that is out of bounds")
    return int(digits)


def _whole_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it has half a character") from None
