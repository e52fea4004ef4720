"""Records of custom metadata types.

Source: Metadata API Developer Guide, "CustomMetadata".
"""

from __future__ import annotations

from typing import Any

from scv_emulator.metadata.component import Component, Problem
from scv_emulator.metadata.components.elements import check_names, required, short_text
from scv_emulator.metadata.trial import Trial, not_found
from scv_emulator.metadata.xml_tree import Element
from scv_emulator.salesforce.errors import SalesforceError
from scv_emulator.salesforce.field_values import accepted
from scv_emulator.salesforce.schema import NUMBER_TYPES, Field

_ELEMENTS = frozenset({"description", "fullName", "label", "protected", "values"})
_XSD_TYPES = ("string", "boolean", "double", "int", "date", "dateTime", "picklist")


def deploy(component: Component, trial: Trial) -> str:
    """Create the record, or change it."""
    element = component.element
    check_names(element, _ELEMENTS, "CustomMetadata")
    type_name = f"{component.parent.removesuffix('__mdt')}__mdt"
    if not trial.schema.has(type_name):
        raise not_found("CustomObject", type_name, element, "customMetadata")
    sobject = trial.schema.sobject(type_name)
    required(element, "label", "CustomMetadata")
    label = short_text(element, "label", longest=40)
    fields: dict[str, Any] = {}
    for one in element.all("values"):
        name = one.value("field")
        field = sobject.fields.get(name)
        if field is None or not field.custom:
            raise not_found("CustomField", f"{type_name}.{name}", one.child("field") or one, "field")
        fields[name] = _value(field, one)
    missing = [
        field.name
        for field in sobject.fields.values()
        if field.required and fields.get(field.name, field.default) is None
    ]
    if missing:
        raise Problem(f"Required fields are missing: [{', '.join(missing)}]", element)
    cleared = {name: field.default for name, field in sobject.fields.items() if field.custom}
    names = {
        "MasterLabel": label,
        "Label": label,
        "QualifiedApiName": component.name,
    }
    return trial.put(sobject.name, {"DeveloperName": component.name}, cleared | names | fields)


def _value(field: Field, element: Element) -> Any:
    given = element.child("value")
    if given is None or given.attributes.get("nil") == "true":
        return None
    kind = given.attributes.get("type", "").rpartition(":")[2]
    if kind not in _XSD_TYPES:
        raise Problem(f"The value of {field.name} needs an xsi:type such as xsd:string", given)
    text = given.text.strip()
    value: Any = text
    try:
        if field.type == "boolean":
            value = {"true": True, "false": False, "": None}[text]
        elif field.type in NUMBER_TYPES and text:
            value = float(text)
        return accepted(field, value, object_of=lambda _: None)
    except (SalesforceError, KeyError, ValueError) as error:
        reason = error.message if isinstance(error, SalesforceError) else f"bad value {text!r}"
        raise Problem(f"{field.name}: {reason}", given) from error
