"""Flows: read by the interpreter, checked against the org's objects, fields, flows and setup records.

Source: Metadata API Developer Guide, "Flow".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from scv_emulator.flows import FlowDefinition, FlowProblem, check_in_org, load
from scv_emulator.flows.definition import Reference, SetupReference
from scv_emulator.metadata.component import Component, Problem
from scv_emulator.metadata.trial import Trial

_SETUP_OBJECTS = {"ServiceChannel": "ServiceChannel", "Queue": "Group", "QueueRoutingConfig": "QueueRoutingConfig"}


def deploy(component: Component, trial: Trial) -> str:
    """A new version of the flow; an active one is run from now on."""
    name = component.full_name
    try:
        definition = _read(component)
        check_in_org(definition, trial.schema, lambda called: _called(called, trial))
    except FlowProblem as error:
        shown = f"{error.element} - {error.problem}" if error.element else error.problem
        raise Problem(shown, (error.line, error.column)) from error
    _check_setup(definition, trial)
    version = trial.flows.deploy(definition)
    version_id = trial.new_id("301")
    row: dict[str, Any] = {
        "DurableId": name,
        "Label": definition.label,
        "Description": definition.description or None,
        "ProcessType": definition.process_type,
        "TriggerType": definition.start.trigger_type or None,
        "LatestVersionId": version_id,
        "VersionNumber": version,
        "IsActive": trial.flows.get(name) is not None,
    }
    if definition.is_active:
        row["ActiveVersionId"] = version_id
    return trial.put("FlowDefinitionView", {"ApiName": name}, row)


def _read(component: Component) -> FlowDefinition:
    return load(component.files[component.file_name], name=component.full_name)


def _called(name: str, trial: Trial) -> FlowDefinition | None:
    """A flow that another one calls: of this deploy, or of the org."""
    component = trial.in_package.get(("Flow", name))
    if component is None:
        return trial.flows.latest(name)
    try:
        return _read(component)
    except FlowProblem:
        return None  # its own failure says why


def _check_setup(flow: FlowDefinition, trial: Trial) -> None:
    """Records of the setup that the flow names are there."""
    for setup in _every(flow, SetupReference):
        object_name = _SETUP_OBJECTS.get(setup.kind)
        if object_name is None or trial.database.first(object_name, DeveloperName=setup.name) is None:
            raise Problem(f'The {setup.kind} "{setup.name}" doesn\'t exist.', (setup.line, 1))
    for reference in _every(flow, Reference):
        match reference.path:
            case ("$CustomMetadata", type_name, record, _):
                if trial.database.first(type_name, DeveloperName=record) is None:
                    message = f'{reference.name} - The record "{record}" of "{type_name}" doesn\'t exist.'
                    raise Problem(message, (reference.line, 1))


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
