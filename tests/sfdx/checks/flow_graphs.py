"""Flows hold together: every way leads somewhere, everything is reached, read and known by a legal name.

Source: Metadata API Developer Guide, "Flow"; Salesforce Help, "Omni-Channel Flow Considerations".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import scv_emulator.flows

from tests.sfdx.checks.component import Finding
from tests.sfdx.checks.flows import FlowGraph, graph
from tests.sfdx.checks.project import Project

API_NAME = re.compile(r"^[A-Za-z](?:_?[A-Za-z0-9])*$")
MAY_FAIL = {"recordLookups", "recordCreates", "recordUpdates", "recordDeletes"}
"""Elements that touch records: without a fault path their failure is the caller's."""


def check_graphs(project: Project) -> Iterator[Finding]:
    """Names, connectors, reachability, references, and nothing that nobody uses."""
    for one in project.of("Flow"):
        flow = graph(one)
        yield from _names(flow)
        yield from _connectors(flow)
        yield from _references(flow)
        yield from _leftovers(flow)
        yield from _faults(flow)


def check_subflows(project: Project) -> Iterator[Finding]:
    """Subflows exist, are active and autolaunched, take what is given and give what is taken."""
    flows = {one.name: graph(one) for one in project.of("Flow")}
    for name, flow in flows.items():
        if flow.root.value("status") != "Active":
            yield flow.component.finding(flow.root.first("status"), f"{name} is not active: nothing runs it")
        for node in flow.root.all("subflows"):
            called = flows.get(node.value("flowName"))
            if called is None:
                yield flow.component.finding(node, f"there is no flow {node.value('flowName')}")
                continue
            if called.root.value("processType") != "AutoLaunchedFlow" or called.start.first("object") is not None:
                yield flow.component.finding(node, f"{called.component.name} cannot be a subflow")
            for one in node.all("inputAssignments", "name"):
                if one.text not in called.variables(inputs=True):
                    yield flow.component.finding(one, f"{called.component.name} has no input {one.text}")
            for one in node.all("outputAssignments", "name"):
                if one.text not in called.variables(outputs=True):
                    yield flow.component.finding(one, f"{called.component.name} has no output {one.text}")


def check_interpreter(project: Project) -> Iterator[Finding]:
    """The emulator can run every flow: what ships is what is rehearsed."""
    for one in project.of("Flow"):
        try:
            scv_emulator.flows.load(project.files[one.path], name=one.name)
        except scv_emulator.flows.FlowProblem as problem:
            yield Finding(one.path, problem.line, f"the emulator refuses it: {problem}")


def _names(flow: FlowGraph) -> Iterator[Finding]:
    rules = [(node.value("name"), node) for _, decision in flow.elements for node in decision.all("rules")]
    named = [*flow.elements, *flow.resources, *rules]
    for name, node in named:
        if not API_NAME.match(name) or len(name) > 80:
            yield flow.component.finding(node, f"{name!r} is no API name")
    for name, times in Counter(name.lower() for name, _ in named).items():
        if times > 1:
            yield flow.component.finding(flow.root, f"{times} parts are called {name}")


def _connectors(flow: FlowGraph) -> Iterator[Finding]:
    known = {name for name, _ in flow.elements}
    for node in (flow.start, *(node for _, node in flow.elements)):
        for one in flow.targets(node):
            if one.text not in known:
                yield flow.component.finding(one, f"leads to {one.text}, which does not exist")
    if not flow.targets(flow.start):
        yield flow.component.finding(flow.start, "the start leads nowhere")
    reachable = flow.reachable()
    for name, node in flow.elements:
        if name not in reachable:
            yield flow.component.finding(node, f"nothing leads to {name}")


def _references(flow: FlowGraph) -> Iterator[Finding]:
    known = {name for name, _ in (*flow.elements, *flow.resources)}
    has_record = flow.start.first("object") is not None
    for one in flow.references:
        is_global = one.root.startswith("$")
        if is_global and one.root in ("$Record", "$Record__Prior") and not has_record:
            yield flow.component.finding(one.node, f"{one.name}: no record starts this flow")
        elif not is_global and one.root not in known:
            yield flow.component.finding(one.node, f"{one.owner} refers to {one.name}, which does not exist")


def _leftovers(flow: FlowGraph) -> Iterator[Finding]:
    """Resources that nobody reads. Inputs and outputs are read outside; `problem` is kept for whoever debugs."""
    used = {one.root for one in flow.references}
    outside = flow.variables(inputs=True, outputs=True)
    for name, node in flow.resources:
        if name not in used:
            yield flow.component.finding(node, f"nobody uses {name}")
        elif name in outside:
            continue
        elif node.tag != "variables" and all(one.is_write for one in flow.references if one.root == name):
            yield flow.component.finding(node, f"nobody reads {name}")
    for name, node in flow.elements:
        if node.tag == "recordLookups" and node.is_true("storeOutputAutomatically") and name not in used:
            yield flow.component.finding(node, f"nobody reads what {name} finds")


def _faults(flow: FlowGraph) -> Iterator[Finding]:
    for name, node in flow.elements:
        if node.tag in MAY_FAIL and node.first("faultConnector") is None:
            yield flow.component.finding(node, f"{name} has no fault path")
        if node.tag == "decisions" and node.first("defaultConnectorLabel") is None:
            yield flow.component.finding(node, f"{name} does not say what happens otherwise")
    yield from _loops_without_end(flow)


def _loops_without_end(flow: FlowGraph) -> Iterator[Finding]:
    """A way that comes back to where it was goes through a Loop element; otherwise it never ends."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Iterator[Finding]:
        node = flow.element(name)
        if node is None or node.tag == "loops" or name in done:
            return
        if name in path:
            yield flow.component.finding(node, f"goes round for ever: {' → '.join((*path[path.index(name) :], name))}")
            return
        for one in flow.targets(node):
            yield from visit(one.text, (*path, name))
        done.add(name)

    for one in flow.targets(flow.start):
        yield from visit(one.text, ())
    for node in (node for _, node in flow.elements if node.tag == "loops"):
        for one in flow.targets(node):
            yield from visit(one.text, ())
