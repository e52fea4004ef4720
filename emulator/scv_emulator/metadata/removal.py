"""Taking components out of the org again, as a manifest of destructive changes asks.

Source: Metadata API Developer Guide, "Deleting Components from an Organization".
"""

from __future__ import annotations

from collections.abc import Callable

from scv_emulator.metadata.component import Message
from scv_emulator.metadata.trial import Trial

_SETUP_RECORDS = {
    "CustomPermission": ("CustomPermission", "DeveloperName"),
    "PermissionSet": ("PermissionSet", "Name"),
    "Queue": ("Group", "DeveloperName"),
    "QueueRoutingConfig": ("QueueRoutingConfig", "DeveloperName"),
    "ServiceChannel": ("ServiceChannel", "DeveloperName"),
    "ServicePresenceStatus": ("ServicePresenceStatus", "DeveloperName"),
}
_DEPENDENTS = {
    "PermissionSet": (
        ("ObjectPermissions", "ParentId"),
        ("FieldPermissions", "ParentId"),
        ("SetupEntityAccess", "ParentId"),
        ("PermissionSetAssignment", "PermissionSetId"),
    ),
    "Queue": (("QueueSobject", "QueueId"), ("GroupMember", "GroupId"), ("CallCenterRoutingMap", "ReferenceRecordId")),
}
_FILE = "destructiveChanges.xml"


def remove(kind: str, full_name: str, trial: Trial) -> Message:
    """Delete one component; what is not there is only a warning for Salesforce, and a success here."""
    found = trial.stored.get((kind, full_name))
    problem = ""
    if found is not None:
        problem = _REMOVERS.get(kind, _forget)(kind, full_name, trial)
    if not problem:
        trial.stored.pop((kind, full_name), None)
    return Message(
        type=kind,
        full_name=full_name,
        file_name=_FILE,
        component_id=found.id if found else "",
        problem=problem,
        deleted=not problem and found is not None,
    )


def _forget(kind: str, full_name: str, trial: Trial) -> str:
    """What is only stored, or a record of the setup with its dependents."""
    if kind in _SETUP_RECORDS:
        object_name, key = _SETUP_RECORDS[kind]
        for record in trial.database.find(object_name, **{key: full_name}):
            for dependent, parent in _DEPENDENTS.get(kind, ()):
                trial.delete_all(dependent, **{parent: record["Id"]})
            trial.database.delete(object_name, record["Id"])
    return ""


def _custom_metadata(_kind: str, full_name: str, trial: Trial) -> str:
    type_name, _, name = full_name.partition(".")
    if trial.schema.has(f"{type_name.removesuffix('__mdt')}__mdt"):
        trial.delete_all(f"{type_name.removesuffix('__mdt')}__mdt", DeveloperName=name)
    return ""


def _flow(_kind: str, full_name: str, trial: Trial) -> str:
    if trial.flows.get(full_name) is not None:
        return f"The flow {full_name} is active: deactivate it before you delete it"
    trial.flows.remove(full_name)
    trial.delete_all("FlowDefinitionView", ApiName=full_name)
    return ""


def _field(_kind: str, full_name: str, trial: Trial) -> str:
    object_name, _, name = full_name.partition(".")
    if trial.schema.has(object_name):
        sobject = trial.schema.sobject(object_name)
        if sobject.field(name) is not None:
            sobject.remove(name)
    trial.delete_all("FieldPermissions", Field=full_name)
    return ""


def _object(_kind: str, full_name: str, trial: Trial) -> str:
    referring = [
        f"{one.name}.{field.name}"
        for one in trial.schema
        for field in one.fields.values()
        if full_name in field.reference_to and one.name != full_name and field.custom
    ]
    if referring:
        return f"This custom object is referenced elsewhere: {', '.join(referring)}"
    if trial.schema.has(full_name):
        for record in trial.database.all(full_name):
            trial.database.delete(full_name, record["Id"])
        trial.schema.remove_object(full_name)
    trial.delete_all("ObjectPermissions", SobjectType=full_name)
    trial.delete_all("FieldPermissions", SobjectType=full_name)
    for key in [one for one in trial.stored if one[1].startswith(f"{full_name}.")]:
        del trial.stored[key]
    return ""


_REMOVERS: dict[str, Callable[[str, str, Trial], str]] = {
    "CustomField": _field,
    "CustomMetadata": _custom_metadata,
    "CustomObject": _object,
    "Flow": _flow,
}
