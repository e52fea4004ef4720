"""From the XML of a flow to its definition.

Source: Metadata API Developer Guide, "Flow". A part that nobody reads is refused: by name if the Metadata API knows it,
as invalid if not, so that nothing in a flow is skipped in silence.
"""

from __future__ import annotations

from types import MappingProxyType

from scv_emulator.flows import parts, texts
from scv_emulator.flows.checks import check
from scv_emulator.flows.definition import (
    Decision,
    Element,
    FlowDefinition,
    FormulaResource,
    Resource,
    ScheduledPath,
    Start,
    TextTemplate,
    Variable,
)
from scv_emulator.flows.element_reading import read_element
from scv_emulator.flows.errors import FlowInvalid, FlowNotSupported
from scv_emulator.flows.source import Node, parse
from scv_emulator.flows.supported import (
    DATA_TYPES,
    ELEMENTS,
    FLOW_PROPERTIES,
    OFFSET_UNITS,
    PARTS,
    PROCESS_TYPES,
    RECORD_TRIGGERS,
    RESOURCES,
    TIME_SOURCES,
    TRIGGER_TYPES,
    VENDOR_ONLY,
)

_REPEATED_PROPERTIES = frozenset({"customProperties", "processMetadataValues", "environments"})
_STATUSES = ("Active", "Draft", "Obsolete", "InvalidDraft")


def load(xml: bytes | str, *, name: str = "") -> FlowDefinition:
    """A flow from its file; raises `FlowInvalid` or `FlowNotSupported` with element and line.

    `name` is the API name, which the Metadata API takes from the name of the file; a `fullName` inside it must agree.
    """
    root = parse(xml)
    if root.tag != "Flow":
        raise FlowInvalid(root.tag, root.line, "the root must be Flow")
    _check_order(root)
    elements: dict[str, Element] = {}
    resources: dict[str, Resource] = {}
    names: set[str] = set()
    for node in root.children:
        if node.tag in ELEMENTS or node.tag in RESOURCES:
            part = read_element(node) if node.tag in ELEMENTS else _resource(node)
            inner = [rule.name for rule in part.rules] if isinstance(part, Decision) else []
            for one in (part.name, *inner):
                if one.lower() in names:
                    raise FlowInvalid(one, node.line, "Duplicate developer name")
                names.add(one.lower())
            if isinstance(part, Element):
                elements[part.name] = part
            else:
                resources[part.name] = part
    full_name = root.value("fullName")
    if name and full_name and name != full_name:
        raise FlowInvalid("", root.line_of("fullName"), f"fullName is {full_name[:80]}, the file is named {name}")
    definition = FlowDefinition(
        name=name or full_name,
        label=root.value("label") or _missing(root, "label"),
        process_type=parts.one_of(root, "processType", "", PROCESS_TYPES),
        status=_status(root),
        start=_start(root),
        api_version=root.value("apiVersion"),
        description=root.value("description"),
        trigger_order=parts.whole(root, "triggerOrder", ""),
        elements=MappingProxyType(elements),
        resources=MappingProxyType(resources),
    )
    check(definition)
    return definition


def _check_order(root: Node) -> None:
    """The Metadata API wants parts of a kind side by side, and most properties once."""
    seen: set[str] = set()
    last = ""
    for node in root.children:
        is_part = node.tag in ELEMENTS or node.tag in RESOURCES
        if not is_part and node.tag not in FLOW_PROPERTIES:
            owner = node.value("name") or node.tag
            if node.tag in VENDOR_ONLY:
                raise FlowNotSupported(owner, node.line, node.tag, column=node.column)
            problem = f"Element {node.tag} invalid at this location in type Flow"
            raise FlowInvalid(owner, node.line, problem, column=node.column)
        repeatable = is_part or node.tag in _REPEATED_PROPERTIES
        if node.tag in seen and (node.tag != last or not repeatable):
            problem = f"Element {node.tag} is duplicated at this location in type Flow"
            raise FlowInvalid(node.value("name") or node.tag, node.line, problem, column=node.column)
        seen.add(node.tag)
        last = node.tag


