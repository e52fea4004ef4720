"""Omni-Channel flows that were deployed: run for a voice call, with the routing that they ask for.

Source: Implementation Guide, "Execute an Omni-Channel Flow"; Salesforce Help, "Omni-Channel Flow Considerations".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scv_emulator.flows import FlowDefinition, FlowFault
from scv_emulator.flows.automation import Automation
from scv_emulator.flows.ports import Availability, RouteRequest
from scv_emulator.salesforce.records import Database, Record
from scv_emulator.switches import Switches
from scv_emulator.telephony.flows import FlowFailed, FlowOutcome
from scv_emulator.telephony.reps import Reps


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedFlows:
    """The active flows of the org, as `telephony.flows` runs them."""

    automation: Automation
    database: Database
    switches: Switches
    reps: Reps

    def run(self, developer_name: str, voice_call: Record, inputs: Mapping[str, Any]) -> FlowOutcome | None:
        """Where the deployed flow of this name sends a call; None when there is none. Raises FlowFailed."""
        flow = self.automation.registry.get(developer_name)
        if flow is None:
            return None
        if not flow.is_routing:
            raise FlowFailed(f"The flow {flow.name} is not an Omni-Channel flow")
        omni = _Omni(self.database, self.reps, voice_call)
        try:
            given = self._inputs(flow, inputs) | {"recordId": voice_call["Id"]}
            self.automation.call(flow, given, started_by="omniFlow", record_id=voice_call["Id"], omni=omni)
        except FlowFault as fault:
            where = f" at {fault.element}" if fault.element else ""
            raise FlowFailed(f"The flow {flow.name} failed{where}: {fault.message}") from fault
        if omni.outcome is None:
            raise FlowFailed(f"The flow {flow.name} ended without routing the call")
        return omni.outcome

    def _inputs(self, flow: FlowDefinition, inputs: Mapping[str, Any]) -> dict[str, Any]:
        known = {name for name, one in flow.variables.items() if one.is_input}
        if self.switches.unknown_flow_input == "ignore":
            return {name: value for name, value in inputs.items() if name in known}
        return dict(inputs)


class _Omni:
    """Omni-Channel for one voice call; implements `scv_emulator.flows.ports.Omni`."""

    def __init__(self, database: Database, reps: Reps, voice_call: Record) -> None:
        self._database = database
        self._reps = reps
        self._call = voice_call
        self.outcome: FlowOutcome | None = None

    def route(self, request: RouteRequest) -> None:
        """Remember where the call goes; a later routing takes the place of an earlier one."""
        if request.record_id[:15] != self._call["Id"][:15]:
            raise FlowFault(f"routeWork: {request.record_id[:40]} is not the record that is being routed")
        self._check_channel(request)
        queue = self._queue(request.queue_id) if request.queue_id else None
        if request.routing_config_id and not self._database.first("QueueRoutingConfig", Id=request.routing_config_id):
            raise FlowFault(f"routeWork: there is no routing configuration {request.routing_config_id[:40]}")
        agent = self._agent(request.agent_id) if request.routing_type == "Agent" else ""
        if not agent and queue is None:
            # By skills, too: the reply names a queue or a rep, so there must be one.
            raise FlowFault("routeWork: no queue is given")
        self.outcome = FlowOutcome(
            agent=agent,
            queue=queue or "",
            agent_required=request.agent_required,
            by_skills=request.routing_type == "SkillsBased",
            routing_config=request.routing_config_id,
        )

    def availability(self, request: RouteRequest) -> Availability:
        """Who could take the call now; the wait is how long reps took so far."""
        self._check_channel(request)
        if request.routing_type == "Agent":
            online = int(self._reps.is_available(self._agent(request.agent_id)))
            return Availability(online_agents=online, queue_size=0, estimated_wait_seconds=0)
        if not request.queue_id:
            raise FlowFault("checkAvailabilityForRouting: no queue is given")
        queue = self._queue(request.queue_id)
        works = self._database.find("AgentWork", OriginalGroupId=queue)
        waits = [work["SpeedToAnswer"] for work in works if work["SpeedToAnswer"] is not None]
        return Availability(
            online_agents=self._reps.available_in(queue),
            queue_size=len(self._database.find("PendingServiceRouting", GroupId=queue)),
            estimated_wait_seconds=round(sum(waits) / len(waits)) if waits else 0,
        )

    def _check_channel(self, request: RouteRequest) -> None:
        channel = self._database.first("ServiceChannel", Id=request.service_channel_id)
        if channel is None:
            raise FlowFault(f"There is no service channel {request.service_channel_id[:40]}")
        if channel["RelatedEntity"] != "VoiceCall":
            raise FlowFault(f"The service channel {channel['DeveloperName']} is not for VoiceCall")

    def _queue(self, queue_id: str) -> str:
        """The id of a queue that takes voice calls; a developer name is no id, here as in an org."""
        queue = self._database.first("Group", Id=queue_id)
        if queue is None or queue["Type"] != "Queue":
            raise FlowFault(f"There is no queue with the id {queue_id[:40]}")
        if self._database.first("QueueSobject", QueueId=queue["Id"], SobjectType="VoiceCall") is None:
            raise FlowFault(f"The queue {queue['DeveloperName']} does not support VoiceCall")
        return str(queue["Id"])

    def _agent(self, agent_id: str) -> str:
        user = self._database.first("User", Id=agent_id) if agent_id else None
        if user is None or not user["IsActive"]:
            raise FlowFault(f"There is no active user with the id {agent_id[:40]}")
        return str(user["Id"])
