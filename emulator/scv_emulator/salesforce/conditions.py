"""The WHERE of a query: from conditions to yes or no for a record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from scv_emulator.ids import is_wellformed, to_18
from scv_emulator.salesforce.errors import InvalidField, SalesforceError
from scv_emulator.salesforce.field_paths import Binder, BoundPath
from scv_emulator.salesforce.field_values import parse_datetime
from scv_emulator.salesforce.records import Database, Record
from scv_emulator.salesforce.schema import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, Field
from scv_emulator.salesforce.soql_terms import Comparison, Condition, Junction, Query, Value
from scv_emulator.salesforce.soql_tokens import like_pattern, pointing_at, unescaped

Predicate = Callable[[Record], bool]
_Range = tuple[Any, Any]

_KIND_OF_TYPE = dict.fromkeys(NUMBER_TYPES, "number") | dict.fromkeys(TEXT_TYPES | ID_TYPES, "string")
_KIND_OF_TYPE |= {"boolean": "boolean", "datetime": "datetime", "date": "date"}
_MAX_DAYS = 36_500


class Conditions:
    """Turns the conditions of one query into a predicate, refusing what cannot be compared."""

    def __init__(self, query: Query, *, binder: Binder, database: Database, now: datetime) -> None:
        self._query = query
        self._binder = binder
        self._database = database
        self._now = now

    def predicate(self, condition: Condition) -> Predicate:
        """Whether a record meets the condition."""
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        parts = [self.predicate(part) for part in condition.parts]
        if condition.word == "NOT":
            return lambda record: not parts[0](record)
        if condition.word == "AND":
            return lambda record: all(part(record) for part in parts)
        return lambda record: any(part(record) for part in parts)

    def indexed_values(self, condition: Condition | None) -> tuple[str, list[Any]] | None:
        """A field with an index and the only values it can have if the condition holds, or None."""
        if isinstance(condition, Junction) and condition.word == "AND":
            found = (self.indexed_values(part) for part in condition.parts)
            return next((one for one in found if one is not None), None)
        if not isinstance(condition, Comparison) or condition.operator not in ("=", "IN"):
            return None
        path = self._binder.bind(condition.path)
        if path.lookups or not path.field.indexed or any(value.value is None for value in condition.values):
            return None
        low_values = [self._range(path.field, value)[0] for value in condition.values]
        return None if None in low_values else (path.field.name, low_values)

    def _comparison(self, comparison: Comparison) -> Predicate:
        path = self._binder.bind(comparison.path)
        if not path.field.filterable:
            self._binder.refuse(f"field '{path.field.name}' can not be filtered in a query call", comparison.path)
        value_in = self._reader(path)
        operator = comparison.operator
        if operator == "LIKE":
            return self._like(path.field, comparison.values[0], value_in)
        if path.field.type == "boolean" and operator in ("<", "<=", ">", ">="):
            self._binder.refuse(f"invalid operator on {path.field.type} field", comparison.path)
        ranges = [self._range(path.field, value) for value in comparison.values]
        if operator in ("=", "IN"):
            return lambda record: _is_in(value_in(record), ranges)
        if operator in ("!=", "NOT IN"):
            return lambda record: not _is_in(value_in(record), ranges)
        return _ordered(operator, ranges[0], value_in)

    def _reader(self, path: BoundPath) -> Callable[[Record], Any]:
        """Reads the value in a comparable form: text without case."""
        is_text = path.field.type in TEXT_TYPES

        def read(record: Record) -> Any:
            value = path.value_in(record, self._database) if path.lookups else path.field.value_in(record)
            return value.lower() if is_text and isinstance(value, str) else value

        return read

    def _like(self, field: Field, value: Value, value_in: Callable[[Record], Any]) -> Predicate:
        if field.type not in TEXT_TYPES:
            raise SalesforceError(
                400, "INVALID_QUERY_FILTER_OPERATOR", self._pointing(value, f"invalid operator on {field.type} field")
            )
        if value.kind != "string":
            raise self._wrong_kind(field, value)
        pattern = like_pattern(value.value)

        def matches(record: Record) -> bool:
            found = value_in(record)
            return isinstance(found, str) and pattern.fullmatch(found) is not None

        return matches

    def _range(self, field: Field, value: Value) -> _Range:
        """What equals the value, as a first and last: a day is a range of moments, anything else is itself twice."""
        if value.kind == "null":
            return None, None
        if value.kind == "day" and field.type in ("date", "datetime"):
            return self._days(field, value)
        if value.kind != _KIND_OF_TYPE[field.type]:
            raise self._wrong_kind(field, value)
        if field.type in ID_TYPES:
            wanted: Any = self._id(value)
        elif value.kind == "string":
            wanted = unescaped(value.value).lower() or None
        elif value.kind in ("datetime", "date"):
            wanted = self._moment(value)
        else:
            wanted = value.value
        return wanted, wanted

    def _id(self, value: Value) -> str | None:
        text = unescaped(value.value)
        if text and not is_wellformed(text):
            message = self._pointing(value, f"invalid ID field: {text}")
            raise SalesforceError(400, "INVALID_QUERY_FILTER_OPERATOR", message)
        return to_18(text) if text else None

    def _moment(self, value: Value) -> datetime | date:
        try:
            return parse_datetime(value.value) if value.kind == "datetime" else date.fromisoformat(value.value)
        except ValueError as error:
            raise InvalidField(self._pointing(value, f"invalid {value.kind}: {value.value}")) from error

    def _days(self, field: Field, value: Value) -> _Range:
        word, _, number = value.value.partition(":")
        if bool(number) != (word in ("LAST_N_DAYS", "NEXT_N_DAYS")) or len(number) > 9 or int(number or 0) > _MAX_DAYS:
            raise InvalidField(self._pointing(value, f"invalid date literal: {value.value}"))
        count = int(number or 0)
        first, last = {
            "TODAY": (0, 0),
            "YESTERDAY": (-1, -1),
            "TOMORROW": (1, 1),
            "LAST_N_DAYS": (-count, 0),
            "NEXT_N_DAYS": (1, count),
        }[word]
        today = self._now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        begin, end = today + timedelta(days=first), today + timedelta(days=last)
        if field.type == "date":
            return begin.date(), end.date()
        return begin, end + timedelta(days=1, microseconds=-1)

    def _wrong_kind(self, field: Field, value: Value) -> InvalidField:
        if _KIND_OF_TYPE[field.type] == "string":
            rule = "must be of type string and should be enclosed in quotes"
        else:
            shown = {"datetime": "dateTime"}.get(field.type, field.type)
            rule = f"must be of type {shown} and should not be enclosed in quotes"
        return InvalidField(self._pointing(value, f"value of filter criterion for field '{field.name}' {rule}"))

    def _pointing(self, value: Value, message: str) -> str:
        return pointing_at(self._query.text, value.position, message)


def _is_in(value: Any, ranges: list[_Range]) -> bool:
    if value is None:
        return (None, None) in ranges
    return any(first is not None and first <= value <= last for first, last in ranges)


def _ordered(operator: str, wanted: _Range, value_in: Callable[[Record], Any]) -> Predicate:
    first, last = wanted

    def holds(record: Record) -> bool:
        value = value_in(record)
        if value is None or first is None:
            return False
        match operator:
            case "<":
                return bool(value < first)
            case "<=":
                return bool(value <= last)
            case ">":
                return bool(value > last)
            case _:
                return bool(value >= first)

    return holds
