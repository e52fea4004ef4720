"""Whether a condition of a decision holds for two values.

Source: Salesforce Help, "Flow Operators in Decision, Wait, and Collection Filter Elements".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from scv_emulator.flows.errors import FlowFault
from scv_emulator.flows.values import FlowRecord, as_moment, finite, is_number, to_text
from scv_emulator.salesforce.field_values import parse_datetime


def compare(left: Any, operator: str, right: Any, *, fold_text: bool) -> bool:
    """Whether a condition of a decision holds.

    Null and empty text are different values (Salesforce Help, "Global Constant Resource"). Whether text is compared
    with regard to case is the switch `flow_text_comparison`.
    """
    if operator in _NULL_TESTS:
        return _NULL_TESTS[operator](left) is _yes(right, operator)
    if operator in ("In", "NotIn"):
        return any(_same(left, one, fold_text) for one in right or ()) is (operator == "In")
    if operator in ("EqualTo", "NotEqualTo"):
        return _same(left, right, fold_text) is (operator == "EqualTo")
    if left is None or right is None:
        return False
    return _tested(left, operator, right, fold_text) if operator in _TEXT_TESTS else _ordered(operator, left, right)


def _tested(left: Any, operator: str, right: Any, fold_text: bool) -> bool:  # noqa: FBT001 - private
    if operator == "Contains" and isinstance(left, list):
        return any(_same(one, right, fold_text) for one in left)
    return _TEXT_TESTS[operator](_folded(to_text(left), fold_text), _folded(to_text(right), fold_text))


def _is_null(value: Any) -> bool:
    """A record variable that nobody filled is as good as none."""
    return value is None or (isinstance(value, FlowRecord) and not value.values)


def _is_empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


_NULL_TESTS: dict[str, Callable[[Any], bool]] = {"IsNull": _is_null, "IsBlank": _is_empty, "IsEmpty": _is_empty}

_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "Contains": lambda left, right: right in left,
    "StartsWith": lambda left, right: left.startswith(right),
    "EndsWith": lambda left, right: left.endswith(right),
}


def _yes(value: Any, operator: str) -> bool:
    if not isinstance(value, bool):
        raise FlowFault(f"{operator} is compared with true or false")
    return value


def _same(left: Any, right: Any, fold_text: bool) -> bool:  # noqa: FBT001 - private
    if isinstance(left, FlowRecord) and isinstance(right, FlowRecord):
        return left.object_name == right.object_name and left.values == right.values
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_same(*pair, fold_text) for pair in zip(left, right, strict=True))
    left, right = _alike(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return _folded(left, fold_text) == _folded(right, fold_text)
    return bool(left == right)


def _ordered(operator: str, left: Any, right: Any) -> bool:
    left, right = _alike(left, right)
    comparable = type(left) is type(right) or (is_number(left) and is_number(right))
    if not comparable or isinstance(left, bool | list | FlowRecord):
        raise FlowFault(f"{to_text(left)[:40]} and {to_text(right)[:40]} can't be compared by {operator}")
    order = int(left > right) - int(left < right)
    return _ORDERS[operator](order)


_ORDERS: dict[str, Callable[[int], bool]] = {
    "GreaterThan": lambda order: order > 0,
    "GreaterThanOrEqualTo": lambda order: order >= 0,
    "LessThan": lambda order: order < 0,
    "LessThanOrEqualTo": lambda order: order <= 0,
}


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """The two sides in one type: Flow reads text as what it is compared with."""
    if isinstance(left, date) and isinstance(right, date) and type(left) is not type(right):
        return as_moment(left), as_moment(right)
    if isinstance(right, str) and not isinstance(left, str):
        return left, _like(right, left)
    if isinstance(left, str) and not isinstance(right, str):
        return _like(left, right), right
    return left, right


def _like(text: str, other: Any) -> Any:
    try:
        if isinstance(other, bool):
            return {"true": True, "false": False}.get(text.strip().lower(), text)
        if isinstance(other, int | float):
            return finite(float(text))
        if isinstance(other, datetime):
            return parse_datetime(text)
        if isinstance(other, date):
            return date.fromisoformat(text)
    except (ValueError, OverflowError, FlowFault):
        pass
    return text


def _folded(text: str, fold: bool) -> str:  # noqa: FBT001 - private
    return text.casefold() if fold else text
