"""What the operators of an Assignment element do.

Source: Salesforce Help, "Flow Operators in Assignment Elements".
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from scv_emulator.flows.definition import Assignment, AssignmentItem
from scv_emulator.flows.errors import FlowFault
from scv_emulator.flows.state import State
from scv_emulator.flows.values import finite, limited, to_text

_LONGEST_COLLECTION = 50_000


def assign(element: Assignment, state: State) -> None:
    """Carry out the lines of an assignment, in their order; raises FlowFault."""
    for item in element.items:
        value = state.value(item.value)
        if item.operator == "Assign":
            state.write(item.to, value)
        elif item.operator == "AssignCount":
            state.write(item.to, len(value) if isinstance(value, list) else 0)
        else:
            before = state.read(item.to.path, forgiving=True)
            after = _changed(before, item, value)
            state.write(item.to, after)


def _changed(before: Any, item: AssignmentItem, value: Any) -> Any:
    if isinstance(before, list):
        return _changed_list(before, item.operator, value)
    if item.operator in ("Add", "Subtract"):
        return _sum(before, item, value)
    raise FlowFault(f"{item.operator} needs a collection, {item.to.name} is none")


def _changed_list(before: list[Any], operator: str, value: Any) -> list[Any]:
    given = value if isinstance(value, list) else [value]
    place = before.index(value) if not isinstance(value, list) and value in before else None
    match operator:
        case "Add" | "AddItem":
            after = [*before, *given]
        case "AddAtStart":
            after = [*given, *before]
        case "RemoveAll" | "Subtract":
            after = [one for one in before if one not in given]
        case "RemoveUncommon":
            after = [one for one in before if one in given]
        case "RemoveFirst":
            after = before if place is None else before[:place] + before[place + 1 :]
        case "RemoveBeforeFirst":
            after = before if place is None else before[place:]
        case "RemoveAfterFirst":
            after = before if place is None else before[: place + 1]
        case _:
            after = _without_position(before, value)
    if len(after) > _LONGEST_COLLECTION:
        raise FlowFault(f"a collection has more than {_LONGEST_COLLECTION:,} items")
    return after


def _without_position(before: list[Any], position: Any) -> list[Any]:
    if isinstance(position, bool) or not isinstance(position, int | float) or not 1 <= position <= len(before):
        raise FlowFault(f"RemovePosition: there is no position {to_text(position)}")
    return before[: int(position) - 1] + before[int(position) :]


def _sum(before: Any, item: AssignmentItem, value: Any) -> Any:
    if value is None:
        return before
    sign = -1 if item.operator == "Subtract" else 1
    if isinstance(before, str) or (before is None and isinstance(value, str)):
        if sign < 0:
            raise FlowFault(f"{item.to.name} is text, from which nothing can be subtracted")
        return limited((before or "") + to_text(value))
    if isinstance(value, bool) or not isinstance(value, int | float) or isinstance(before, bool):
        raise FlowFault(f"{to_text(value)[:40]} can't be added to {item.to.name}")
    if isinstance(before, date):
        try:
            return before + timedelta(days=sign * value)
        except OverflowError as error:
            raise FlowFault(f"{item.to.name}: the date is out of range") from error
    if before is not None and not isinstance(before, int | float):
        raise FlowFault(f"{item.to.name} is not a number")
    return finite((before or 0) + sign * value)
