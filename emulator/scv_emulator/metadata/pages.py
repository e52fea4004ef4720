"""Which components of a deployed Lightning record page a person sees, by the page's own visibility rules.

Source: Metadata API Developer Guide, "FlexiPage" (UiFormulaRule, UiFormulaCriterion); Salesforce Help, "Dynamic
Lightning Pages": a rule is read against the record, a field that the person may not read is empty for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from scv_emulator.flows.logic import holds, parse
from scv_emulator.metadata.xml_tree import Element

_RECORD_FIELD = re.compile(r"\{!Record\.(\w+)\}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class PageRuleUnknown(ValueError):
    """A page, or a visibility rule, that is not executed here; the text says which."""


def shown(page: Element, record: Mapping[str, Any]) -> dict[str, list[str]]:
    """The components that are shown for this record, by region, in the order of the page."""
    regions: dict[str, list[str]] = {}
    for region in page.all("flexiPageRegions"):
        components = regions.setdefault(region.value("name"), [])
        for item in region.all("itemInstances"):
            for part in item.children:
                if _is_visible(part.child("visibilityRule"), record):
                    components.append(part.value("componentName") or part.value("fieldItem"))
    return regions


def _is_visible(rule: Element | None, record: Mapping[str, Any]) -> bool:
    if rule is None:
        return True
    criteria = list(rule.all("criteria"))
    try:
        logic = parse(rule.value("booleanFilter"), len(criteria))
    except ValueError as error:
        raise PageRuleUnknown(f"booleanFilter: {error}") from error
    return holds(logic, lambda place: _is_met(criteria[place], record))


def _is_met(criterion: Element, record: Mapping[str, Any]) -> bool:
    """An empty right side, which Salesforce's own exports leave out, asks whether the field is empty."""
    field = _RECORD_FIELD.fullmatch(criterion.value("leftValue"))
    if field is None:
        raise PageRuleUnknown(f"{criterion.value('leftValue')} is no field of the record itself")
    compare = _OPERATORS.get(criterion.value("operator"))
    if compare is None:
        raise PageRuleUnknown(f"the operator {criterion.value('operator')} is not executed here")
    value = record.get(field[1])
    left = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return compare(left, criterion.value("rightValue"))


def _in_order(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    """A comparison of numbers; what is no number on both sides is never met."""

    def met(left: str, right: str) -> bool:
        if not (_NUMBER.fullmatch(left) and _NUMBER.fullmatch(right)):
            return False
        return compare(float(left), float(right))

    return met


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "EQUAL": lambda left, right: left == right,
    "NE": lambda left, right: left != right,
    "CONTAINS": lambda left, right: bool(left) and right in left,
    "GE": _in_order(lambda left, right: left >= right),
    "GT": _in_order(lambda left, right: left > right),
    "LE": _in_order(lambda left, right: left <= right),
    "LT": _in_order(lambda left, right: left < right),
}
