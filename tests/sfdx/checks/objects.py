"""Objects: what fields refer to, and what list views, layouts, compact layouts, formulas and overrides name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.sfdx.checks.catalog import Catalog, catalog_of
from tests.sfdx.checks.component import Component, Finding
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import LIST_COLUMNS, RELATED_LISTS, FieldFacts
from tests.sfdx.checks.xml_tree import Node

LOOKUPS = {"Lookup", "MasterDetail", "MetadataRelationship"}
SEARCH_LAYOUTS = ("customTabListAdditionalFields", "lookupDialogsAdditionalFields", "searchResultsAdditionalFields")
_STRING = re.compile(r'"[^"]*"')
_IDENTIFIER = re.compile(r"[$A-Za-z][\w.]*(?!\w*\s*\()")
_PICKLIST = re.compile(r'ISPICKVAL\(\s*([\w.]+)\s*,\s*"([^"]*)"\s*\)')
FORMULA_WORDS = {"NULL", "TRUE", "FALSE"}


def check_objects(project: Project) -> Iterator[Finding]:
    """A page that replaces a standard one exists and is for this object; so do the fields of searches."""
    known = catalog_of(project)
    for one in project.of("CustomObject"):
        for node in one.root.all("actionOverrides"):
            page = project.get("FlexiPage", node.value("content"))
            if node.value("type") == "Flexipage" and page is None:
                yield one.finding(node, f"there is no FlexiPage {node.value('content')}")
            elif page is not None and page.root.value("sobjectType") != one.name:
                yield one.finding(node, f"{page.name} is a page for {page.root.value('sobjectType')}")
        layout = one.root.value("compactLayoutAssignment")
        if layout and layout != "SYSTEM" and f"{one.name}.{layout}" not in project.names("CompactLayout"):
            yield one.finding(one.root.first("compactLayoutAssignment"), f"there is no compact layout {layout}")
        for kind in SEARCH_LAYOUTS:
            for node in one.root.all("searchLayouts", kind):
                yield from _field(one, node, known, one.name, node.text)
        if one.name.endswith("__c") and f"{one.name}-{one.root.value('label')} Layout" not in project.names("Layout"):
            yield one.finding(one.root, "has no layout of its own")


def check_fields(project: Project) -> Iterator[Finding]:
    """Lookups refer to objects that exist, under names that are not taken; picklists have one default at most."""
    known = catalog_of(project)
    children: dict[tuple[str, str], str] = {}
    for one in project.of("CustomField"):
        if one.object not in known.objects:
            yield one.finding(one.root, f"there is no object {one.object}")
        kind, target = one.root.value("type"), one.root.value("referenceTo")
        if kind in LOOKUPS and target not in known.objects:
            yield one.finding(one.root.first("referenceTo"), f"there is no object {target}")
        if kind in LOOKUPS:
            key = target, one.root.value("relationshipName")
            if key in children:
                yield one.finding(
                    one.root.first("relationshipName"), f"{children[key]} has this relationship name, too"
                )
            children[key] = one.name
        values = one.root.values("valueSet", "valueSetDefinition", "value", "fullName")
        if kind == "Picklist" and (not values or len(set(values)) < len(values)):
            yield one.finding(one.root.first("valueSet"), "has no values, or one of them twice")
        if sum(node.is_true("default") for node in one.root.all("valueSet", "valueSetDefinition", "value")) > 1:
            yield one.finding(one.root.first("valueSet"), "has two defaults")
        yield from _limits(one)


def check_formulas(project: Project) -> Iterator[Finding]:
    """Formulas of fields and validation rules name fields that exist, and picklist values that exist."""
    known = catalog_of(project)
    for one in project.of("CustomField"):
        if (node := one.root.first("formula")) is not None:
            yield from _formula(one, node, known)
    for one in project.of("ValidationRule"):
        if (node := one.root.first("errorConditionFormula")) is not None:
            yield from _formula(one, node, known)
        if (node := one.root.first("errorDisplayField")) is not None:
            yield from _field(one, node, known, one.object, node.text)


def check_list_views(project: Project) -> Iterator[Finding]:
    """Columns, filters, values and queues of list views, and fields of compact layouts."""
    known = catalog_of(project)
    for one in project.of("CompactLayout"):
        for node in one.root.all("fields"):
            yield from _field(one, node, known, one.object, node.text)
    for one in project.of("ListView"):
        for node in (*one.root.all("columns"), *one.root.all("filters", "field")):
            if node.text not in LIST_COLUMNS:
                yield from _field(one, node, known, one.object, node.text)
        for node in one.root.all("filters"):
            field = known.field(one.object, node.value("field"))
            yield from values_exist(one, node, field, node.value("value"))
        queues = [*one.root.all("queue"), *one.root.all("sharedTo", "queue")]
        for node in queues:
            if node.text not in project.names("Queue"):
                yield one.finding(node, f"there is no queue {node.text}")
        if (one.root.value("filterScope") == "Queue") != (one.root.first("queue") is not None):
            yield one.finding(one.root, "the scope Queue and a queue belong together")


def check_layouts(project: Project) -> Iterator[Finding]:
    """Fields and related lists of page layouts; formulas and automatic numbers are for reading."""
    known = catalog_of(project)
    for one in project.of("Layout"):
        object_name = one.name.partition("-")[0]
        placed: set[str] = set()
        for item in one.root.all("layoutSections", "layoutColumns", "layoutItems"):
            name = item.value("field")
            yield from _field(one, item, known, object_name, name)
            field = known.field(object_name, name)
            if field is not None and field.is_formula and item.value("behavior") != "Readonly":
                yield one.finding(item, f"{name} is a formula: its behavior is Readonly")
            if name in placed:
                yield one.finding(item, f"{name} is on the layout twice")
            placed.add(name)
        for node in one.root.all("relatedLists", "relatedList"):
            if node.text not in RELATED_LISTS and known.problem(*_split(node.text)):
                yield one.finding(node, f"there is no related list {node.text}")


def values_exist(one: Component, node: Node, field: FieldFacts | None, text: str) -> Iterator[Finding]:
    """What a picklist is compared with is one of its values."""
    if field is not None and field.values:
        for value in text.split(","):
            if value and value not in field.values:
                yield one.finding(node, f"{field.name} is never '{value}', but {', '.join(field.values)}")


def _field(one: Component, node: Node, known: Catalog, object_name: str, name: str) -> Iterator[Finding]:
    if problem := known.problem(object_name, name):
        yield one.finding(node, problem)


def _formula(one: Component, node: Node, known: Catalog) -> Iterator[Finding]:
    for name in _IDENTIFIER.findall(_STRING.sub("", node.text)):
        if name.upper() not in FORMULA_WORDS and not name.startswith("$"):
            yield from _field(one, node, known, one.object, name)
    for name, value in _PICKLIST.findall(node.text):
        yield from values_exist(one, node, known.field(one.object, name), value)


def _limits(one: Component) -> Iterator[Finding]:
    kind, length = one.root.value("type"), one.root.value("length")
    if length.isdecimal():
        longest = {"Text": 255, "LongTextArea": 131072, "Html": 131072, "EncryptedText": 175}.get(kind, 0)
        shortest = 256 if kind in ("LongTextArea", "Html") else 1
        if not shortest <= int(length) <= longest:
            yield one.finding(one.root.first("length"), f"a {kind} has a length from {shortest} to {longest}")
    precision, scale = one.root.value("precision"), one.root.value("scale")
    if precision.isdecimal() and scale.isdecimal() and not int(scale) <= int(precision) <= 18:
        yield one.finding(one.root.first("precision"), "a number has at most 18 digits")


def _split(name: str) -> tuple[str, str]:
    object_name, _, field = name.partition(".")
    return object_name, field
