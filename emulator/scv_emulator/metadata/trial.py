"""What a component's handler works on: the org as it is while a deploy is being tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scv_emulator.flows import Registry
from scv_emulator.metadata.component import Component, Problem
from scv_emulator.metadata.xml_tree import Element
from scv_emulator.salesforce.records import Database, Record
from scv_emulator.salesforce.schema import Schema, SObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A component that is in the org. Names and dates are those that listMetadata gives."""

    type: str
    full_name: str
    file_name: str
    id: str
    created: datetime
    modified: datetime
    modified_by: str
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Trial:
    """One deploy being carried out. What it changes is kept or undone by whoever made it.

    `in_package` are the components of the deploy, by type and full name; `flows` the flows of the org.
    """

    database: Database
    stored: dict[tuple[str, str], Stored]
    in_package: Mapping[tuple[str, str], Component]
    flows: Registry
    new_id: Callable[[str], str]

    @property
    def schema(self) -> Schema:
        """The objects and fields of the org, with those that were deployed so far."""
        return self.database.schema

    def has(self, kind: str, full_name: str) -> bool:
        """Whether a component is in the org or was deployed so far."""
        return (kind, full_name) in self.stored

    def require(self, kind: str, full_name: str, element: Element, field_name: str = "") -> None:
        """Refuse a reference to a component that is not there, in the vendor's words."""
        if not self.has(kind, full_name):
            raise not_found(kind, full_name, element, field_name)

    def require_object(self, name: str, element: Element, field_name: str = "") -> SObject:
        """The object that a reference names."""
        if not self.schema.has(name):
            raise not_found("CustomObject", name, element, field_name)
        return self.schema.sobject(name)

    def require_field(self, object_name: str, name: str, element: Element, field_name: str = "field") -> None:
        """Refuse a reference to a field that is not there."""
        sobject = self.require_object(object_name, element, field_name)
        if sobject.field(name) is None:
            raise not_found("CustomField", f"{object_name}.{name}", element, field_name)

    def new_prefix(self, letter: str) -> str:
        """A key prefix for a new object: `a00`, `a01`, …"""
        used = {one.key_prefix for one in self.schema}
        return next(one for number in range(1000) if (one := f"{letter}{number:02d}") not in used)

    def put(self, object_name: str, key: Record, fields: Record) -> str:
        """Create the setup record with this key, or change it; its id."""
        found = self.database.first(object_name, **key)
        if found is None:
            return self.database.insert(object_name, key | fields, by_system=True)
        self.database.update(object_name, found["Id"], fields, by_system=True)
        return str(found["Id"])

    def delete_all(self, object_name: str, **key: object) -> None:
        """Delete the setup records with this key."""
        for record in self.database.find(object_name, **key):
            self.database.delete(object_name, record["Id"])


Handler = Callable[[Component, Trial], str]
"""Puts one component into the org; gives the id of its record, or an empty text. Raises `Problem`."""


def not_found(kind: str, full_name: str, element: Element, field_name: str = "") -> Problem:
    """The sentence about a reference that leads nowhere."""
    return Problem(f"In field: {field_name or element.name} - no {kind} named {full_name} found", element)
