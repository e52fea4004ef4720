"""From the fields that a query names to their values, through parents as in `Contact.Account.Name`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from scv_emulator.salesforce.errors import InvalidField
from scv_emulator.salesforce.field_values import to_json
from scv_emulator.salesforce.records import Database, Record
from scv_emulator.salesforce.schema import Field, Schema, SObject
from scv_emulator.salesforce.soql_terms import Path, Query
from scv_emulator.salesforce.soql_tokens import pointing_at
from scv_emulator.salesforce.vendor_names import not_emulated_field

_MAX_PARENTS = 5
_TYPE_OF_PARENT = Field("Type", "picklist", "r", length=40)


@dataclass(frozen=True, slots=True)
class BoundPath:
    """A field that exists: the lookups on the way to it, and the field itself.

    `type_of_parent` marks the `Type` of a parent that may be of several objects: `User`, `Queue`, ...
    """

    lookups: tuple[Field, ...]
    field: Field
    type_of_parent: bool = False

    @property
    def name(self) -> str:
        """The path in the spelling of the schema."""
        return ".".join([*(lookup.relationship for lookup in self.lookups), self.field.name])

    def value_in(self, record: Record, database: Database) -> Any:
        """The value for one record, None when a parent on the way is empty."""
        object_name = ""
        for lookup in self.lookups:
            found = database.record_of(record.get(lookup.name) or "")
            if found is None:
                return None
            object_name, record = found
        if self.type_of_parent:
            return _type_of(object_name, record)
        return self.field.value_in(record)


class Binder:
    """Finds the fields of one query in the schema, and points at those that do not exist."""

    def __init__(self, schema: Schema, sobject: SObject, *, query: Query | None = None) -> None:
        self._schema = schema
        self._sobject = sobject
        self._text = query.text if query else ""
        self._alias = query.alias if query else ""

    def bind(self, path: Path) -> BoundPath:
        """The field behind a path; raises `InvalidField`."""
        names = path.names
        own_names = (self._alias.lower(), self._sobject.name.lower())
        if len(names) > 1 and names[0].lower() in own_names and self._sobject.parent(names[0]) is None:
            names = names[1:]
        if len(names) - 1 > _MAX_PARENTS:
            self.refuse(f"SOQL relationship fields may not exceed {_MAX_PARENTS} levels: {'.'.join(names)}", path)
        candidates: list[SObject] = [self._sobject]
        lookups: list[Field] = []
        for name in names[:-1]:
            lookup = next((one for candidate in candidates if (one := candidate.parent(name))), None)
            if lookup is None:
                self.refuse(
                    f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
                    "relationship, be sure to append the '__r' after the custom relationship name.",
                    path,
                )
            lookups.append(lookup)
            candidates = [self._schema.sobject(target) for target in lookup.reference_to if self._schema.has(target)]
        leaf = names[-1]
        if len(candidates) > 1 and leaf.lower() == "type":
            return BoundPath(tuple(lookups), _TYPE_OF_PARENT, type_of_parent=True)
        found = next((one for candidate in candidates if (one := candidate.field(leaf))), None)
        if found is None:
            entity = candidates[0].name if len(candidates) == 1 else "Name"
            if beyond := not_emulated_field(entity, leaf):
                raise beyond
            self.refuse(
                f"No such column '{leaf}' on entity '{entity}'. If you are attempting to use a custom field, be sure "
                "to append the '__c' after the custom field name. Please reference your WSDL or the describe call "
                "for the appropriate names.",
                path,
            )
        return BoundPath(tuple(lookups), found)

    def refuse(self, message: str, path: Path) -> NoReturn:
        """Say what is wrong with a field, pointing at its place in the query."""
        raise InvalidField(pointing_at(self._text, path.position, message) if self._text else message)


class Projection:
    """Turns records into the JSON that the REST API sends: `attributes`, then the fields, parents nested inside.

    `data_url` is the path of the API version, such as `/services/data/v63.0`.
    """

    def __init__(self, paths: Iterable[BoundPath], *, database: Database, data_url: str) -> None:
        self._database = database
        self._data_url = data_url
        self._top = _Branch()
        for path in paths:
            branch = self._top
            for lookup in path.lookups:
                branch = branch.parents.setdefault(lookup.relationship, _Branch(lookup))
            branch.leaves[path.field.name] = BoundPath((), path.field, path.type_of_parent)

    def of(self, object_name: str, record: Record) -> dict[str, Any]:
        """The JSON of one record."""
        return self._shown(self._top, object_name, record)

    def _shown(self, branch: _Branch, object_name: str, record: Record) -> dict[str, Any]:
        is_polymorphic = branch.lookup is not None and len(branch.lookup.reference_to) > 1
        shown: dict[str, Any] = {
            "attributes": {
                "type": "Name" if is_polymorphic else object_name,
                "url": f"{self._data_url}/sobjects/{object_name}/{record['Id']}",
            }
        }
        for name, leaf in branch.leaves.items():
            shown[name] = _type_of(object_name, record) if leaf.type_of_parent else to_json(leaf.field.value_in(record))
        for name, parent in branch.parents.items():
            assert parent.lookup is not None
            found = self._database.record_of(record.get(parent.lookup.name) or "")
            shown[name] = self._shown(parent, *found) if found else None
        return shown


@dataclass(slots=True)
class _Branch:
    lookup: Field | None = None
    leaves: dict[str, BoundPath] = field(default_factory=dict)
    parents: dict[str, _Branch] = field(default_factory=dict)


def _type_of(object_name: str, record: Record) -> str:
    return "Queue" if object_name == "Group" and record["Type"] == "Queue" else object_name
