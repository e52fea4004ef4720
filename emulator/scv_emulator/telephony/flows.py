"""Omni-Channel flows: given a voice call, which queue or which rep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scv_emulator.salesforce.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowOutcome:
    """Where a flow sends a call: a queue by developer name or id, or a rep by username or id.

    With both, the queue is where the call goes when the rep cannot take it now; `agent_required` waits for the rep.
    """

    queue: str = ""
    agent: str = ""
    agent_required: bool = False
    by_skills: bool = False
    routing_config: str = ""


class FlowFailed(Exception):
    """The flow is unknown or ended with a fault; the text says why."""


class RoutingFlow(Protocol):
    """An active flow of the org."""

    @property
    def developer_name(self) -> str:
        """The flow's API name."""
        ...

    def run(self, voice_call: Record, inputs: Mapping[str, Any]) -> FlowOutcome:
        """Decide where the call goes, from the fields that are applied so far; raises FlowFailed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OmniFlow:
    """A flow with one decision: CallOrigin is Voicemail, or it is anything else."""

    developer_name: str
    voicemail_queue: str
    live_queue: str = ""

    def run(self, voice_call: Record, inputs: Mapping[str, Any]) -> FlowOutcome:  # noqa: ARG002 - of the protocol
        """The voicemail queue for a voicemail, the live queue for any other call."""
        queue = self.voicemail_queue if voice_call["CallOrigin"] == "Voicemail" else self.live_queue
        if not queue:
            raise FlowFailed(f"The flow {self.developer_name} has no path for CallOrigin {voice_call['CallOrigin']}")
        return FlowOutcome(queue=queue)


RunDeployed = Callable[[str, Record, Mapping[str, Any]], FlowOutcome | None]
"""Runs a deployed flow by developer name; None when no such flow is deployed."""


class Flows:
    """The active flows of the org by developer name; a deployed one takes the place of the seed's."""

    def __init__(self, flows: Iterable[RoutingFlow] = ()) -> None:
        self._flows = {flow.developer_name: flow for flow in flows}
        self.run_deployed: RunDeployed = lambda _name, _call, _inputs: None

    def add(self, flow: RoutingFlow) -> None:
        """Activate a flow, in place of the one of the same name."""
        self._flows[flow.developer_name] = flow

    def run(self, developer_name: str, voice_call: Record, inputs: Mapping[str, Any]) -> FlowOutcome:
        """Run one flow; raises FlowFailed."""
        outcome = self.run_deployed(developer_name, voice_call, inputs)
        if outcome is not None:
            return outcome
        flow = self._flows.get(developer_name)
        if flow is None:
            raise FlowFailed(f"There is no active flow {developer_name}")
        return flow.run(voice_call, inputs)
