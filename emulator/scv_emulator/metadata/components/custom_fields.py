"""Custom fields: from their description to a field of the schema.

Source: Metadata API Developer Guide, "CustomField".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scv_emulator.metadata.component import Component, Problem
from scv_emulator.metadata.components.elements import check_names, check_single, choice, short_text, truth, whole, words
from scv_emulator.metadata.formulas import compiled, value_of_field
from scv_emulator.metadata.trial import Trial
from scv_emulator.metadata.xml_tree import Element
from scv_emulator.salesforce.schema import Access, Field, FieldType, reference

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c", re.ASCII)
_LONGEST_LABEL = 40
_LONGEST_DESCRIPTION = 1000
_LONGEST_HELP = 510
_LONGEST_TEXT = 255
_LONG_TEXT = (256, 131_072)
_MOST_DIGITS = 18
_OF_EVENTS = ("Checkbox", "Date", "DateTime", "LongTextArea", "Number", "Text")
_MAY_BE_EXTERNAL_ID = ("AutoNumber", "Email", "Number", "Text")
_MAY_BE_UNIQUE = ("Email", "Number", "Text")
_ELEMENTS = words("""
    businessOwnerGroup businessOwnerUser businessStatus caseSensitive complianceGroup customDataType defaultValue
    deleteConstraint deprecated description displayFormat encryptionScheme escapeMarkup externalDeveloperName externalId
    fieldManageability formula formulaTreatBlanksAs fullName inlineHelpText isAIPredictionField isConvertLeadDisabled
    isFilteringDisabled isNameField isSortingDisabled label length lookupFilter maskChar maskType
    metadataRelationshipControllingField populateExistingRows precision referenceTargetField referenceTo
    relationshipLabel relationshipName relationshipOrder reparentableMasterDetail required restrictedAdminField scale
    securityClassification startingNumber stripMarkup summarizedField summaryFilterItems summaryForeignKey
    summaryOperation trackFeedHistory trackHistory trackTrending translateData type unique valueSet visibleLines
    writeRequiresMasterRead
    """)


def deploy(component: Component, trial: Trial) -> str:
    """Add the field to its object, or change it."""
    element, object_name, name = component.element, component.parent, component.name
    check_names(element, _ELEMENTS, "CustomField")
    check_single(element, _ELEMENTS - {"summaryFilterItems"}, "CustomField")
    sobject = trial.require_object(object_name, element, "fullName")
    if not name.endswith("__c"):
        if sobject.field(name) is None:
            raise Problem("Could not resolve standard field's name.", element)
        return ""
    if not _NAME.fullmatch(name):
        raise Problem(f"The Field API Name {name} must begin with a letter, and hold letters, digits and _", element)
    new = _field(name, element, trial)
    if element.child("formula") is not None:
        calculation = value_of_field(compiled(element, "formula", sobject, trial))
        read_only: Access = "r"
        new = replace(new, formula=calculation, access=read_only, required=False, nillable=True)
    if object_name.endswith("__e") and element.value("type") not in _OF_EVENTS:
        raise Problem(f"The field type {element.value('type')} is not supported for platform events", element)
    is_new = sobject.field(name) is None
    trial.schema.add_field(object_name, new)
    if is_new:
        trial.database.backfill(sobject.name, new)
    return ""


def _field(name: str, element: Element, trial: Trial) -> Field:
    if not short_text(element, "label", longest=_LONGEST_LABEL):
        raise Problem("Must specify a non-empty label for the CustomField", element)
    short_text(element, "description", longest=_LONGEST_DESCRIPTION)
    short_text(element, "inlineHelpText", longest=_LONGEST_HELP)
    kind = element.value("type")
    if not kind:
        raise Problem("Must specify a type for the CustomField", element)
    maker = _MAKERS.get(kind)
    if maker is None:
        raise Problem(f"The emulator does not know the field type '{kind}'", element.child("type"))
    _check_flags(kind, element)
    is_required = truth(element, "required") or kind == "MasterDetail"
    made = {
        "label": element.value("label"),
        "help_text": element.value("inlineHelpText"),
        "required": is_required,
        "nillable": not is_required,
        "unique": truth(element, "unique"),
        "external_id": truth(element, "externalId"),
        "id_lookup": truth(element, "externalId") and truth(element, "unique"),
        "case_sensitive": truth(element, "caseSensitive"),
    }
    return maker(name, element, trial, made)


def _check_flags(kind: str, element: Element) -> None:
    if truth(element, "externalId") and kind not in _MAY_BE_EXTERNAL_ID:
        raise Problem(f"A field of type {kind} cannot be an external ID", element.child("externalId"))
    if truth(element, "unique") and kind not in _MAY_BE_UNIQUE:
        raise Problem(f"A field of type {kind} cannot be unique", element.child("unique"))


def _needed(element: Element, name: str, kind: str, *, low: int, high: int) -> int:
    value = whole(element, name)
    if value is None:
        raise Problem(f"Must specify '{name}' for a CustomField of type {kind}", element)
    if not low <= value <= high:
        raise Problem(f"{name} must be between {low} and {high}: {value}", element.child(name))
    return value


def _text(name: str, element: Element, _trial: Trial, made: dict[str, Any]) -> Field:
    length = _needed(element, "length", "Text", low=1, high=_LONGEST_TEXT)
    return Field(name, "string", length=length, default=_literal(element), **made)


def _long_text(name: str, element: Element, _trial: Trial, made: dict[str, Any]) -> Field:
    kind = element.value("type")
    length = _needed(element, "length", kind, low=_LONG_TEXT[0], high=_LONG_TEXT[1])
    _needed(element, "visibleLines", kind, low=2, high=500)
    return Field(name, "textarea", length=length, **made)


def _of_type(field_type: FieldType) -> Callable[[str, Element, Trial, dict[str, Any]], Field]:
    def make(name: str, element: Element, _trial: Trial, made: dict[str, Any]) -> Field:
        return Field(name, field_type, default=_literal(element), **made)

    return make


def _number(name: str, element: Element, _trial: Trial, made: dict[str, Any]) -> Field:
    kind = element.value("type")
    precision = _needed(element, "precision", kind, low=1, high=_MOST_DIGITS)
    scale = _needed(element, "scale", kind, low=0, high=precision)
    types: dict[str, FieldType] = {"Number": "double", "Currency": "currency", "Percent": "percent"}
    given = _literal(element)
    try:
        default = None if given is None else float(given)
    except ValueError as error:
        raise Problem(
            f"The emulator does not calculate the default value {given}", element.child("defaultValue")
        ) from error
    return Field(name, types[kind], precision=precision, scale=scale, default=default, **made)


def _checkbox(name: str, element: Element, _trial: Trial, made: dict[str, Any]) -> Field:
    if element.child("defaultValue") is None:
        raise Problem("Must specify 'defaultValue' for a CustomField of type Checkbox", element)
    default = truth(element, "defaultValue")
    return Field(name, "boolean", default=default, **made | {"nillable": False, "required": False})


def _moment(name: str, element: Element, _trial: Trial, made: dict[str, Any]) -> Field:
    if element.child("defaultValue") is not None:
        raise Problem("The emulator does not calculate default values of dates", element.child("defaultValue"))
    return Field(name, "date" if element.value("type") == "Date" else "datetime", **made)


def _picklist(name: str, element: Element, trial: Trial, made: dict[str, Any]) -> Field:
    value_set = element.child("valueSet")
    definition = None if value_set is None else value_set.child("valueSetDefinition")
    named = "" if value_set is None else value_set.value("valueSetName")
    if value_set is not None and named:
        trial.require("GlobalValueSet", named, value_set, "valueSetName")
        raise Problem("The emulator does not read global value sets", value_set.child("valueSetName"))
    if value_set is None or definition is None:
        raise Problem("Must specify either valueSetDefinition or valueSetName for a picklist field", element)
    values, default = [], None
    for one in definition.all("value"):
        text = one.value("fullName")
        if not text:
            raise Problem("A picklist value needs a fullName", one)
        if text in values:
            raise Problem(f"Duplicate picklist value: {text}", one)
        values.append(text)
        if truth(one, "default"):
            if default is not None:
                raise Problem("Only one value of a picklist can be the default", one)
            default = text
    restricted = truth(value_set, "restricted")
    return Field(name, "picklist", values=tuple(values), restricted=restricted, default=default, **made)


def _lookup(name: str, element: Element, trial: Trial, made: dict[str, Any]) -> Field:
    target = element.value("referenceTo")
    place = element.child("referenceTo") or element
    if not target or not trial.schema.has(target):
        raise Problem(f"referenceTo value of '{target}' does not resolve to a valid sObject type", place)
    constraint = choice(element, "deleteConstraint", ("Cascade", "Restrict", "SetNull"), "DeleteConstraint")
    if made["required"] and constraint == "SetNull":
        raise Problem("A required lookup cannot be cleared: deleteConstraint must be Restrict", element)
    if element.value("type") == "MasterDetail" and not element.value("relationshipName"):
        raise Problem("Must specify 'relationshipName' for a CustomField of type MasterDetail", element)
    made = {key: value for key, value in made.items() if key in ("label", "help_text", "required", "nillable")}
    base = reference(name, trial.schema.sobject(target).name)
    return Field(name, "reference", reference_to=base.reference_to, relationship=base.relationship, **made)


def _auto_number(name: str, element: Element, _trial: Trial, made: dict[str, Any]) -> Field:
    shape = element.value("displayFormat") or "{0}"
    if not re.fullmatch(r"[^{}]*\{0+\}[^{}]*", shape):
        raise Problem("Invalid displayFormat: it needs one number such as {0000}", element.child("displayFormat"))
    access: Access = "r"
    return Field(name, "string", access, length=30, autonumber=shape, **made)


def _literal(element: Element) -> str | None:
    """A default value; only a text in quotes or a bare number is more than a formula."""
    given = element.child("defaultValue")
    if given is None:
        return None
    text = given.text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return text
    raise Problem(f"The emulator does not calculate the default value {text}", given)


_MAKERS: dict[str, Callable[[str, Element, Trial, dict[str, Any]], Field]] = {
    "AutoNumber": _auto_number,
    "Checkbox": _checkbox,
    "Currency": _number,
    "Date": _moment,
    "DateTime": _moment,
    "Email": _of_type("email"),
    "Html": _long_text,
    "LongTextArea": _long_text,
    "Lookup": _lookup,
    "MasterDetail": _lookup,
    "Number": _number,
    "Percent": _number,
    "Phone": _of_type("phone"),
    "Picklist": _picklist,
    "Text": _text,
    "TextArea": _of_type("textarea"),
    "Url": _of_type("url"),
}
