"""Values while a flow runs: records, conversions between data types, and how a value reads as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from scv_emulator.flows.errors import FlowFault
from scv_emulator.salesforce.field_values import parse_datetime

TEXT_TYPES = frozenset({"String", "Picklist", "Multipicklist"})
NUMBER_TYPES = frozenset({"Number", "Currency"})
_LONGEST_TEXT = 1_000_000


@dataclass(slots=True)
class FlowRecord:
    """A record in a variable. `loaded` are the fields that were asked for, None for all of them.

    `changed` are the fields that the flow assigned, in lower case, so that an update writes nothing else.
    """

    object_name: str
    values: dict[str, Any] = field(default_factory=dict)
    loaded: frozenset[str] | None = None
    changed: set[str] = field(default_factory=set)

    def name_of(self, name: str) -> str | None:
        """The field of that name, in any case, if it was loaded or assigned."""
        if name in self.values and self.loaded is None:
            return name
        lower = name.lower()
        if self.loaded is not None and lower not in self.loaded and lower not in self.changed:
            return None
        return next((one for one in self.values if one.lower() == lower), None)

    def assign(self, name: str, value: Any) -> None:
        """Give a field a value."""
        key = next((one for one in self.values if one.lower() == name.lower()), name)
        self.values[key] = value
        self.changed.add(name.lower())

    def assigned(self) -> dict[str, Any]:
        """The fields that the flow gave a value."""
        return {name: value for name, value in self.values.items() if name.lower() in self.changed}

    def copy(self) -> FlowRecord:
        """The same record, to be changed on its own."""
        return FlowRecord(self.object_name, dict(self.values), self.loaded, set(self.changed))


def copied(value: Any) -> Any:
    """The same value, sharing nothing that can be changed."""
    if isinstance(value, list):
        return [copied(one) for one in value]
    return value.copy() if isinstance(value, FlowRecord) else value


# -------------------------------------------------------------------------------------------------------------- text


def to_text(value: Any) -> str:
    """A value as text in an assignment, a formula or a text field; nothing is empty text."""
    write = next((write for kind, write in _WRITERS if isinstance(value, kind)), str)
    return write(value)


def to_merged_text(value: Any) -> str:
    """A value inside a text with merge fields: dates as a user in the locale en_US and in UTC reads them."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return f"{moment.month}/{moment.day}/{moment.year}, {moment.hour % 12 or 12}:{moment:%M %p}"
    if isinstance(value, date):
        return f"{value.month}/{value.day}/{value.year}"
    return to_text(value)


def limited(text: str) -> str:
    """The text, unless it grew beyond all bounds."""
    if len(text) > _LONGEST_TEXT:
        raise FlowFault(f"a text is longer than {_LONGEST_TEXT:,} characters")
    return text


def _number_text(value: float) -> str:
    if value == value // 1 and abs(value) < 1e15:
        return str(int(value))
    return format(Decimal(repr(value)), "f")


_WRITERS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (type(None), lambda _: ""),
    (bool, lambda value: "true" if value else "false"),
    (int, str),
    (float, _number_text),
    (datetime, lambda value: value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
    (date, lambda value: value.isoformat()),
    (list, lambda value: f"[{', '.join(to_text(one) for one in value)}]"),
    (FlowRecord, lambda value: f"{value.object_name} ({to_text(value.values.get('Id'))})"),
)

# -------------------------------------------------------------------------------------------------------- conversion


def convert(value: Any, data_type: str, *, scale: int | None = None) -> Any:
    """The value in a data type of the flow; raises FlowFault when it does not fit."""
    if value is None:
        return None
    if data_type in TEXT_TYPES and not isinstance(value, FlowRecord | list):
        return to_text(value)
    if data_type in NUMBER_TYPES and is_number(value):
        return value if scale is None else rounded(value, scale)
    if data_type in _DATES and isinstance(value, date):
        return _DATES[data_type](value)
    if isinstance(value, {"Boolean": bool, "SObject": FlowRecord}.get(data_type, ())):
        return value
    return _refused(value, data_type)


def read_input(value: Any, data_type: str, *, is_collection: bool, scale: int | None) -> Any:
    """A value that came as JSON, in the data type of the input variable; raises FlowFault when it cannot be read."""
    if is_collection:
        given = value if isinstance(value, list) else [value]
        return [read_input(one, data_type, is_collection=False, scale=scale) for one in given]
    if isinstance(value, str) and data_type not in TEXT_TYPES:
        value = _parsed(value.strip(), data_type)
    if isinstance(value, dict):
        _refused(value, data_type)
    return convert(value, data_type, scale=scale)


def _parsed(text: str, data_type: str) -> Any:
    try:
        if not text:
            return None
        if data_type in NUMBER_TYPES:
            return finite(float(text))
        if data_type == "Boolean":
            return {"true": True, "false": False}[text.lower()]
        if data_type == "Date":
            return date.fromisoformat(text[:10])
        if data_type == "DateTime":
            return parse_datetime(text)
    except (ValueError, KeyError, OverflowError):
        pass
    return _refused(text, data_type)


def rounded(value: float, places: int) -> float:
    """A number rounded half up, as formulas and variables with a scale round."""
    places = max(-15, min(15, places))
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))


def finite(value: float) -> float:
    """The number; raises FlowFault when it is none."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - only NaN differs from itself
        raise FlowFault("a number is out of range")
    return value


def as_moment(value: date) -> datetime:
    """A day as its first moment; a moment as it is."""
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)


def is_number(value: Any) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


_DATES: dict[str, Callable[[date], date]] = {
    "DateTime": as_moment,
    "Date": lambda value: value.astimezone(UTC).date() if isinstance(value, datetime) else value,
}


def _refused(value: Any, data_type: str) -> Any:
    kind = value.object_name if isinstance(value, FlowRecord) else type(value).__name__
    raise FlowFault(f"a value of type {kind} can't be used as a {data_type}")
