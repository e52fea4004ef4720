"""What the functions of formulas do, and how many arguments each takes.

Source: Salesforce Help, "Formula Operators and Functions". Empty text counts as blank, blank text as empty.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from scv_emulator.flows.errors import FlowFault
from scv_emulator.flows.values import as_moment, finite, limited, rounded, to_text
from scv_emulator.ids import is_wellformed, to_18
from scv_emulator.salesforce.field_values import parse_datetime


@dataclass(frozen=True, slots=True)
class Function:
    """An eager function: how many arguments it takes at least and at most, and its value."""

    least: int
    most: int
    value: Callable[..., Any]


def is_blank(value: Any) -> bool:
    """Nothing, no characters, or only white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def number(value: Any) -> float | None:
    """A number or nothing; raises FlowFault for anything else."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise FlowFault(f"'{to_text(value)[:40]}' is not a number")


def text(value: Any) -> str:
    """A text; nothing is empty text. Raises FlowFault for anything else."""
    if value is None or isinstance(value, str):
        return value or ""
    raise FlowFault(f"'{to_text(value)[:40]}' is not text")


def _text_of(value: Any) -> str:
    """TEXT(): a moment is written with a space in the middle."""
    return to_text(value).replace("T", " ") if isinstance(value, datetime) else to_text(value)


def _count(value: Any) -> int:
    return max(0, min(int(number(value) or 0), 1_000_000))


def _value(value: Any) -> float | None:
    if is_blank(value):
        return None
    try:
        return finite(float(text(value)))
    except ValueError as error:
        raise FlowFault(f"VALUE: '{value[:40]}' is not a number") from error


def _date_value(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).date()
    if isinstance(value, date) or is_blank(value):
        return None if isinstance(value, str) else value
    try:
        return date.fromisoformat(text(value))
    except ValueError as error:
        raise FlowFault(f"DATEVALUE: '{value[:40]}' is not a date") from error


def _moment_value(value: Any) -> datetime | None:
    if isinstance(value, date):
        return as_moment(value)
    if is_blank(value):
        return None
    try:
        return parse_datetime(text(value).strip().replace(" ", "T"))
    except ValueError as error:
        raise FlowFault(f"DATETIMEVALUE: '{value[:40]}' is not a date and time") from error


def _padded(value: Any, length: Any, pad: Any, *, left: bool) -> str:
    whole, width, filler = text(value), _count(length), text(pad) or " "
    missing = (filler * width)[: max(0, width - len(whole))]
    return (missing + whole if left else whole + missing)[:width]


def _find(search: Any, whole: Any, start: Any = 1) -> int:
    return text(whole).find(text(search), max(0, _count(start) - 1)) + 1


def _mid(whole: Any, start: Any, length: Any) -> str:
    begin = max(0, _count(start) - 1)
    return text(whole)[begin : begin + _count(length)]


def _mod(value: Any, divisor: Any) -> float | None:
    left, right = number(value), number(divisor)
    if left is None or right is None:
        return None
    if right == 0:
        raise FlowFault("MOD: division by zero")
    return left - right * math.floor(left / right)


def _numeric(do: Callable[[float], float]) -> Callable[[Any], float | None]:
    def apply(value: Any) -> float | None:
        given = number(value)
        return None if given is None else do(given)

    return apply


def _best(pick: Callable[[list[float]], float]) -> Callable[..., float | None]:
    def apply(*values: Any) -> float | None:
        given = [one for one in map(number, values) if one is not None]
        return pick(given) if len(given) == len(values) else None

    return apply


def _round(value: Any, places: Any) -> float | None:
    given = number(value)
    return None if given is None else rounded(given, int(number(places) or 0))


def _case_safe(value: Any) -> str | None:
    given = text(value)
    if given and not is_wellformed(given):
        raise FlowFault(f"CASESAFEID: '{given[:40]}' is not an id")
    return to_18(given) if given else None


def _part(name: str) -> Callable[[Any], int | None]:
    def apply(value: Any) -> int | None:
        day = _date_value(value)
        return None if day is None else int(getattr(day, name))

    return apply


def _substitute(whole: Any, old: Any, new: Any) -> str:
    # Replacing nothing would put the new text between all characters.
    return limited(text(whole).replace(text(old), text(new))) if text(old) else text(whole)


FUNCTIONS: dict[str, Function] = {
    "ISBLANK": Function(1, 1, is_blank),
    "ISNULL": Function(1, 1, lambda value: value is None),
    "BLANKVALUE": Function(2, 2, lambda value, other: other if is_blank(value) else value),
    "NULLVALUE": Function(2, 2, lambda value, other: other if value is None else value),
    "ISPICKVAL": Function(2, 2, lambda value, other: text(value) == text(other)),
    "TEXT": Function(1, 1, _text_of),
    "VALUE": Function(1, 1, _value),
    "LEFT": Function(2, 2, lambda whole, count: text(whole)[: _count(count)]),
    "RIGHT": Function(2, 2, lambda whole, count: text(whole)[-_count(count) :] if _count(count) else ""),
    "MID": Function(3, 3, _mid),
    "LEN": Function(1, 1, lambda whole: len(text(whole))),
    "SUBSTITUTE": Function(3, 3, _substitute),
    "BEGINS": Function(2, 2, lambda whole, part: text(whole).startswith(text(part))),
    "CONTAINS": Function(2, 2, lambda whole, part: text(part) in text(whole)),
    "FIND": Function(2, 3, _find),
    "TRIM": Function(1, 1, lambda whole: text(whole).strip()),
    "UPPER": Function(1, 2, lambda whole, _locale=None: text(whole).upper()),
    "LOWER": Function(1, 2, lambda whole, _locale=None: text(whole).lower()),
    "LPAD": Function(2, 3, lambda whole, length, pad=" ": _padded(whole, length, pad, left=True)),
    "RPAD": Function(2, 3, lambda whole, length, pad=" ": _padded(whole, length, pad, left=False)),
    "BR": Function(0, 0, lambda: "\n"),
    "CASESAFEID": Function(1, 1, _case_safe),
    "DATEVALUE": Function(1, 1, _date_value),
    "DATETIMEVALUE": Function(1, 1, _moment_value),
    "YEAR": Function(1, 1, _part("year")),
    "MONTH": Function(1, 1, _part("month")),
    "DAY": Function(1, 1, _part("day")),
    "ROUND": Function(2, 2, _round),
    "FLOOR": Function(1, 1, _numeric(math.floor)),
    "CEILING": Function(1, 1, _numeric(math.ceil)),
    "ABS": Function(1, 1, _numeric(abs)),
    "MOD": Function(2, 2, _mod),
    "MIN": Function(1, 30, _best(min)),
    "MAX": Function(1, 30, _best(max)),
}
"""Functions whose arguments are all evaluated."""

LAZY = {
    "IF": (3, 3),
    "AND": (1, 100),
    "OR": (1, 100),
    "NOT": (1, 1),
    "CASE": (4, 200),
    "NOW": (0, 0),
    "TODAY": (0, 0),
    "ISNEW": (0, 0),
    "ISCHANGED": (1, 1),
    "PRIORVALUE": (1, 1),
}
"""Functions that decide what to evaluate, or that look at more than their arguments: least and most arguments."""

OPERATORS = frozenset({"||", "&&", "=", "<>", "<", "<=", ">", ">=", "&", "+", "-", "*", "/", "^", "NEGATE", "PLUS"})
