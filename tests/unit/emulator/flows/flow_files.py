"""Builders of flow files, in the order in which Flow Builder exports them."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

Part = tuple[str, dict[str, Any]]
"""The tag of an element or resource, and its children in their order."""


def write(tag: str, value: Any) -> str:
    """XML of a value: a dict becomes children, a list repeats the tag, None is an empty element."""
    if isinstance(value, list):
        return "".join(write(tag, one) for one in value)
    if isinstance(value, dict):
        return f"<{tag}>\n{''.join(write(name, one) for name, one in value.items())}</{tag}>\n"
    if isinstance(value, bool):
        value = str(value).lower()
    return f"<{tag}>{escape('' if value is None else str(value))}</{tag}>\n"


def a_flow(
    *parts: Part,
    to: str = "",
    start: dict[str, Any] | None = None,
    process_type: str = "AutoLaunchedFlow",
    status: str = "Active",
    label: str = "Test Flow",
    **properties: Any,
) -> str:
    """A flow file; the start leads to `to`, or to the first part."""
    target = to or parts[0][1]["name"]
    pieces: list[tuple[str, Any]] = [
        ("apiVersion", "66.0"),
        ("description", "A flow of a test."),
        ("environments", "Default"),
        ("interviewLabel", f"{label} {{!$Flow.CurrentDateTime}}"),
        ("label", label),
        ("processMetadataValues", {"name": "BuilderType", "value": {"stringValue": "LightningFlowBuilder"}}),
        ("processMetadataValues", {"name": "CanvasMode", "value": {"stringValue": "AUTO_LAYOUT_CANVAS"}}),
        ("processType", process_type),
        ("start", {"locationX": 50, "locationY": 0, "connector": connector(target)} | (start or {})),
        ("status", status),
        *properties.items(),
        *parts,
    ]
    body = "".join(write(tag, value) for tag, value in sorted(pieces, key=lambda piece: piece[0]))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Flow xmlns="http://soap.sforce.com/2006/04/metadata">\n{body}</Flow>\n'


def on_save(
    object_name: str,
    *filters: dict[str, Any],
    when: str = "RecordAfterSave",
    event: str = "CreateAndUpdate",
    **more: Any,
) -> dict[str, Any]:
    """The start of a flow that a save starts."""
    given: dict[str, Any] = {"filterLogic": "and", "filters": list(filters)} if filters else {}
    return more | given | {"object": object_name, "recordTriggerType": event, "triggerType": when}


# ------------------------------------------------------------------------------------------------------------- values


def text(value: str) -> dict[str, Any]:
    return {"stringValue": value}


def ref(name: str) -> dict[str, Any]:
    return {"elementReference": name}


def number(value: float) -> dict[str, Any]:
    return {"numberValue": value}


def yes(value: bool = True) -> dict[str, Any]:
    return {"booleanValue": value}


def connector(target: str) -> dict[str, Any]:
    return {"targetReference": target}


def filtered(field: str, operator: str, value: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"field": field, "operator": operator} | ({} if value is None else {"value": value})


def condition(left: str, operator: str, right: dict[str, Any]) -> dict[str, Any]:
    return {"leftValueReference": left, "operator": operator, "rightValue": right}


# ---------------------------------------------------------------------------------------------------------- resources


def variable(name: str, data_type: str = "String", **more: Any) -> Part:
    usual = {"isCollection": False, "isInput": False, "isOutput": False}
    return "variables", {"name": name, "dataType": data_type} | usual | more


def given(name: str, data_type: str = "String", **more: Any) -> Part:
    """An input variable."""
    return variable(name, data_type, isInput=True, **more)


def result(name: str, data_type: str = "String", **more: Any) -> Part:
    """An output variable."""
    return variable(name, data_type, isOutput=True, **more)


def records(name: str, object_name: str, **more: Any) -> Part:
    """A collection of records."""
    return variable(name, "SObject", isCollection=True, objectType=object_name, **more)


def formula(name: str, expression: str, data_type: str = "String", **more: Any) -> Part:
    return "formulas", {"name": name, "dataType": data_type, "expression": expression} | more


# ----------------------------------------------------------------------------------------------------------- elements


def _node(name: str) -> dict[str, Any]:
    return {"name": name, "label": name.replace("_", " "), "locationX": 0, "locationY": 0}


def _ways(to: str, fault: str = "") -> dict[str, Any]:
    ways = {"connector": connector(to)} if to else {}
    return ways | ({"faultConnector": connector(fault)} if fault else {})


def assign(name: str, *items: tuple[str, str, dict[str, Any]], to: str = "") -> Part:
    lines = [{"assignToReference": target, "operator": operator, "value": value} for target, operator, value in items]
    return "assignments", _node(name) | {"assignmentItems": lines} | _ways(to)


def decide(name: str, *rules: tuple[str, str, list[dict[str, Any]], str], otherwise: str = "", **more: Any) -> Part:
    """A decision; a rule is its name, its logic, its conditions and where it leads."""
    default = {"defaultConnector": connector(otherwise)} if otherwise else {}
    written = [
        {"name": rule, "conditionLogic": logic, "conditions": conditions}
        | ({"connector": connector(to)} if to else {})
        | more
        | {"label": rule}
        for rule, logic, conditions, to in rules
    ]
    return "decisions", _node(name) | default | {"defaultConnectorLabel": "Otherwise", "rules": written}


def get(
    name: str,
    object_name: str,
    *filters: dict[str, Any],
    to: str = "",
    fault: str = "",
    first: bool = True,
    **more: Any,
) -> Part:
    usual = {"getFirstRecordOnly": first, "object": object_name, "storeOutputAutomatically": True}
    where = {"filterLogic": "and", "filters": list(filters)} if filters else {}
    return "recordLookups", _node(name) | {"assignNullValuesIfNoRecordsFound": False} | _ways(
        to, fault
    ) | where | usual | more


def create(name: str, object_name: str, fields: dict[str, Any], *, to: str = "", fault: str = "") -> Part:
    inputs = [{"field": field, "value": value} for field, value in fields.items()]
    more = {"inputAssignments": inputs, "object": object_name, "storeOutputAutomatically": True}
    return "recordCreates", _node(name) | _ways(to, fault) | more


def create_from(name: str, source: str, *, to: str = "", fault: str = "") -> Part:
    return "recordCreates", _node(name) | _ways(to, fault) | {"inputReference": source}


def update(
    name: str, object_name: str, filters: list[dict[str, Any]], fields: dict[str, Any], *, to: str = "", fault: str = ""
) -> Part:
    inputs = [{"field": field, "value": value} for field, value in fields.items()]
    where = {"filterLogic": "and", "filters": filters}
    return "recordUpdates", _node(name) | _ways(to, fault) | where | {"inputAssignments": inputs, "object": object_name}


def update_from(name: str, source: str, fields: dict[str, Any] | None = None, *, to: str = "", fault: str = "") -> Part:
    inputs = [{"field": field, "value": value} for field, value in (fields or {}).items()]
    given_fields = {"inputAssignments": inputs} if inputs else {}
    return "recordUpdates", _node(name) | _ways(to, fault) | given_fields | {"inputReference": source}


def delete(name: str, object_name: str, *filters: dict[str, Any], to: str = "", fault: str = "") -> Part:
    where = {"filterLogic": "and", "filters": list(filters)}
    return "recordDeletes", _node(name) | _ways(to, fault) | where | {"object": object_name}


def loop(name: str, collection: str, *, each: str, to: str = "", **more: Any) -> Part:
    ways: dict[str, Any] = {"nextValueConnector": connector(each)}
    ways |= {"noMoreValuesConnector": connector(to)} if to else {}
    return "loops", _node(name) | more | {"collectionReference": collection, "iterationOrder": "Asc"} | ways


def call(name: str, flow: str, inputs: dict[str, Any] | None = None, *, to: str = "", **outputs: str) -> Part:
    more: dict[str, Any] = {"flowName": flow}
    more |= {"inputAssignments": [{"name": key, "value": value} for key, value in (inputs or {}).items()]}
    more |= {"outputAssignments": [{"assignToReference": to_, "name": key} for key, to_ in outputs.items()]}
    return "subflows", _node(name) | _ways(to) | more


PHONE = {"setupReference": "sfdc_phone", "setupReferenceType": "ServiceChannel"}


def act(name: str, action: str, inputs: dict[str, Any], *, to: str = "", fault: str = "", **more: Any) -> Part:
    written = [{"name": key} | ({} if value is None else {"value": value}) for key, value in inputs.items()]
    return "actionCalls", _node(name) | {"actionName": action, "actionType": action} | _ways(to, fault) | {
        "flowTransactionModel": "CurrentTransaction",
        "inputParameters": written,
        "nameSegment": action,
        "offset": 0,
    } | more | {"versionString": "2.0.0"}


def route(name: str, *, to: str = "", fault: str = "", **inputs: Any) -> Part:
    """A Route Work action; by default to the queue of `Get_Queue`."""
    usual: dict[str, Any] = {
        "recordId": ref("recordId"),
        "serviceChannelId": PHONE,
        "serviceChannelLabel": text("Phone"),
        "serviceChannelDevName": text("sfdc_phone"),
        "routingType": text("QueueBased"),
        "routingConfigId": None,
        "queueId": ref("Get_Queue.Id"),
        "agentId": None,
        "isQueueVariable": yes(),
    }
    return act(name, "routeWork", usual | inputs, to=to, fault=fault)


def get_queue(developer_name: str = "Voicemail", *, to: str) -> Part:
    """Finds a queue by developer name, as the guide's flows do."""
    wanted = [filtered("DeveloperName", "EqualTo", text(developer_name)), filtered("Type", "EqualTo", text("Queue"))]
    return get("Get_Queue", "Group", *wanted, to=to)
