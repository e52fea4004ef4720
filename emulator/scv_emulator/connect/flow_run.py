"""Runs one flow for a call: one action after the other, until it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scv_emulator.connect.flow import Flow
from scv_emulator.connect.flow_actions import ACTIONS
from scv_emulator.connect.flow_outcomes import Ended, Failed, FlowBroken, NotSimulated, branch
from scv_emulator.connect.phone_call import PhoneCall
from scv_emulator.connect.references import resolve

MOST_ACTIONS_RUN = 5_000

RunModule = Callable[[str], Ended]


@dataclass(slots=True, kw_only=True)
class FlowRun:
    """One flow at work. Every run has `$.External` and flow attributes of its own, a module's, too."""

    flow: Flow
    call: PhoneCall
    run_module: RunModule
    external: Mapping[str, Any] = field(default_factory=dict)
    flow_attributes: dict[str, str] = field(default_factory=dict)
    stored_input: str = ""

    def run(self) -> Ended:
        """From the start to an end."""
        name = self.flow.start
        for _ in range(MOST_ACTIONS_RUN):
            action = self.flow.by_name.get(name)
            if action is None:
                raise FlowBroken(f"{self.flow.name}: there is no action {name!r}")
            do = ACTIONS.get(action.type)
            if do is None:
                raise NotSimulated(f"{self.flow.name}: {name}: {action.type} is not simulated")
            self.call.line.tell("action", f"{self.flow.name}: {name}")
            parameters = resolve(action.parameters, self._known())
            outcome = do(self, action, parameters)
            if isinstance(outcome, Ended):
                return outcome
            if isinstance(outcome, Failed):
                self.call.line.tell("error", outcome.kind)
            name = branch(action, outcome)
            if not name:
                raise FlowBroken(f"{self.flow.name}: {action.name}: nothing is wired for {outcome or 'its success'}")
        raise FlowBroken(f"{self.flow.name}: {MOST_ACTIONS_RUN} actions and no end")

    def _known(self) -> dict[str, Any]:
        contact = self.call.contact
        return {
            "Attributes": contact.attributes,
            "External": self.external,
            "FlowAttributes": self.flow_attributes,
            "ContactId": contact.contact_id,
            "InitialContactId": contact.contact_id,
            "Channel": contact.channel,
            "InstanceARN": contact.instance_arn,
            "CustomerEndpoint": {"Address": contact.customer_number, "Type": "TELEPHONE_NUMBER"},
            "SystemEndpoint": {"Address": contact.system_number, "Type": "TELEPHONE_NUMBER"},
            "Queue": {"ARN": contact.queue_arn, "Name": contact.queue_name},
            "Agent": {"ARN": contact.agent_arn},
            "StoredCustomerInput": self.stored_input,
            "MediaStreams": self.call.event({})["Details"]["ContactData"]["MediaStreams"],
        }
