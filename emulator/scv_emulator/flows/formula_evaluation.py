"""The value of a formula.

Source: Salesforce Help, "Formula Operators and Functions". Text is compared with regard to case. Arithmetic with
nothing gives nothing. A field of a record that was not found reads as nothing, where an element would fail
(release update "Check for Null Record Variables or Null Values of Lookup Relationship Fields").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from scv_emulator.flows.errors import FlowFault
from scv_emulator.flows.formula_functions import FUNCTIONS, is_blank, number, text
from scv_emulator.flows.formulas import Constant, Field, Formula
from scv_emulator.flows.values import as_moment, finite, limited, to_text

Read = Callable[[tuple[str, ...]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a formula gets its values from. `read_prior` gives None while a record is being created."""

    read: Read
    now: Callable[[], datetime]
    read_prior: Read | None = None


def evaluate(formula: Formula, context: Context) -> Any:
    """The value of a formula; raises FlowFault."""
    if isinstance(formula, Constant):
        return formula.value
    if isinstance(formula, Field):
        return context.read(formula.path)
    lazy = _LAZY.get(formula.name)
    if lazy is not None:
        return lazy(formula.arguments, context)
    values = [evaluate(one, context) for one in formula.arguments]
    operator = _OPERATORS.get(formula.name)
    if operator is not None:
        return operator(*values)
    return FUNCTIONS[formula.name].value(*values)


def _truth(formula: Formula, context: Context) -> bool:
    value = evaluate(formula, context)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise FlowFault(f"'{to_text(value)[:40]}' is neither true nor false")


# -------------------------------------------------------------------------------------------------- lazy functions


def _if(arguments: tuple[Formula, ...], context: Context) -> Any:
    return evaluate(arguments[1 if _truth(arguments[0], context) else 2], context)


def _case(arguments: tuple[Formula, ...], context: Context) -> Any:
    """CASE(value, v1, r1, v2, r2, …, else)."""
    value = evaluate(arguments[0], context)
    pairs, otherwise = arguments[1:-1], arguments[-1]
    for place in range(0, len(pairs) - 1, 2):
        if _equal(value, evaluate(pairs[place], context)):
            return evaluate(pairs[place + 1], context)
    return evaluate(otherwise, context)


def _is_changed(arguments: tuple[Formula, ...], context: Context) -> bool:
    if context.read_prior is None:
        return False
    return not _equal(evaluate(arguments[0], context), _prior(arguments, context))


def _prior(arguments: tuple[Formula, ...], context: Context) -> Any:
    (field,) = arguments
    if not isinstance(field, Field):
        raise FlowFault("PRIORVALUE and ISCHANGED take a field of the record")
    return context.read(field.path) if context.read_prior is None else context.read_prior(field.path)


_LAZY: dict[str, Callable[[tuple[Formula, ...], Context], Any]] = {
    "IF": _if,
    "CASE": _case,
    "AND": lambda arguments, context: all(_truth(one, context) for one in arguments),
    "&&": lambda arguments, context: all(_truth(one, context) for one in arguments),
    "OR": lambda arguments, context: any(_truth(one, context) for one in arguments),
    "||": lambda arguments, context: any(_truth(one, context) for one in arguments),
    "NOT": lambda arguments, context: not _truth(arguments[0], context),
    "NOW": lambda _arguments, context: context.now(),
    "TODAY": lambda _arguments, context: context.now().date(),
    "ISNEW": lambda _arguments, context: context.read_prior is None,
    "ISCHANGED": _is_changed,
    "PRIORVALUE": _prior,
}

# ------------------------------------------------------------------------------------------------------- operators


def _equal(left: Any, right: Any) -> bool:
    if is_blank(left) and is_blank(right):
        return True
    if isinstance(left, date) and isinstance(right, date) and type(left) is not type(right):
        return as_moment(left) == as_moment(right)
    return bool(left == right)


def _less(left: Any, right: Any) -> int | None:
    """Minus one, zero or one; None when a side is missing."""
    if left is None or right is None:
        return None
    if isinstance(left, date) and isinstance(right, date) and type(left) is not type(right):
        left, right = as_moment(left), as_moment(right)
    try:
        return int(left > right) - int(left < right)
    except TypeError as error:
        raise FlowFault(f"'{to_text(left)[:40]}' and '{to_text(right)[:40]}' can't be compared") from error


def _comparing(holds: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        order = _less(left, right)
        return order is not None and holds(order)

    return compare


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str):
        return limited(text(left) + text(right))
    if isinstance(right, date) and not isinstance(left, date):
        left, right = right, left
    if isinstance(left, date):
        return _moved(left, number(right))
    return _arithmetic(left, right, lambda one, other: one + other)


def _subtract(left: Any, right: Any) -> Any:
    if isinstance(left, date) and isinstance(right, date):
        return (as_moment(left) - as_moment(right)).total_seconds() / 86_400
    if isinstance(left, date):
        days = number(right)
        return _moved(left, None if days is None else -days)
    return _arithmetic(left, right, lambda one, other: one - other)


def _moved(moment: date, days: float | None) -> date | None:
    """A date moves by whole days, a moment by any part of one."""
    if days is None:
        return None
    try:
        return moment + timedelta(days=days if isinstance(moment, datetime) else int(days))
    except OverflowError as error:
        raise FlowFault("a date is out of range") from error


def _divide(left: Any, right: Any) -> float | None:
    if number(right) == 0:
        raise FlowFault("division by zero")
    return _arithmetic(left, right, lambda one, other: one / other)


def _power(left: Any, right: Any) -> float | None:
    return _arithmetic(left, right, lambda one, other: float(one) ** float(other))


def _arithmetic(left: Any, right: Any, do: Callable[[float, float], Any]) -> float | None:
    one, other = number(left), number(right)
    if one is None or other is None:
        return None
    try:
        value = do(one, other)
    except (OverflowError, ZeroDivisionError) as error:
        raise FlowFault("a number is out of range") from error
    if isinstance(value, complex):
        raise FlowFault("a number is out of range")
    return finite(value)


_OPERATORS: dict[str, Callable[..., Any]] = {
    "=": _equal,
    "<>": lambda left, right: not _equal(left, right),
    "<": _comparing(lambda order: order < 0),
    "<=": _comparing(lambda order: order <= 0),
    ">": _comparing(lambda order: order > 0),
    ">=": _comparing(lambda order: order >= 0),
    "&": lambda left, right: limited(text(left) + text(right)),
    "+": _add,
    "-": _subtract,
    "*": lambda left, right: _arithmetic(left, right, lambda one, other: one * other),
    "/": _divide,
    "^": _power,
    "PLUS": number,
    "NEGATE": lambda value: None if number(value) is None else -value,
}
