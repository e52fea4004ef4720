"""The record resources: create, read, update, upsert and delete, one record or up to 200 at a time.

Source: REST API Developer Guide, "sObject Rows", "sObject Rows by External ID" and "sObject Collections".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from scv_emulator.ids import is_wellformed
from scv_emulator.salesforce.core import Core
from scv_emulator.salesforce.errors import InvalidField, NotFound, SalesforceError
from scv_emulator.salesforce.field_paths import BoundPath, Projection
from scv_emulator.salesforce.query import selected_fields
from scv_emulator.salesforce.records import Record
from scv_emulator.salesforce.rest import Answer, Call
from scv_emulator.salesforce.schema import NUMBER_TYPES, Field, SObject

_MAX_RECORDS = 200
_UPSERT_ANSWERS_200_SINCE = 46.0


# ----------------------------------------------------------------------------------------------------------- one record


def create(call: Call) -> Answer:
    """`POST sobjects/X`: a new record."""
    sobject = call.sobject
    return _created(call, sobject, _insert(call.core, sobject, call.json_object()))


def read(call: Call) -> Answer:
    """`GET sobjects/X/{id}`: a record, or the fields of it that `?fields=` names."""
    sobject = call.sobject
    record = call.core.database.get(sobject.name, _id(call.parts["id"]))
    return Answer(200, _projection(call, sobject).of(sobject.name, record))


def update(call: Call) -> Answer:
    """`PATCH sobjects/X/{id}`: change fields of a record."""
    sobject = call.sobject
    _update(call.core, sobject, _id(call.parts["id"]), call.json_object())
    return Answer(204)


def delete(call: Call) -> Answer:
    """`DELETE sobjects/X/{id}`: move a record to the recycle bin."""
    sobject = call.sobject
    call.core.database.delete(sobject.name, _id(call.parts["id"]))
    return Answer(204)


# --------------------------------------------------------------------------------------------------------- external ids


def read_by_key(call: Call) -> Answer:
    """`GET sobjects/X/{field}/{value}`: the record with this external id."""
    sobject = call.sobject
    found = _by_key(call, sobject, _key_field(sobject, call.parts["field"]))
    if len(found) > 1:
        return _several(call, sobject, found)
    if not found:
        raise NotFound
    return Answer(200, _projection(call, sobject).of(sobject.name, found[0]))


def upsert(call: Call) -> Answer:
    """`PATCH sobjects/X/{field}/{value}`: create the record with this external id, or change it."""
    sobject = call.sobject
    key = _key_field(sobject, call.parts["field"])
    body = call.json_object()
    if any(name.lower() == key.name.lower() for name in body):
        raise InvalidField(f"The {key.name} field should not be specified in the sobject data.")
    found = _by_key(call, sobject, key)
    if len(found) > 1:
        return _several(call, sobject, found)
    if found:
        _update(call.core, sobject, found[0]["Id"], body)
        if float(call.version) < _UPSERT_ANSWERS_200_SINCE:
            return Answer(204)
        return Answer(200, {"id": found[0]["Id"], "success": True, "errors": [], "created": False})
    if key.type == "id":
        raise NotFound
    value = _key_value(key, call.parts["value"])
    answer = _created(call, sobject, _insert(call.core, sobject, body | {key.name: value}))
    return Answer(answer.status, answer.body | {"created": True}, answer.headers)


def delete_by_key(call: Call) -> Answer:
    """`DELETE sobjects/X/{field}/{value}`: delete the record with this external id."""
    sobject = call.sobject
    found = _by_key(call, sobject, _key_field(sobject, call.parts["field"]))
    if len(found) > 1:
        return _several(call, sobject, found)
    if not found:
        raise NotFound
    call.core.database.delete(sobject.name, found[0]["Id"])
    return Answer(204)


# ---------------------------------------------------------------------------------------------------------- collections


def create_many(call: Call) -> Answer:
    """`POST composite/sobjects`: up to 200 new records."""

    def one(record: dict[str, Any]) -> str:
        attributes = record.get("attributes")
        name = attributes.get("type") if isinstance(attributes, dict) else None
        if not isinstance(name, str):
            raise SalesforceError(400, "INVALID_TYPE", "every record needs attributes with its type")
        return _insert(call.core, call.core.database.seen.sobject(name), record)

    body = call.json_object()
    return _many(call.core, _records(body), one, all_or_none=body.get("allOrNone") is True)


def update_many(call: Call) -> Answer:
    """`PATCH composite/sobjects`: change up to 200 records, each with its `id`."""

    def one(record: dict[str, Any]) -> str:
        record_id = next((value for name, value in record.items() if name.lower() == "id"), None)
        if not isinstance(record_id, str):
            raise SalesforceError(400, "MISSING_ARGUMENT", "Id not specified in an update call")
        sobject = _sobject_of_id(call.core, record_id)
        fields = {name: value for name, value in record.items() if name.lower() != "id"}
        _update(call.core, sobject, record_id, fields)
        return str(call.core.database.get(sobject.name, record_id)["Id"])

    body = call.json_object()
    return _many(call.core, _records(body), one, all_or_none=body.get("allOrNone") is True)


def delete_many(call: Call) -> Answer:
    """`DELETE composite/sobjects?ids=...`: delete up to 200 records."""

    def one(record_id: str) -> str:
        sobject = _sobject_of_id(call.core, record_id)
        found = call.core.database.get(sobject.name, record_id)
        call.core.database.delete(sobject.name, record_id)
        return str(found["Id"])

    ids = [part.strip() for part in call.params.get("ids", "").split(",") if part.strip()]
    return _many(call.core, ids, one, all_or_none=call.params.get("allOrNone", "").lower() == "true")


def _records(body: dict[str, Any]) -> list[Any]:
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise SalesforceError(400, "JSON_PARSER_ERROR", "records must be a list of objects")
    return records


def _many(core: Core, items: list[Any], one: Callable[[Any], str], *, all_or_none: bool) -> Answer:
    if not 0 < len(items) <= _MAX_RECORDS:
        message = f"record limit reached. cannot submit more than {_MAX_RECORDS} records into this call"
        raise SalesforceError(400, "EXCEEDED_ID_LIMIT", message if items else "no records were given")
    savepoint = core.database.savepoint() if all_or_none else None
    results = [_result(one, item) for item in items]
    if savepoint and not all(result["success"] for result in results):
        core.database.roll_back(savepoint)
        undone = _failure(
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "Record rolled back because not all records were valid and the request was using AllOrNone header",
        )
        results = [undone if result["success"] else result for result in results]
    return Answer(200, results)


def _result(one: Callable[[Any], str], item: Any) -> dict[str, Any]:
    try:
        return {"id": one(item), "success": True, "errors": []}
    except SalesforceError as error:
        return _failure(error.code, error.message, error.fields)


def _failure(code: str, message: str, fields: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": list(fields)}]}


# --------------------------------------------------------------------------------------------------------------- inside


def _insert(core: Core, sobject: SObject, body: dict[str, Any]) -> str:
    _refuse_id(body)
    return core.automation.create(sobject.name, body)


def _update(core: Core, sobject: SObject, record_id: str, body: dict[str, Any]) -> None:
    _refuse_id(body)
    locked = [name for name in body if name.lower() in {one.lower() for one in locked_fields(core, sobject)}]
    if locked:
        raise SalesforceError(
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(locked)}. Please check the security settings of this field "
            "and verify that it is read/write for your profile or permission set.",
            tuple(locked),
        )
    core.automation.update(sobject.name, record_id, body)


def locked_fields(core: Core, sobject: SObject) -> frozenset[str]:
    """The fields that the org's switches make read-only after creation."""
    is_locked = sobject.name == "VoiceCall" and not core.call_origin_updateable()
    return frozenset({"CallOrigin"} if is_locked else ())


