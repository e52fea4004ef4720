"""Checks a flow against the org it is deployed to: objects, fields, and the flows it calls exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scv_emulator.flows.checks import uses
from scv_emulator.flows.definition import (
    Create,
    Delete,
    Element,
    FlowDefinition,
    Lookup,
    Loop,
    Reference,
    Subflow,
    Update,
    Variable,
)
from scv_emulator.flows.errors import FlowInvalid
from scv_emulator.salesforce.schema import Schema, SObject

FindFlow = Callable[[str], FlowDefinition | None]


def check_in_org(flow: FlowDefinition, schema: Schema, find_flow: FindFlow) -> None:
    """Raise `FlowInvalid` for the first object, field or flow that the org does not have.

    `find_flow` gives a flow by name, of this deploy or of the org.
    """
    checks = _Checks(flow, schema)
    checks.start()
    for resource in flow.resources.values():
        if isinstance(resource, Variable) and resource.object_type:
            checks.sobject(resource.name, resource.line, resource.object_type)
    for element in flow.elements.values():
        checks.element(element)
        if isinstance(element, Subflow):
            _check_subflow(element, find_flow(element.flow))
    for owner, used in uses(flow):
        checks.path(owner, used)


def _check_subflow(element: Subflow, called: FlowDefinition | None) -> None:
    if called is None:
        raise FlowInvalid(element.name, element.line, f"The flow {element.flow} can't be found")
    if called.start.object_name:
        raise FlowInvalid(element.name, element.line, f"The flow {element.flow} is started by a record, not called")
    for pair in element.inputs:
        variable = called.variables.get(pair.name)
        if variable is None or not variable.is_input:
            problem = f'The flow {element.flow} has no input variable "{pair.name}"'
            raise FlowInvalid(element.name, pair.line, problem)
    for output in element.outputs:
        variable = called.variables.get(output.name)
        if variable is None or not variable.is_output:
            problem = f'The flow {element.flow} has no output variable "{output.name}"'
            raise FlowInvalid(element.name, output.line, problem)


class _Checks:
    def __init__(self, flow: FlowDefinition, schema: Schema) -> None:
        self._flow = flow
        self._schema = schema

    def start(self) -> None:
        start = self._flow.start
        if start.object_name:
            sobject = self.sobject("start", start.line, start.object_name)
            filters = start.where.filters if start.where else ()
            self._fields("start", sobject, ((one.field, one.line) for one in filters))

    def element(self, element: Element) -> None:
        if not isinstance(element, Lookup | Create | Update | Delete):
            return
        if element.object_name:
            sobject = self.sobject(element.name, element.line, element.object_name)
        else:
            source = None if isinstance(element, Lookup) else element.source
            named = self._object_of(source.path) if source else None
            if named is None or not self._schema.has(named):
                return
            sobject = self._schema.sobject(named)
        if not isinstance(element, Create) and element.where is not None:
            self._fields(element.name, sobject, ((one.field, one.line) for one in element.where.filters))
        if isinstance(element, Create | Update):
            self._fields(element.name, sobject, ((pair.name, pair.line) for pair in element.inputs))
        if isinstance(element, Lookup):
            named_fields = [*element.fields, *([element.sort_field] if element.sort_field else [])]
            self._fields(element.name, sobject, ((name, element.line) for name in named_fields if "." not in name))
            self._fields(element.name, sobject, ((one.name, one.line) for one in element.outputs))

    def sobject(self, owner: str, line: int, name: str) -> SObject:
        if not self._schema.has(name):
            raise FlowInvalid(owner, line, f"The object \"{name}\" doesn't exist or isn't available")
        return self._schema.sobject(name)

    def path(self, owner: str, used: Reference) -> None:
        """Every field on the way of a reference."""
        if used.path[0] == "$CustomMetadata":
            sobject = self.sobject(owner, used.line, used.path[1])
            self._fields(owner, sobject, [(used.path[3], used.line)])
            return
        name = self._object_of(used.path[:1])
        candidates = [self.sobject(owner, used.line, name)] if name else []
        for place, step in enumerate(used.path[1:], start=1):
            if not candidates:
                return
            is_last = place == len(used.path) - 1
            parents = [one for one in (candidate.parent(step) for candidate in candidates) if one is not None]
            if is_last:
                polymorphic_type = len(candidates) > 1 and step.lower() == "type"
                if not parents and not polymorphic_type and not any(one.field(step) for one in candidates):
                    self._unknown(owner, used.line, step, candidates[0])
            elif not parents:
                self._unknown(owner, used.line, step, candidates[0])
            targets = [target for parent in parents for target in parent.reference_to]
            candidates = [self._schema.sobject(target) for target in targets if self._schema.has(target)]

    def _object_of(self, path: tuple[str, ...]) -> str | None:
        """The object of the record that a reference stands for, or None when it stands for something else."""
        root = path[0]
        if len(path) > 1:
            return None
        if root.startswith("$"):
            started_by = self._flow.start.object_name
            globals_ = {"$User": "User", "$Organization": "Organization"}
            return (globals_ | {"$Record": started_by, "$Record__Prior": started_by}).get(root)
        part = self._flow.resources.get(root) or self._flow.elements.get(root)
        match part:
            case Variable(object_type=object_type) if object_type:
                return object_type
            case Lookup(object_name=object_name):
                return object_name
            case Loop(item=None, collection=collection) if collection.path[0] != root:
                return self._object_of(collection.path)
        return None

    def _fields(self, owner: str, sobject: SObject, named: Iterable[tuple[str, int]]) -> None:
        for name, line in named:
            if sobject.field(name) is None:
                self._unknown(owner, line, name, sobject)

    def _unknown(self, owner: str, line: int, name: str, sobject: SObject) -> None:
        raise FlowInvalid(owner, line, f'The field "{name}" for the object "{sobject.name}" doesn\'t exist')
