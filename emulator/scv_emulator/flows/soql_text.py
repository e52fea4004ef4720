"""Writes the query that a Get Records element stands for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from scv_emulator.flows.errors import FlowFault
from scv_emulator.flows.logic import Logic
from scv_emulator.flows.ports import Wanted
from scv_emulator.flows.values import as_moment, to_text
from scv_emulator.salesforce.schema import ID_TYPES, TEXT_TYPES, SObject

_COMPARISONS = {
    "EqualTo": "=",
    "NotEqualTo": "!=",
    "GreaterThan": ">",
    "GreaterThanOrEqualTo": ">=",
    "LessThan": "<",
    "LessThanOrEqualTo": "<=",
}
_PATTERNS = {"StartsWith": "{}%", "EndsWith": "%{}", "Contains": "%{}%"}


def query_text(
    sobject: SObject,
    filters: Sequence[Wanted],
    logic: Logic,
    *,
    sort_field: str = "",
    descending: bool = False,
    limit: int | None = None,
) -> str:
    """The SOQL for these filters; raises FlowFault for a value that cannot be compared."""
    conditions = [_condition(sobject, one) for one in filters]
    clauses = ["SELECT Id", f"FROM {sobject.name}"]
    if conditions:
        clauses.append(f"WHERE {_joined(logic, conditions)}")
    if sort_field:
        clauses.append(f"ORDER BY {sort_field} {'DESC' if descending else 'ASC'}")
    if limit is not None:
        clauses.append(f"LIMIT {limit}")
    return " ".join(clauses)


def _joined(logic: Logic, conditions: Sequence[str]) -> str:
    if isinstance(logic, int):
        return conditions[logic]
    parts = [_joined(part, conditions) for part in logic.parts]
    if logic.word == "NOT":
        return f"(NOT {parts[0]})"
    return f"({f' {logic.word} '.join(parts)})" if len(parts) > 1 else parts[0]


def _condition(sobject: SObject, wanted: Wanted) -> str:
    name, operator, value = wanted.field, wanted.operator, wanted.value
    if operator == "IsNull":
        if not isinstance(value, bool):
            raise FlowFault(f"{name}: IsNull is compared with true or false")
        return f"{name} {'=' if value else '!='} null"
    if operator in ("In", "NotIn"):
        values = [_literal(sobject, name, one) for one in (value if isinstance(value, list) else [value])]
        if not values:
            return f"Id {'=' if operator == 'In' else '!='} null"
        return f"{name} {'IN' if operator == 'In' else 'NOT IN'} ({', '.join(values)})"
    if operator in _PATTERNS:
        if value is None:
            return "Id = null"
        return f"{name} LIKE {_quoted(_PATTERNS[operator], to_text(value))}"
    return f"{name} {_COMPARISONS[operator]} {_literal(sobject, name, value)}"


def _literal(sobject: SObject, name: str, value: Any) -> str:
    """A value as SOQL writes it for this field; a number or a moment for a text field becomes text."""
    field = sobject.field(name)
    kind = "" if field is None else field.type
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind in TEXT_TYPES | ID_TYPES or isinstance(value, str):
        return _quoted("{}", to_text(value))
    if isinstance(value, date):
        moment = as_moment(value).astimezone(UTC)
        is_moment = kind == "datetime" or (isinstance(value, datetime) and kind != "date")
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if is_moment else "%Y-%m-%d")
    if isinstance(value, int | float):
        return to_text(value)
    raise FlowFault(f"{name} can't be compared with a record or a collection")


def _quoted(pattern: str, text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    if pattern != "{}":
        escaped = escaped.replace("%", "\\%").replace("_", "\\_")
    return f"'{pattern.format(escaped)}'"
