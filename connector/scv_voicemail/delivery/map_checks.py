"""What is wrong with a field map, seen from an org: told by `doctor`, before a voicemail comes."""

from __future__ import annotations

from collections.abc import Mapping

from scv_voicemail.delivery.field_map import EXAMPLE, FieldMap
from scv_voicemail.delivery.record_facts import facts_of
from scv_voicemail.delivery.record_shape import Shape, fit

KEY_FIX = (
    "deploy sfdx/force-app/main, assign the permission set Voicemail_Integration to the integration user, or name "
    "another object and a unique External Id of it in the settings"
)


def key_problem(shape: Shape | None, fields: FieldMap) -> str:
    """Why no record can be made once and only once; "" when it can."""
    if shape is None:
        return f"the integration user sees no object {fields.object_name}"
    key = shape.field(fields.key)
    if key is None:
        return f"the integration user sees no field {fields.object_name}.{fields.key}"
    if not key.external_id or not key.unique:
        return f"{fields.object_name}.{fields.key} must be an External Id and unique"
    if not shape.createable or not key.createable:
        return f"the integration user may not create {fields.object_name} records with {fields.key}"
    return ""


def field_problems(shape: Shape, fields: FieldMap, *, objects: Mapping[str, str]) -> dict[str, str]:
    """Fields that voicemails would go without, and why; `objects` are those of the links, by placeholder."""
    facts = facts_of(EXAMPLE, target="example")
    # Ids are looked up in this very org, so they fit; here they are empty, as attributes are.
    present = {name: template.value(facts) for name, template in fields.written.items()}
    problems = fit(shape, {name: "" if value is None else value for name, value in present.items()}).left_out
    problems = {name: why for name, why in problems.items() if present.get(name) is not None or _is_locked(shape, name)}
    return problems | link_problems(shape, fields.links, objects=objects)


def link_problems(shape: Shape, links: Mapping[str, str], *, objects: Mapping[str, str]) -> dict[str, str]:
    """Links, by field, that will stay empty, and why; `objects` are what they point at, by placeholder."""
    problems = {}
    for name, placeholder in links.items():
        field = shape.field(name)
        if field is None:
            problems[name] = f"{shape.name} has no such field, or the integration user may not see it"
        elif not shape.updateable:
            problems[name] = f"the integration user may not edit {shape.name} records"
        elif not field.updateable:
            problems[name] = "the integration user may not write it"
        elif objects[placeholder] not in field.reference_to:
            problems[name] = f"it does not point at {objects[placeholder]}"
    return problems


def _is_locked(shape: Shape, name: str) -> bool:
    field = shape.field(name)
    return field is None or not field.createable
