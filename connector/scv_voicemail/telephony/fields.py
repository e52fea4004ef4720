"""What the vendor refuses in a field, refused before anything is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from scv_voicemail.errors import Rejected

MAX_TEXT_LENGTH = 255
MAX_INT32 = 2**31 - 1
EARLIEST_EPOCH_MS = 10**11
"""March 1973. A smaller number is a time in seconds, as some of the vendor's own samples have it."""
LATEST_EPOCH_MS = 10**14
"""The year 5138. A larger number is in microseconds or has a digit too many."""

_VOICE_CALL_ID = re.compile(r"0LQ[A-Za-z0-9]{12}(?:[A-Z0-5]{3})?")


def refused(field: str, expected: str) -> Rejected:
    """The error for a field that must not be sent; it names the field and the rule, never the value."""
    return Rejected(f"{field} must be {expected}; nothing was sent", service="telephony")


def check_text(field: str, value: str, *, max_length: int = MAX_TEXT_LENGTH) -> None:
    """Accept text that has something in it, is not too long, and is valid Unicode."""
    if not isinstance(value, str) or not value.strip() or len(value) > max_length:
        raise refused(field, f"a text of 1 to {max_length:,} characters")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise refused(field, "valid Unicode, without lone surrogates") from None


def check_optional_text(field: str, value: str | None, *, max_length: int = MAX_TEXT_LENGTH) -> None:
    """Accept None, or what `check_text` accepts."""
    if value is not None:
        check_text(field, value, max_length=max_length)


def check_enum(field: str, value: str | None, choices: type[StrEnum]) -> None:
    """Accept None or one of the vendor's words, in the vendor's spelling."""
    if value is not None and value not in [choice.value for choice in choices]:
        raise refused(field, f"one of {', '.join(choice.value for choice in choices)}")


def check_count(field: str, value: int | None) -> None:
    """Accept None or a whole number that fits the vendor's int32 and is not negative."""
    if value is not None and (not _is_int(value) or not 0 <= value <= MAX_INT32):
        raise refused(field, "a whole number, not negative")


def check_epoch_ms(field: str, value: int) -> None:
    """Accept milliseconds since 1970; refuse what is plainly seconds or microseconds."""
    if not _is_int(value) or not EARLIEST_EPOCH_MS <= value <= LATEST_EPOCH_MS:
        raise refused(field, "milliseconds since 1970 (UTC), not seconds or microseconds")


def check_moment(field: str, value: datetime | None) -> None:
    """Accept None or a datetime with a time zone."""
    if value is not None and (not isinstance(value, datetime) or value.utcoffset() is None):
        raise refused(field, "a datetime with a time zone")


def check_json_object(field: str, value: Mapping[str, Any] | None) -> None:
    """Accept None or a mapping from names to JSON values."""
    if value is None:
        return
    if not isinstance(value, Mapping) or not all(isinstance(name, str) and name for name in value):
        raise refused(field, "a mapping from names to values")
    try:
        as_json_string(value).encode("utf-8")
    except (TypeError, ValueError):
        raise refused(field, "made of JSON values: text, numbers, true, false, null") from None


def check_vendor_call_key(value: str) -> None:
    """Accept the vendor's key of the first call; a Salesforce id is not taken here (guide, chapter 3)."""
    check_text("vendorCallKey", value)
    if _VOICE_CALL_ID.fullmatch(value):
        raise refused("vendorCallKey", "the telephony system's own key of the first call, not a Salesforce voiceCallId")


def as_json_string(value: Mapping[str, Any]) -> str:
    """A mapping as the JSON text that `callAttributes` wants."""
    return json.dumps(dict(value), ensure_ascii=False, allow_nan=False)


def as_iso_utc(moment: datetime | None) -> str | None:
    """A moment as ISO 8601 in UTC with milliseconds and Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
