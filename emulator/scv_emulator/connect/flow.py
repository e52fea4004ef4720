"""A contact flow as it is written down in Amazon Connect's Flow language, version 2019-10-30.

https://docs.aws.amazon.com/connect/latest/APIReference/flow-language.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

TOKEN = re.compile(r"\$\{([^}]*)\}")
"""A deployment fills these in; what the flow itself resolves begins with `$.`, without a brace."""


class FlowKind(Enum):
    """The types of `CreateContactFlow`, and modules, which have an API of their own."""

    CONTACT_FLOW = "contactFlow"
    CUSTOMER_QUEUE = "customerQueue"
    CUSTOMER_HOLD = "customerHold"
    CUSTOMER_WHISPER = "customerWhisper"
    AGENT_HOLD = "agentHold"
    AGENT_WHISPER = "agentWhisper"
    OUTBOUND_WHISPER = "outboundWhisper"
    AGENT_TRANSFER = "agentTransfer"
    QUEUE_TRANSFER = "queueTransfer"
    MODULE = "module"


class FlowUnreadable(Exception):
    """The file is not a flow at all, so that nothing else can be said about it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A branch that is taken when the action's result compares so with the operands."""

    operator: str
    operands: tuple[str, ...]
    to: str


@dataclass(frozen=True, slots=True)
class Error:
    """A branch that is taken when the action fails in this way."""

    kind: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One block. `next` is empty where the flow names none."""

    name: str
    type: str
    parameters: Mapping[str, Any]
    next: str = ""
    errors: tuple[Error, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def edges(self) -> Iterator[tuple[str, str]]:
        """Every way out of the block: why it is taken, and where it leads."""
        if self.next:
            yield "next", self.next
        for condition in self.conditions:
            yield f"{condition.operator} {' '.join(condition.operands)}", condition.to
        for error in self.errors:
            yield error.kind, error.to

    def on_error(self, kind: str) -> str:
        """Where an error leads: to its own branch, or to that of all others; empty where neither is wired."""
        wired = {one.kind: one.to for one in self.errors}
        return wired.get(kind) or wired.get("NoMatchingError", "")


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A flow or a module. `tokens` are the names of the parameters that its deployment fills in."""

    name: str
    kind: FlowKind
    start: str
    actions: tuple[Action, ...]
    version: str = "2019-10-30"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    size: int = 0

    @cached_property
    def by_name(self) -> Mapping[str, Action]:
        return {one.name: one for one in self.actions}

    @cached_property
    def tokens(self) -> frozenset[str]:
        return frozenset(
            token for one in self.actions for text in texts_of(one.parameters) for token in TOKEN.findall(text)
        )

    def filled_in(self, parameters: Mapping[str, str]) -> Flow:
        """The flow as it is deployed; KeyError for a token that has no value."""
        actions = (
            Action(
                name=one.name,
                type=one.type,
                parameters=_filled(one.parameters, parameters),
                next=one.next,
                errors=one.errors,
                conditions=one.conditions,
            )
            for one in self.actions
        )
        return Flow(name=self.name, kind=self.kind, start=self.start, actions=tuple(actions), metadata=self.metadata)


def read_flow(path: Path) -> Flow:
    """The flow in a file; it goes by the name of the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FlowUnreadable(str(error)) from error
    return flow_of(text, name=path.stem)


def read_flows(folder: Path) -> dict[str, Flow]:
    """All flows of a folder, by the names of their files."""
    return {path.stem: read_flow(path) for path in sorted(folder.glob("*.json"))}


def flow_of(text: str, *, name: str) -> Flow:
    """The flow in a text."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise FlowUnreadable(f"not JSON: {error}") from error
    try:
        actions = tuple(_action(one) for one in data["Actions"])
        metadata = data.get("Metadata", {})
        kind = _kind(actions, metadata)
        return Flow(
            name=name,
            kind=kind,
            start=data["StartAction"],
            actions=actions,
            version=data["Version"],
            metadata=metadata,
            size=len(text),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FlowUnreadable(f"not a flow of version 2019-10-30: {type(error).__name__}: {error}") from error


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a parameter, however deep, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield str(key)
            yield from texts_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts_of(one)


def _action(data: Mapping[str, Any]) -> Action:
    transitions = data["Transitions"]
    if not isinstance(data["Parameters"], dict):
        raise TypeError(f"the parameters of {data['Identifier']} are no object")
    return Action(
        name=data["Identifier"],
        type=data["Type"],
        parameters=data["Parameters"],
        next=transitions.get("NextAction", ""),
        errors=tuple(Error(one["ErrorType"], one["NextAction"]) for one in transitions.get("Errors", ())),
        conditions=tuple(
            Condition(
                one["Condition"]["Operator"],
                tuple(str(operand) for operand in one["Condition"]["Operands"]),
                one["NextAction"],
            )
            for one in transitions.get("Conditions", ())
        ),
    )


def _kind(actions: tuple[Action, ...], metadata: Mapping[str, Any]) -> FlowKind:
    # The file does not say that it is a module: the API that takes it does. Only modules have this block.
    if any(one.type == "EndFlowModuleExecution" for one in actions):
        return FlowKind.MODULE
    return FlowKind(metadata.get("type", FlowKind.CONTACT_FLOW.value))


def _filled(value: Any, parameters: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return TOKEN.sub(lambda found: parameters[found[1]], value)
    if isinstance(value, Mapping):
        return {key: _filled(one, parameters) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, parameters) for one in value]
    return value
