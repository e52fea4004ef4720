"""Permission sets: everything they name exists, can be granted, and nothing of ours is forgotten.

Source: Metadata API Developer Guide, "PermissionSet". Salesforce refuses a deployment that grants a required field or
the editing of a formula, and grants no field of an event or of a custom metadata type by a permission set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.sfdx.checks.catalog import Catalog, catalog_of
from tests.sfdx.checks.component import Component, Finding
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import NOT_GRANTABLE, USER_PERMISSIONS
from tests.sfdx.checks.xml_tree import Node

NAMED = (
    ("classAccesses", "apexClass", "ApexClass"),
    ("customPermissions", "name", "CustomPermission"),
    ("flowAccesses", "flow", "Flow"),
    ("servicePresenceStatusAccesses", "servicePresenceStatus", "ServicePresenceStatus"),
    ("tabSettings", "tab", "CustomTab"),
    ("applicationVisibilities", "application", "CustomApplication"),
)
"""What is granted by name: the element, where the name stands in it, and the type that it is a name of."""

IMPLIED = (
    ("allowCreate", ("allowRead",)),
    ("allowEdit", ("allowRead",)),
    ("allowDelete", ("allowRead", "allowEdit")),
    ("viewAllRecords", ("allowRead",)),
    ("modifyAllRecords", ("allowRead", "allowEdit", "allowDelete", "viewAllRecords")),
)
"""What an object permission is granted with."""


def check_grants(project: Project) -> Iterator[Finding]:
    """What a permission set grants exists and can be granted."""
    known = catalog_of(project)
    for one in project.of("PermissionSet"):
        for element, key, type_name in NAMED:
            for node in one.root.all(element):
                if node.value(key) not in project.names(type_name):
                    yield one.finding(node, f"there is no {type_name} {node.value(key)}")
        for node in one.root.all("customMetadataTypeAccesses"):
            if node.value("name") not in known.objects:
                yield one.finding(node, f"there is no custom metadata type {node.value('name')}")
        for node in one.root.all("userPermissions"):
            if node.value("name") not in USER_PERMISSIONS:
                yield one.finding(node, f"{node.value('name')} is not among the known user permissions")
        for node in one.root.all("fieldPermissions"):
            yield from _field(one, node, known)
        for node in one.root.all("objectPermissions"):
            yield from _object(one, node, known)
        yield from _twice(one)


def check_nothing_forgotten(project: Project) -> Iterator[Finding]:
    """Every custom field that can be granted is in at least one permission set; otherwise nobody ever sees it."""
    known = catalog_of(project)
    granted = {name for one in project.of("PermissionSet") for name in one.root.values("fieldPermissions", "field")}
    for object_name, field in known.custom_fields():
        is_grantable = not object_name.endswith(("__e", "__mdt")) and not field.always_visible
        if is_grantable and f"{object_name}.{field.name}" not in granted:
            yield Finding(field.path, 1, f"{object_name}.{field.name} is in no permission set")


def _field(one: Component, node: Node, known: Catalog) -> Iterator[Finding]:
    name = node.value("field")
    object_name, _, field_name = name.partition(".")
    if problem := known.problem(object_name, field_name):
        yield one.finding(node, problem)
        return
    field = known.objects[object_name][field_name]
    if object_name.endswith(("__e", "__mdt")):
        yield one.finding(node, f"{name}: fields of events and custom metadata types are not granted")
    elif field.always_visible:
        yield one.finding(node, f"You cannot deploy to a required field: {name}")
    if field.is_formula and node.is_true("editable"):
        yield one.finding(node, f"{name} is a formula: it cannot be edited")
    if node.is_true("editable") and not node.is_true("readable"):
        yield one.finding(node, f"{name} can be edited, but not be read")


def _object(one: Component, node: Node, known: Catalog) -> Iterator[Finding]:
    name = node.value("object")
    if name not in known.objects:
        yield one.finding(node, f"there is no object {name}")
    if name in NOT_GRANTABLE or name.endswith("__mdt"):
        yield one.finding(node, f"{name} is not granted by object permissions")
    for permission, needed in IMPLIED:
        if node.is_true(permission):
            for other in needed:
                if not node.is_true(other):
                    yield one.finding(node, f"{name}: {permission} depends on {other}")
    if name.endswith("__e") and (node.is_true("allowEdit") or node.is_true("viewAllRecords")):
        yield one.finding(node, f"{name}: events are created and read, nothing else")


def _twice(one: Component) -> Iterator[Finding]:
    for element, key in (("fieldPermissions", "field"), ("objectPermissions", "object"), *(x[:2] for x in NAMED)):
        for name, times in Counter(one.root.values(element, key)).items():
            if times > 1:
                yield one.finding(one.root, f"{element} for {name} stand there {times} times")
