"""What flows name in the org exists: objects, fields, values, queues, settings. And the contract of routing."""

from __future__ import annotations

from collections.abc import Iterator

from tests.sfdx.checks.catalog import Catalog, catalog_of
from tests.sfdx.checks.component import Finding
from tests.sfdx.checks.flows import FlowGraph, graph
from tests.sfdx.checks.objects import values_exist
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import SERVICE_CHANNELS, FieldFacts
from tests.sfdx.checks.xml_tree import Node

OF_RECORDS = ("recordLookups", "recordCreates", "recordUpdates", "recordDeletes")
ROUTING_VERSION = "2.0.0"
"""From this version on, Route Work names its channel by developer name, which is the same in every org."""


def check_names(project: Project) -> Iterator[Finding]:
    """Objects and fields of lookups, writes, filters and references; values of picklists; queues; settings."""
    known = catalog_of(project)
    for one in project.of("Flow"):
        flow = graph(one)
        yield from _record_elements(flow, known)
        yield from _references(flow, known)
        yield from _conditions(flow, known)
        yield from _named_records(flow, project)


def check_routing(project: Project) -> Iterator[Finding]:
    """The contract of an Omni-Channel flow: how it is started, what it is given, and how it routes.

    Source: Salesforce Help, "Route Work" and "Omni-Channel Flow Considerations"; Object Reference, VoiceCall, OwnerId.
    """
    for one in project.of("Flow"):
        flow = graph(one)
        for node in flow.root.all("recordUpdates"):
            if node.value("object") == "VoiceCall" and "OwnerId" in node.values("inputAssignments", "field"):
                yield one.finding(node, "OwnerId must not be changed: the call is being routed")
        routes = [node for node in flow.root.all("actionCalls") if node.value("actionType") == "routeWork"]
        if not flow.is_routing:
            for node in routes:
                yield one.finding(node, "only an Omni-Channel flow routes work")
            continue
        if flow.start.first("object") or flow.start.first("triggerType"):
            yield one.finding(flow.start, "Omni-Channel starts this flow, no record does")
        given = next((node for node in flow.root.all("variables") if node.value("name") == "recordId"), None)
        if given is None or not given.is_true("isInput") or given.value("dataType") != "String":
            yield one.finding(
                given or flow.root, "the input recordId is missing: Omni-Channel gives the work item by it"
            )
        elif given.is_true("isCollection"):
            yield one.finding(given, "recordId is one id")
        if not routes:
            yield one.finding(flow.root, "routes nothing")
        for node in routes:
            yield from _route(flow, node)


def _route(flow: FlowGraph, node: Node) -> Iterator[Finding]:
    one = flow.component
    given = {pair.value("name"): pair.first("value") or pair for pair in node.all("inputParameters")}
    name = node.value("name")
    for needed in ("recordId", "serviceChannelId", "serviceChannelDevName", "routingType"):
        if needed not in given:
            yield one.finding(node, f"{name} does not say {needed}")
    if node.value("versionString") != ROUTING_VERSION:
        yield one.finding(node, f"{name} needs versionString {ROUTING_VERSION}")
    channel = given.get("serviceChannelId", node)
    by_name = channel.value("setupReference"), given.get("serviceChannelDevName", node).value("stringValue")
    if channel.value("setupReferenceType") != "ServiceChannel" or by_name[0] != by_name[1]:
        yield one.finding(channel, f"{name} does not name its channel by developer name")
    elif by_name[0] not in SERVICE_CHANNELS:
        yield one.finding(channel, f"there is no service channel {by_name[0]}")
    elif given.get("serviceChannelLabel", node).value("stringValue") != SERVICE_CHANNELS[by_name[0]]:
        yield one.finding(node, f"{name} calls the channel otherwise than {SERVICE_CHANNELS[by_name[0]]}")
    kind = given.get("routingType", node).value("stringValue")
    if kind not in ("QueueBased", "Agent", "SkillsBased"):
        yield one.finding(given.get("routingType", node), f"there is no routing type {kind!r}")
    if kind in ("QueueBased", "Agent") and "queueId" not in given:
        yield one.finding(node, f"{name} has no queue")
    for what, flag in (("queueId", "isQueueVariable"), ("agentId", "isAgentVariable")):
        by_reference = what in given and given[what].first("elementReference") is not None
        if what in given and not by_reference:
            yield one.finding(given[what], f"{name} has a fixed {what}: it exists in one org only")
        if by_reference and given.get(flag, node).value("booleanValue") != "true":
            yield one.finding(node, f"{name} needs {flag}: without it the variable is not looked at")
    if kind == "Agent" and "agentId" not in given:
        yield one.finding(node, f"{name} has no rep")


