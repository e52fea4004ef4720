"""The records of the emulated org as flows see them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from scv_emulator.flows.errors import FlowFault
from scv_emulator.flows.logic import Logic
from scv_emulator.flows.ports import Transaction, Wanted
from scv_emulator.flows.soql_text import query_text
from scv_emulator.flows.values import FlowRecord, to_text
from scv_emulator.salesforce.errors import NotFound
from scv_emulator.salesforce.field_values import format_datetime
from scv_emulator.salesforce.query import Queries
from scv_emulator.salesforce.records import Database, Record
from scv_emulator.salesforce.schema import ID_TYPES, NUMBER_TYPES, TEXT_TYPES
from scv_emulator.salesforce.soql import parse

if TYPE_CHECKING:
    from scv_emulator.flows.automation import Automation


class OrgData:
    """Implements `ports.Data`; what is written through it starts other flows in the same transaction."""

    def __init__(
        self, database: Database, queries: Queries, *, automation: Automation, transaction: Transaction
    ) -> None:
        self._database = database
        self._queries = queries
        self._automation = automation
        self._transaction = transaction

    def find(
        self,
        object_name: str,
        filters: Sequence[Wanted],
        logic: Logic,
        *,
        sort_field: str = "",
        descending: bool = False,
        limit: int | None = None,
    ) -> list[FlowRecord]:
        """The records that the filters find."""
        sobject = self._database.schema.sobject(object_name)
        text = query_text(sobject, filters, logic, sort_field=sort_field, descending=descending, limit=limit)
        return [flow_record(sobject.name, row) for row in self._queries.records(parse(text))]

    def parent(self, record: FlowRecord, relationship: str) -> tuple[bool, FlowRecord | None]:
        """Whether the record has such a relationship, and the record it leads to."""
        lookup = self._database.schema.sobject(record.object_name).parent(relationship)
        if lookup is None:
            return False, None
        name = record.name_of(lookup.name)
        found = self._database.record_of(record.values[name] or "") if name else None
        return True, None if found is None else flow_record(*found)

    def create(self, object_name: str, fields: dict[str, Any]) -> str:
        """A new record; its id."""
        return self._automation.create(object_name, self.writable(object_name, fields), transaction=self._transaction)

    def update(self, object_name: str, record_id: str, fields: dict[str, Any]) -> None:
        """Change fields of a record."""
        changes = self.writable(object_name, fields)
        self._automation.update(object_name, record_id, changes, transaction=self._transaction)

    def delete(self, object_name: str, record_id: str) -> None:
        """Delete a record."""
        self._database.delete(object_name, record_id)

    def atomic(self) -> AbstractContextManager[None]:
        """Everything that is written inside, or nothing of it if it fails."""
        return self._database.transaction()

    def setup_id(self, kind: str, name: str) -> str:
        """The id of a setup record by developer name; raises SalesforceError."""
        found = self._database.first(kind, DeveloperName=name)
        if found is None:
            raise NotFound(f"There is no {kind} {name}")
        return str(found["Id"])

    def user(self) -> FlowRecord | None:
        """The user whose request started the flow."""
        found = self._database.record_of(self._database.acting_user or "")
        return None if found is None else flow_record(*found)

    def organization(self) -> FlowRecord | None:
        """The org itself."""
        found = self._database.rows("Organization")
        return flow_record("Organization", found[0]) if found else None

    def writable(self, object_name: str, fields: dict[str, Any]) -> Record:
        """Values of a flow as a client of the REST API would write them; an unknown field is refused later, by name."""
        sobject = self._database.schema.sobject(object_name)
        written: Record = {}
        for name, value in fields.items():
            field = sobject.field(name)
            written[name] = _written(value, "" if field is None else field.type, name)
        return written


def flow_record(object_name: str, row: Record) -> FlowRecord:
    """A record of the database as a flow holds it."""
    return FlowRecord(object_name, {name: value for name, value in row.items() if not name.startswith("_")})


def _written(value: Any, kind: str, name: str) -> Any:
    if isinstance(value, FlowRecord | list):
        raise FlowFault(f"{name}: a record or a collection can't be the value of a field")
    if isinstance(value, datetime):
        return value.date().isoformat() if kind == "date" else format_datetime(value)
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z" if kind == "datetime" else value.isoformat()
    if value is not None and kind in TEXT_TYPES | ID_TYPES:
        return to_text(value)
    if isinstance(value, str) and value and kind in NUMBER_TYPES:
        try:
            return float(value)
        except ValueError as error:
            raise FlowFault(f"{name}: '{value[:40]}' is not a number") from error
    return value
