"""No reference is left unchecked: every name that stands anywhere is misspelt in turn, and somebody must notice.

The mutants are chosen by people, who forget; this goes through the metadata itself. The same name at the same kind
of place is tried once per file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.sfdx.checks import CHECKS, REFERENCES
from tests.sfdx.checks.flows import graph
from tests.sfdx.checks.portability import PROSE
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import SERVICE_CHANNELS, standard_objects
from tests.sfdx.checks.xml_tree import Node

CUSTOM = re.compile(r"\b[A-Za-z]\w*__(?:c|e|mdt)\b")
OF_NAMES = [*REFERENCES, "places", "full names", "nothing forgotten", "flow graphs", "routing", "manifests"]
"""The checks that know names."""
LABELS = PROSE | {"label", "masterLabel", "pluralLabel", "fullName", "interviewLabel", "relationshipName", "title"}
LABELS |= {"relationshipLabel", "header", "comment", "motif", "defaultConnectorLabel"}
FREE_TEXT = {
    ("CustomMetadata", "values/value"): "Case Origin and the like are the org's own values",
    ("Queue", "name"): "a label",
    ("Report", "name"): "a label",
    ("ReportFolder", "name"): "a label",
    ("DashboardFolder", "name"): "a label",
    ("Group", "name"): "a label",
    ("FlexiPage", "flexiPageRegions/itemInstances/componentInstance/identifier"): "defined here",
    ("Flow", "environments"): "where a flow runs; there is only one value",
    ("Flow", "decisions/rules/name"): "defined here",
    ("CustomField", "type"): "a word of the Metadata API",
    ("ReportFolder", "folderShares/sharedToType"): "a word of the Metadata API",
    ("DashboardFolder", "folderShares/sharedToType"): "a word of the Metadata API",
    ("CustomField", "valueSet/valueSetDefinition/value/fullName"): "a value, not a name",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One name in one file."""

    path: str
    elements: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path.rsplit('/', 1)[1]}:{self.line} {self.elements} = {self.text}"


def places(project: Project) -> Iterator[Place]:
    """Every name of something of this project that stands somewhere else than where it is defined."""
    shipped = {one.own_name for one in project.components} | {one.name for one in project.components}
    standard = standard_objects()
    shipped |= {*standard, *SERVICE_CHANNELS, *(field for fields in standard.values() for field in fields)}
    for one in project.components:
        flow = graph(one)
        names = shipped | ({name for name, _ in (*flow.elements, *flow.resources)} if one.type == "Flow" else set())
        seen: set[tuple[str, str]] = set()
        for node, elements in leaves(one.root):
            tag = elements.rsplit("/", 1)[-1]
            is_name = CUSTOM.search(node.text) is not None or node.text in names
            if not is_name or tag in LABELS or (one.type, elements) in FREE_TEXT or (elements, node.text) in seen:
                continue
            seen.add((elements, node.text))
            yield Place(one.path, elements, node.line, node.text)


def leaves(node: Node, above: str = "") -> Iterator[tuple[Node, str]]:
    """Every element without others in it, with the names on the way there."""
    for child in node.children:
        path = f"{above}/{child.tag}".lstrip("/")
        if child.children:
            yield from leaves(child, path)
        elif child.text:
            yield child, path


def misspelt(project: Project, place: Place) -> Project:
    """The project with one letter more in this name."""
    lines = project.files[place.path].splitlines(keepends=True)
    before, after = "".join(lines[: place.line - 1]), "".join(lines[place.line - 1 :])
    name = CUSTOM.search(place.text)
    old = name[0] if name else place.text
    assert old in after
    return project.with_file(place.path, before + after.replace(old, f"X{old}", 1))


def test_a_misspelt_name_is_noticed_wherever_it_stands(project: Project) -> None:
    """Permission sets, flows, pages, layouts, reports, list views, formulas, queues, settings, manifests."""
    tried = list(places(project))

    unnoticed = []
    for place in tried:
        broken = misspelt(project, place)
        if not any(any(True for _ in CHECKS[name](broken)) for name in OF_NAMES):
            unnoticed.append(place)

    assert not unnoticed, "\n".join(["", *map(str, unnoticed)])
    assert len(tried) > 600


@pytest.mark.parametrize("suffix", ["js", "html", "cls"])
def test_a_misspelt_field_in_code_is_noticed_wherever_it_stands(project: Project, suffix: str) -> None:
    """Every custom name in every line of Apex, modules and templates, tests of Apex included."""
    unnoticed, tried = [], 0
    for path, text in project.code(f".{suffix}"):
        for found in CUSTOM.finditer(text):
            before = text[: found.start()].rpartition("\n")[2]
            if before.lstrip().startswith(("//", "*", "/*", "<!--")):
                continue
            tried += 1
            broken = project.with_file(path, f"{text[: found.start()]}X{text[found.start() :]}")
            checks = (CHECKS["apex names"], CHECKS["component names"])
            if not any(any(True for _ in check(broken)) for check in checks):
                unnoticed.append(f"{path}: {before}{found[0]}")

    assert not unnoticed
    assert tried
