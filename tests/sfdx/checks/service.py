"""Omni-Channel, custom metadata, sharing, tabs and the external client app: everything that is named exists."""

from __future__ import annotations

from collections.abc import Iterator

from tests.sfdx.checks.catalog import catalog_of
from tests.sfdx.checks.component import Component, Finding
from tests.sfdx.checks.objects import values_exist
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import QUEUE_OBJECTS, SERVICE_CHANNELS
from tests.sfdx.checks.xml_tree import Node

XSD_TYPES = {
    "Text": {"string"},
    "LongTextArea": {"string"},
    "Picklist": {"string"},
    "Checkbox": {"boolean"},
    "Number": {"double", "int"},
    "DateTime": {"dateTime"},
}
"""How values of custom metadata are written, by the type of the field."""


def check_queues(project: Project) -> Iterator[Finding]:
    """Routing configurations exist and keep the work in Salesforce; queues hold what a queue can hold.

    Source: Implementation Guide, "Send Voicemails to Reps": voicemails need a routing other than External Routing.
    """
    known = catalog_of(project)
    for one in project.of("Queue"):
        name = one.root.value("queueRoutingConfig")
        config = project.get("QueueRoutingConfig", name)
        if config is None:
            yield one.finding(one.root.first("queueRoutingConfig"), f"there is no routing configuration {name!r}")
        elif config.root.value("routingModel") == "EXTERNAL_ROUTING":
            yield one.finding(one.root.first("queueRoutingConfig"), f"{name} routes externally: voicemails never come")
        for node in one.root.all("queueSobject", "sobjectType"):
            custom = node.text.endswith("__c")
            if node.text not in known.objects or (not custom and node.text not in QUEUE_OBJECTS):
                yield one.finding(node, f"a queue holds no {node.text}")
    for one in project.of("QueueRoutingConfig"):
        weights = [name for name in ("capacityWeight", "capacityPercentage") if one.root.first(name)]
        if len(weights) != 1:
            yield one.finding(one.root, "has either a weight or a percentage of the capacity")


def check_presence(project: Project) -> Iterator[Finding]:
    """A status without a channel means away; accepting by itself and declining exclude each other."""
    channels = set(SERVICE_CHANNELS) | project.names("ServiceChannel")
    for one in project.of("ServicePresenceStatus"):
        named = list(one.root.all("channels", "channel"))
        if not named:
            yield one.finding(one.root, "has no channel: whoever chooses it is away")
        for node in named:
            if node.text not in channels:
                yield one.finding(node, f"there is no service channel {node.text}")
    for one in project.of("PresenceUserConfig"):
        if one.root.is_true("enableAutoAccept") and one.root.is_true("enableDecline"):
            yield one.finding(one.root, "work that is accepted by itself cannot be declined")


def check_custom_metadata(project: Project) -> Iterator[Finding]:
    """Records of types that exist, with a value of the right type and length for every field."""
    known = catalog_of(project)
    for one in project.of("CustomMetadata"):
        type_name = f"{one.object}__mdt"
        if type_name not in known.objects:
            yield one.finding(one.root, f"there is no custom metadata type {type_name}")
            continue
        given = {node.value("field"): node for node in one.root.all("values")}
        for name, node in given.items():
            if problem := known.problem(type_name, name):
                yield one.finding(node, problem)
                continue
            field, value = known.objects[type_name][name], node.first("value") or node
            kind = (value.attributes or {}).get("type", "").rpartition(":")[2]
            is_nil = (value.attributes or {}).get("nil") == "true"
            if not is_nil and kind not in XSD_TYPES.get(field.type, set()):
                yield one.finding(node, f"{name} is a {field.type}; its value is written as {kind or 'nothing'}")
            if field.length and len(value.text) > field.length:
                yield one.finding(node, f"{name} takes {field.length} characters")
            yield from values_exist(one, node, field, value.text)
        for name in known.objects[type_name]:
            if name.endswith("__c") and name not in given:
                yield one.finding(one.root, f"says nothing about {name}")
    yield from _queues_of_settings(project)


def check_app_and_sharing(project: Project) -> Iterator[Finding]:
    """Tabs, sharing rules, and the parts of the external client app."""
    known = catalog_of(project)
    for one in project.of("CustomTab"):
        if one.root.is_true("customObject") and one.name not in known.objects:
            yield one.finding(one.root, f"there is no object {one.name}")
    for one in project.of("SharingRules"):
        for rule in (*one.root.all("sharingCriteriaRules"), *one.root.all("sharingOwnerRules")):
            yield from _sharing_rule(one, rule, project)
    parts = ("ExtlClntAppOauthSettings", "ExtlClntAppOauthConfigurablePolicies", "ExtlClntAppConfigurablePolicies")
    for one in project.of(*parts):
        app = one.root.value("externalClientApplication")
        if app not in project.names("ExternalClientApplication"):
            yield one.finding(one.root.first("externalClientApplication"), f"there is no external client app {app}")
        node = one.root.first("commaSeparatedPermissionSet")
        for name in node.text.split(",") if node else ():
            if name.strip() not in project.names("PermissionSet"):
                yield one.finding(node, f"there is no permission set {name}")


def _sharing_rule(one: Component, rule: Node, project: Project) -> Iterator[Finding]:
    known = catalog_of(project)
    for node in (*rule.all("sharedTo", "group"), *rule.all("sharedFrom", "group")):
        if node.text not in project.names("Group"):
            yield one.finding(node, f"there is no group {node.text}")
    for node in (*rule.all("sharedTo", "queue"), *rule.all("sharedFrom", "queue")):
        if node.text not in project.names("Queue"):
            yield one.finding(node, f"there is no queue {node.text}")
    for node in rule.all("criteriaItems"):
        if problem := known.problem(one.name, node.value("field")):
            yield one.finding(node, problem)


def _queues_of_settings(project: Project) -> Iterator[Finding]:
    """A queue that a shipped setting names is shipped, too; main/ alone ships none, and says so in its guide."""
    if not any(project.of("Queue")):
        return
    for one in project.of("CustomMetadata"):
        for node in one.root.all("values"):
            name = node.value("value")
            if node.value("field").endswith("_Queue__c") and name and name not in project.names("Queue"):
                yield one.finding(node, f"there is no queue {name}")
