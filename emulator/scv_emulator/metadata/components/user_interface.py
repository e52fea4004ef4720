"""What people see: pages, layouts, tabs, list views, reports. It is stored; what it refers to must be there.

Source: Metadata API Developer Guide, the page of each type.
"""

from __future__ import annotations

from scv_emulator.metadata.component import Component, Problem
from scv_emulator.metadata.trial import Trial, not_found

_CUSTOM_ENTITY = "CustomEntity$"


def bundle(component: Component, _trial: Trial) -> str:
    """A Lightning component; its script must be there."""
    name = component.full_name
    scripts = (f"{component.file_name}/{name}.js", f"{component.file_name}/{name}.cmp")
    if not any(one in component.files for one in scripts) and component.type == "LightningComponentBundle":
        raise Problem(f"No JavaScript file {name}.js in the bundle", component.element)
    return ""


def page(component: Component, trial: Trial) -> str:
    """A Lightning page: of an object that exists, with components that exist."""
    object_name = component.element.value("sobjectType")
    if object_name:
        trial.require_object(object_name, component.element.child("sobjectType") or component.element)
    instance = [
        one
        for region in component.element.all("flexiPageRegions")
        for item in region.all("itemInstances")
        for one in item.all("componentInstance")
    ]
    for one in instance:
        name = one.value("componentName").removeprefix("c:")
        if ":" not in name and not any(trial.has(kind, name) for kind in _BUNDLES):
            raise not_found("LightningComponentBundle", name, one.child("componentName") or one)
    return ""


_BUNDLES = ("LightningComponentBundle", "AuraDefinitionBundle")


def layout(component: Component, trial: Trial) -> str:
    """A page layout: the fields on it exist."""
    object_name = component.full_name.partition("-")[0]
    if not trial.schema.has(object_name):
        raise Problem("Parent entity failed to deploy", component.element)
    sobject = trial.schema.sobject(object_name)
    for section in component.element.all("layoutSections"):
        for column in section.all("layoutColumns"):
            for item in column.all("layoutItems"):
                name = item.value("field")
                if name.endswith("__c") and sobject.field(name) is None:
                    raise not_found("CustomField", f"{object_name}.{name}", item.child("field") or item)
    return ""


def tab(component: Component, trial: Trial) -> str:
    """A tab; that of a custom object is named after it."""
    if component.element.flag("customObject"):
        trial.require_object(component.full_name, component.element, "customObject")
    return ""


def part_of_object(component: Component, trial: Trial) -> str:
    """A list view, record type …: the object exists."""
    if not component.name:
        raise Problem("Must specify a fullName", component.element)
    if not trial.schema.has(component.parent):
        raise Problem("Parent entity failed to deploy", component.element)
    return ""


def compact_layout(component: Component, trial: Trial) -> str:
    """A compact layout: its fields exist."""
    part_of_object(component, trial)
    sobject = trial.schema.sobject(component.parent)
    for one in component.element.all("fields"):
        name = one.text.strip()
        if name.endswith("__c") and sobject.field(name) is None:
            raise not_found("CustomField", f"{component.parent}.{name}", one)
    return ""


def sharing_rules(component: Component, trial: Trial) -> str:
    """The sharing rules of an object. Sharing is not emulated: they are checked and stored."""
    trial.require_object(component.full_name, component.element, "fullName")
    return ""


def sharing_rule(component: Component, trial: Trial) -> str:
    """One rule: object, fields and groups exist."""
    sobject = trial.require_object(component.parent, component.element, "fullName")
    for item in component.element.all("criteriaItems"):
        name = item.value("field")
        if name.endswith("__c"):
            trial.require_field(sobject.name, name, item.child("field") or item)
    for side in ("sharedTo", "sharedFrom"):
        shared = component.element.child(side)
        for group in shared.all("group") if shared else ():
            if trial.database.first("Group", DeveloperName=group.text.strip()) is None:
                raise not_found("Group", group.text.strip(), group)
    return ""


def report_type(component: Component, trial: Trial) -> str:
    """A report type: its object exists, and so do the fields of that object."""
    element = component.element
    base = element.child("baseObject")
    if base is None:
        raise Problem("Required field is missing: baseObject (in type ReportType)", element)
    trial.require_object(base.text.strip(), base)
    for section in element.all("sections"):
        for column in section.all("columns"):
            table, name = column.value("table"), column.value("field")
            if table == base.text.strip() and name.endswith("__c"):
                trial.require_field(table, name, column.child("field") or column)
    return ""


def report(component: Component, trial: Trial) -> str:
    """A report: its report type exists, or the object that it reports on."""
    kind = component.element.child("reportType")
    name = "" if kind is None else kind.text.strip()
    if kind is not None and name.startswith(_CUSTOM_ENTITY):
        trial.require_object(name.removeprefix(_CUSTOM_ENTITY).partition("$")[0], kind)
    elif kind is not None and name.endswith("__c"):
        trial.require("ReportType", name.removesuffix("__c"), kind)
    return ""


def part_of_external_app(component: Component, trial: Trial) -> str:
    """Settings and policies of an external client app, which must be there."""
    app = component.element.child("externalClientApplication")
    if app is None:
        message = f"Required field is missing: externalClientApplication (in type {component.type})"
        raise Problem(message, component.element)
    trial.require("ExternalClientApplication", app.text.strip(), app)
    return ""
