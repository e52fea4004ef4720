"""How actions and flows end, and which branch follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from scv_emulator.connect.flow import Action, Condition
from scv_emulator.connect.flow_language import ERROR, NO_MATCH


class NotSimulated(Exception):
    """The flow uses something that exists in Amazon Connect and not here."""


class FlowBroken(Exception):
    """The flow goes where nothing is: it could not have been published."""


class End(Enum):
    """How a flow ended."""

    ENDED = "the flow is over, the contact goes on"
    DISCONNECTED = "the flow has hung up"
    QUEUED = "the contact waits in a queue"
    TRANSFERRED = "another flow goes on with the contact"


@dataclass(frozen=True, slots=True)
class Ended:
    """A flow's end; where it was a transfer, with the flow that goes on."""

    how: End
    flow: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """An action took an error branch."""

    kind: str = ERROR


@dataclass(frozen=True, slots=True)
class Result:
    """What an action resulted in; its conditions compare with it."""

    value: str


Outcome = Ended | Failed | Result | None
"""None is success without a result."""


def branch(action: Action, outcome: Failed | Result | None) -> str:
    """The name of the next action; empty when nothing is wired for this outcome."""
    if isinstance(outcome, Result):
        return next((one.to for one in action.conditions if _holds(one, outcome.value)), "") or action.on_error(
            NO_MATCH
        )
    return action.on_error(outcome.kind) if isinstance(outcome, Failed) else action.next


def _holds(condition: Condition, value: str) -> bool:
    operand = condition.operands[0] if condition.operands else ""
    holds: Mapping[str, Callable[[], bool]] = {
        "Equals": lambda: value == operand,
        "TextStartsWith": lambda: value.startswith(operand),
        "TextEndsWith": lambda: value.endswith(operand),
        "TextContains": lambda: operand in value,
        "NumberGreaterThan": lambda: float(value) > float(operand),
        "NumberGreaterOrEqualTo": lambda: float(value) >= float(operand),
        "NumberLessThan": lambda: float(value) < float(operand),
        "NumberLessOrEqualTo": lambda: float(value) <= float(operand),
    }
    try:
        return holds[condition.operator]()
    except ValueError:
        return False
