"""The records of the org: insert, update, delete and find, with the checks that Salesforce makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scv_emulator.ids import Ids, is_wellformed, to_18
from scv_emulator.salesforce.errors import (
    CannotInsert,
    InsufficientAccess,
    InvalidField,
    NotFound,
    SalesforceError,
)
from scv_emulator.salesforce.field_values import accepted, to_json
from scv_emulator.salesforce.schema import ID_TYPES, Field, Schema, SObject
from scv_emulator.salesforce.vendor_names import not_emulated_field

__all__ = ["Database", "NotFound", "Record", "SalesforceError"]

Record = dict[str, Any]
"""Field API name → value; moments are aware datetimes in UTC. Names that begin with `_` are known to the emulator only:
no query and no describe shows them, `Database.dump` does."""

Tables = dict[str, dict[str, Record]]
"""Object name → id → record, in the order of creation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Savepoint:
    """A copy of all records."""

    tables: Tables
    deleted: Tables


class Database:
    """All records of one org, kept in memory; what it gives out are copies.

    With `by_system` a write comes from Salesforce itself: only the names of the fields are checked, read-only fields
    may be written, and an `Id` may be given. Everything else is checked as for a client, and refused with
    `SalesforceError`.
    """

    def __init__(self, *, schema: Schema, ids: Ids, now: Callable[[], datetime], user_id: Callable[[], str]) -> None:
        self.schema = schema
        self._seen: Schema | None = None
        self._ids = ids
        self._now = now
        self._user_id = user_id
        self._acting_user: str | None = None
        self.clear()

    def clear(self) -> None:
        """Forget every record; ids that were given out are not given out again."""
        self._tables: Tables = {}
        self._deleted: Tables = {}
        self._indexes: dict[str, dict[str, dict[str, set[str]]]] = {}
        self._last_numbers: dict[tuple[str, str], int] = {}
        self._undo: list[Callable[[], None]] = []
        self._transactions = 0

    def now(self) -> datetime:
        """The org's time."""
        return self._now()

    @property
    def seen(self) -> Schema:
        """What the acting user may see of the schema; all of it while nobody acts."""
        return self._seen or self.schema

    @contextmanager
    def acting_as(self, user_id: str, *, seen: Schema | None = None) -> Iterator[None]:
        """Let this user be the creator and changer of what is written inside the block.

        `seen` is what the user's permissions leave of the schema: clients' reads and writes know nothing else.
        """
        before = self._acting_user, self._seen
        self._acting_user, self._seen = user_id, seen
        try:
            yield
        finally:
            self._acting_user, self._seen = before

    @property
    def acting_user(self) -> str | None:
        """The id of the user who reads and writes now."""
        return self._user()

    @contextmanager
    def by_the_system(self) -> Iterator[None]:
        """Lift the acting user's permissions inside the block: automation of the org runs without them."""
        before, self._seen = self._seen, None
        try:
            yield
        finally:
            self._seen = before

    def savepoint(self) -> Savepoint:
        """Everything as it is now, to come back to."""
        return Savepoint(tables=_copied(self._tables), deleted=_copied(self._deleted))

    def roll_back(self, savepoint: Savepoint) -> None:
        """Undo everything that was written since the savepoint was taken; it can be used once."""
        self._tables, self._deleted, self._indexes = savepoint.tables, savepoint.deleted, {}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep what is written inside the block, or, if it raises, nothing of it."""
        mark = len(self._undo)
        self._transactions += 1
        try:
            yield
        except BaseException:
            while len(self._undo) > mark:
                self._undo.pop()()
            raise
        finally:
            self._transactions -= 1
            if not self._transactions:
                self._undo.clear()

    def _can_be_undone(self, undo: Callable[[], None]) -> None:
        if self._transactions:
            self._undo.append(undo)

    def _remove(self, object_name: str, record: Record) -> None:
        self._unindex(object_name, record)
        del self._tables[object_name][record["Id"]]

    def _rewrite(self, object_name: str, record: Record, values: Record) -> None:
        self._unindex(object_name, record)
        record.clear()
        record.update(values)
        self._index(object_name, record)

    def _restore(self, object_name: str, record: Record, places: list[str]) -> None:
        """Take a record out of the recycle bin, back to its old place among the others."""
        del self._deleted[object_name][record["Id"]]
        table = self._tables[object_name] | {record["Id"]: record}
        self._tables[object_name] = {key: table[key] for key in places if key in table} | table
        self._index(object_name, record)

    # ------------------------------------------------------------------------------------------------------ writing

    def insert(self, object_name: str, fields: Record, *, by_system: bool = False) -> str:
        """Create a record and give its 18-character id."""
        sobject = self.schema.sobject(object_name)
        values = self._named(sobject, fields) if by_system else self._checked(sobject, fields, creating=True)
        record: Record = {field.name: field.default for field in sobject.fields.values()}
        record |= self._stamps(created=True)
        if "OwnerId" in record:
            record["OwnerId"] = self._user()
        record |= values
        record["Id"] = to_18(values.get("Id") or self._ids.next(sobject.key_prefix))
        self._number(sobject, record)
        _name_person(sobject, record, values)
        if not by_system:
            self._check_rules(sobject, record, None)
            self._check_unique(sobject, record, values)
        self._tables.setdefault(sobject.name, {})[record["Id"]] = record
        self._index(sobject.name, record)
        self._can_be_undone(lambda: self._remove(sobject.name, record))
        return str(record["Id"])

    def update(self, object_name: str, record_id: str, fields: Record, *, by_system: bool = False) -> None:
        """Change some fields of a record; raises `NotFound`."""
        sobject = self.schema.sobject(object_name)
        record = self._existing(sobject, record_id)
        values = self._named(sobject, fields) if by_system else self._checked(sobject, fields, creating=False)
        if not by_system:
            self._check_rules(sobject, record | values, record)
            self._check_unique(sobject, record, values)
        before, after = dict(record), record | self._stamps(created=False) | values
        _name_person(sobject, after, values)
        self._rewrite(sobject.name, record, after)
        self._can_be_undone(lambda: self._rewrite(sobject.name, record, before))

    def delete(self, object_name: str, record_id: str) -> None:
        """Move a record to the recycle bin, where only `queryAll` sees it; raises `NotFound`."""
        sobject = self.schema.sobject(object_name)
        if not self.seen.sobject(object_name).deletable:
            raise InsufficientAccess
        record = self._existing(sobject, record_id)
        places = list(self._tables[sobject.name]) if self._transactions else []
        self._remove(sobject.name, record)
        self._can_be_undone(lambda: self._restore(sobject.name, record, places))
        self._deleted.setdefault(sobject.name, {})[record["Id"]] = (
            record | self._stamps(created=False) | {"IsDeleted": True}
        )

    def backfill(self, object_name: str, new: Field) -> None:
        """Give the records that exist already the default of a field that is new."""
        for row in self.rows(object_name):
            row.setdefault(new.name, new.default)

    # ------------------------------------------------------------------------------------------------------ reading

    def get(self, object_name: str, record_id: str) -> Record:
        """One record by its id of 15 or 18 characters; raises `NotFound`."""
        return dict(self._existing(self.schema.sobject(object_name), record_id))

    def find(self, object_name: str, **equals: Any) -> list[Record]:
        """The records whose fields have exactly these values, in the order in which they were created."""
        sobject = self.schema.sobject(object_name)
        wanted = {name: self._comparable(sobject, name, value) for name, value in equals.items()}
        indexed = next((name for name in wanted if self._is_indexed(sobject, name)), None)
        rows = self.rows(sobject.name) if indexed is None else self.candidates(sobject.name, indexed, wanted[indexed])
        return [dict(row) for row in rows if all(row.get(name) == value for name, value in wanted.items())]

    def first(self, object_name: str, **equals: Any) -> Record | None:
        """The oldest of the records that `find` gives, or None."""
        return next(iter(self.find(object_name, **equals)), None)

    def all(self, object_name: str) -> list[Record]:
        """Every record of an object, in the order in which they were created."""
        return [dict(row) for row in self.rows(self.schema.sobject(object_name).name)]

    def dump(self) -> dict[str, list[Record]]:
        """Every record of every object that has any, ready for JSON, with the emulator-only fields."""
        return {
            name: [{key: to_json(value) for key, value in row.items()} for row in table.values()]
            for name, table in self._tables.items()
            if table
        }

    def rows(self, object_name: str, *, deleted_too: bool = False) -> list[Record]:
        """The rows themselves, not copies: for reading only."""
        rows = list(self._tables.get(object_name, {}).values())
        return rows + list(self._deleted.get(object_name, {}).values()) if deleted_too else rows

    def candidates(self, object_name: str, field_name: str, value: Any) -> list[Record]:
        """The rows whose indexed field has this value in any case, oldest first; not copies: for reading only."""
        if not isinstance(value, str):
            return [row for row in self.rows(object_name) if row.get(field_name) == value]
        table = self._tables.get(object_name, {})
        if field_name == "Id":
            return [table[value]] if value in table else []
        # Ids grow with time, so their order is the order of creation.
        found = [table[key] for key in sorted(self._index_of(object_name, field_name).get(value.lower(), ()))]
        field = self.schema.sobject(object_name).fields.get(field_name)
        is_exact = field is not None and field.case_sensitive
        return [row for row in found if row[field_name] == value] if is_exact else found

    def record_of(self, record_id: str) -> tuple[str, Record] | None:
        """The object and the row of an id, whatever object it belongs to, or None; not a copy: for reading only."""
        sobject = self.schema.of_id(record_id)
        row = self._tables.get(sobject.name, {}).get(record_id) if sobject else None
        return (sobject.name, row) if sobject and row else None

    # ------------------------------------------------------------------------------------------------------- checks

    def _existing(self, sobject: SObject, record_id: str) -> Record:
        record_id = to_18(record_id) if is_wellformed(record_id) else record_id
        record = self._tables.get(sobject.name, {}).get(record_id)
        if record is not None:
            return record
        if record_id in self._deleted.get(sobject.name, {}):
            raise SalesforceError(404, "ENTITY_IS_DELETED", "entity is deleted")
        raise NotFound

    def _named(self, sobject: SObject, fields: Record) -> Record:
        """The same values under the names of the schema, with references of 18 characters."""
        values = {}
        for name, value in fields.items():
            if name.startswith("_"):
                values[name] = value
                continue
            field = _known(sobject, name)
            is_short = field.type in ID_TYPES and isinstance(value, str) and len(value) == 15
            values[field.name] = to_18(value) if is_short else value
        return values

    def _checked(self, sobject: SObject, fields: Record, *, creating: bool) -> Record:
        sobject = self.seen.sobject(sobject.name)
        if creating and not sobject.createable:
            raise CannotInsert(sobject.label)
        if not creating and not sobject.updateable:
            raise InsufficientAccess
        known = [(_known(sobject, name), value) for name, value in fields.items() if name != "attributes"]
        locked = [field.name for field, _ in known if not (field.createable if creating else field.updateable)]
        if locked:
            raise SalesforceError(
                400,
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {', '.join(locked)}. Please check the security settings of this "
                "field and verify that it is read/write for your profile or permission set.",
                tuple(locked),
            )
        values = {field.name: accepted(field, value, object_of=self._object_of) for field, value in known}
        missing = [
            field.name
            for field in sobject.fields.values()
            if field.required
            and (creating or field.name in values)
            and values.get(field.name, field.default if creating else None) is None
        ]
        if missing:
            raise SalesforceError(
                400,
                "REQUIRED_FIELD_MISSING",
                f"Required fields are missing: [{', '.join(missing)}]",
                tuple(missing),
            )
        return values

    def _check_unique(self, sobject: SObject, record: Record, values: Record) -> None:
        for name in values:
            field = sobject.fields[name]
            if not field.unique or values[name] is None:
                continue
            for other in self.candidates(sobject.name, name, values[name]):
                if other["Id"] != record["Id"]:
                    raise SalesforceError(
                        400,
                        "DUPLICATE_VALUE",
                        f"duplicate value found: {name} duplicates value on record with id: {other['Id'][:15]}",
                    )

    def _check_rules(self, sobject: SObject, record: Record, prior: Record | None) -> None:
        for rule in sobject.rules.values():
            rule(record, prior)

    def _object_of(self, record_id: str) -> str | None:
        found = self.record_of(record_id)
        return found[0] if found else None

    # -------------------------------------------------------------------------------------- stamps, numbers, indexes

    def _user(self) -> str | None:
        return self._acting_user or self._user_id() or None

    def _stamps(self, *, created: bool) -> Record:
        now, user = self._now(), self._user()
        stamps: Record = {"LastModifiedDate": now, "LastModifiedById": user, "SystemModstamp": now}
        return {"CreatedDate": now, "CreatedById": user} | stamps if created else stamps

    def _number(self, sobject: SObject, record: Record) -> None:
        for field in sobject.fields.values():
            if field.autonumber and record[field.name] is None:
                key = (sobject.name, field.name)
                self._last_numbers[key] = self._last_numbers.get(key, 0) + 1
                before, _, rest = field.autonumber.partition("{")
                zeros, _, after = rest.partition("}")
                record[field.name] = f"{before}{self._last_numbers[key]:0{len(zeros)}d}{after}"

    def _index_of(self, object_name: str, field_name: str) -> dict[str, set[str]]:
        """The index of one field: value in lower case → ids. Made when it is first asked for, then kept up."""
        indexes = self._indexes.setdefault(object_name, {})
        if field_name not in indexes:
            index: dict[str, set[str]] = {}
            for row in self.rows(object_name):
                if isinstance(row.get(field_name), str):
                    index.setdefault(row[field_name].lower(), set()).add(row["Id"])
            indexes[field_name] = index
        return indexes[field_name]

    def _index(self, object_name: str, record: Record) -> None:
        for field_name, index in self._indexes.get(object_name, {}).items():
            value = record.get(field_name)
            if isinstance(value, str):
                index.setdefault(value.lower(), set()).add(record["Id"])

    def _unindex(self, object_name: str, record: Record) -> None:
        for field_name, index in self._indexes.get(object_name, {}).items():
            value = record.get(field_name)
            if isinstance(value, str):
                index[value.lower()].discard(record["Id"])

    def _is_indexed(self, sobject: SObject, name: str) -> bool:
        field = sobject.fields.get(name)
        return field is not None and field.indexed

    def _comparable(self, sobject: SObject, name: str, value: Any) -> Any:
        field = sobject.fields.get(name)
        is_short = field is not None and field.type in ID_TYPES and isinstance(value, str) and len(value) == 15
        return to_18(value) if is_short else value


def _known(sobject: SObject, name: str) -> Field:
    field = sobject.fields.get(name) or sobject.field(name)
    if field is None:
        raise not_emulated_field(sobject.name, name) or InvalidField(
            f"No such column '{name}' on sobject of type {sobject.name}"
        )
    return field


def _name_person(sobject: SObject, record: Record, changed: Record) -> None:
    """Put a person's name together, as the compound Name field does."""
    if "LastName" in sobject.fields and "Name" not in changed and ("LastName" in changed or "FirstName" in changed):
        record["Name"] = " ".join(part for part in (record["FirstName"], record["LastName"]) if part) or None


def _copied(tables: Tables) -> Tables:
    return {name: {key: dict(row) for key, row in table.items()} for name, table in tables.items()}
