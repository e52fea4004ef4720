"""Reads the parts of which elements are made: values, references, connectors, conditions, filters."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import date

from scv_emulator.flows import logic, texts
from scv_emulator.flows.definition import (
    AssignmentItem,
    Condition,
    Filter,
    Literal,
    Output,
    Pair,
    Reference,
    Rule,
    SetupReference,
    Value,
    Where,
)
from scv_emulator.flows.errors import FlowInvalid, FlowNotSupported
from scv_emulator.flows.formula_functions import FUNCTIONS, LAZY, OPERATORS
from scv_emulator.flows.formulas import Call, Formula, FormulaInvalid, parts_of
from scv_emulator.flows.formulas import parse as parse_formula
from scv_emulator.flows.source import Node
from scv_emulator.flows.supported import (
    ASSIGNMENT_OPERATORS,
    CONDITION_OPERATORS,
    DESCRIPTIVE,
    FILTER_OPERATORS,
    PARTS,
    SETUP_REFERENCES,
    VENDOR_ONLY,
)
from scv_emulator.salesforce.field_values import parse_datetime

_REFERENCE = re.compile(r"\$?[A-Za-z]\w*(?:\.[A-Za-z]\w*)*", re.ASCII)
_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_REPEATED = frozenset(
    {
        "assignmentItems",
        "conditions",
        "customErrorMessages",
        "filters",
        "inputAssignments",
        "inputParameters",
        "outputAssignments",
        "outputParameters",
        "processMetadataValues",
        "queriedFields",
        "rules",
        "scheduledPaths",
    }
)


def check_parts(node: Node, owner: str, known: Iterable[str], type_name: str) -> None:
    """Refuse what the node may not hold, what it holds twice, and what nobody would run."""
    allowed = DESCRIPTIVE | frozenset(known)
    seen: set[str] = set()
    last = ""
    for child in node.children:
        if child.tag not in allowed:
            if child.tag in VENDOR_ONLY:
                if child.text.strip() != "false":
                    raise FlowNotSupported(owner, child.line, f"{child.tag} in {type_name}", column=child.column)
                continue
            problem = f"Element {child.tag} invalid at this location in type {type_name}"
            raise FlowInvalid(owner, child.line, problem, column=child.column)
        if child.tag in seen and (child.tag not in _REPEATED or child.tag != last):
            problem = f"Element {child.tag} is duplicated at this location in type {type_name}"
            raise FlowInvalid(owner, child.line, problem, column=child.column)
        seen.add(child.tag)
        last = child.tag


def name_of(node: Node) -> str:
    """The API name of an element, a resource or an outcome."""
    name = node.value("name")
    if not _NAME.fullmatch(name) or name.endswith("_") or "__" in name or len(name) > 80:
        raise FlowInvalid(name or node.tag, node.line_of("name"), "The API name is missing or malformed")
    return name


def reference(node: Node | None, owner: str, line: int) -> Reference:
    """What a node refers to."""
    text = "" if node is None else node.text.strip()
    if not _REFERENCE.fullmatch(text):
        raise FlowInvalid(owner, line if node is None else node.line, f"'{text[:80]}' is not a reference")
    return Reference(tuple(text.split(".")), line if node is None else node.line)


def optional_reference(node: Node, tag: str, owner: str) -> Reference | None:
    """What a child refers to, or None when it is not there."""
    child = node.first(tag)
    return None if child is None else reference(child, owner, node.line)


def flag(node: Node, tag: str, owner: str) -> bool:
    """A child that is true or false; false when it is not there."""
    text = node.value(tag)
    if text not in ("", "true", "false", "1", "0"):
        raise FlowInvalid(owner, node.line_of(tag), f"{tag}: '{text[:40]}' is not a boolean")
    return text in ("true", "1")


def whole(node: Node, tag: str, owner: str) -> int | None:
    """A child that is a whole number, or None."""
    text = node.value(tag)
    if not text:
        return None
    if not re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
        raise FlowInvalid(owner, node.line_of(tag), f"{tag}: '{text[:40]}' is not a whole number")
    return int(text)


def one_of(node: Node, tag: str, owner: str, supported: Iterable[str]) -> str:
    """A child that names something that is supported."""
    text = node.value(tag)
    if text not in supported:
        raise FlowNotSupported(owner, node.line_of(tag), f"{tag} '{text[:80]}'")
    return text


def api_name(node: Node, tag: str, owner: str) -> str:
    """A child that names an object, a field or a flow."""
    text = node.value(tag)
    if not _NAME.fullmatch(text):
        raise FlowInvalid(owner, node.line_of(tag), f"{tag}: '{text[:80]}' is not an API name")
    return text


def target(node: Node, tag: str, owner: str) -> str:
    """The element that a connector leads to; empty when there is no connector."""
    connector = node.first(tag)
    if connector is None:
        return ""
    check_parts(connector, owner, PARTS["connector"].split(), "FlowConnector")
    return api_name(connector, "targetReference", owner)


# ------------------------------------------------------------------------------------------------------------- values


def value(node: Node | None, owner: str, line: int) -> Value:
    """A value; a missing one is nothing."""
    if node is None or not node.children:
        return Literal(None, line if node is None else node.line)
    check_parts(node, owner, PARTS["value"].split(), "FlowElementReferenceOrValue")
    kinds = [child for child in node.children if child.tag not in DESCRIPTIVE | {"setupReferenceType"}]
    if len(kinds) != 1:
        raise FlowInvalid(owner, node.line, "a value must be of exactly one kind")
    (given,) = kinds
    if given.tag == "elementReference":
        return reference(given, owner, node.line)
    if given.tag == "setupReference":
        kind = node.value("setupReferenceType")
        if kind not in SETUP_REFERENCES:
            raise FlowNotSupported(owner, given.line, f"a setupReference of type '{kind[:40]}'")
        return SetupReference(given.text.strip(), kind, given.line)
    if given.tag == "stringValue":
        text = texts.parse(given.text, given.line)
        has_merge_fields = any(isinstance(part, Reference) for part in text.parts)
        return text if has_merge_fields else Literal(given.text, given.line)
    return _literal(given, owner)


def _literal(given: Node, owner: str) -> Literal:
    text = given.text.strip()
    read: dict[str, Callable[[str], object]] = {
        "booleanValue": lambda text: {"true": True, "false": False, "1": True, "0": False}[text],
        "numberValue": _number,
        "dateValue": lambda text: date.fromisoformat(text[:10]),
        "dateTimeValue": parse_datetime,
    }
    try:
        return Literal(read[given.tag](text), given.line)
    except (ValueError, KeyError, OverflowError) as error:
        raise FlowInvalid(owner, given.line, f"{given.tag}: '{text[:40]}' cannot be read") from error


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def pairs(node: Node, tag: str, key: str, owner: str) -> tuple[Pair, ...]:
    """Names and the values they get."""
    found = []
    for child in node.every(tag):
        check_parts(child, owner, PARTS[tag].split(), f"Flow{tag[0].upper()}{tag[1:]}")
        found.append(Pair(api_name(child, key, owner), value(child.first("value"), owner, child.line), child.line))
    names = [one.name.lower() for one in found]
    for one in found:
        if names.count(one.name.lower()) > 1:
            raise FlowInvalid(owner, one.line, f"{one.name} is given more than once")
    return tuple(found)


def outputs(node: Node, tag: str, key: str, owner: str) -> tuple[Output, ...]:
    """Names and the resources that take their values."""
    found = []
    for child in node.every(tag):
        check_parts(child, owner, PARTS[tag].split(), f"Flow{tag[0].upper()}{tag[1:]}")
        to = reference(child.first("assignToReference"), owner, child.line)
        found.append(Output(api_name(child, key, owner), to, child.line))
    return tuple(found)


# ---------------------------------------------------------------------------------------- conditions, filters, rules


def where(node: Node, owner: str) -> Where:
    """The filters of a node and how they are joined."""
    found = []
    for child in node.every("filters"):
        check_parts(child, owner, PARTS["filters"].split(), "FlowRecordFilter")
        operator = one_of(child, "operator", owner, FILTER_OPERATORS)
        given = value(child.first("value"), owner, child.line)
        found.append(Filter(api_name(child, "field", owner), operator, given, child.line))
    return Where(_logic(node, "filterLogic", len(found), owner), tuple(found))


def rule(node: Node, owner: str) -> Rule:
    """One outcome of a decision."""
    check_parts(node, owner, PARTS["rules"].split(), "FlowRule")
    found = []
    for child in node.every("conditions"):
        check_parts(child, owner, PARTS["conditions"].split(), "FlowCondition")
        left = reference(child.first("leftValueReference"), owner, child.line)
        operator = one_of(child, "operator", owner, CONDITION_OPERATORS)
        found.append(Condition(left, operator, value(child.first("rightValue"), owner, child.line), child.line))
    if not found:
        raise FlowInvalid(owner, node.line, "an outcome needs at least one condition")
    return Rule(
        name_of(node),
        node.line,
        _logic(node, "conditionLogic", len(found), owner),
        tuple(found),
        target(node, "connector", owner),
        flag(node, "doesRequireRecordChangedToMeetCriteria", owner),
    )


def item(node: Node, owner: str) -> AssignmentItem:
    """One line of an assignment."""
    check_parts(node, owner, PARTS["assignmentItems"].split(), "FlowAssignmentItem")
    return AssignmentItem(
        reference(node.first("assignToReference"), owner, node.line),
        one_of(node, "operator", owner, ASSIGNMENT_OPERATORS),
        value(node.first("value"), owner, node.line),
        node.line,
    )


def _logic(node: Node, tag: str, count: int, owner: str) -> logic.Logic:
    text = node.value(tag)
    if text == "formula_evaluates_to_true":
        return logic.parse("and", 0)
    try:
        return logic.parse(text, count)
    except ValueError as error:
        raise FlowInvalid(owner, node.line_of(tag), f"{tag}: {error}") from error


# ----------------------------------------------------------------------------------------------------------- formulas


def formula(node: Node, tag: str, owner: str) -> Formula:
    """A formula whose functions are all known."""
    line = node.line_of(tag)
    try:
        found = parse_formula(node.value(tag))
    except FormulaInvalid as error:
        raise FlowInvalid(owner, line, f"The formula expression is invalid: {error}") from error
    for part in parts_of(found):
        if isinstance(part, Call) and part.name not in OPERATORS:
            _check_function(part, owner, line)
    return found


def _check_function(call: Call, owner: str, line: int) -> None:
    if call.name in FUNCTIONS:
        least, most = FUNCTIONS[call.name].least, FUNCTIONS[call.name].most
    elif call.name in LAZY:
        least, most = LAZY[call.name]
    else:
        raise FlowNotSupported(owner, line, f"the function {call.name[:40]}()")
    if not least <= len(call.arguments) <= most or (call.name == "CASE" and len(call.arguments) % 2):
        problem = f"Incorrect number of parameters for function '{call.name}()'"
        raise FlowInvalid(owner, line, f"The formula expression is invalid: {problem}")
