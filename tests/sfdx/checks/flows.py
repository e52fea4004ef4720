"""A flow as a graph: elements, where they lead, and what they read and write.

Source: Metadata API Developer Guide, "Flow". This reading is independent of the emulator's, which runs the same flows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tests.sfdx.checks.component import Component
from tests.sfdx.checks.xml_tree import Node

ELEMENTS = frozenset(
    {
        "actionCalls",
        "apexPluginCalls",
        "assignments",
        "collectionProcessors",
        "customErrors",
        "decisions",
        "loops",
        "recordCreates",
        "recordDeletes",
        "recordLookups",
        "recordRollbacks",
        "recordUpdates",
        "screens",
        "steps",
        "subflows",
        "transforms",
        "waits",
    }
)
RESOURCES = ("choices", "constants", "dynamicChoiceSets", "formulas", "stages", "textTemplates", "variables")
READS = {"elementReference", "leftValueReference", "collectionReference", "inputReference"}
"""Elements whose text is the name of something that is read."""
WRITES = {"assignToReference", "assignRecordIdToReference", "assignNextValueToReference", "outputReference"}
"""Elements whose text is the name of something that is written."""
TEMPLATES = {"expression", "text", "stringValue", "interviewLabel", "filterFormula"}
"""Elements whose text may hold references as {!Name}."""
_REFERENCE = re.compile(r"\{!\s*([$\w.]+)\s*\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A name that is used: Get_Case.ContactId has the root Get_Case."""

    name: str
    node: Node
    owner: str
    is_write: bool = False

    @property
    def root(self) -> str:
        """What is referred to, without fields."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowGraph:
    """A flow: elements and resources by name, in which names may be twice."""

    component: Component
    elements: tuple[tuple[str, Node], ...]
    resources: tuple[tuple[str, Node], ...]
    references: tuple[Reference, ...]

    @property
    def root(self) -> Node:
        """The flow's own element."""
        return self.component.root

    @property
    def start(self) -> Node:
        """Where it begins; empty when it does not."""
        return self.root.first("start") or Node(tag="start", line=self.root.line)

    @property
    def is_routing(self) -> bool:
        """Whether it is an Omni-Channel flow."""
        return self.root.value("processType") == "RoutingFlow"

    def element(self, name: str) -> Node | None:
        """The element of this name."""
        return dict(self.elements).get(name)

    def targets(self, node: Node) -> list[Node]:
        """Every name that an element leads to."""
        return [one for one in node.walk() if one.tag == "targetReference"]

    def reachable(self) -> set[str]:
        """The names of all elements that the start leads to."""
        found: set[str] = set()
        waiting = [one.text for one in self.targets(self.start)]
        while waiting:
            name = waiting.pop()
            node = self.element(name)
            if name not in found and node is not None:
                found.add(name)
                waiting += [one.text for one in self.targets(node)]
        return found

    def variables(self, *, inputs: bool = False, outputs: bool = False) -> set[str]:
        """The names of the variables that may be given from outside, or are given back."""
        nodes = self.root.all("variables")
        return {
            one.value("name")
            for one in nodes
            if (inputs and one.is_true("isInput")) or (outputs and one.is_true("isOutput"))
        }


@lru_cache(maxsize=64)
def graph(one: Component) -> FlowGraph:
    """The graph of a flow."""
    elements = tuple((node.value("name"), node) for node in one.root.children if node.tag in ELEMENTS)
    resources = tuple((node.value("name"), node) for node in one.root.children if node.tag in RESOURCES)
    references = [
        reference for node in one.root.children for reference in _references(node, node.value("name") or node.tag)
    ]
    return FlowGraph(component=one, elements=elements, resources=resources, references=tuple(references))


def _references(node: Node, owner: str) -> Iterator[Reference]:
    for one in node.walk():
        if one.tag in READS | WRITES and one.text:
            yield Reference(name=one.text, node=one, owner=owner, is_write=one.tag in WRITES)
        elif one.tag in TEMPLATES:
            for name in _REFERENCE.findall(one.text):
                yield Reference(name=name, node=one, owner=owner)
