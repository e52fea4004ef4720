"""Validation rules: they judge what clients and flows save.

Source: Metadata API Developer Guide, "ValidationRule"; Salesforce Help, "Validation Rules".
"""

from __future__ import annotations

from scv_emulator.flows import FlowFault
from scv_emulator.metadata.component import Component
from scv_emulator.metadata.components.elements import check_names, check_single, required, short_text, truth, words
from scv_emulator.metadata.components.user_interface import part_of_object
from scv_emulator.metadata.formulas import Calculation, compiled
from scv_emulator.metadata.trial import Trial
from scv_emulator.salesforce.errors import SalesforceError
from scv_emulator.salesforce.records import Record
from scv_emulator.salesforce.schema import Rule

_ELEMENTS = words(
    """
    active description errorConditionFormula errorDisplayField errorMessage fullName shouldEvaluateOnClient
    """
)


def deploy(component: Component, trial: Trial) -> str:
    """Add the rule to its object; one that is not active judges nothing."""
    element = component.element
    check_names(element, _ELEMENTS, "ValidationRule")
    check_single(element, _ELEMENTS, "ValidationRule")
    part_of_object(component, trial)
    sobject = trial.schema.sobject(component.parent)
    required(element, "errorConditionFormula", "ValidationRule")
    message = required(element, "errorMessage", "ValidationRule")
    short_text(element, "errorMessage", longest=255)
    shown_at = element.child("errorDisplayField")
    if shown_at is not None:
        trial.require_field(sobject.name, shown_at.text.strip(), shown_at, "errorDisplayField")
    calculation = compiled(element, "errorConditionFormula", sobject, trial)
    sobject.rules.pop(component.name, None)
    if truth(element, "active"):
        sobject.rules[component.name] = _rule(calculation, message, element.value("errorDisplayField"))
    return ""


def _rule(calculation: Calculation, message: str, shown_at: str) -> Rule:
    def check(record: Record, prior: Record | None) -> None:
        try:
            broken = calculation(record, prior)
        except FlowFault as fault:
            raise SalesforceError(400, "FIELD_FILTER_VALIDATION_EXCEPTION", fault.message) from fault
        if broken is True:
            fields = (shown_at,) if shown_at else ()
            raise SalesforceError(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", message, fields)

    return check
