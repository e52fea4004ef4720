"""Checks a flow on its own: every name it uses exists, nothing refers to itself, the element may stand where it stands.

What needs the org (objects, fields, other flows) is checked by `org_checks`.
"""

from __future__ import annotations

from collections.abc import Iterator

from scv_emulator.flows.definition import (
    Action,
    Assignment,
    Condition,
    Create,
    CustomError,
    Decision,
    Delete,
    Element,
    FlowDefinition,
    FormulaResource,
    Lookup,
    Loop,
    Reference,
    Subflow,
    Text,
    TextTemplate,
    Update,
    Value,
    Variable,
    Where,
)
from scv_emulator.flows.errors import FlowInvalid, FlowNotSupported
from scv_emulator.flows.formulas import Field, Formula, parts_of
from scv_emulator.flows.supported import GLOBALS

Use = tuple[str, Reference]
"""An element or resource, and something it refers to."""


def check(flow: FlowDefinition) -> None:
    """Raise `FlowInvalid` or `FlowNotSupported` for the first thing that is wrong."""
    _check_start(flow)
    _check_connectors(flow)
    for owner, used in uses(flow):
        _check_reference(flow, owner, used)
    for owner, changed in _assigned(flow):
        _check_assignable(flow, owner, changed)
    _check_cycles(flow)
    for element in flow.elements.values():
        _check_element(flow, element)


def uses(flow: FlowDefinition) -> Iterator[Use]:
    """Every reference in the flow that is read."""
    if flow.start.where is not None:
        yield from _in_where("start", flow.start.where)
    if flow.start.formula is not None:
        yield from _in_formula("start", flow.start.formula, flow.start.line)
    for resource in flow.resources.values():
        if isinstance(resource, FormulaResource):
            yield from _in_formula(resource.name, resource.formula, resource.line)
        elif isinstance(resource, TextTemplate):
            yield from _in_value(resource.name, resource.text)
        elif resource.value is not None:
            yield from _in_value(resource.name, resource.value)
    for element in flow.elements.values():
        yield from _in_element(element)


def _in_element(element: Element) -> Iterator[Use]:
    name = element.name
    match element:
        case Decision(rules=rules):
            yield from (use for rule in rules for one in rule.conditions for use in _in_condition(name, one))
        case Assignment(items=items):
            yield from (use for item in items for use in _in_value(name, item.value))
        case CustomError(messages=messages):
            yield from (use for message in messages for use in _in_value(name, message))
        case Loop(collection=collection):
            yield name, collection
        case Subflow(inputs=inputs) | Action(inputs=inputs) | Create(inputs=inputs) | Update(inputs=inputs):
            yield from (use for pair in inputs for use in _in_value(name, pair.value))
    if isinstance(element, Lookup) and element.limit is not None:
        yield from _in_value(name, element.limit)
    if isinstance(element, Create | Update | Delete) and element.source is not None:
        yield name, element.source
    if isinstance(element, Lookup | Update | Delete) and element.where is not None:
        yield from _in_where(name, element.where)


def _in_condition(owner: str, condition: Condition) -> Iterator[Use]:
    yield owner, condition.left
    yield from _in_value(owner, condition.right)


def _in_where(owner: str, where: Where) -> Iterator[Use]:
    yield from (use for one in where.filters for use in _in_value(owner, one.value))


def _in_value(owner: str, value: Value) -> Iterator[Use]:
    if isinstance(value, Reference):
        yield owner, value
    elif isinstance(value, Text):
        yield from ((owner, part) for part in value.parts if isinstance(part, Reference))


def _in_formula(owner: str, formula: Formula, line: int) -> Iterator[Use]:
    yield from ((owner, Reference(part.path, line)) for part in parts_of(formula) if isinstance(part, Field))


def _assigned(flow: FlowDefinition) -> Iterator[Use]:
    """Every reference in the flow that is written."""
    for element in flow.elements.values():
        match element:
            case Assignment(items=items):
                yield from ((element.name, item.to) for item in items)
            case Subflow(outputs=outputs) | Action(outputs=outputs) | Lookup(outputs=outputs):
                yield from ((element.name, one.to) for one in outputs)
        targets = (
            element.output if isinstance(element, Lookup) else None,
            element.id_to if isinstance(element, Create) else None,
            element.item if isinstance(element, Loop) else None,
        )
        yield from ((element.name, one) for one in targets if one is not None)


# ------------------------------------------------------------------------------------------------- start, connectors


def _check_start(flow: FlowDefinition) -> None:
    start = flow.start
    if start.trigger_type and not start.object_name:
        raise FlowInvalid("start", start.line, f"a flow with the trigger {start.trigger_type} needs an object")
    if start.object_name and not start.trigger_type:
        raise FlowInvalid("start", start.line, f"a flow started by {start.object_name} needs a triggerType")
    if start.scheduled and start.trigger_type != "RecordAfterSave":
        raise FlowInvalid("start", start.line, "only a flow that runs after the save has scheduled paths")
    if start.scheduled and start.record_trigger != "Create" and not start.requires_change:
        problem = "a flow with scheduled paths runs only when a record is updated to meet its conditions"
        raise FlowInvalid("start", start.line, problem)
    if flow.is_routing and start.object_name:
        raise FlowInvalid("start", start.line, "an Omni-Channel flow is not started by a record")


