"""Lightning pages: components that exist and may stand there, in regions that the template has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.sfdx.checks.catalog import Catalog, catalog_of
from tests.sfdx.checks.component import Component, Finding
from tests.sfdx.checks.objects import values_exist
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import PAGE_COMPONENTS, PAGE_TEMPLATES
from tests.sfdx.checks.xml_tree import Node

RECORD_PAGE = "lightning__RecordPage"
_RECORD_FIELD = re.compile(r"^\{!Record\.([\w.]+)\}$")


def check_pages(project: Project) -> Iterator[Finding]:
    """Object, template, regions, components, their identifiers, and when they are shown."""
    known = catalog_of(project)
    for one in project.of("FlexiPage"):
        about = one.root.value("sobjectType")
        if about not in known.objects:
            yield one.finding(one.root.first("sobjectType"), f"there is no object {about}")
        template = one.root.value("template", "name")
        if template not in PAGE_TEMPLATES:
            yield one.finding(one.root.first("template"), f"{template} is not among the known templates")
        for region in one.root.all("flexiPageRegions"):
            if region.value("name") not in PAGE_TEMPLATES.get(template, {region.value("name")}):
                yield one.finding(region, f"{template} has no region {region.value('name')}")
        identifiers: set[str] = set()
        for node in one.root.all("flexiPageRegions", "itemInstances", "componentInstance"):
            if node.value("identifier") in identifiers:
                yield one.finding(node, f"the identifier {node.value('identifier')} stands there twice")
            identifiers.add(node.value("identifier"))
            yield from _component(one, node, about, project)
            yield from _visibility(one, node, about, known)
        for node in one.root.all("flexiPageRegions", "itemInstances", "fieldInstance", "fieldItem"):
            if problem := known.problem(about, node.text.removeprefix("Record.")):
                yield one.finding(node, problem)


def _component(one: Component, node: Node, about: str, project: Project) -> Iterator[Finding]:
    name = node.value("componentName")
    if ":" in name:
        if name not in PAGE_COMPONENTS:
            yield one.finding(node, f"{name} is not among Salesforce's known components")
        return
    bundle = project.get("LightningComponentBundle", name)
    if bundle is None:
        yield one.finding(node, f"there is no component {name}")
        return
    if not bundle.root.is_true("isExposed"):
        yield one.finding(node, f"{name} is not exposed: no page may show it")
    if one.root.value("type") == "RecordPage" and RECORD_PAGE not in bundle.root.values("targets", "target"):
        yield one.finding(node, f"{name} is not for record pages")
    objects = bundle.root.values("targetConfigs", "targetConfig", "objects", "object")
    if objects and about not in objects:
        yield one.finding(node, f"{name} is not for pages of {about}")


def _visibility(one: Component, node: Node, about: str, known: Catalog) -> Iterator[Finding]:
    criteria = list(node.all("visibilityRule", "criteria"))
    if (logic := node.value("visibilityRule", "booleanFilter")) and (
        sorted(set(re.findall(r"\d+", logic))) != [str(place + 1) for place in range(len(criteria))]
    ):
        yield one.finding(node, f"the filter {logic} does not use each of its {len(criteria)} criteria")
    for criterion in criteria:
        left = _RECORD_FIELD.match(criterion.value("leftValue"))
        if left is None:
            yield one.finding(criterion, f"{criterion.value('leftValue')} is no field of the record")
        elif problem := known.problem(about, left[1]):
            yield one.finding(criterion, problem)
        else:
            yield from values_exist(one, criterion, known.field(about, left[1]), criterion.value("rightValue"))
