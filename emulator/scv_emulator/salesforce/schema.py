"""Which objects and fields the org has, and what may be done with each field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from scv_emulator.salesforce.vendor_names import unknown_object

FieldType = Literal[
    "id",
    "string",
    "textarea",
    "phone",
    "email",
    "url",
    "picklist",
    "reference",
    "boolean",
    "int",
    "double",
    "percent",
    "currency",
    "date",
    "datetime",
]
Access = Literal["r", "c", "u", "cu"]

TEXT_TYPES = frozenset({"string", "textarea", "phone", "email", "url", "picklist"})
ID_TYPES = frozenset({"id", "reference"})
NUMBER_TYPES = frozenset({"int", "double", "percent", "currency"})

_DEFAULT_LENGTHS = {"string": 255, "textarea": 255, "phone": 40, "email": 80, "url": 255, "picklist": 255}
_ID_LENGTH = 18
_LONGEST_FILTERABLE_TEXTAREA = 255


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its API name, its type and what the API lets a client do with it.

    `access` names what a client may do besides reading: create ("c"), update ("u"), both, or nothing ("r").
    `autonumber` is a display format such as `VC-{00000000}`. `relationship` is the name of the parent in a query.
    `precision` and `scale` bound a number; a precision of 0 does not. `case_sensitive` is about a unique value.
    `formula` calculates the value of a field that is not stored.
    """

    name: str
    type: FieldType
    access: Access = "cu"
    label: str = ""
    length: int = 0
    required: bool = False
    nillable: bool = True
    values: tuple[str, ...] = ()
    restricted: bool = False
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    default: Any = None
    autonumber: str = ""
    reference_to: tuple[str, ...] = ()
    relationship: str = ""
    precision: int = 0
    scale: int = 0
    case_sensitive: bool = False
    help_text: str = ""
    formula: Callable[[dict[str, Any]], Any] | None = None

    @property
    def createable(self) -> bool:
        """Whether a client may give a value when it creates a record."""
        return "c" in self.access

    @property
    def updateable(self) -> bool:
        """Whether a client may change the value."""
        return "u" in self.access

    @property
    def custom(self) -> bool:
        """Whether this field was added by the customer or a package."""
        return self.name.endswith("__c")

    @property
    def max_length(self) -> int:
        """How many characters fit; 0 where length means nothing."""
        return _ID_LENGTH if self.type in ID_TYPES else self.length or _DEFAULT_LENGTHS.get(self.type, 0)

    @property
    def filterable(self) -> bool:
        """Whether a query may compare with it; long text areas cannot be filtered."""
        return not (self.type == "textarea" and self.max_length > _LONGEST_FILTERABLE_TEXTAREA)

    @property
    def indexed(self) -> bool:
        """Whether the database keeps an index, so that looking a record up by this value is quick."""
        return self.unique or self.external_id or self.id_lookup or self.type == "reference"

    def value_in(self, record: dict[str, Any]) -> Any:
        """The value for one record, calculated where it is not stored."""
        return self.formula(record) if self.formula else record.get(self.name)

    @property
    def display_label(self) -> str:
        """The label, or the API name in words when none was given."""
        if self.label:
            return self.label
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.name.removesuffix("__c")).replace("_", " ")
        return words.removesuffix(" Id") + " ID" if self.type == "reference" else words


def reference(name: str, *targets: str, access: Access = "cu", relationship: str = "", required: bool = False) -> Field:
    """A lookup field; the relationship is the field's name without `Id` (or with `__r`) unless it is given."""
    parent = name.removesuffix("__c") + "__r" if name.endswith("__c") else name.removesuffix("Id")
    return Field(
        name, "reference", access, reference_to=targets, relationship=relationship or parent, required=required
    )


def _system_fields() -> tuple[Field, ...]:
    return (
        Field("Id", "id", "r", nillable=False, id_lookup=True, label="Record ID"),
        Field("IsDeleted", "boolean", "r", nillable=False, default=False, label="Deleted"),
        Field("CreatedDate", "datetime", "r", nillable=False),
        reference("CreatedById", "User", access="r"),
        Field("LastModifiedDate", "datetime", "r", nillable=False),
        reference("LastModifiedById", "User", access="r"),
        Field("SystemModstamp", "datetime", "r", nillable=False),
    )


