"""The standard actions of Omni-Channel flows: route work, and ask who could take it.

Source: Actions Developer Guide, "Route Work Actions" and "Check Availability for Routing Actions".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scv_emulator.flows.definition import Action, Literal, Pair
from scv_emulator.flows.errors import FlowFault, FlowInvalid, FlowNotSupported
from scv_emulator.flows.ports import Availability, Omni, RouteRequest
from scv_emulator.flows.supported import ROUTING_TYPES
from scv_emulator.flows.values import to_text

_TARGET = (
    "agentId agentLabel isAgentVariable isQueueVariable queueId queueLabel recordId routingType "
    "serviceChannelDevName serviceChannelId serviceChannelLabel skillOption skillRequirementsResourceItem"
)
_BOTS = ("agentforceEmployeeAgentId", "botId", "copilotId")


@dataclass(frozen=True, slots=True)
class _Signature:
    """What an action takes, what it needs, and what it gives."""

    inputs: frozenset[str]
    required: tuple[str, ...]
    outputs: frozenset[str]


_SIGNATURES = {
    "routeWork": _Signature(
        frozenset(
            f"{_TARGET} botLabel copilotLabel agentforceEmployeeAgentLabel isAgentRequired isRoutingConfigVariable "
            f"routingConfigId routingConfigLabel {' '.join(_BOTS)}".split()
        ),
        ("recordId", "serviceChannelId", "routingType"),
        frozenset(),
    ),
    "checkAvailabilityForRouting": _Signature(
        frozenset(f"{_TARGET} selectedOutputs".split()),
        ("serviceChannelId", "routingType"),
        frozenset({"estimatedWaitTime", "onlineAgentsCount", "queueSize"}),
    ),
}


def check_action(action: Action) -> None:
    """Refuse an action that lacks an input, has an unknown one, or routes in a way that is not run here."""
    signature = _SIGNATURES[action.action]
    for kind, names, known in (
        ("input", [(one.name, one.line) for one in action.inputs], signature.inputs),
        ("output", [(one.name, one.line) for one in action.outputs], signature.outputs),
    ):
        for name, line in names:
            if name not in known:
                raise FlowInvalid(action.name, line, f'the action {action.action} has no {kind} "{name}"')
    given = {one.name: one for one in action.inputs if not _is_empty(one.value)}
    for name in signature.required:
        if name not in given:
            raise FlowInvalid(action.name, action.line, f'the action {action.action} needs a value for "{name}"')
    for name in (*_BOTS, "skillRequirementsResourceItem"):
        if name in given:
            raise FlowNotSupported(action.name, given[name].line, f"{name} of the action {action.action}")
    _check_routing_type(action, given)


def _check_routing_type(action: Action, given: Mapping[str, Pair]) -> None:
    routing_type = given["routingType"].value
    if not isinstance(routing_type, Literal):
        return  # known when the flow runs
    if routing_type.value not in ROUTING_TYPES:
        raise FlowNotSupported(action.name, given["routingType"].line, f"routingType '{routing_type.value}'")
    needed = "agentId" if routing_type.value == "Agent" else "queueId"
    if routing_type.value != "SkillsBased" and needed not in given:
        problem = f'routing by {routing_type.value} needs a value for "{needed}"'
        raise FlowInvalid(action.name, action.line, problem)


def _is_empty(value: Any) -> bool:
    return isinstance(value, Literal) and value.value in (None, "")


def perform(action: str, inputs: Mapping[str, Any], omni: Omni | None) -> dict[str, Any]:
    """Carry an action out and give its outputs; raises FlowFault."""
    if omni is None:
        raise FlowFault(f"{action} works only in a flow that routes work")
    request = _request(inputs)
    if action == "routeWork":
        omni.route(request)
        return {}
    found: Availability = omni.availability(request)
    return {
        "onlineAgentsCount": found.online_agents,
        "queueSize": found.queue_size,
        "estimatedWaitTime": found.estimated_wait_seconds,
    }


def _request(inputs: Mapping[str, Any]) -> RouteRequest:
    def text(name: str) -> str:
        return to_text(inputs.get(name))

    if text("routingType") not in ROUTING_TYPES:
        raise FlowFault(f"routingType '{text('routingType')[:40]}' is not run by the emulator")
    return RouteRequest(
        routing_type=text("routingType"),
        record_id=text("recordId"),
        service_channel_id=text("serviceChannelId"),
        queue_id=text("queueId"),
        agent_id=text("agentId"),
        routing_config_id=text("routingConfigId"),
        agent_required=inputs.get("isAgentRequired") is True,
    )