def _refuse_id(body: dict[str, Any]) -> None:
    if any(name.lower() == "id" for name in body):
        raise InvalidField("The Id field should not be specified in the sobject data.")


def _created(call: Call, sobject: SObject, record_id: str) -> Answer:
    location = {"Location": f"{call.data_url}/sobjects/{sobject.name}/{record_id}"}
    # A platform event is only queued; the vendor says so in the list of errors although nothing failed.
    queued = {"statusCode": "OPERATION_ENQUEUED", "message": str(uuid4()), "fields": []}
    errors = [queued] if sobject.name.endswith("__e") else []
    return Answer(201, {"id": record_id, "success": True, "errors": errors}, location)


def _several(call: Call, sobject: SObject, found: list[Record]) -> Answer:
    return Answer(300, [f"{call.data_url}/sobjects/{sobject.name}/{record['Id']}" for record in found])


def _id(text: str) -> str:
    if not is_wellformed(text):
        raise SalesforceError(400, "MALFORMED_ID", f"malformed id {text}")
    return text


def _sobject_of_id(core: Core, record_id: str) -> SObject:
    sobject = core.database.seen.of_id(_id(record_id))
    if sobject is None:
        raise SalesforceError(400, "MALFORMED_ID", f"malformed id {record_id}")
    return sobject


def _key_field(sobject: SObject, name: str) -> Field:
    field = sobject.field(name)
    if field is None or not (field.external_id or field.id_lookup):
        raise NotFound(f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def _key_value(field: Field, text: str) -> Any:
    if field.type not in NUMBER_TYPES:
        return text
    try:
        return float(text)
    except ValueError as error:
        raise NotFound from error


def _by_key(call: Call, sobject: SObject, field: Field) -> list[Record]:
    value = call.parts["value"]
    if field.type == "id":
        return call.core.database.find(sobject.name, Id=_id(value))
    return call.core.database.candidates(sobject.name, field.name, _key_value(field, value))


def _projection(call: Call, sobject: SObject) -> Projection:
    database = call.core.database
    if "fields" in call.params:
        names = [name.strip() for name in call.params["fields"].split(",")]
        paths = selected_fields(names, schema=sobject, database=database)
    else:
        paths = [BoundPath((), field) for field in sobject.fields.values()]
    return Projection(paths, database=database, data_url=call.data_url)
