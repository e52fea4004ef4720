"""A flow as it was deployed: frozen, with the line of each part.

The words are those of the Metadata API Developer Guide, "Flow"; only what the interpreter runs has a place here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from scv_emulator.flows.formulas import Formula
from scv_emulator.flows.logic import Logic

# ------------------------------------------------------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the flow."""

    value: Any
    line: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A resource, an element, or a field of one: `Get_Queue.Id` is `("Get_Queue", "Id")`."""

    path: tuple[str, ...]
    line: int

    @property
    def name(self) -> str:
        """The reference as it is written."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Text:
    """Text with merge fields: `Case {!Get_Case.CaseNumber}`."""

    parts: tuple[str | Reference, ...]
    line: int


@dataclass(frozen=True, slots=True)
class SetupReference:
    """A record of the setup by developer name, such as the service channel `sfdc_phone`."""

    name: str
    kind: str
    line: int


Value = Literal | Reference | Text | SetupReference


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a decision."""

    left: Reference
    operator: str
    right: Value
    line: int


@dataclass(frozen=True, slots=True)
class Filter:
    """One line of a record filter: a field, an operator and a value."""

    field: str
    operator: str
    value: Value
    line: int


@dataclass(frozen=True, slots=True)
class Where:
    """Which records: filters, and how they are joined."""

    logic: Logic
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A name and the value it gets: a field, an input of a subflow or of an action."""

    name: str
    value: Value
    line: int


@dataclass(frozen=True, slots=True)
class Output:
    """A name and the resource that takes its value: a field of a lookup, an output of a subflow or of an action."""

    name: str
    to: Reference
    line: int


# ---------------------------------------------------------------------------------------------------------- resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable or a constant."""

    name: str
    line: int
    data_type: str
    is_collection: bool = False
    is_input: bool = False
    is_output: bool = False
    object_type: str = ""
    scale: int | None = None
    value: Value | None = None
    constant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaResource:
    """A formula; evaluated whenever it is read."""

    name: str
    line: int
    data_type: str
    scale: int | None
    formula: Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTemplate:
    """A text with merge fields."""

    name: str
    line: int
    text: Text


Resource = Variable | FormulaResource | TextTemplate

# ----------------------------------------------------------------------------------------------------------- elements


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A step of the flow. `target` is the next element, `fault` the one after an error; both may be empty."""

    kind: ClassVar[str] = ""

    name: str
    line: int
    target: str = ""
    fault: str = ""

    def targets(self) -> Iterator[str]:
        """The elements that this one may lead to."""
        return (one for one in (self.target, self.fault) if one)


@dataclass(frozen=True, slots=True)
class Rule:
    """An outcome of a decision."""

    name: str
    line: int
    logic: Logic
    conditions: tuple[Condition, ...]
    target: str
    requires_change: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Element):
    """Takes the first outcome whose conditions hold; `target` is the default outcome."""

    kind: ClassVar[str] = "decisions"

    rules: tuple[Rule, ...]

    def targets(self) -> Iterator[str]:
        yield from (one for one in (self.target, *(rule.target for rule in self.rules)) if one)


@dataclass(frozen=True, slots=True)
class AssignmentItem:
    """One line of an assignment."""

    to: Reference
    operator: str
    value: Value
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment(Element):
    """Sets variables."""

    kind: ClassVar[str] = "assignments"

    items: tuple[AssignmentItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup(Element):
    """Get Records: kept under the element's name, in a variable, or field by field."""

    kind: ClassVar[str] = "recordLookups"

    object_name: str
    where: Where
    first_only: bool
    fields: tuple[str, ...] = ()
    sort_field: str = ""
    descending: bool = False
    limit: Value | None = None
    stores: bool = False
    output: Reference | None = None
    outputs: tuple[Output, ...] = ()
    null_if_none: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Element):
    """Create Records, from field values or from a record variable."""

    kind: ClassVar[str] = "recordCreates"

    object_name: str = ""
    inputs: tuple[Pair, ...] = ()
    source: Reference | None = None
    id_to: Reference | None = None
    stores: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(Element):
    """Update Records: those that a filter finds, or those of a record variable."""

    kind: ClassVar[str] = "recordUpdates"

    object_name: str = ""
    where: Where | None = None
    inputs: tuple[Pair, ...] = ()
    source: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(Element):
    """Delete Records: those that a filter finds, or those of a record variable."""

    kind: ClassVar[str] = "recordDeletes"

    object_name: str = ""
    where: Where | None = None
    source: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subflow(Element):
    """Runs another flow."""

    kind: ClassVar[str] = "subflows"

    flow: str
    inputs: tuple[Pair, ...] = ()
    outputs: tuple[Output, ...] = ()
    stores: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop(Element):
    """Goes through a collection; `target` follows when nothing is left."""

    kind: ClassVar[str] = "loops"

    collection: Reference
    next_target: str
    item: Reference | None = None
    descending: bool = False

    def targets(self) -> Iterator[str]:
        yield from (one for one in (self.next_target, self.target) if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Element):
    """Calls a standard action."""

    kind: ClassVar[str] = "actionCalls"

    action: str
    inputs: tuple[Pair, ...] = ()
    outputs: tuple[Output, ...] = ()
    stores: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomError(Element):
    """Refuses the save that started the flow."""

    kind: ClassVar[str] = "customErrors"

    messages: tuple[Text, ...]


# --------------------------------------------------------------------------------------------------------------- flow


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledPath:
    """Another beginning, so many seconds after the event that started the flow."""

    name: str
    line: int
    target: str
    delay_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where the flow begins, and what starts it; without `object_name` it is called.

    `target` is empty where nothing is done at once, and everything on a scheduled path.
    """

    line: int
    target: str
    object_name: str = ""
    trigger_type: str = ""
    record_trigger: str = ""
    where: Where | None = None
    formula: Formula | None = None
    requires_change: bool = False
    scheduled: tuple[ScheduledPath, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowDefinition:
    """One version of a flow. `name` is its API name: the name of its file, which the file itself need not repeat."""

    name: str
    label: str
    process_type: str
    status: str
    start: Start
    api_version: str = ""
    description: str = ""
    trigger_order: int | None = None
    elements: Mapping[str, Element] = field(default_factory=dict)
    resources: Mapping[str, Resource] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        """Whether the org runs this version."""
        return self.status == "Active"

    @property
    def is_routing(self) -> bool:
        """Whether this is an Omni-Channel flow."""
        return self.process_type == "RoutingFlow"

    @property
    def is_before_save(self) -> bool:
        """Whether this runs before a record is saved, when only that record can be changed."""
        return self.start.trigger_type == "RecordBeforeSave"

    @property
    def variables(self) -> dict[str, Variable]:
        """The variables and constants by name."""
        return {name: one for name, one in self.resources.items() if isinstance(one, Variable)}

    @property
    def rules(self) -> dict[str, Rule]:
        """The outcomes of all decisions by name."""
        decisions = (one for one in self.elements.values() if isinstance(one, Decision))
        return {rule.name: rule for decision in decisions for rule in decision.rules}
