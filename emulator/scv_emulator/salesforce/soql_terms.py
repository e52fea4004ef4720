"""What a query asks for, in parts: fields, conditions, order and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

ValueKind = Literal["string", "number", "boolean", "null", "datetime", "date", "day"]


@dataclass(frozen=True, slots=True)
class Path:
    """A field as the query names it, `("Owner", "Name")` for a parent's."""

    names: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Value:
    """A value to compare with. `value` is text as written for string, datetime, date and day; None for null."""

    kind: ValueKind
    value: Any
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field, an operator (`=`, `LIKE`, `IN`, ...) and one value, or several for IN and NOT IN."""

    path: Path
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions of which all (`AND`), any (`OR`) or none (`NOT`, always one) must hold."""

    word: Literal["AND", "OR", "NOT"]
    parts: tuple[Condition, ...]


Condition = Comparison | Junction


@dataclass(frozen=True, slots=True)
class Order:
    """One criterion of the order."""

    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a query asks for.

    `field_set` is ALL, STANDARD or CUSTOM for FIELDS(). `counts` means COUNT() without a field; `count_of` holds the
    fields of COUNT(field).
    """

    text: str
    object_name: str
    object_position: int
    alias: str = ""
    paths: tuple[Path, ...] = ()
    field_set: str = ""
    counts: bool = False
    count_of: tuple[Path, ...] = ()
    where: Condition | None = None
    orders: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
