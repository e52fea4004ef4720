"""Queues and their routing configurations.

Source: Metadata API Developer Guide, "Queue" and "QueueRoutingConfig".
"""

from __future__ import annotations

from scv_emulator.metadata.component import Component, Problem
from scv_emulator.metadata.components.elements import (
    check_names,
    check_single,
    choice,
    decimal,
    required,
    short_text,
    truth,
    whole,
    words,
)
from scv_emulator.metadata.trial import Trial, not_found

_MODELS = {
    "LEAST_ACTIVE": "LeastActive",
    "MOST_AVAILABLE": "MostAvailable",
    "EXTERNAL_ROUTING": "ExternalRouting",
}
_CONFIGURATION = words("""
    capacityPercentage capacityType capacityWeight dropAdditionalSkillsTimeout fullName isAttributeBased label
    pushTimeout queueOverflowAssignee routingModel routingPriority skills userOverflowAssignee
    """)
_GROUP = words("description doesIncludeBosses fullName name")
_QUEUE = words("""
    description doesIncludeBosses doesSendEmailToMembers email fullName name queueMembers queueRoutingConfig
    queueSobject
    """)


def routing_configuration(component: Component, trial: Trial) -> str:
    """How fast and to whom the work of a queue is given."""
    element = component.element
    check_names(element, _CONFIGURATION, "QueueRoutingConfig")
    check_single(element, _CONFIGURATION - {"skills"}, "QueueRoutingConfig")
    label = required(element, "label", "QueueRoutingConfig")
    required(element, "routingModel", "QueueRoutingConfig")
    model = choice(element, "routingModel", _MODELS, "RoutingModel")
    choice(element, "capacityType", ("INHERITED", "INTERRUPTIBLE", "NOT_INTERRUPTIBLE"), "CapacityType")
    priority = whole(element, "routingPriority")
    if priority is None:
        raise Problem("Required field is missing: routingPriority", element)
    weight, percentage = decimal(element, "capacityWeight"), decimal(element, "capacityPercentage")
    if (weight is None) == (percentage is None):
        raise Problem("Specify either capacityWeight or capacityPercentage", element)
    fields = {
        "MasterLabel": label,
        "RoutingModel": _MODELS[model],
        "RoutingPriority": priority,
        "CapacityWeight": weight,
        "CapacityPercentage": percentage,
        "PushTimeout": whole(element, "pushTimeout"),
    }
    return trial.put("QueueRoutingConfig", {"DeveloperName": component.full_name}, fields)


def queue(component: Component, trial: Trial) -> str:
    """A queue with its objects; members are replaced only when the file names some."""
    element = component.element
    check_names(element, _QUEUE, "Queue")
    check_single(element, _QUEUE - {"queueSobject"}, "Queue")
    required(element, "name", "Queue")
    label = short_text(element, "name", longest=40)
    objects = _objects(component, trial)
    members = _members(component, trial)
    configuration = element.value("queueRoutingConfig")
    found = trial.database.first("QueueRoutingConfig", DeveloperName=configuration) if configuration else None
    if configuration and found is None:
        place = element.child("queueRoutingConfig") or element
        raise not_found("QueueRoutingConfig", configuration, place)
    fields = {
        "Name": label,
        "Type": "Queue",
        "Email": element.value("email") or None,
        "DoesSendEmailToMembers": truth(element, "doesSendEmailToMembers"),
        "QueueRoutingConfigId": found["Id"] if found else None,
    }
    queue_id = trial.put("Group", {"DeveloperName": component.full_name, "Type": "Queue"}, fields)
    trial.delete_all("QueueSobject", QueueId=queue_id)
    for name in objects:
        trial.database.insert("QueueSobject", {"QueueId": queue_id, "SobjectType": name}, by_system=True)
    if members is not None:
        trial.delete_all("GroupMember", GroupId=queue_id)
        for member in members:
            trial.database.insert("GroupMember", {"GroupId": queue_id, "UserOrGroupId": member}, by_system=True)
    return queue_id


def public_group(component: Component, trial: Trial) -> str:
    """A public group; its members are given in Setup."""
    element = component.element
    check_names(element, _GROUP, "Group")
    required(element, "name", "Group")
    fields = {
        "Name": short_text(element, "name", longest=40),
        "Type": "Regular",
        "DoesIncludeBosses": truth(element, "doesIncludeBosses"),
    }
    return trial.put("Group", {"DeveloperName": component.full_name, "Type": "Regular"}, fields)


def _objects(component: Component, trial: Trial) -> list[str]:
    names = []
    for one in component.element.all("queueSobject"):
        place = one.child("sobjectType") or one
        sobject = trial.require_object(one.value("sobjectType"), place)
        owner = sobject.field("OwnerId")
        if owner is None or "Group" not in owner.reference_to:
            raise Problem(f"Records of {sobject.name} cannot belong to a queue", place)
        names.append(sobject.name)
    return names


def _members(component: Component, trial: Trial) -> list[str] | None:
    members = component.element.child("queueMembers")
    if members is None:
        return None
    found = []
    for kind in members.children:
        for one in kind.children:
            name = one.text.strip()
            if kind.name == "users":
                record = trial.database.first("User", Username=name)
            elif kind.name == "publicGroups":
                record = trial.database.first("Group", DeveloperName=name, Type="Regular")
            else:
                raise Problem(f"The emulator has no {kind.name} that could be members of a queue", kind)
            if record is None:
                raise not_found("User" if kind.name == "users" else "Group", name, one)
            found.append(str(record["Id"]))
    return found
