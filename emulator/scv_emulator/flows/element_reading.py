"""From the XML of an element to its definition.

Source: Metadata API Developer Guide, "Flow".
"""

from __future__ import annotations

from collections.abc import Callable

from scv_emulator.flows import parts, texts
from scv_emulator.flows.actions import check_action
from scv_emulator.flows.definition import (
    Action,
    Assignment,
    Create,
    CustomError,
    Decision,
    Delete,
    Element,
    Lookup,
    Loop,
    Subflow,
    Update,
    Where,
)
from scv_emulator.flows.errors import FlowInvalid
from scv_emulator.flows.source import Node
from scv_emulator.flows.supported import ACTIONS, ELEMENTS, PARTS


def read_element(node: Node) -> Element:
    """The element of a node; raises `FlowInvalid` or `FlowNotSupported`."""
    name = parts.name_of(node)
    parts.check_parts(node, name, ELEMENTS[node.tag].split(), f"Flow{node.tag[0].upper()}{node.tag[1:-1]}")
    return _READERS[node.tag](node, name)


def _action(node: Node, name: str) -> Action:
    kind = parts.one_of(node, "actionType", name, ACTIONS)
    if node.value("actionName") != kind:
        raise FlowInvalid(name, node.line_of("actionName"), f"the action of type {kind} is called {kind}")
    action = Action(
        name=name,
        line=node.line,
        action=kind,
        inputs=parts.pairs(node, "inputParameters", "name", name),
        outputs=parts.outputs(node, "outputParameters", "name", name),
        stores=parts.flag(node, "storeOutputAutomatically", name),
        target=parts.target(node, "connector", name),
        fault=parts.target(node, "faultConnector", name),
    )
    check_action(action)
    return action


def _assignment(node: Node, name: str) -> Assignment:
    items = tuple(parts.item(one, name) for one in node.every("assignmentItems"))
    return Assignment(name=name, line=node.line, items=items, target=parts.target(node, "connector", name))


def _custom_error(node: Node, name: str) -> CustomError:
    messages = []
    for one in node.every("customErrorMessages"):
        parts.check_parts(one, name, PARTS["customErrorMessages"].split(), "FlowCustomErrorMessage")
        messages.append(texts.parse(one.value("errorMessage"), one.line))
    if not messages:
        raise FlowInvalid(name, node.line, "a custom error needs a message")
    return CustomError(name=name, line=node.line, messages=tuple(messages))


def _decision(node: Node, name: str) -> Decision:
    rules = tuple(parts.rule(one, name) for one in node.every("rules"))
    return Decision(name=name, line=node.line, rules=rules, target=parts.target(node, "defaultConnector", name))


def _loop(node: Node, name: str) -> Loop:
    order = parts.one_of(node, "iterationOrder", name, ("Asc", "Desc", ""))
    return Loop(
        name=name,
        line=node.line,
        collection=parts.reference(node.first("collectionReference"), name, node.line),
        item=parts.optional_reference(node, "assignNextValueToReference", name),
        descending=order == "Desc",
        next_target=parts.target(node, "nextValueConnector", name),
        target=parts.target(node, "noMoreValuesConnector", name),
    )


def _lookup(node: Node, name: str) -> Lookup:
    limit = node.first("limit")
    return Lookup(
        name=name,
        line=node.line,
        object_name=parts.api_name(node, "object", name),
        where=parts.where(node, name),
        # Single records are what a lookup into fields, or into one record variable, asks for without saying so.
        first_only=parts.flag(node, "getFirstRecordOnly", name) or node.first("outputAssignments") is not None,
        fields=tuple(_field(one, name) for one in node.every("queriedFields")),
        sort_field=parts.api_name(node, "sortField", name) if node.value("sortField") else "",
        descending=parts.one_of(node, "sortOrder", name, ("", "Asc", "Desc")) == "Desc",
        limit=None if limit is None else parts.value(limit, name, node.line),
        stores=parts.flag(node, "storeOutputAutomatically", name),
        output=parts.optional_reference(node, "outputReference", name),
        outputs=parts.outputs(node, "outputAssignments", "field", name),
        null_if_none=parts.flag(node, "assignNullValuesIfNoRecordsFound", name),
        target=parts.target(node, "connector", name),
        fault=parts.target(node, "faultConnector", name),
    )


def _field(node: Node, owner: str) -> str:
    return parts.reference(node, owner, node.line).name


def _create(node: Node, name: str) -> Create:
    source = parts.optional_reference(node, "inputReference", name)
    return Create(
        name=name,
        line=node.line,
        object_name="" if source else parts.api_name(node, "object", name),
        inputs=parts.pairs(node, "inputAssignments", "field", name),
        source=source,
        id_to=parts.optional_reference(node, "assignRecordIdToReference", name),
        stores=parts.flag(node, "storeOutputAutomatically", name),
        target=parts.target(node, "connector", name),
        fault=parts.target(node, "faultConnector", name),
    )


def _update(node: Node, name: str) -> Update:
    source = parts.optional_reference(node, "inputReference", name)
    return Update(
        name=name,
        line=node.line,
        object_name="" if source else parts.api_name(node, "object", name),
        where=_optional_where(node, name, needed=source is None),
        inputs=parts.pairs(node, "inputAssignments", "field", name),
        source=source,
        target=parts.target(node, "connector", name),
        fault=parts.target(node, "faultConnector", name),
    )


def _delete(node: Node, name: str) -> Delete:
    source = parts.optional_reference(node, "inputReference", name)
    return Delete(
        name=name,
        line=node.line,
        object_name="" if source else parts.api_name(node, "object", name),
        where=_optional_where(node, name, needed=source is None),
        source=source,
        target=parts.target(node, "connector", name),
        fault=parts.target(node, "faultConnector", name),
    )


def _optional_where(node: Node, name: str, *, needed: bool) -> Where | None:
    return parts.where(node, name) if needed or node.first("filters") else None


def _subflow(node: Node, name: str) -> Subflow:
    return Subflow(
        name=name,
        line=node.line,
        flow=parts.api_name(node, "flowName", name),
        inputs=parts.pairs(node, "inputAssignments", "name", name),
        outputs=parts.outputs(node, "outputAssignments", "name", name),
        stores=parts.flag(node, "storeOutputAutomatically", name),
        target=parts.target(node, "connector", name),
    )


_READERS: dict[str, Callable[[Node, str], Element]] = {
    "actionCalls": _action,
    "assignments": _assignment,
    "customErrors": _custom_error,
    "decisions": _decision,
    "loops": _loop,
    "recordCreates": _create,
    "recordDeletes": _delete,
    "recordLookups": _lookup,
    "recordUpdates": _update,
    "subflows": _subflow,
}
