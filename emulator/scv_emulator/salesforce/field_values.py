"""What a client may write into a field, and the form in which it is kept and sent back."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NoReturn

from scv_emulator.ids import is_wellformed, to_18
from scv_emulator.salesforce.errors import SalesforceError
from scv_emulator.salesforce.schema import ID_TYPES, NUMBER_TYPES, Field

_DATETIME = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SMALLEST_INT, _LARGEST_INT = -(2**31), 2**31 - 1


def parse_datetime(text: str) -> datetime:
    """A moment in UTC from ISO 8601 with `Z`, `+hh:mm`, `+hhmm` or no zone (then UTC); raises ValueError."""
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise ValueError(f"not a date and time: {text}")
    day, clock, fraction, zone = match.groups()
    micros = f".{fraction[:6].ljust(6, '0')}" if fraction else ""
    seconds = clock if clock.count(":") == 2 else f"{clock}:00"
    offset = "+00:00" if zone in (None, "Z", "z") else zone
    try:
        return datetime.fromisoformat(f"{day}T{seconds}{micros}{offset}").astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"out of range: {text}") from error


def format_datetime(moment: datetime) -> str:
    """A moment as the REST API writes it: `2026-11-20T10:00:00.000+0000`."""
    return f"{moment.astimezone(UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}+0000"


def to_json(value: Any) -> Any:
    """A stored value as the REST API sends it."""
    if isinstance(value, datetime):
        return format_datetime(value)
    return value.isoformat() if isinstance(value, date) else value


def accepted(field: Field, value: Any, *, object_of: Callable[[str], str | None]) -> Any:
    """The value as it is kept, or a refusal in the vendor's words.

    `object_of` gives the object of a record that exists, or None.
    """
    if value is None or value == "":
        return field.default if field.type == "boolean" else None
    if field.type in ID_TYPES:
        return _accepted_reference(field, value, object_of)
    if field.type in NUMBER_TYPES:
        return _accepted_number(field, value)
    accept: Callable[[Field, Any], Any] = _ACCEPTED.get(field.type, _accepted_text)
    return accept(field, value)


def _accepted_text(field: Field, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        _refuse_type(field, value)
    text = str(value).strip()
    if len(text) > field.max_length:
        raise SalesforceError(
            400,
            "STRING_TOO_LONG",
            f"{field.display_label}: data value too large: {text[:100]} (max length={field.max_length})",
            (field.name,),
        )
    if field.restricted and text and text not in field.values:
        raise SalesforceError(
            400,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.display_label}: bad value for restricted picklist field: {text}",
            (field.name,),
        )
    if field.type == "email" and text and not _EMAIL.fullmatch(text):
        message = f"{field.display_label}: invalid email address: {text}"
        raise SalesforceError(400, "INVALID_EMAIL_ADDRESS", message, (field.name,))
    return text or None


def _accepted_number(field: Field, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse_type(field, value)
    if not math.isfinite(value) or (field.type == "int" and value != int(value)):
        _refuse_type(field, value)
    if field.type != "int":
        return _accepted_double(field, float(value))
    if not _SMALLEST_INT <= value <= _LARGEST_INT:
        message = f"{field.display_label}: value outside of valid range on numeric field: {value}"
        raise SalesforceError(400, "NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))
    return int(value)


def _accepted_double(field: Field, value: float) -> float:
    if not field.precision:
        return value
    rounded = round(value, field.scale)
    if abs(rounded) >= 10 ** (field.precision - field.scale):
        message = f"{field.display_label}: value outside of valid range on numeric field: {value}"
        raise SalesforceError(400, "NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))
    return rounded


def _accepted_boolean(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        _refuse_type(field, value)
    return value


def _accepted_moment(field: Field, value: Any) -> datetime:
    if not isinstance(value, str):
        _refuse_type(field, value)
    try:
        return parse_datetime(value)
    except ValueError:
        _refuse_type(field, value)


def _accepted_day(field: Field, value: Any) -> date:
    if not isinstance(value, str):
        _refuse_type(field, value)
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        _refuse_type(field, value)


def _accepted_reference(field: Field, value: Any, object_of: Callable[[str], str | None]) -> str:
    if not isinstance(value, str):
        return _refuse_type(field, value)
    wrong = f"{field.display_label}: id value of incorrect type: {value}"
    if not is_wellformed(value):
        raise SalesforceError(400, "MALFORMED_ID", wrong, (field.name,))
    record_id = to_18(value)
    target = object_of(record_id)
    if target is None:
        raise SalesforceError(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (field.name,))
    if target not in field.reference_to:
        raise SalesforceError(400, "FIELD_INTEGRITY_EXCEPTION", wrong, (field.name,))
    return record_id


def _refuse_type(field: Field, value: Any) -> NoReturn:
    names = {str: "VALUE_STRING", bool: f"VALUE_{str(value).upper()}", int: "VALUE_NUMBER_INT"}
    names |= {float: "VALUE_NUMBER_FLOAT", dict: "START_OBJECT", list: "START_ARRAY"}
    raise SalesforceError(
        400,
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from {names[type(value)]} value {str(value)[:100]} or request "
        f"may be missing a required field [{field.name}]",
    )


_ACCEPTED: dict[str, Callable[[Field, Any], Any]] = {
    "boolean": _accepted_boolean,
    "datetime": _accepted_moment,
    "date": _accepted_day,
}
