"""Permission sets: from their description to the records that permissions are read from.

Source: Metadata API Developer Guide, "PermissionSet"; Salesforce Help, "Object Permissions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scv_emulator.metadata.component import Component, Problem
from scv_emulator.metadata.components.elements import check_names, check_single, required, short_text, truth, words
from scv_emulator.metadata.trial import Trial, not_found
from scv_emulator.metadata.xml_tree import Element
from scv_emulator.salesforce.permissions import is_governed, is_permissionable

_ELEMENTS = words("""
    agentAccesses applicationVisibilities classAccesses customMetadataTypeAccesses customPermissions
    customSettingAccesses description emailRoutingAddressAccesses externalCredentialPrincipalAccesses
    externalDataSourceAccesses fieldPermissions flowAccesses fullName hasActivationRequired label license
    objectPermissions pageAccesses recordTypeVisibilities servicePresenceStatusAccesses tabSettings userLicense
    userPermissions
    """)
_PARTS = {
    "applicationVisibilities": frozenset({"application", "visible"}),
    "classAccesses": frozenset({"apexClass", "enabled"}),
    "customMetadataTypeAccesses": frozenset({"enabled", "name"}),
    "customPermissions": frozenset({"enabled", "name"}),
    "fieldPermissions": frozenset({"editable", "field", "readable"}),
    "flowAccesses": frozenset({"enabled", "flow"}),
    "objectPermissions": words("""
        allowCreate allowDelete allowEdit allowRead modifyAllRecords object viewAllFields viewAllRecords
        """),
    "servicePresenceStatusAccesses": frozenset({"enabled", "servicePresenceStatus"}),
    "tabSettings": frozenset({"tab", "visibility"}),
    "userPermissions": frozenset({"enabled", "name"}),
}
_WORDS = {
    "allowRead": "Read",
    "allowCreate": "Create",
    "allowEdit": "Edit",
    "allowDelete": "Delete",
    "viewAllRecords": "View All",
    "modifyAllRecords": "Modify All",
}
_NEEDS = {
    "allowCreate": ("allowRead",),
    "allowEdit": ("allowRead",),
    "allowDelete": ("allowRead", "allowEdit"),
    "viewAllRecords": ("allowRead",),
    "modifyAllRecords": ("allowRead", "allowEdit", "allowDelete", "viewAllRecords"),
}
_COLUMNS = {
    "allowRead": "PermissionsRead",
    "allowCreate": "PermissionsCreate",
    "allowEdit": "PermissionsEdit",
    "allowDelete": "PermissionsDelete",
    "viewAllRecords": "PermissionsViewAllRecords",
    "modifyAllRecords": "PermissionsModifyAllRecords",
}


def deploy(component: Component, trial: Trial) -> str:
    """Create the permission set, or replace what it grants. Who it is assigned to stays."""
    element = component.element
    check_names(element, _ELEMENTS, "PermissionSet")
    check_single(element, ("label", "description", "license", "hasActivationRequired"), "PermissionSet")
    for name, allowed in _PARTS.items():
        for one in element.all(name):
            check_names(one, allowed, f"PermissionSet.{name}")
            check_single(one, allowed, f"PermissionSet.{name}")
    required(element, "label", "PermissionSet")
    objects = list(_object_permissions(element, trial))
    fields = list(_field_permissions(element, trial))
    types = [one.value("name") for one in _enabled(element, "customMetadataTypeAccesses", trial, _metadata_type)]
    customs = [one.value("name") for one in _enabled(element, "customPermissions", trial, _custom_permission)]
    for name, check in _REFERENCES.items():
        list(_enabled(element, name, trial, check))
    granted = {one.value("name") for one in element.all("userPermissions") if truth(one, "enabled")}
    permission_set = trial.put(
        "PermissionSet",
        {"Name": component.full_name},
        {
            "Label": short_text(element, "label", longest=80),
            "Description": short_text(element, "description", longest=255) or None,
            "PermissionsModifyAllData": "ModifyAllData" in granted,
            "PermissionsApiEnabled": "ApiEnabled" in granted,
            "PermissionsViewSetup": "ViewSetup" in granted,
            "PermissionsViewAllData": bool(granted & {"ViewAllData", "ModifyAllData"}),
        },
    )
    for name in ("ObjectPermissions", "FieldPermissions", "SetupEntityAccess"):
        trial.delete_all(name, ParentId=permission_set)
    parent = {"ParentId": permission_set}
    reads = [{"SobjectType": name, "PermissionsRead": True} for name in types]
    for record in [*objects, *reads]:
        trial.database.insert("ObjectPermissions", parent | record, by_system=True)
    for record in fields:
        trial.database.insert("FieldPermissions", parent | record, by_system=True)
    for name in customs:
        found = trial.database.first("CustomPermission", DeveloperName=name)
        assert found is not None
        access = {"SetupEntityId": found["Id"], "SetupEntityType": "CustomPermission"}
        trial.database.insert("SetupEntityAccess", parent | access, by_system=True)
    return permission_set


def _object_permissions(element: Element, trial: Trial) -> Iterator[dict[str, object]]:
    seen: set[str] = set()
    for one in element.all("objectPermissions"):
        place = one.child("object") or one
        sobject = trial.require_object(one.value("object"), place)
        if not is_governed(sobject.name):
            raise Problem(f"{sobject.name} takes no object permissions", place)
        if sobject.name.endswith("__mdt"):
            raise Problem(f"{sobject.name} takes no object permissions, see customMetadataTypeAccesses", place)
        if sobject.name in seen:
            raise Problem(f"Duplicate objectPermissions: {sobject.name}", place)
        seen.add(sobject.name)
        given = {name for name in _WORDS if truth(one, name)}
        for name, word in _WORDS.items():
            missing = [_WORDS[needed] for needed in _NEEDS.get(name, ()) if needed not in given]
            if name in given and missing:
                depends = ", ".join(f"{one} {sobject.name}" for one in missing)
                message = f"Permission {word} {sobject.name} depends on permission(s): {depends}"
                raise Problem(message, one.child(name))
        yield {"SobjectType": sobject.name} | {column: name in given for name, column in _COLUMNS.items()}


def _field_permissions(element: Element, trial: Trial) -> Iterator[dict[str, object]]:
    seen: set[str] = set()
    for one in element.all("fieldPermissions"):
        place = one.child("field") or one
        object_name, _, name = one.value("field").partition(".")
        sobject = trial.require_object(object_name, place, "field")
        field = sobject.field(name)
        if field is None:
            raise not_found("CustomField", one.value("field"), place)
        full_name = f"{sobject.name}.{field.name}"
        if field.required:
            raise Problem(f"You cannot deploy to a required field: {full_name}", place)
        if not is_permissionable(sobject, field):
            raise Problem(f"The field {full_name} takes no field permissions", place)
        if full_name in seen:
            raise Problem(f"Duplicate fieldPermissions: {full_name}", place)
        seen.add(full_name)
        readable, editable = truth(one, "readable"), truth(one, "editable")
        if editable and not readable:
            raise Problem(f"Permission Edit {full_name} depends on permission(s): Read {full_name}", one)
        if editable and field.access == "r":
            raise Problem(f"The field {full_name} cannot be edited by anybody", one.child("editable"))
        yield {
            "SobjectType": sobject.name,
            "Field": full_name,
            "PermissionsRead": readable,
            "PermissionsEdit": editable,
        }


def _enabled(element: Element, name: str, trial: Trial, check: Callable[[Element, Trial], None]) -> Iterator[Element]:
    """The parts of this name that grant something; all of them are checked."""
    for one in element.all(name):
        check(one, trial)
        if truth(one, "enabled"):
            yield one


def _metadata_type(one: Element, trial: Trial) -> None:
    name, place = one.value("name"), one.child("name") or one
    if not name.endswith("__mdt"):
        raise not_found("CustomObject", name, place)
    trial.require_object(name, place)


def _custom_permission(one: Element, trial: Trial) -> None:
    if trial.database.first("CustomPermission", DeveloperName=one.value("name")) is None:
        raise not_found("CustomPermission", one.value("name"), one.child("name") or one)


def _apex_class(one: Element, trial: Trial) -> None:
    trial.require("ApexClass", one.value("apexClass"), one.child("apexClass") or one)


def _flow(one: Element, trial: Trial) -> None:
    trial.require("Flow", one.value("flow"), one.child("flow") or one)


def _presence_status(one: Element, trial: Trial) -> None:
    name = one.value("servicePresenceStatus")
    if trial.database.first("ServicePresenceStatus", DeveloperName=name) is None:
        raise not_found("ServicePresenceStatus", name, one.child("servicePresenceStatus") or one)


def _application(one: Element, trial: Trial) -> None:
    name = one.value("application")
    if not name.startswith("standard__"):
        trial.require("CustomApplication", name, one.child("application") or one)


def _tab(one: Element, trial: Trial) -> None:
    name = one.value("tab")
    if one.value("visibility") not in ("Available", "None", "Visible"):
        message = f"'{one.value('visibility')}' is not a valid value for the enum 'PermissionSetTabVisibility'"
        raise Problem(message, one.child("visibility") or one)
    if not name.startswith("standard-"):
        trial.require("CustomTab", name, one.child("tab") or one)


_REFERENCES: dict[str, Callable[[Element, Trial], None]] = {
    "classAccesses": _apex_class,
    "flowAccesses": _flow,
    "servicePresenceStatusAccesses": _presence_status,
    "applicationVisibilities": _application,
    "tabSettings": _tab,
}
