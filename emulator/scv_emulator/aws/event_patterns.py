"""EventBridge's event patterns, also used by the filters of event source mappings.

Page: "Comparison operators" in the EventBridge user guide. An operator that is not known here is refused by name.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

_MISSING = object()
_NUMERIC: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PatternInvalid(ValueError):
    """A pattern that EventBridge would refuse, or that is not played here."""


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """True when the event has, for every field of the pattern, one of the values that are asked for."""
    return all(
        any(matches(one, event) for one in wanted) if name == "$or" else _field_matches(name, wanted, event)
        for name, wanted in pattern.items()
    )


def _field_matches(name: str, wanted: Any, event: Any) -> bool:
    value = event.get(name, _MISSING) if isinstance(event, Mapping) else _MISSING
    if isinstance(wanted, Mapping):
        if isinstance(value, list):  # any element of an array may match
            return any(matches(wanted, one) for one in value)
        return matches(wanted, value if isinstance(value, Mapping) else {})
    if not isinstance(wanted, list):
        raise PatternInvalid(f"{name}: a pattern's values are lists")
    values = value if isinstance(value, list) and value else [value]
    return any(_one_matches(one, value) for one in wanted for value in values)


def _one_matches(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return value is not _MISSING and type(wanted) is type(value) and bool(wanted == value)
    if len(wanted) != 1:
        raise PatternInvalid(f"{dict(wanted)!r}: one operator at a time")
    name, argument = next(iter(wanted.items()))
    match name:
        case "exists":
            return (value is not _MISSING and not isinstance(value, Mapping)) is bool(argument)
        case "anything-but":
            return value is not _MISSING and not _is_among(argument, value)
        case "numeric":
            return _is_number(value) and all(
                _NUMERIC[comparison](value, bound)
                for comparison, bound in zip(argument[::2], argument[1::2], strict=True)
            )
        case "prefix" | "suffix" | "wildcard" | "equals-ignore-case":
            return isinstance(value, str) and _text_matches(name, argument, value)
        case _:
            raise PatternInvalid(f"the operator {name} is not played here")


def _is_among(argument: Any, value: Any) -> bool:
    if isinstance(argument, Mapping):
        name, texts = next(iter(argument.items()))
        each = texts if isinstance(texts, list) else [texts]
        return isinstance(value, str) and any(_text_matches(name, one, value) for one in each)
    return value in (argument if isinstance(argument, list) else [argument])


def _text_matches(name: str, argument: Any, value: str) -> bool:
    if isinstance(argument, Mapping):  # {"prefix": {"equals-ignore-case": "..."}}
        return _text_matches(name, argument["equals-ignore-case"].lower(), value.lower())
    match name:
        case "prefix":
            return value.startswith(str(argument))
        case "suffix":
            return value.endswith(str(argument))
        case "equals-ignore-case":
            return value.lower() == str(argument).lower()
        case "wildcard":
            return re.fullmatch(".*".join(map(re.escape, argument.split("*"))), value, re.DOTALL) is not None
    raise PatternInvalid(f"the operator {name} is not played here")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
