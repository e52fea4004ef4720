"""What people read: labels that are short enough, and a description of everything.

Source: Metadata API Developer Guide, and Salesforce Help for the lengths that it does not give. What an administrator
sees in Setup is the description; what a rep sees beside a field is the help text.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from tests.sfdx.checks.component import Component, Finding
from tests.sfdx.checks.component_types import FOLDER_ROOTS
from tests.sfdx.checks.declarations import declarations
from tests.sfdx.checks.flows import graph
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.schema import DECLARATIONS
from tests.sfdx.checks.xml_tree import Node

LONGEST = MappingProxyType(
    {
        ("CustomObject", "label"): 40,
        ("CustomObject", "pluralLabel"): 40,
        ("CustomObject", "description"): 1000,
        ("CustomField", "label"): 40,
        ("CustomField", "description"): 1000,
        ("CustomField", "inlineHelpText"): 510,
        ("CustomField", "relationshipName"): 40,
        ("CustomField", "relationshipLabel"): 80,
        ("ListView", "label"): 40,
        ("CompactLayout", "label"): 80,
        ("ValidationRule", "description"): 255,
        ("ValidationRule", "errorMessage"): 255,
        ("CustomPermission", "label"): 80,
        ("CustomPermission", "description"): 255,
        ("CustomMetadata", "label"): 40,
        ("PermissionSet", "label"): 80,
        ("PermissionSet", "description"): 255,
        ("Queue", "name"): 40,
        ("Group", "name"): 40,
        ("QueueRoutingConfig", "label"): 80,
        ("ServicePresenceStatus", "label"): 80,
        ("PresenceUserConfig", "label"): 80,
        ("Flow", "label"): 80,
        ("Flow", "description"): 1000,
        ("FlexiPage", "masterLabel"): 80,
        ("FlexiPage", "description"): 1000,
        ("LightningComponentBundle", "masterLabel"): 80,
        ("ReportType", "label"): 50,
        ("ReportType", "description"): 255,
        ("Report", "name"): 40,
        ("Report", "description"): 255,
        ("ReportFolder", "name"): 40,
        ("Dashboard", "title"): 80,
        ("Dashboard", "description"): 255,
        ("DashboardFolder", "name"): 40,
        ("ExternalClientApplication", "label"): 80,
        ("CspTrustedSite", "description"): 255,
    }
)
"""How many characters Salesforce takes, by type and element."""

LONGEST_NAME = MappingProxyType({"CustomObject": 40, "CustomField": 40, "ListView": 40, "LightningComponentBundle": 40})
"""How long API names may be, without __c; 80 for all other types."""

NOT_DESCRIBED = frozenset({"CustomMetadata"})
"""Types whose description Setup never shows."""


def check_lengths(project: Project) -> Iterator[Finding]:
    """Labels, descriptions, help texts and API names are not too long; labels are not empty."""
    for one in project.components:
        for (type_name, tag), longest in LONGEST.items():
            node = one.root.first(tag) if type_name == one.type else None
            if node is not None and len(node.text) > longest:
                yield one.finding(node, f"{tag} has {len(node.text)} characters, {longest} are allowed")
            if node is not None and not node.text:
                yield one.finding(node, f"{tag} is empty")
        name = one.own_name.removesuffix("__c").removesuffix("__mdt").removesuffix("__e")
        longest = LONGEST_NAME.get(one.type, 80)
        if len(name) > longest:
            yield one.finding(one.root, f"the name has {len(name)} characters, {longest} are allowed")


def check_descriptions(project: Project) -> Iterator[Finding]:
    """Everything that can have a description has one; so has every part of a flow; fields have a help text, too."""
    known = declarations(DECLARATIONS)
    for one in project.components:
        describable = "description" in known.types.get(one.root.tag, {})
        if describable and one.type not in NOT_DESCRIBED and one.type not in FOLDER_ROOTS.values():
            yield from _described(one, one.root)
        if one.type == "CustomField" and not one.root.value("inlineHelpText"):
            yield one.finding(one.root, "has no inlineHelpText")
        if one.type == "Flow":
            flow = graph(one)
            for name, node in (*flow.elements, *flow.resources):
                if not node.value("description"):
                    yield one.finding(node, f"{name} has no description")
        if one.type == "SharingRules":
            for rule in one.root.all("sharingCriteriaRules"):
                yield from _described(one, rule)


def _described(one: Component, node: Node) -> Iterator[Finding]:
    if not node.value("description"):
        yield one.finding(node, "has no description")
