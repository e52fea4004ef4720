"""What an org says about an object (describe), and how a value is made to fit into a field of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from scv_voicemail.delivery.record_facts import Whole, as_json, as_text

ELLIPSIS = "…"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})
UNCUTTABLE = frozenset({"url", "email", "reference", "id", "picklist", "multipicklist", "combobox"})
_TRUE, _FALSE = frozenset({"true", "yes", "1", "on"}), frozenset({"false", "no", "0", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShape:
    """One field, as the integration user sees it."""

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    createable: bool = True
    updateable: bool = True
    restricted: bool = False
    values: frozenset[str] = frozenset()
    reference_to: tuple[str, ...] = ()
    unique: bool = False
    external_id: bool = False

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> FieldShape:
        """A field of a describe result."""
        return cls(
            name=str(described["name"]),
            type=str(described.get("type") or "string").lower(),
            length=int(described.get("length") or 0),
            precision=int(described.get("precision") or 0),
            scale=int(described.get("scale") or 0),
            createable=bool(described.get("createable")),
            updateable=bool(described.get("updateable")),
            restricted=bool(described.get("restrictedPicklist")),
            values=frozenset(
                str(one["value"]) for one in described.get("picklistValues") or () if one.get("active", True)
            ),
            reference_to=tuple(described.get("referenceTo") or ()),
            unique=bool(described.get("unique")),
            external_id=bool(described.get("externalId")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One object, as the integration user sees it. Field names are matched in any case, as Salesforce does."""

    name: str
    read_at: datetime
    fields: Mapping[str, FieldShape]
    createable: bool = True
    updateable: bool = True

    @classmethod
    def of(cls, described: Mapping[str, Any], *, read_at: datetime) -> Shape:
        """A describe result."""
        fields = [FieldShape.of(one) for one in described.get("fields") or ()]
        return cls(
            name=str(described["name"]),
            read_at=read_at,
            fields={one.name.lower(): one for one in fields},
            createable=bool(described.get("createable")),
            updateable=bool(described.get("updateable")),
        )

    def field(self, name: str) -> FieldShape | None:
        """The field of that API name."""
        return self.fields.get(name.lower())


@dataclass(slots=True)
class Fitted:
    """Values that Salesforce will take, and what had to be done for it."""

    object_name: str
    values: dict[str, Any] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def note(self) -> str:
        """Which texts were cut."""
        return f"cut to fit: {', '.join(self.cut)}" if self.cut else ""

    @property
    def warning(self) -> str:
        """Which fields were left out, and why."""
        return "; ".join(f"{self.object_name}.{name} left out: {why}" for name, why in self.left_out.items())


def fit(shape: Shape, values: Mapping[str, Any], *, creating: bool = True) -> Fitted:
    """The values in the types and lengths of their fields; what no field takes is left out, with the reason."""
    fitted = Fitted(shape.name)
    for name, value in values.items():
        one = shape.field(name)
        why = _locked(shape, one, creating=creating)
        if one is None or why:
            fitted.left_out[name] = why
            continue
        try:
            made = _typed(one, value)
            if isinstance(made, str):
                made, was_cut = _cut(one, value, made)
                fitted.cut += [one.name] if was_cut else []
        except ValueError as error:
            fitted.left_out[one.name] = str(error)
            continue
        fitted.values[one.name] = made
    return fitted


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to Salesforce, whatever JSON makes of them."""
    return bool(_plain(one) == _plain(other))


def _locked(shape: Shape, one: FieldShape | None, *, creating: bool) -> str:
    if one is None:
        return f"{shape.name} has no such field, or the integration user may not see it"
    if not (one.createable if creating else one.updateable):
        return "the integration user may not write it"
    return ""


def _typed(one: FieldShape, value: Any) -> Any:
    if one.type == "boolean":
        return _boolean(value)
    if one.type in NUMBERS:
        return _number(one, value)
    if one.type == "datetime":
        return _moment(value)
    if one.type == "date":
        return value if isinstance(value, date) and not isinstance(value, datetime) else _moment(value).date()
    text = as_text(value)
    if one.type == "picklist" and one.restricted and text not in one.values:
        raise ValueError(f"the picklist has no value {text!r}")
    return text


def _boolean(value: Any) -> bool:
    text = as_text(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ValueError("it is neither true nor false")
    return text in _TRUE


def _number(one: FieldShape, value: Any) -> int | float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError("it is no number") from None
    if not math.isfinite(number) or (one.precision and abs(number) >= 10 ** (one.precision - one.scale)):
        raise ValueError("the number is too large for the field")
    return round(number) if one.type in ("int", "long") or number.is_integer() else number


def _moment(value: Any) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("it is no date and time in ISO 8601") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _cut(one: FieldShape, value: Any, text: str) -> tuple[str, bool]:
    """The text within the field's length; lists and mappings lose their last entries, so that they stay JSON."""
    if not one.length or _units(text) <= one.length:
        return text, False
    if isinstance(value, list | dict):
        return _json_within(value, one.length), True
    if isinstance(value, Whole) or one.type in UNCUTTABLE:
        raise ValueError(f"it is longer than {one.length} characters and of no use when cut")
    kept = text[: one.length - 1]
    while _units(kept) > one.length - 1:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS, True


def _json_within(value: list[Any] | dict[str, Any], length: int) -> str:
    def first(count: int) -> str:
        return as_json(value[:count] if isinstance(value, list) else dict(list(value.items())[:count]))

    fitting, too_many = 0, len(value)
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        fitting, too_many = (middle, too_many) if _units(first(middle)) <= length else (fitting, middle)
    return first(fitting)


def _units(text: str) -> int:
    """A length that Salesforce never finds longer: rare characters count twice, and so do line breaks."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + text.count("\n")


def _plain(value: Any) -> Any:
    """Numbers without their kind, moments in UTC to the second, texts without what Salesforce trims."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        moment = _moment_in(value)
        value = moment or " ".join(value.split()) or None
    return value.astimezone(UTC).replace(microsecond=0) if isinstance(value, datetime) else value


def _moment_in(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if _MOMENT.match(text) else None
    except ValueError:
        return None
