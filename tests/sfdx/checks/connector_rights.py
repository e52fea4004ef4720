"""The integration user's permission sets grant what the connector does: nothing is missing, nothing superfluous."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.sfdx.checks.catalog import catalog_of
from tests.sfdx.checks.component import Component, Finding
from tests.sfdx.checks.connector_needs import Need, Unreadable, needs
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import NEEDS_VOICE, NOT_GRANTABLE
from tests.sfdx.checks.xml_tree import Node

SETS = ("Voicemail_Integration", "Voicemail_Integration_Voice")
USER_PERMISSIONS = {"ApiEnabled"}
"""What a client of the REST API needs."""
RIGHTS = ("allowRead", "allowCreate", "allowEdit", "allowDelete", "modifyAllRecords")
ABOUT_RECORDS = {"fieldPermissions", "objectPermissions", "userPermissions"}


def check_rights(project: Project) -> Iterator[Finding]:
    """Fields, objects and user permissions, compared with what is derived from the connector's code."""
    sets = [one for name in SETS if (one := project.get("PermissionSet", name))]
    if len(sets) < len(SETS):
        yield Finding("sfdx/force-app", 1, f"the integration user needs {' and '.join(SETS)}")
        return
    try:
        wanted = {name: need for name, need in needs().items() if name not in NOT_GRANTABLE}
    except Unreadable as error:
        yield Finding("connector", 1, str(error))
        return
    yield from _compare(sets, "fieldPermissions", "field", _fields(project, wanted), _field_right)
    yield from _compare(sets, "objectPermissions", "object", _objects(wanted), _object_right)
    yield from _compare(sets, "userPermissions", "name", dict.fromkeys(USER_PERMISSIONS, "given"), lambda _: "given")
    for one in sets:
        for child in one.root.children:
            if child.children and child.tag not in ABOUT_RECORDS:
                yield one.finding(child, f"the connector needs no {child.tag}")
    for object_name in sets[0].root.values("objectPermissions", "object"):
        if object_name in NEEDS_VOICE:
            yield sets[0].finding(None, f"{object_name} belongs into {SETS[1]}")


def _fields(project: Project, wanted: dict[str, Need]) -> dict[str, str]:
    """The right that is needed for each field that can be granted."""
    known = catalog_of(project)
    rights = {}
    for object_name, need in wanted.items():
        for name in need.reads | need.writes:
            field = known.field(object_name, name)
            granted = not object_name.endswith("__e") and (field is None or not field.always_visible)
            if granted:
                rights[f"{object_name}.{name}"] = "edit" if name in need.writes else "read"
    return rights


def _objects(wanted: dict[str, Need]) -> dict[str, str]:
    """The rights that are needed for each object."""
    return {
        name: ", ".join(
            right
            for right, is_needed in zip(RIGHTS, (True, need.creates, need.updates, False, False), strict=True)
            if is_needed
        )
        for name, need in wanted.items()
    }


def _field_right(node: Node) -> str:
    return "edit" if node.is_true("editable") else "read" if node.is_true("readable") else "nothing"


def _object_right(node: Node) -> str:
    return ", ".join(right for right in RIGHTS if node.is_true(right))


def _compare(
    sets: Sequence[Component], element: str, key: str, wanted: Mapping[str, str], right_in: Callable[[Node], str]
) -> Iterator[Finding]:
    given: dict[str, tuple[Component, Node]] = {}
    for one in sets:
        for node in one.root.all(element):
            if node.value(key) in given:
                yield one.finding(node, f"{node.value(key)} is granted by both sets")
            given[node.value(key)] = (one, node)
    for name, right in wanted.items():
        if name not in given:
            yield sets[0].finding(None, f"the connector needs {name}: {right}")
    for name, (one, node) in given.items():
        right = right_in(node)
        if right != wanted.get(name, ""):
            yield one.finding(node, f"{name} is granted: {right}; the connector needs {wanted.get(name, 'nothing')}")