def _record_elements(flow: FlowGraph, known: Catalog) -> Iterator[Finding]:
    for node in (*(node for _, node in flow.elements if node.tag in OF_RECORDS), flow.start):
        object_name = node.value("object")
        if not object_name:
            continue
        if object_name not in known.objects:
            yield flow.component.finding(node.first("object"), f"there is no object {object_name}")
            continue
        named = [*node.all("filters", "field"), *node.all("queriedFields"), *node.all("sortField")]
        named += [*node.all("inputAssignments", "field"), *node.all("outputAssignments", "field")]
        for one in named:
            if problem := known.problem(object_name, one.text):
                yield flow.component.finding(one, problem)
        for pair in (*node.all("filters"), *node.all("inputAssignments")):
            field = known.field(object_name, pair.value("field"))
            yield from values_exist(flow.component, pair, field, pair.value("value", "stringValue"))
        for one in node.all("inputAssignments", "field"):
            field = known.field(object_name, one.text)
            if field is not None and (field.is_formula or field.type == "AutoNumber" or field.name == "Id"):
                yield flow.component.finding(one, f"{one.text} cannot be written")


def _references(flow: FlowGraph, known: Catalog) -> Iterator[Finding]:
    """Get_Case.ContactId: Case has the field, and the lookup reads it."""
    for one in flow.references:
        object_name, field_name = _field_of(flow, one.name)
        if not object_name or not field_name:
            continue
        if problem := known.problem(object_name, field_name):
            yield flow.component.finding(one.node, f"{one.name}: {problem}")
        lookup = flow.element(one.root)
        queried = lookup.values("queriedFields") if lookup is not None and lookup.tag == "recordLookups" else []
        if queried and field_name not in queried:
            yield flow.component.finding(one.node, f"{one.root} does not read {field_name}")


def _conditions(flow: FlowGraph, known: Catalog) -> Iterator[Finding]:
    for _, node in flow.elements:
        for one in node.all("rules", "conditions"):
            object_name, field_name = _field_of(flow, one.value("leftValueReference"))
            field: FieldFacts | None = known.field(object_name, field_name) if object_name else None
            yield from values_exist(flow.component, one, field, one.value("rightValue", "stringValue"))


def _named_records(flow: FlowGraph, project: Project) -> Iterator[Finding]:
    """Queues and settings that a lookup asks for by name."""
    settings = {f"{one.object}__mdt/{one.own_name}" for one in project.of("CustomMetadata")}
    for node in flow.root.all("recordLookups"):
        about = node.value("object")
        asked = {one.value("field"): one.value("value", "stringValue") for one in node.all("filters")}
        name = asked.get("DeveloperName", "")
        if about == "Group" and asked.get("Type") != "Queue":
            yield flow.component.finding(node, "takes any group for a queue: Type is not asked for")
        if about == "Group" and name and name not in project.names("Queue"):
            yield flow.component.finding(node, f"there is no queue {name}")
        if about.endswith("__mdt") and name and f"{about}/{name}" not in settings:
            yield flow.component.finding(node, f"there is no record {name} of {about}")


def _field_of(flow: FlowGraph, reference: str) -> tuple[str, str]:
    """Object and field that a reference reads; empty when it reads none."""
    root, _, field = reference.partition(".")
    if root in ("$Record", "$Record__Prior"):
        return flow.start.value("object"), field
    node = flow.element(root) or dict(flow.resources).get(root)
    if node is None:
        return "", ""
    if node.tag == "loops":
        source = flow.element(node.value("collectionReference"))
        return (source.value("object") if source else ""), field
    return (node.value("object") or node.value("objectType")), field