def _check_connectors(flow: FlowDefinition) -> None:
    origins = [("start", flow.start.line, flow.start.target)] if flow.start.target else []
    origins += [(path.name, path.line, path.target) for path in flow.start.scheduled]
    for element in flow.elements.values():
        origins += [(element.name, element.line, target) for target in element.targets()]
    for name, line, target in origins:
        if target not in flow.elements:
            raise FlowInvalid(name, line, f'The element is connected to "{target}", which does not exist')


# ---------------------------------------------------------------------------------------------------------- references


def _check_reference(flow: FlowDefinition, owner: str, used: Reference) -> None:
    root = used.path[0]
    if root.startswith("$"):
        _check_global(flow, owner, used)
        return
    if root not in flow.resources and root not in flow.elements and root not in flow.rules:
        raise FlowInvalid(owner, used.line, f'"{owner}" has an invalid reference to "{used.name}"')
    resource = flow.resources.get(root)
    is_record = isinstance(resource, Variable) and resource.data_type == "SObject" and not resource.is_collection
    if len(used.path) > 1 and resource is not None and not is_record:
        raise FlowInvalid(owner, used.line, f'"{used.name}": {root} is not a record and has no fields')


def _check_global(flow: FlowDefinition, owner: str, used: Reference) -> None:
    root, rest = used.path[0], used.path[1:]
    if root not in GLOBALS:
        raise FlowNotSupported(owner, used.line, f"the global resource {root}")
    names = GLOBALS[root]
    if names is not None and (len(rest) != 1 or rest[0] not in names):
        raise FlowNotSupported(owner, used.line, f"the global resource {used.name}")
    if root in ("$Record", "$Record__Prior") and not flow.start.object_name:
        raise FlowInvalid(owner, used.line, f"{used.name}: the flow is not started by a record")
    if root == "$CustomMetadata" and (len(rest) != 3 or not rest[0].endswith("__mdt")):
        raise FlowInvalid(owner, used.line, f"{used.name}: expected $CustomMetadata.Type__mdt.Record.Field")
    if root in ("$User", "$Organization") and not rest:
        raise FlowInvalid(owner, used.line, f"{used.name}: a field must follow")


def _check_assignable(flow: FlowDefinition, owner: str, changed: Reference) -> None:
    root = changed.path[0]
    if root == "$Record" and len(changed.path) == 2 and flow.start.object_name:
        return
    resource, element = flow.resources.get(root), flow.elements.get(root)
    is_variable = isinstance(resource, Variable) and not resource.constant
    holds_record = isinstance(element, Lookup | Loop)
    if not (is_variable or (holds_record and len(changed.path) == 2)):
        raise FlowInvalid(owner, changed.line, f'"{owner}" can\'t assign a value to "{changed.name}"')
    if len(changed.path) > 2:
        raise FlowInvalid(owner, changed.line, f'"{changed.name}": a field of a related record can\'t be assigned')
    _check_reference(flow, owner, changed)


def _check_cycles(flow: FlowDefinition) -> None:
    """Formulas, templates and default values that need each other have no value."""
    needs: dict[str, list[str]] = {}
    for owner, used in uses(flow):
        if owner in flow.resources:
            needs.setdefault(owner, []).append(used.path[0])
    done: set[str] = set()
    for name in needs:
        path: list[str] = []
        waiting = [(name, 0)]
        while waiting:
            one, place = waiting.pop()
            if place == 0:
                path.append(one)
            following = [other for other in needs.get(one, ()) if other not in done]
            if place < len(following):
                waiting.append((one, place + 1))
                if following[place] in path:
                    raise FlowInvalid(name, flow.resources[name].line, f"{name} refers to itself")
                waiting.append((following[place], 0))
            else:
                done.add(path.pop())


# ------------------------------------------------------------------------------------------------------------ elements


def _check_element(flow: FlowDefinition, element: Element) -> None:
    if isinstance(element, Loop):
        root = element.collection.path[0]
        resource = flow.resources.get(root)
        lookup = flow.elements.get(root)
        is_one = (isinstance(resource, Variable) and not resource.is_collection) or (
            isinstance(lookup, Lookup) and lookup.first_only
        )
        if len(element.collection.path) == 1 and (is_one or isinstance(resource, FormulaResource | TextTemplate)):
            raise FlowInvalid(element.name, element.line, f'"{root}" is not a collection')
    if isinstance(element, Lookup) and not element.first_only and element.outputs:
        raise FlowInvalid(element.name, element.line, "field values can be assigned from a single record only")
    if flow.is_before_save and not _may_run_before_save(element):
        problem = f"the element {element.kind} can't be used in a flow that runs before the record is saved"
        raise FlowInvalid(element.name, element.line, problem)
    if isinstance(element, CustomError) and not flow.start.object_name:
        raise FlowInvalid(element.name, element.line, "a custom error needs a record that is being saved")


def _may_run_before_save(element: Element) -> bool:
    if isinstance(element, Update):
        return element.source is not None and element.source.path == ("$Record",)
    return not isinstance(element, Create | Delete | Action | Subflow)
