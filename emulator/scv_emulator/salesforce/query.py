"""Answers queries: finds the records, orders them, and gives them out in pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from scv_emulator.ids import Ids
from scv_emulator.salesforce.conditions import Conditions
from scv_emulator.salesforce.errors import InvalidField, InvalidType, SalesforceError
from scv_emulator.salesforce.field_paths import Binder, BoundPath, Projection
from scv_emulator.salesforce.records import Database, Record
from scv_emulator.salesforce.schema import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, SObject
from scv_emulator.salesforce.soql import parse
from scv_emulator.salesforce.soql_terms import Order, Path, Query
from scv_emulator.salesforce.soql_tokens import MalformedQuery, pointing_at

DEFAULT_PAGE = 2000
SMALLEST_PAGE = 200
_OPEN_CURSORS = 100


@dataclass(slots=True)
class Found:
    """The records that a query found, with what is needed to show them; kept as a cursor while pages are left."""

    rows: list[dict[str, Any]]
    total: int
    page_size: int


class Queries:
    """The query resources of the REST API."""

    def __init__(self, *, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._ids = Ids()
        self._cursors: dict[str, Found] = {}

    def run(
        self, text: str, *, data_url: str, page_size: int = DEFAULT_PAGE, deleted_too: bool = False
    ) -> dict[str, Any]:
        """The first page of what a query finds; raises `SalesforceError`.

        `data_url` is the path of the API version; `deleted_too` is how `queryAll` differs from `query`.
        """
        query = parse(text)
        sobject = self._sobject(query)
        binder = Binder(self._database.seen, sobject, query=query)
        records = self._found(query, sobject, binder, deleted_too=deleted_too)
        if query.counts:
            return {"totalSize": len(records), "done": True, "records": []}
        if query.count_of:
            return _aggregate(query, binder, records, self._database)
        paths = self._selected(query, sobject, binder)
        projection = Projection(paths, database=self._database, data_url=data_url)
        shown = [projection.of(sobject.name, record) for record in records]
        found = Found(shown, len(shown), max(SMALLEST_PAGE, min(page_size, DEFAULT_PAGE)))
        return self._page(self._ids.next("01g"), found, 0, data_url=data_url)

    def records(self, query: Query) -> list[Record]:
        """The records that a query finds, with all their fields; not copies: for reading only."""
        sobject = self._sobject(query)
        return self._found(query, sobject, Binder(self._database.seen, sobject, query=query), deleted_too=False)

    def more(self, locator: str, *, data_url: str) -> dict[str, Any]:
        """The page that a locator from `nextRecordsUrl` stands for; raises `SalesforceError`."""
        cursor, _, start = locator.partition("-")
        found = self._cursors.get(cursor)
        if found is None or not (start.isascii() and start.isdecimal() and len(start) < 10):
            raise SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, found, int(start), data_url=data_url)

    def columns(self, text: str) -> dict[str, Any]:
        """What the columns of a query are, without running it (`columns=true`)."""
        query = parse(text)
        sobject = self._sobject(query)
        binder = Binder(self._database.seen, sobject, query=query)
        paths = [] if query.counts or query.count_of else self._selected(query, sobject, binder)
        return {
            "columnMetadata": [_column(path) for path in paths],
            "entityName": sobject.name,
            "groupBy": False,
            "idSelected": any(path.name == "Id" for path in paths),
            "keyPrefix": sobject.key_prefix,
        }

    def _page(self, cursor: str, found: Found, start: int, *, data_url: str) -> dict[str, Any]:
        end = start + found.page_size
        page = {"totalSize": found.total, "done": end >= found.total, "records": found.rows[start:end]}
        if end < found.total:
            self._cursors[cursor] = found
            page["nextRecordsUrl"] = f"{data_url}/query/{cursor}-{end}"
            while len(self._cursors) > _OPEN_CURSORS:
                del self._cursors[next(iter(self._cursors))]
        return page

    def _sobject(self, query: Query) -> SObject:
        try:
            sobject = self._database.seen.sobject(query.object_name)
        except InvalidType as error:
            error.message = pointing_at(query.text, query.object_position, error.message)
            raise
        if not sobject.queryable:
            message = pointing_at(
                query.text, query.object_position, f"entity type {sobject.name} does not support query"
            )
            raise SalesforceError(400, "INVALID_TYPE_FOR_OPERATION", message)
        return sobject

    def _found(self, query: Query, sobject: SObject, binder: Binder, *, deleted_too: bool) -> list[Record]:
        conditions = Conditions(query, binder=binder, database=self._database, now=self._now())
        rows = self._database.rows(sobject.name, deleted_too=deleted_too)
        if query.where is not None:
            holds = conditions.predicate(query.where)
            indexed = None if deleted_too else conditions.indexed_values(query.where)
            if indexed is not None:
                name, values = indexed
                rows = [
                    row
                    for value in dict.fromkeys(values)
                    for row in self._database.candidates(sobject.name, name, value)
                ]
            rows = [row for row in rows if holds(row)]
        for order in reversed(query.orders):
            rows = self._ordered(rows, order, binder)
        end = None if query.limit is None else query.offset + query.limit
        return rows[query.offset : end]

    def _ordered(self, rows: list[Record], order: Order, binder: Binder) -> list[Record]:
        path = binder.bind(order.path)
        if not path.field.filterable:
            binder.refuse(f"field '{path.field.name}' can not be sorted in a query call", order.path)
        valued = [(path.value_in(row, self._database), row) for row in rows]
        empty = [row for value, row in valued if value is None]
        filled = sorted(
            ((value, row) for value, row in valued if value is not None),
            key=lambda pair: _sort_key(pair[0]),
            reverse=order.descending,
        )
        full = [row for _, row in filled]
        return full + empty if order.nulls_last else empty + full

    def _selected(self, query: Query, sobject: SObject, binder: Binder) -> list[BoundPath]:
        paths = [binder.bind(path) for path in query.paths]
        names = [path.name for path in paths]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise MalformedQuery(f"duplicate field selected: {repeated}")
        wanted = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}.get(query.field_set, ())
        everything = (BoundPath((), field) for field in sobject.fields.values() if field.custom in wanted)
        return paths + [path for path in everything if path.name not in names]


def selected_fields(names: list[str], *, schema: SObject, database: Database) -> list[BoundPath]:
    """The fields that `?fields=` of a record resource names; raises `InvalidField`."""
    binder = Binder(database.seen, schema)
    if not all(names):
        raise InvalidField("an empty field name")
    return [binder.bind(Path(tuple(name.split(".")), 0)) for name in names]


def _aggregate(query: Query, binder: Binder, records: list[Record], database: Database) -> dict[str, Any]:
    row: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
    for number, path in enumerate(query.count_of):
        bound = binder.bind(path)
        row[f"expr{number}"] = sum(bound.value_in(record, database) is not None for record in records)
    return {"totalSize": 1, "done": True, "records": [row]}


def _sort_key(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower()
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def _column(path: BoundPath) -> dict[str, Any]:
    field = path.field
    return {
        "aggregate": False,
        "apexType": {"id": "Id", "reference": "Id", "boolean": "Boolean", "int": "Integer"}.get(field.type, "String"),
        "booleanType": field.type == "boolean",
        "columnName": path.name,
        "custom": field.custom,
        "displayName": path.name,
        "foreignKeyName": field.relationship if field.type == "reference" else None,
        "insertable": field.createable,
        "joinColumns": [],
        "numberType": field.type in NUMBER_TYPES,
        "textType": field.type in TEXT_TYPES | ID_TYPES,
        "updatable": field.updateable,
    }
