"""Checks of a flow against the table of the Flow language, and of its shape as a graph."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from scv_emulator.connect.flow import TOKEN, Action, Flow, texts_of
from scv_emulator.connect.flow_finding import Finding
from scv_emulator.connect.flow_language import (
    ACTION_TYPES,
    FORBIDDEN_IN_NAMES,
    FORBIDDEN_NAMES,
    INTERRUPTED,
    LONGEST_NAME,
    LOOPING,
    MOST_ACTIONS,
    MOST_CHARACTERS,
    NO_MATCH,
    OTHER_TYPES,
    TIME_OVER,
    VERSION,
    ActionType,
)

_REFERENCES = frozenset(
    {"LambdaFunctionARN", "QueueId", "AgentId", "ContactFlowId", "FlowModuleId", "PromptId", "HoursOfOperationId"}
)


def envelope(flow: Flow) -> Iterator[Finding]:
    """The flow as a whole, and the names of its actions."""
    if flow.version != VERSION:
        yield Finding(flow.name, "", "flow.version", f"version {flow.version}")
    if flow.start not in flow.by_name:
        yield Finding(flow.name, "", "flow.start", f"there is no action {flow.start!r}")
    if len(flow.actions) > MOST_ACTIONS or flow.size > MOST_CHARACTERS:
        yield Finding(flow.name, "", "flow.size", f"{len(flow.actions)} actions, {flow.size} characters")
    seen: set[str] = set()
    for action in flow.actions:
        if action.name in seen:
            yield Finding(flow.name, action.name, "action.twice", "two actions have this name")
        seen.add(action.name)
        too_long = not 0 < len(action.name) <= LONGEST_NAME
        if too_long or action.name in FORBIDDEN_NAMES or FORBIDDEN_IN_NAMES & set(action.name):
            yield Finding(flow.name, action.name, "action.name", "no name for an action")


def actions(flow: Flow) -> Iterator[Finding]:
    """Every action against its type."""
    for action in flow.actions:
        kind = ACTION_TYPES.get(action.type)
        if kind is None:
            known = action.type in OTHER_TYPES
            rule, problem = ("action.unchecked", "is not in the table") if known else ("action.type", "does not exist")
            yield Finding(flow.name, action.name, rule, f"{action.type} {problem}")
            continue
        if flow.kind not in kind.flows:
            problem = f"{action.type} is not supported in a flow of type {flow.kind.name}"
            yield Finding(flow.name, action.name, "action.place", problem)
        for rule, name, problem in kind.parameters.problems(action.parameters):
            yield Finding(flow.name, action.name, rule, f"{name} {problem}".strip())
        for rule, problem in (*_transitions(action, kind), *_errors(action, kind), *_conditions(action, kind)):
            yield Finding(flow.name, action.name, rule, problem)


def _transitions(action: Action, kind: ActionType) -> Iterator[tuple[str, str]]:
    if kind.ends and (action.next or action.errors or action.conditions):
        yield "transition.after_end", f"{action.type} ends the flow"
    if kind.next and not action.next:
        yield "transition.missing", "no next action"


def _errors(action: Action, kind: ActionType) -> Iterator[tuple[str, str]]:
    stores_input = action.parameters.get("StoreInput") == "True"
    required = [one for one in kind.errors if not (stores_input and one == NO_MATCH)]
    wired = {one.kind for one in action.errors}
    for one in required:
        if one not in wired:
            yield "error.missing", f"{one} is not wired"
    for one in sorted(wired - {*kind.errors, *kind.further_errors}):
        if not kind.ends:
            yield "error.unknown", f"{action.type} has no {one}"
    if action.type == "GetParticipantInput" and not stores_input and TIME_OVER not in wired:
        yield "input.time_over", "a caller who presses nothing takes the branch for errors"


def _conditions(action: Action, kind: ActionType) -> Iterator[tuple[str, str]]:
    allowed = kind.conditions
    if allowed is None:
        if action.conditions and not kind.ends:
            yield "condition.unknown", f"{action.type} has no conditions"
        return
    for one in action.conditions:
        if one.operator not in allowed.operators:
            yield "condition.unknown", f"cannot be compared by {one.operator}"
        if allowed.operands and not set(one.operands) <= set(allowed.operands):
            yield "condition.unknown", f"never results in {' '.join(one.operands)!r}"
    given = {operand for one in action.conditions for operand in one.operands}
    if allowed.all_required and not set(allowed.operands) <= given:
        yield "condition.missing", f"needs {' and '.join(allowed.operands)}"
    if allowed.one_required and not action.conditions:
        yield "condition.missing", "needs a condition"


def references(flow: Flow, parameters: Collection[str] | None) -> Iterator[Finding]:
    """What belongs to one instance is a parameter of the template; None knows no template."""
    for action in flow.actions:
        for name, value in _references(action.parameters):
            if not (TOKEN.fullmatch(value) or value.startswith("$.")):
                yield Finding(flow.name, action.name, "reference.literal", f"{name} is {value}")
        for text in texts_of(action.parameters):
            for token in TOKEN.findall(text):
                if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", token):
                    yield Finding(flow.name, action.name, "reference.token", f"${{{token}}} is no name")
                elif parameters is not None and token not in parameters:
                    yield Finding(flow.name, action.name, "reference.token", f"the template has no {token}")


def _references(parameters: object) -> Iterator[tuple[str, str]]:
    if isinstance(parameters, list):
        for one in parameters:
            yield from _references(one)
    elif isinstance(parameters, Mapping):
        for name, value in parameters.items():
            if name in _REFERENCES and isinstance(value, str):
                yield name, value
            elif name == "EventHooks" and isinstance(value, Mapping):
                yield from ((key, one) for key, one in value.items() if isinstance(one, str))
            else:
                yield from _references(value)


def graph(flow: Flow) -> Iterator[Finding]:
    """Every action is reached, leads to an end, and no circle is without one."""
    for action in flow.actions:
        for why, to in action.edges():
            if to not in flow.by_name:
                yield Finding(flow.name, action.name, "transition.target", f"{why} leads to {to!r}, which is not there")
    ways = {one.name: {to for _why, to in one.edges() if to in flow.by_name} for one in flow.actions}
    back: dict[str, set[str]] = {name: set() for name in ways}
    for name, targets in ways.items():
        for to in targets:
            back[to].add(name)
    if flow.start in ways:
        for name in sorted(ways.keys() - _reached({flow.start}, ways)):
            yield Finding(flow.name, name, "graph.unreachable", "nothing leads here")
    ends = {one.name for one in flow.actions if _may_stay(one)}
    for name in sorted(ways.keys() - _reached(ends, back)):
        yield Finding(flow.name, name, "graph.stuck", "no way from here to an end of the flow")
    for name in _endless(flow):
        yield Finding(flow.name, name, "graph.endless", "a circle without a Loop goes through here")


def _may_stay(action: Action) -> bool:
    kind = ACTION_TYPES.get(action.type)
    # A transfer ends the flow when it succeeds; in a queue the caller stays until a rep answers.
    return (
        kind is None
        or kind.ends
        or action.type
        in {
            "TransferContactToQueue",
            "TransferToFlow",
            "DequeueContactAndTransferToQueue",
            "MessageParticipantIteratively",
        }
    )


def _reached(start: Collection[str], ways: Mapping[str, Collection[str]]) -> set[str]:
    seen, todo = set(start), list(start)
    while todo:
        for to in ways[todo.pop()]:
            if to not in seen:
                seen.add(to)
                todo.append(to)
    return seen


def _endless(flow: Flow) -> list[str]:
    """The actions on circles that nothing bounds: what a Loop repeats and what a queue interrupts is bounded."""
    ways: dict[str, set[str]] = {}
    for action in flow.actions:
        bounded = {one.to for one in action.conditions if LOOPING in one.operands or INTERRUPTED in one.operands}
        free = {to for _why, to in action.edges() if to in flow.by_name}
        ways[action.name] = free - bounded
    return sorted(name for name in ways if name in _reached(ways[name], ways))
