"""Runs one flow from its start to its end: an interview, in the vendor's word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scv_emulator.flows import actions, logic, record_elements
from scv_emulator.flows.assigning import assign
from scv_emulator.flows.definition import (
    Action,
    Assignment,
    Create,
    CustomError,
    Decision,
    Delete,
    Element,
    FlowDefinition,
    Lookup,
    Loop,
    Rule,
    Subflow,
    Update,
)
from scv_emulator.flows.errors import FlowFault
from scv_emulator.flows.ports import World
from scv_emulator.flows.record_elements import telling
from scv_emulator.flows.state import State
from scv_emulator.flows.values import FlowRecord

_CUSTOM_ERROR = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


@dataclass(slots=True)
class _Round:
    """Where a loop is: what is left of its collection."""

    items: list[Any]
    place: int = 0


class Interview:
    """One run of a flow.

    Example::

        interview = Interview(definition, world)
        outputs = interview.run({"recordId": call_id})

    `path` lists the elements that were carried out; those of subflows stand behind the name of their element.
    """

    def __init__(
        self,
        flow: FlowDefinition,
        world: World,
        *,
        record: FlowRecord | None = None,
        prior: FlowRecord | None = None,
        path: list[str] | None = None,
        prefix: str = "",
    ) -> None:
        self._flow = flow
        self._world = world
        self._loops: dict[str, _Round] = {}
        self._prefix = prefix
        self._steps: dict[str, Callable[[Any], str]] = {
            Action.kind: self._act,
            Assignment.kind: self._assign,
            Create.kind: self._create,
            CustomError.kind: self._refuse,
            Decision.kind: self._decide,
            Delete.kind: self._delete,
            Loop.kind: self._loop,
            Lookup.kind: self._look_up,
            Subflow.kind: self._subflow,
            Update.kind: self._update,
        }
        self.path = [] if path is None else path
        self.state = State(flow, world, record=record, prior=prior)

    def run(
        self, inputs: Mapping[str, Any] | None = None, *, as_json: bool = False, begin: str | None = None
    ) -> dict[str, Any]:
        """Carry the flow out and give its output variables; raises FlowFault. `as_json`: the inputs are JSON values.

        `begin` is where a scheduled path begins.
        """
        self.state.give(inputs or {}, as_json=as_json)
        following = self._flow.start.target if begin is None else begin
        while following:
            element = self._flow.elements[following]
            self._world.transaction.count_element()
            self.path.append(self._prefix + element.name)
            self.state.visited.add(element.name)
            following = self._carried_out(element)
        return self.state.outputs()

    def _carried_out(self, element: Element) -> str:
        """Carry an element out; the name of the next one, empty at the end."""
        try:
            return self._steps[element.kind](element)
        except FlowFault as fault:
            if not element.fault or not fault.catchable:
                raise fault.at(element.name) from fault.__cause__
            self.state.fault_message = fault.message
            return element.fault

    # ------------------------------------------------------------------------------------------------------ elements

    def _decide(self, element: Decision) -> str:
        for rule in element.rules:
            taken = self._holds(rule)
            self.state.outcomes[rule.name] = taken
            if taken:
                return rule.target
        return element.target

    def _holds(self, rule: Rule) -> bool:
        holds = self._holds_now(rule)
        if not (holds and rule.requires_change) or self.state.prior is None:
            return holds
        record, self.state.record = self.state.record, self.state.prior
        try:
            return not self._holds_now(rule)
        finally:
            self.state.record = record

    def _holds_now(self, rule: Rule) -> bool:
        return logic.holds(rule.logic, lambda place: self.state.holds(rule.conditions[place]))

    def _assign(self, element: Assignment) -> str:
        assign(element, self.state)
        return element.target

    def _look_up(self, element: Lookup) -> str:
        record_elements.look_up(element, self.state)
        return element.target

    def _create(self, element: Create) -> str:
        record_elements.create(element, self.state)
        return element.target

    def _update(self, element: Update) -> str:
        record_elements.update(element, self.state)
        return element.target

    def _delete(self, element: Delete) -> str:
        record_elements.delete(element, self.state)
        return element.target

    def _loop(self, element: Loop) -> str:
        loop = self._loops.get(element.name)
        if loop is None:
            items = self.state.read(element.collection.path)
            if items is not None and not isinstance(items, list):
                raise FlowFault(f"{element.collection.name} is not a collection")
            ordered = list(reversed(items or [])) if element.descending else list(items or [])
            loop = self._loops[element.name] = _Round(ordered)
        if loop.place == len(loop.items):
            del self._loops[element.name]
            return element.target
        item = loop.items[loop.place]
        loop.place += 1
        if element.item is not None:
            self.state.write(element.item, item)
        else:
            self.state.result(element.name, item.copy() if isinstance(item, FlowRecord) else item)
        return element.next_target

    def _subflow(self, element: Subflow) -> str:
        flow = self._world.subflow(element.flow)
        if flow is None:
            raise FlowFault(f"There is no active flow {element.flow}")
        inputs = {pair.name: self.state.value(pair.value) for pair in element.inputs}
        with self._world.transaction.deeper():
            inner = Interview(flow, self._world, path=self.path, prefix=f"{self._prefix}{element.name}/")
            outputs = inner.run(inputs)
        if element.stores:
            self.state.result(element.name, outputs)
        for output in element.outputs:
            if output.name not in outputs:
                raise FlowFault(f'The flow {element.flow} has no output variable "{output.name}"')
            self.state.write(output.to, outputs[output.name])
        return element.target

    def _act(self, element: Action) -> str:
        with telling("carry out an action"):
            inputs = {pair.name: self.state.value(pair.value) for pair in element.inputs}
            outputs = actions.perform(element.action, inputs, self._world.omni)
        if element.stores:
            self.state.result(element.name, outputs)
        for output in element.outputs:
            self.state.write(output.to, outputs[output.name])
        return element.target

    def _refuse(self, element: CustomError) -> str:
        raise FlowFault("; ".join(str(self.state.value(one)) for one in element.messages), code=_CUSTOM_ERROR)


def starts(flow: FlowDefinition, world: World, *, record: FlowRecord, prior: FlowRecord | None) -> bool:
    """Whether the entry conditions of a record-triggered flow let a change in; `prior` is None for a new record."""
    start = flow.start
    if not _enters(flow, world, record=record, prior=prior):
        return False
    if prior is None or not start.requires_change:
        return True
    return not _enters(flow, world, record=prior, prior=prior)


def _enters(flow: FlowDefinition, world: World, *, record: FlowRecord, prior: FlowRecord | None) -> bool:
    state = State(flow, world, record=record, prior=prior)
    if flow.start.formula is not None:
        value = state.formula(flow.start.formula)
        if value is not None and not isinstance(value, bool):
            raise FlowFault("The entry condition formula is neither true nor false")
        return bool(value)
    return flow.start.where is None or state.meets(flow.start.where, record)
