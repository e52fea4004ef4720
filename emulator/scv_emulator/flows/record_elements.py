"""What the elements that read and write records do.

Source: Salesforce Help, "Flow Element: Get Records", "… Create Records", "… Update Records", "… Delete Records".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scv_emulator.flows.definition import Create, Delete, Lookup, Reference, Update, Where
from scv_emulator.flows.errors import FlowFault
from scv_emulator.flows.ports import Wanted
from scv_emulator.flows.state import State
from scv_emulator.flows.values import FlowRecord
from scv_emulator.salesforce.errors import SalesforceError

_MAX_ROWS = 50_000


@contextmanager
def telling(action: str) -> Iterator[None]:
    """Turn a refusal of the API into a fault, in the words that `$Flow.FaultMessage` has."""
    try:
        yield
    except SalesforceError as error:
        message = f"This error occurred when the flow tried to {action}: {error.code}: {error.message}"
        raise FlowFault(message) from error


def look_up(element: Lookup, state: State) -> None:
    """Find records and keep them."""
    limit = 1 if element.first_only else _limit(element, state)
    found = _found(
        state,
        element.object_name,
        element.where,
        sort_field=element.sort_field,
        descending=element.descending,
        limit=limit,
    )
    if element.fields:
        loaded = frozenset(name.partition(".")[0].lower() for name in ("Id", *element.fields))
        for record in found:
            record.loaded = loaded
    first = found[0] if found else None
    # Without any record a collection is null too (Salesforce Help, "Global Constant Resource").
    result: Any = first if element.first_only else (found or None)
    if element.stores:
        state.result(element.name, result)
    if found or element.null_if_none:
        if element.output is not None:
            _keep(element.output, result, state)
        for output in element.outputs:
            state.write(output.to, None if first is None else first.values.get(first.name_of(output.name) or ""))


def _keep(to: Reference, result: Any, state: State) -> None:
    variable = state.flow.variables[to.path[0]]
    if variable.is_collection:
        state.write(to, result if isinstance(result, list) else [] if result is None else [result])
        return
    one = result[0] if isinstance(result, list) else result
    state.write(to, FlowRecord(variable.object_type) if one is None else one)


def _limit(element: Lookup, state: State) -> int | None:
    if element.limit is None:
        return None
    limit = state.value(element.limit)
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int | float) or limit < 1:
        raise FlowFault(f"{element.name}: the limit must be a positive number")
    return int(min(limit, _MAX_ROWS))


def create(element: Create, state: State) -> None:
    """Create one record, or those of a variable; all of them or none."""
    state.world.transaction.count_write()
    if element.source is None:
        fields = {pair.name: state.value(pair.value) for pair in element.inputs}
        with telling("create records"), state.world.data.atomic():
            made = state.world.data.create(element.object_name, fields)
        if element.stores:
            state.result(element.name, made)
        if element.id_to is not None:
            state.write(element.id_to, made)
        return
    records = _records(element.source, state)
    with telling("create records"), state.world.data.atomic():
        made_ids = []
        for record in records:
            fields = {name: value for name, value in record.values.items() if name != "Id" and value is not None}
            made_ids.append(state.world.data.create(record.object_name, fields))
    for record, made in zip(records, made_ids, strict=True):
        record.values["Id"] = made


def update(element: Update, state: State) -> None:
    """Change the records that a filter finds, or those of a variable; all of them or none."""
    changes = {pair.name: state.value(pair.value) for pair in element.inputs}
    if state.flow.is_before_save:
        # Saved together with the record: no write of its own.
        if state.record is not None and _meets(element.where, state.record, state):
            for name, value in changes.items():
                state.record.assign(name, value)
        return
    if element.source is None:
        assert element.where is not None
        targets = [(one, changes) for one in _found(state, element.object_name, element.where)]
    else:
        records = [one for one in _records(element.source, state) if _meets(element.where, one, state)]
        targets = [(one, one.assigned() | changes) for one in records]
    state.world.transaction.count_write()
    with telling("update records"), state.world.data.atomic():
        for record, fields in targets:
            state.world.data.update(record.object_name, _id_of(record), without_id(fields))


def delete(element: Delete, state: State) -> None:
    """Delete the records that a filter finds, or those of a variable; all of them or none."""
    if element.source is None:
        assert element.where is not None
        records = _found(state, element.object_name, element.where)
    else:
        records = _records(element.source, state)
    state.world.transaction.count_write()
    with telling("delete records"), state.world.data.atomic():
        for record in records:
            state.world.data.delete(record.object_name, _id_of(record))


def without_id(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields but for the id, which no update changes."""
    return {name: value for name, value in fields.items() if name.lower() != "id"}


def _found(state: State, object_name: str, where: Where, **how: Any) -> list[FlowRecord]:
    state.world.transaction.count_query()
    wanted = [Wanted(one.field, one.operator, state.value(one.value)) for one in where.filters]
    with telling("look up records"):
        return state.world.data.find(object_name, wanted, where.logic, **how)


def _meets(where: Where | None, record: FlowRecord, state: State) -> bool:
    """Whether a record that is at hand passes the filters of an update."""
    return where is None or state.meets(where, record)


def _records(source: Reference, state: State) -> list[FlowRecord]:
    value = state.read(source.path)
    records = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(one, FlowRecord) for one in records):
        raise FlowFault(f"{source.name} holds no record")
    return [one for one in records if one.values]


def _id_of(record: FlowRecord) -> str:
    found = record.values.get("Id")
    if not isinstance(found, str):
        raise FlowFault(f"The record of {record.object_name} has no Id")
    return found
