"""Flows: read by the interpreter, checked against the org's objects, fields, flows and setup records.

Source: Metadata API Developer Guide, "Flow".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from scv_emulator.flows import FlowDefinition, FlowInvalid, FlowNotSupported, load
from scv_emulator.flows.definition import (
    Create,
    Delete,
    Element,
    FormulaResource,
    Lookup,
    Reference,
    SetupReference,
    Subflow,
    Update,
    Variable,
    Where,
)
from scv_emulator.flows.formulas import Field as FormulaField
from scv_emulator.metadata.component import Component, Problem
from scv_emulator.metadata.trial import Trial
from scv_emulator.salesforce.schema import SObject

_METADATA_PATH = 4
_SETUP_OBJECTS = {"ServiceChannel": "ServiceChannel", "Queue": "Group", "QueueRoutingConfig": "QueueRoutingConfig"}


def deploy(component: Component, trial: Trial) -> str:
    """A new version of the flow; an active one is run from now on."""
    name = component.full_name
    try:
        definition = load(component.files[component.file_name], name=name)
    except (FlowInvalid, FlowNotSupported) as error:
        shown = f"{error.element} - {error.problem}" if error.element else error.problem
        raise Problem(shown, (error.line, error.column)) from error
    _Check(definition, trial).run()
    version = trial.flows.deploy(definition)
    version_id = trial.new_id("301")
    active = trial.flows.get(name)
    fields_of_view: dict[str, Any] = {
        "DurableId": name,
        "Label": definition.label,
        "Description": definition.description or None,
        "ProcessType": definition.process_type,
        "TriggerType": definition.start.trigger_type or None,
        "LatestVersionId": version_id,
        "IsActive": active is not None,
        "VersionNumber": version,
    }
    if definition.is_active:
        fields_of_view["ActiveVersionId"] = version_id
    return trial.put("FlowDefinitionView", {"ApiName": name}, fields_of_view)


class _Check:
    """Everything that a flow names is there."""

    def __init__(self, flow: FlowDefinition, trial: Trial) -> None:
        self._flow = flow
        self._trial = trial

    def run(self) -> None:
        start = self._flow.start
        if start.object_name:
            self._where(self._object(start.object_name, "$Record", start.line), start.where, "Start")
        for resource in self._flow.variables.values():
            if resource.object_type:
                self._object(resource.object_type, resource.name, resource.line)
        for element in self._flow.elements.values():
            self._element(element)
        for reference in _every(self._flow, Reference):
            self._reference(reference)
        for formula in self._flow.resources.values():
            if isinstance(formula, FormulaResource):
                for one in _every(formula.formula, FormulaField):
                    self._reference(Reference(one.path, formula.line))
        for setup in _every(self._flow, SetupReference):
            self._setup(setup)

    def _element(self, element: Element) -> None:
        match element:
            case Lookup():
                sobject = self._object(element.object_name, element.name, element.line)
                self._where(sobject, element.where, element.name)
                for name in (*element.fields, element.sort_field):
                    self._field(sobject, name, element.name, element.line)
                for output in element.outputs:
                    self._field(sobject, output.name, element.name, output.line)
            case Create() | Update() if element.object_name:
                sobject = self._object(element.object_name, element.name, element.line)
                for pair in element.inputs:
                    self._field(sobject, pair.name, element.name, pair.line)
                if isinstance(element, Update):
                    self._where(sobject, element.where, element.name)
            case Delete() if element.object_name:
                self._where(self._object(element.object_name, element.name, element.line), element.where, element.name)
            case Subflow():
                self._subflow(element)

    def _subflow(self, element: Subflow) -> None:
        called = self._trial.flows.latest(element.flow)
        if called is None:
            if ("Flow", element.flow) not in self._trial.in_package:
                message = f'{element.name} (Subflow) - The flow "{element.flow}" doesn\'t exist.'
                raise Problem(message, (element.line, 1))
            return  # it is deployed after this one
        for pair in element.inputs:
            variable = called.variables.get(pair.name)
            if variable is None or not variable.is_input:
                message = f'{element.name} (Subflow) - The flow "{element.flow}" has no input variable "{pair.name}".'
                raise Problem(message, (pair.line, 1))
        for output in element.outputs:
            variable = called.variables.get(output.name)
            if variable is None or not variable.is_output:
                message = f'{element.name} (Subflow) - The flow "{element.flow}" has no output variable "{output.name}".'
                raise Problem(message, (output.line, 1))

    def _where(self, sobject: SObject, where: Where | None, element: str) -> None:
        for one in where.filters if where else ():
            self._field(sobject, one.field, element, one.line)

    def _object(self, name: str, element: str, line: int) -> SObject:
        if not self._trial.schema.has(name):
            raise Problem(f'{element} - The object "{name}" doesn\'t exist or can\'t be accessed.', (line, 1))
        return self._trial.schema.sobject(name)

    def _field(self, sobject: SObject, path: str, element: str, line: int) -> None:
        if path:
            self._path(sobject, tuple(path.split(".")), element, line)

    def _path(self, sobject: SObject, names: tuple[str, ...], element: str, line: int) -> None:
        """The fields of a path exist, through its lookups as far as these lead to one object."""
        here = sobject
        for name in names[:-1]:
            lookup = here.parent(name)
            if lookup is None:
                raise Problem(f'{element} - The field "{name}" for the object "{here.name}" doesn\'t exist.', (line, 1))
            if len(lookup.reference_to) != 1:
                return
            here = self._object(lookup.reference_to[0], element, line)
        if here.field(names[-1]) is None:
            message = f'{element} - The field "{names[-1]}" for the object "{here.name}" doesn\'t exist.'
            raise Problem(message, (line, 1))

    def _reference(self, reference: Reference) -> None:
        root, *rest = reference.path
        if not rest:
            return
        if root.lower() == "$custommetadata":
            self._custom_metadata(reference)
            return
        object_name = ""
        resource, element = self._flow.resources.get(root), self._flow.elements.get(root)
        if root.lower() in ("$record", "$record__prior"):
            object_name = self._flow.start.object_name
        elif isinstance(resource, Variable):
            object_name = resource.object_type
        elif isinstance(element, Lookup):
            object_name = element.object_name
        if object_name:
            self._path(self._object(object_name, root, reference.line), tuple(rest), reference.name, reference.line)

    def _custom_metadata(self, reference: Reference) -> None:
        if len(reference.path) != _METADATA_PATH:
            raise Problem(f"{reference.name} - expected $CustomMetadata.Type__mdt.Record.Field", (reference.line, 1))
        _, type_name, record, name = reference.path
        self._field(self._object(type_name, reference.name, reference.line), name, reference.name, reference.line)
        if self._trial.database.first(type_name, DeveloperName=record) is None:
            message = f'{reference.name} - The record "{record}" of "{type_name}" doesn\'t exist.'
            raise Problem(message, (reference.line, 1))

    def _setup(self, setup: SetupReference) -> None:
        object_name = _SETUP_OBJECTS.get(setup.kind)
        if object_name is None or self._trial.database.first(object_name, DeveloperName=setup.name) is None:
            raise Problem(f'The {setup.kind} "{setup.name}" doesn\'t exist.', (setup.line, 1))


def _every(part: Any, kind: type[Any]) -> Iterator[Any]:
    """Every part of this kind anywhere inside a definition."""
    if isinstance(part, kind):
        yield part
    if is_dataclass(part):
        for one in fields(part):
            yield from _every(getattr(part, one.name), kind)
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _every(value, kind)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _every(value, kind)
