"""Reads the fields of a request body; what is missing or malformed is refused by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scv_emulator.json_bodies import parse_json
from scv_emulator.telephony.errors import invalid

_INT32 = 2**31 - 1
_LATEST_MS = 253_402_300_799_999


@dataclass(frozen=True, slots=True)
class Body:
    """The fields of a JSON object; unknown ones are never looked at."""

    data: dict[str, Any]

    @classmethod
    def parse(cls, raw: bytes) -> Body:
        """The body of a request; none at all counts as `{}`, because official clients send it so."""
        if not raw.strip() or raw.strip() == b"null":
            return cls({})
        try:
            data = parse_json(raw)
        except ValueError as error:
            raise invalid("The request body is not valid JSON") from error
        if not isinstance(data, dict):
            raise invalid("The request body must be a JSON object")
        return cls(data)

    def has(self, name: str) -> bool:
        """True when the field is there and not null."""
        return self.data.get(name) is not None

    def text(self, name: str, *, longest: int = 255) -> str | None:
        """A text, or None; numbers are taken as text."""
        value = self.data.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise invalid(f"{name} must be a string")
        if len(str(value)) > longest:
            raise invalid(f"{name} must not be longer than {longest} characters")
        return str(value)

    def required_text(self, name: str, *, longest: int = 255) -> str:
        """A text that must be there."""
        value = self.text(name, longest=longest)
        if value is None:
            raise invalid(f"{name} is required")
        return value

    def one_of(self, name: str, choices: Iterable[str]) -> str | None:
        """One of these words, in whatever case it was written, or None."""
        value, known = self.text(name), list(choices)
        if value is None:
            return None
        found = next((one for one in known if one.lower() == value.lower()), None)
        if found is None:
            raise invalid(f"{name} must be one of {', '.join(known)}")
        return found

    def moment(self, name: str) -> datetime | None:
        """An ISO 8601 time in UTC, or None; without an offset it is read as UTC, as the guide defines these fields."""
        value = self.text(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value.strip())
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise invalid(f"{name} must be a date and time in UTC, for example 2019-07-02T17:32:28Z") from error
        if "T" not in value.upper() or not 1970 <= moment.year <= 9998:
            raise invalid(f"{name} must be a date and time in UTC, for example 2019-07-02T17:32:28Z")
        return moment

    def count(self, name: str) -> int | None:
        """A whole number that is not negative, or None."""
        value = self.data.get(name)
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 10:
            value = int(value)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _INT32:
            raise invalid(f"{name} must be a whole number of at least 0")
        return value

    def milliseconds(self, name: str) -> int:
        """Milliseconds since 1970; required."""
        value = self.data.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LATEST_MS:
            raise invalid(f"{name} is required and must be milliseconds since the Unix epoch")
        return value

    def flag(self, name: str) -> bool:
        """True or false; false when it is missing, the vendor's default."""
        value = self.data.get(name)
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            value = value.lower() == "true"
        if value is not None and not isinstance(value, bool):
            raise invalid(f"{name} must be true or false")
        return bool(value)

    def objects(self, name: str) -> list[Body]:
        """A list of objects; required and not empty."""
        value = self.data.get(name)
        if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
            raise invalid(f"{name} is required and must be an array of objects")
        return [Body(one) for one in value]

    def mapping(self, name: str) -> dict[str, Any]:
        """An object, or the same as JSON in a string: the guide's tables and its examples differ."""
        value = self.data.get(name)
        if isinstance(value, str) and value.strip():
            try:
                value = parse_json(value.encode("utf-8", "surrogatepass"))
            except ValueError as error:
                raise invalid(f"{name} must be a JSON object in a string") from error
        if not value:
            return {}
        if not isinstance(value, dict):
            raise invalid(f"{name} must be a JSON object in a string")
        return value