Rule = Callable[[dict[str, Any], dict[str, Any] | None], None]
"""A validation rule: given a record as it would be saved and as it was (None when it is new), raises or does not."""


@dataclass(slots=True)
class SObject:
    """One object: its API name, label, key prefix (the first three characters of its ids) and fields.

    What cannot be done with its records through the API is said by the four flags. A client's permissions may take more
    away, see `scv_emulator.salesforce.permissions`.
    """

    name: str
    label: str
    key_prefix: str
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    queryable: bool = True
    rules: dict[str, Rule] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    _by_lower_name: dict[str, Field] = field(default_factory=dict)
    _by_relationship: dict[str, Field] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, key_prefix: str, fields: Iterable[Field], *, label: str = "", **flags: bool) -> SObject:
        """An object with the system fields that every object has, and these."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("__c"))
        made = cls(name, label or words, key_prefix)
        for flag, value in flags.items():
            setattr(made, flag, value)
        for one in (*_system_fields(), *fields):
            made.add(one)
        return made

    def copy(self, fields: Iterable[Field] | None = None, **flags: bool) -> SObject:
        """The same object, to be changed on its own; with other fields or flags if they are given."""
        made = SObject(self.name, self.label, self.key_prefix)
        for flag in ("createable", "updateable", "deletable", "queryable"):
            setattr(made, flag, flags.get(flag, getattr(self, flag)))
        made.rules = dict(self.rules)
        for one in self.fields.values() if fields is None else fields:
            made.add(one)
        return made

    def remove(self, name: str) -> None:
        """Take a field away."""
        gone = self.fields.pop(name)
        del self._by_lower_name[name.lower()]
        self._by_relationship.pop(gone.relationship.lower(), None)

    def add(self, new: Field) -> None:
        """Add a field, or replace the one of that name."""
        self.fields[new.name] = new
        self._by_lower_name[new.name.lower()] = new
        if new.relationship:
            self._by_relationship[new.relationship.lower()] = new

    def field(self, name: str) -> Field | None:
        """The field of that API name, in any case."""
        return self._by_lower_name.get(name.lower())

    def parent(self, relationship: str) -> Field | None:
        """The lookup field behind a relationship name such as `Owner`, in any case."""
        return self._by_relationship.get(relationship.lower())


class Schema:
    """All objects of the org. A deploy extends it while the org runs."""

    def __init__(self, objects: Iterable[SObject] = ()) -> None:
        self._by_name: dict[str, SObject] = {}
        self._by_lower_name: dict[str, SObject] = {}
        self._by_prefix: dict[str, SObject] = {}
        for one in objects:
            self.add_object(one)

    def __iter__(self) -> Iterator[SObject]:
        return iter(self._by_name.values())

    def copy(self) -> Schema:
        """The same objects, to be extended on their own."""
        return Schema(one.copy() for one in self)

    def add_object(self, new: SObject) -> None:
        """Add an object; its name and key prefix must be new."""
        if new.name.lower() in self._by_lower_name or new.key_prefix in self._by_prefix:
            raise ValueError(f"the org already has an object {new.name} or one with the key prefix {new.key_prefix}")
        self._by_name[new.name] = new
        self._by_lower_name[new.name.lower()] = new
        self._by_prefix[new.key_prefix] = new

    def remove_object(self, name: str) -> None:
        """Take an object away."""
        gone = self._by_name.pop(name)
        del self._by_lower_name[name.lower()], self._by_prefix[gone.key_prefix]

    def add_field(self, object_name: str, new: Field) -> None:
        """Add a field to an object, or replace the one of that name."""
        self.sobject(object_name).add(new)

    def sobject(self, name: str) -> SObject:
        """The object of that API name, in any case; raises `InvalidType`, or a 501 for one that is not emulated."""
        found = self._by_name.get(name) or self._by_lower_name.get(name.lower())
        if found is None:
            raise unknown_object(name)
        return found

    def has(self, name: str) -> bool:
        """Whether the org has such an object."""
        return name.lower() in self._by_lower_name

    def of_id(self, record_id: str) -> SObject | None:
        """The object that an id belongs to, judged by its key prefix."""
        return self._by_prefix.get(record_id[:3])