def _missing(root: Node, tag: str) -> str:
    raise FlowInvalid("", root.line, f"Required field is missing: {tag}")


def _status(root: Node) -> str:
    status = root.value("status") or "Draft"
    if status not in _STATUSES:
        raise FlowInvalid("", root.line_of("status"), f"'{status[:40]}' is not a valid value for the enum status")
    return status


def _start(root: Node) -> Start:
    node = root.first("start")
    if node is None:
        if not root.value("startElementReference"):
            raise FlowInvalid("", root.line, "The flow has no start element")
        line = root.line_of("startElementReference")
        return Start(line=line, target=parts.api_name(root, "startElementReference", "start"))
    parts.check_parts(node, "start", PARTS["start"].split(), "FlowStart")
    next_element = parts.target(node, "connector", "start")
    scheduled = tuple(_scheduled_path(path) for path in node.children if path.tag == "scheduledPaths")
    if not next_element and not scheduled:
        raise FlowInvalid("start", node.line, "The start leads to no element")
    object_name = parts.api_name(node, "object", "start") if node.first("object") else ""
    return Start(
        line=node.line,
        target=next_element,
        object_name=object_name,
        trigger_type=parts.one_of(node, "triggerType", "start", TRIGGER_TYPES).removeprefix("None"),
        record_trigger=parts.one_of(node, "recordTriggerType", "start", RECORD_TRIGGERS) if object_name else "",
        where=parts.where(node, "start"),
        formula=parts.formula(node, "filterFormula", "start") if node.value("filterFormula") else None,
        requires_change=parts.flag(node, "doesRequireRecordChangedToMeetCriteria", "start"),
        scheduled=scheduled,
    )


def _scheduled_path(node: Node) -> ScheduledPath:
    parts.check_parts(node, node.value("name") or "start", PARTS["scheduledPaths"].split(), "FlowScheduledPath")
    name = parts.name_of(node)
    parts.one_of(node, "timeSource", name, TIME_SOURCES)
    unit = OFFSET_UNITS[parts.one_of(node, "offsetUnit", name, OFFSET_UNITS)]
    number, target = parts.whole(node, "offsetNumber", name), parts.target(node, "connector", name)
    if not target:
        raise FlowInvalid(name, node.line, "The scheduled path leads to no element")
    if number is None or number < 1:
        raise FlowInvalid(name, node.line, "A scheduled path runs at least one unit after the record was saved")
    return ScheduledPath(name=name, line=node.line, target=target, delay_seconds=number * unit)


# ---------------------------------------------------------------------------------------------------------- resources


def _resource(node: Node) -> Resource:
    name = parts.name_of(node)
    parts.check_parts(node, name, RESOURCES[node.tag].split(), f"Flow{node.tag[0].upper()}{node.tag[1:-1]}")
    if node.tag == "textTemplates":
        text = node.first("text")
        content = texts.parse("" if text is None else text.text, node.line_of("text"))
        return TextTemplate(name=name, line=node.line, text=content)
    data_type = parts.one_of(node, "dataType", name, DATA_TYPES)
    scale = parts.whole(node, "scale", name)
    if node.tag == "formulas":
        formula = parts.formula(node, "expression", name)
        return FormulaResource(name=name, line=node.line, data_type=data_type, scale=scale, formula=formula)
    given = node.first("value")
    return Variable(
        name=name,
        line=node.line,
        data_type=data_type,
        is_collection=parts.flag(node, "isCollection", name),
        is_input=parts.flag(node, "isInput", name),
        is_output=parts.flag(node, "isOutput", name),
        object_type=parts.api_name(node, "objectType", name) if data_type == "SObject" else "",
        scale=scale,
        value=None if given is None else parts.value(given, name, node.line),
        constant=node.tag == "constants",
    )
