"""What the org says about its own objects: the describe resources."""

from __future__ import annotations

from typing import Any

from scv_emulator.salesforce.permissions import is_permissionable
from scv_emulator.salesforce.schema import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, Field, SObject

_SOAP_TYPES = {"id": "tns:ID", "reference": "tns:ID", "datetime": "xsd:dateTime"} | {
    name: f"xsd:{name}" for name in ("boolean", "int", "double", "date")
}


def summary(sobject: SObject, *, data_url: str) -> dict[str, Any]:
    """The entry of an object in the list of objects."""
    url = f"{data_url}/sobjects/{sobject.name}"
    return {
        "name": sobject.name,
        "label": sobject.label,
        "labelPlural": f"{sobject.label}s",
        "keyPrefix": sobject.key_prefix,
        "custom": sobject.name.endswith(("__c", "__e", "__mdt")),
        "customSetting": False,
        "deprecatedAndHidden": False,
        "createable": sobject.createable and any(field.createable for field in sobject.fields.values()),
        "updateable": sobject.updateable and any(field.updateable for field in sobject.fields.values()),
        "deletable": sobject.deletable,
        "queryable": sobject.queryable,
        "retrieveable": True,
        "searchable": False,
        "undeletable": False,
        "mergeable": False,
        "layoutable": True,
        "triggerable": True,
        "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
    }


def description(sobject: SObject, *, data_url: str, locked: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Everything about an object; `locked` names fields that this org does not let anybody update."""
    fields = [
        _field(one, sobject, updateable=one.updateable and one.name not in locked) for one in sobject.fields.values()
    ]
    return summary(sobject, data_url=data_url) | {
        "fields": fields,
        "childRelationships": [],
        "recordTypeInfos": [],
        "actionOverrides": [],
        "namedLayoutInfos": [],
        "supportedScopes": [],
    }


def _field(field: Field, sobject: SObject, *, updateable: bool) -> dict[str, Any]:
    is_text = field.type in TEXT_TYPES
    return {
        "name": field.name,
        "label": field.display_label,
        "type": field.type,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:double" if field.type in NUMBER_TYPES else "xsd:string"),
        "length": field.max_length,
        "byteLength": field.max_length * (3 if is_text else 1),
        "digits": 9 if field.type == "int" else 0,
        "precision": (field.precision or 18) if field.type in NUMBER_TYPES - {"int"} else 0,
        "scale": (field.scale if field.precision else 2) if field.type in NUMBER_TYPES - {"int"} else 0,
        "nillable": field.nillable and not field.required,
        "createable": field.createable,
        "updateable": updateable,
        "defaultedOnCreate": field.default is not None or field.name == "OwnerId" or bool(field.autonumber),
        "defaultValue": field.default,
        "custom": field.custom,
        "unique": field.unique,
        "externalId": field.external_id,
        "idLookup": field.id_lookup,
        "autoNumber": bool(field.autonumber),
        "calculated": field.formula is not None,
        "caseSensitive": field.case_sensitive,
        "filterable": field.filterable,
        "sortable": field.filterable,
        "groupable": field.filterable and field.type != "datetime",
        "aggregatable": field.type not in ("boolean", "textarea"),
        "permissionable": is_permissionable(sobject, field),
        "nameField": field.name == "Name" or (field.name == "CaseNumber" and sobject.field("Name") is None),
        "namePointing": len(field.reference_to) > 1,
        "polymorphicForeignKey": len(field.reference_to) > 1,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship or None if field.type in ID_TYPES else None,
        "restrictedPicklist": field.restricted,
        "picklistValues": [
            {"active": True, "defaultValue": value == field.default, "label": value, "validFor": None, "value": value}
            for value in field.values
        ],
        "inlineHelpText": field.help_text or None,
        "deprecatedAndHidden": False,
    }
