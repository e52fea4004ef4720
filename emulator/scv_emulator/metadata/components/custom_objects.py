"""Custom objects, platform events and custom metadata types.

Source: Metadata API Developer Guide, "CustomObject"; Platform Events Developer Guide; Custom Metadata Types
Implementation Guide.
"""

from __future__ import annotations

import re

from scv_emulator.metadata.component import Component, Problem
from scv_emulator.metadata.components.elements import check_names, check_single, choice, required, short_text, whole
from scv_emulator.metadata.trial import Trial
from scv_emulator.metadata.types import BY_NAME
from scv_emulator.metadata.xml_tree import Element
from scv_emulator.salesforce.schema import Field, SObject, reference

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__(?:c|e|mdt)", re.ASCII)
_ENDINGS = "__c or __kav or __x or __b or __e or __p or __mdt or __dll or __dlm"
_LONGEST_NAME = 40
_SHARING_MODELS = ("Private", "Read", "ReadWrite", "ReadWriteTransfer", "ControlledByParent", "FullAccess")
_ELEMENTS = frozenset(tag for tag, _ in BY_NAME["CustomObject"].children) | {
    "actionOverrides",
    "allowInChatterGroups",
    "compactLayoutAssignment",
    "customHelp",
    "customHelpPage",
    "customSettingsType",
    "deploymentStatus",
    "description",
    "enableActivities",
    "enableBulkApi",
    "enableEnhancedLookup",
    "enableFeeds",
    "enableHistory",
    "enableLicensing",
    "enableReports",
    "enableSearch",
    "enableSharing",
    "enableStreamingApi",
    "eventType",
    "externalSharingModel",
    "fullName",
    "gender",
    "household",
    "label",
    "nameField",
    "pluralLabel",
    "publishBehavior",
    "recordTypeTrackFeedHistory",
    "recordTypeTrackHistory",
    "searchLayouts",
    "sharingModel",
    "startsWith",
    "visibility",
}


def deploy(component: Component, trial: Trial) -> str:
    """Create the object, or take the settings of one that is there."""
    name, element = component.full_name, component.element
    check_names(element, _ELEMENTS, "CustomObject")
    check_single(element, ("label", "pluralLabel", "nameField", "sharingModel", "deploymentStatus"), "CustomObject")
    if not name.endswith(("__c", "__e", "__mdt")):
        trial.require_object(name, element, "fullName")
        return ""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME + len("__mdt"):
        raise Problem(f"fullName must end with: {_ENDINGS}", element)
    label = short_text(element, "label", longest=_LONGEST_NAME)
    if not label:
        raise Problem("Must specify a non-empty label for the CustomObject", element)
    if not element.value("pluralLabel"):
        raise Problem("Must specify a non-empty pluralLabel for the CustomObject", element)
    made = _object(name, label, element, trial)
    if trial.schema.has(name):
        before = trial.schema.sobject(name)
        before.label = label
        for field in made.fields.values():
            before.add(field)
    else:
        trial.schema.add_object(made)
    return ""


def _object(name: str, label: str, element: Element, trial: Trial) -> SObject:
    if name.endswith("__e"):
        choice(element, "eventType", ("HighVolume", "StandardVolume"), "PlatformEventType")
        choice(element, "publishBehavior", ("PublishAfterCommit", "PublishImmediately"), "PlatformEventPublishBehavior")
        required(element, "deploymentStatus", "CustomObject")
        fields = [
            Field("ReplayId", "string", "r", length=1000),
            Field("EventUuid", "string", "r", length=36),
        ]
        flags = {"updateable": False, "deletable": False, "queryable": False}
        return SObject.of(name, trial.new_prefix("e"), fields, label=label, **flags)
    if name.endswith("__mdt"):
        choice(element, "visibility", ("Public", "Protected", "PackageProtected"), "SetupObjectVisibility")
        fields = [
            Field("DeveloperName", "string", "r", length=40, id_lookup=True),
            Field("MasterLabel", "string", "r", length=40),
            Field("Label", "string", "r", length=40),
            Field("QualifiedApiName", "string", "r", length=70),
            Field("NamespacePrefix", "string", "r", length=15),
            Field("Language", "picklist", "r", default="en_US"),
        ]
        flags = {"createable": False, "updateable": False, "deletable": False}
        return SObject.of(name, trial.new_prefix("m"), fields, label=label, **flags)
    choice(element, "deploymentStatus", ("Deployed", "InDevelopment"), "DeploymentStatus")
    choice(element, "sharingModel", _SHARING_MODELS, "SharingModel")
    for needed in ("deploymentStatus", "sharingModel"):
        required(element, needed, "CustomObject")
    fields = [_name_field(element), reference("OwnerId", "User", "Group")]
    return SObject.of(name, trial.new_prefix("a"), fields, label=label)


def _name_field(element: Element) -> Field:
    given = element.child("nameField")
    if given is None:
        raise Problem("Must specify a nameField of type Text or AutoNumber", element)
    label = required(given, "label", "CustomField")
    match required(given, "type", "CustomField"):
        case "Text":
            return Field("Name", "string", length=80, label=label)
        case "AutoNumber":
            shape = given.value("displayFormat") or "{0}"
            whole(given, "startingNumber")
            if not re.fullmatch(r"[^{}]*\{0+\}[^{}]*", shape):
                raise Problem("Invalid displayFormat: it needs one number such as {0000}", given.child("displayFormat"))
            return Field("Name", "string", "r", length=80, label=label, autonumber=shape)
        case other:
            raise Problem(f"Must specify a nameField of type Text or AutoNumber, got {other}", given.child("type"))
