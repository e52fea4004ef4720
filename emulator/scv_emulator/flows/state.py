"""The state of a running flow: its variables, what its elements gave, and how a reference is read or written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from scv_emulator.flows import formula_evaluation, logic
from scv_emulator.flows.comparison import compare
from scv_emulator.flows.definition import (
    Condition,
    FlowDefinition,
    FormulaResource,
    Literal,
    Reference,
    SetupReference,
    Text,
    TextTemplate,
    Value,
    Variable,
    Where,
)
from scv_emulator.flows.errors import FlowFault
from scv_emulator.flows.formulas import Formula
from scv_emulator.flows.logic import Junction
from scv_emulator.flows.ports import Wanted, World
from scv_emulator.flows.values import FlowRecord, convert, copied, limited, read_input, to_merged_text


class State:
    """What a flow knows while it runs.

    `record` is the record that started it, `prior` the same before it was changed.
    """

    def __init__(
        self,
        flow: FlowDefinition,
        world: World,
        *,
        record: FlowRecord | None = None,
        prior: FlowRecord | None = None,
    ) -> None:
        self.flow = flow
        self.world = world
        self.record = record
        self.prior = prior
        self.fault_message = ""
        self.visited: set[str] = set()
        self.outcomes: dict[str, bool] = {}
        self._results: dict[str, Any] = {}
        self._started: datetime = world.now()
        self._variables: dict[str, Any] = {}
        for name, variable in flow.variables.items():
            self._variables[name] = self._initial(variable)

    def _initial(self, variable: Variable) -> Any:
        if variable.is_collection:
            return []
        if variable.value is not None:
            return convert(self.value(variable.value), variable.data_type, scale=variable.scale)
        if variable.data_type == "SObject":
            return FlowRecord(variable.object_type)
        return False if variable.data_type == "Boolean" else None

    # ----------------------------------------------------------------------------------------------- inputs, outputs

    def give(self, inputs: Mapping[str, Any], *, as_json: bool) -> None:
        """Set input variables; raises FlowFault for a name that is none."""
        for name, value in inputs.items():
            variable = self.flow.variables.get(name)
            if variable is None or not variable.is_input:
                raise FlowFault(f'The flow {self.flow.name} has no input variable "{name}"')
            try:
                self._variables[name] = (
                    read_input(value, variable.data_type, is_collection=variable.is_collection, scale=variable.scale)
                    if as_json
                    else self._fitted(variable, value)
                )
            except FlowFault as fault:
                raise FlowFault(f'The input variable "{name}": {fault.message}') from fault

    def outputs(self) -> dict[str, Any]:
        """The output variables."""
        return {name: self._variables[name] for name, one in self.flow.variables.items() if one.is_output}

    # ------------------------------------------------------------------------------------------------------- reading

    def value(self, value: Value) -> Any:
        """What a value stands for now."""
        match value:
            case Literal(value=literal):
                return literal
            case Reference():
                return self.read(value.path)
            case Text(parts=parts):
                merged = (one if isinstance(one, str) else to_merged_text(self.read(one.path)) for one in parts)
                return limited("".join(merged))
            case SetupReference(kind=kind, name=name):
                return self.world.data.setup_id(kind, name)

    def formula(self, formula: Formula) -> Any:
        """What a formula stands for now."""

        def prior(path: tuple[str, ...]) -> Any:
            return self._within(self.prior, path, path[1:], forgiving=True)

        context = formula_evaluation.Context(
            read=lambda path: self.read(path, forgiving=True),
            now=self.world.now,
            read_prior=None if self.prior is None else prior,
        )
        return formula_evaluation.evaluate(formula, context)

    def read(self, path: tuple[str, ...], *, forgiving: bool = False) -> Any:
        """What a reference stands for now; `forgiving` reads a field of nothing as nothing, as formulas do."""
        root, rest = path[0], path[1:]
        if root.startswith("$"):
            return self._global(path, forgiving=forgiving)
        resource = self.flow.resources.get(root)
        if isinstance(resource, FormulaResource):
            return convert(self.formula(resource.formula), resource.data_type, scale=resource.scale)
        if isinstance(resource, TextTemplate):
            return self.value(resource.text)
        if resource is not None:
            return self._within(self._variables[root], path, rest, forgiving=forgiving)
        if root in self.flow.elements:
            return self._within(self._results.get(root), path, rest, forgiving=forgiving)
        return self.outcomes.get(root, False)

    def _within(self, value: Any, path: tuple[str, ...], rest: tuple[str, ...], *, forgiving: bool) -> Any:
        """A field of a record, of a related record, or an output of an element."""
        for place, name in enumerate(rest):
            is_empty = value is None or (isinstance(value, FlowRecord) and not value.values)
            if is_empty and forgiving:
                return None
            if isinstance(value, dict) and name in value:
                value = value[name]
                continue
            if is_empty or not isinstance(value, FlowRecord):
                raise _not_set(path)
            field_name = value.name_of(name)
            if field_name is not None:
                value = value.values[field_name]
                continue
            if place < len(rest) - 1:
                is_relationship, parent = self.world.data.parent(value, name)
                if is_relationship:
                    value = parent
                    continue
            if value.loaded is not None or place < len(rest) - 1:
                raise _not_set(path)
            return None  # a record that the flow put together: this field has no value yet
        return value

    def _global(self, path: tuple[str, ...], *, forgiving: bool) -> Any:
        root, rest = path[0], path[1:]
        records: dict[str, Callable[[], FlowRecord | None]] = {
            "$Record": lambda: self.record,
            "$Record__Prior": lambda: self.prior,
            "$User": self.world.data.user,
            "$Organization": self.world.data.organization,
        }
        if root in records:
            # Nothing came before a record that is being created.
            is_new = root == "$Record__Prior" and self.prior is None
            return self._within(records[root](), path, rest, forgiving=forgiving or is_new)
        if root == "$GlobalConstant":
            return {"True": True, "False": False, "EmptyString": ""}[rest[0]]
        return self._custom_metadata(path) if root == "$CustomMetadata" else self._flow_global(rest[0])

    def _custom_metadata(self, path: tuple[str, ...]) -> Any:
        _, type_name, record_name, field_name = path
        wanted = [Wanted("DeveloperName", "EqualTo", record_name)]
        found = self.world.data.find(type_name, wanted, Junction("AND", (0,)), limit=1)
        return self._within(found[0] if found else None, path, (field_name,), forgiving=False)

    def _flow_global(self, name: str) -> Any:
        match name:
            case "CurrentDateTime":
                return self.world.now()
            case "CurrentDate":
                return self.world.now().date()
            case "FaultMessage":
                return self.fault_message
            case "InterviewStartTime":
                return self._started
            case "CurrentRecord":
                return None if self.record is None else self.record.values.get("Id")
        return str(uuid5(NAMESPACE_OID, f"{self.flow.name} {self._started.isoformat()}"))

    # ---------------------------------------------------------------------------------------------------- conditions

    def holds(self, condition: Condition) -> bool:
        """Whether one line of a decision holds now."""
        operator, path = condition.operator, condition.left.path
        if operator == "WasVisited":
            return (path[0] in self.visited) is self.value(condition.right)
        if operator == "IsChanged":
            return self._is_changed(path) is self.value(condition.right)
        left = self.read(path, forgiving=operator == "WasSet")
        if operator == "WasSet":
            return (left is not None) is self.value(condition.right)
        return compare(left, operator, self.value(condition.right), fold_text=self.world.fold_text)

    def meets(self, where: Where, record: FlowRecord | None) -> bool:
        """Whether a record passes filters; a field is changed when the record before had another value."""

        def passes(place: int) -> bool:
            one = where.filters[place]
            path = ("$Record", *one.field.split("."))
            if one.operator == "IsChanged":
                return self._is_changed(path) is self.value(one.value)
            left = self._within(record, path, path[1:], forgiving=True)
            return compare(left, one.operator, self.value(one.value), fold_text=self.world.fold_text)

        return logic.holds(where.logic, passes)

    def _is_changed(self, path: tuple[str, ...]) -> bool:
        """False while a record is being created, as the formula function says."""
        if path[0] != "$Record" or self.prior is None:
            return False
        now = self._within(self.record, path, path[1:], forgiving=True)
        return bool(now != self._within(self.prior, path, path[1:], forgiving=True))

    # ------------------------------------------------------------------------------------------------------- writing

    def result(self, element: str, value: Any) -> None:
        """Keep what an element gave, under the element's name."""
        self._results[element] = value

    def result_of(self, element: str) -> Any:
        """What an element gave; None when it did not run."""
        return self._results.get(element)

    def write(self, to: Reference, value: Any) -> None:
        """Set a variable, or a field of a record; raises FlowFault when the value does not fit."""
        root = to.path[0]
        if len(to.path) == 1:
            self._variables[root] = self._fitted(self.flow.variables[root], value)
            return
        if root == "$Record":
            record = self.record
        else:
            record = self._variables[root] if root in self._variables else self._results.get(root)
        if not isinstance(record, FlowRecord):
            raise _not_set(to.path)
        if isinstance(value, FlowRecord | list):
            raise FlowFault(f"{to.name}: a record or a collection can't be the value of a field")
        record.assign(to.path[1], value)

    def _fitted(self, variable: Variable, value: Any) -> Any:
        if variable.is_collection:
            given = value if isinstance(value, list) else [] if value is None else [value]
            return [convert(copied(one), variable.data_type, scale=variable.scale) for one in given]
        if isinstance(value, FlowRecord) and variable.object_type.lower() != value.object_name.lower():
            raise FlowFault(f"{variable.name} takes {variable.object_type}, got {value.object_name}")
        return convert(copied(value), variable.data_type, scale=variable.scale)


def _not_set(path: tuple[str, ...]) -> FlowFault:
    name = ".".join(path)
    return FlowFault(f"The flow failed to access the value for {name} because it hasn't been set or assigned.")
