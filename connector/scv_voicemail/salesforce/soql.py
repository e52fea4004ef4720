"""Puts values into SOQL safely: named parameters, rendered as SOQL literals. Source: SOQL and SOSL Reference."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

_ESCAPES = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_QUOTED_OR_PARAMETER = re.compile(r"(?P<quoted>'(?:[^'\\]|\\.)*')|(?P<stray>')|:(?P<name>[A-Za-z_]\w*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class StartsWith:
    """A pattern for LIKE: text that begins with exactly this, where % and _ are only letters."""

    text: str


def bind(soql: str, /, **parameters: object) -> str:
    """The query with each `:name` replaced by its value as a literal.

        bind("SELECT Id FROM VoiceCall WHERE VendorCallKey = :key AND CreatedDate > :since", key=key, since=yesterday)

    Values are text, numbers, booleans, None, dates, datetimes with a time zone, `StartsWith`, or a list of those for
    IN. Only values are bound, never names of objects and fields. Raises ValueError when a parameter is missing, unknown
    or has no literal.
    """
    used: set[str] = set()

    def replace(found: re.Match[str]) -> str:
        if found["stray"]:
            raise ValueError("the SOQL has a quote that is not closed")
        if found["quoted"]:
            return found["quoted"]
        name = found["name"]
        if name not in parameters:
            raise ValueError(f"the SOQL parameter :{name} has no value")
        used.add(name)
        return literal(parameters[name], name=name)

    bound = _QUOTED_OR_PARAMETER.sub(replace, soql)
    unknown = sorted(parameters.keys() - used)
    if unknown:
        raise ValueError(f"the SOQL has no parameter :{', :'.join(unknown)}")
    return bound


def literal(value: object, *, name: str) -> str:
    """One value as a SOQL literal, or for a list, the parenthesised literals that IN wants."""
    if isinstance(value, list | tuple | set | frozenset):
        if not value:
            raise ValueError(f"the SOQL parameter :{name} is an empty list, which SOQL cannot say")
        return f"({', '.join(_scalar(part, name=name) for part in value)})"
    return _scalar(value, name=name)


def _scalar(value: object, *, name: str) -> str:  # noqa: PLR0911 - one line per kind of value is how it reads best
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{_escaped(value)}'"
        case StartsWith():
            return f"'{_escaped(value.text).replace('%', chr(92) + '%').replace('_', chr(92) + '_')}%'"
        case int():
            return str(int(value))
        case float() | Decimal():
            return _number(value, name=name)
        case datetime():
            if value.utcoffset() is None:
                raise ValueError(f"the SOQL parameter :{name} is a datetime without a time zone")
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case _:
            raise ValueError(f"the SOQL parameter :{name} is a {type(value).__name__}, which has no SOQL literal")


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def _number(value: float | Decimal, *, name: str) -> str:
    number = Decimal(repr(value)) if isinstance(value, float) else value
    if not number.is_finite():
        raise ValueError(f"the SOQL parameter :{name} is not a finite number")
    return format(number, "f")  # SOQL has no exponents
