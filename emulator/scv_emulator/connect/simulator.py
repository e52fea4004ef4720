"""Runs contact flows as Amazon Connect would, with a scripted caller, in a time of their own.

    report = simulate(flows, "voicemail_flow", [Hear("beep"), Say(pcm), HangUp()], world, contact=contact)

What it does not do: speech recognition, hours of operation, callbacks, transfers to other numbers, chats and tasks.
An action or a reference that it does not know stops the simulation with its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scv_emulator.connect.caller import Step
from scv_emulator.connect.flow import Flow
from scv_emulator.connect.flow_checks import check
from scv_emulator.connect.flow_finding import Finding
from scv_emulator.connect.flow_outcomes import End, Ended, NotSimulated
from scv_emulator.connect.flow_run import FlowRun
from scv_emulator.connect.line import CallerHungUp, Event, Line, RepAnswered
from scv_emulator.connect.phone_call import Circumstances, PhoneCall
from scv_emulator.connect.ports import SimulatedContact, World


class FlowRefused(Exception):
    """Amazon Connect would not have taken a flow."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(str(one) for one in findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """What became of a call.

    `customer` and `system` are the PCM of its whole length; `said_after_beep_seconds` is how long the caller spoke
    after the last beep while that was recorded or streamed.
    """

    contact: SimulatedContact
    timeline: tuple[Event, ...]
    said_after_beep_seconds: float
    customer: bytes
    system: bytes

    def heard(self) -> list[str]:
        """The prompts that the caller heard, in their order."""
        return [one.detail for one in self.timeline if one.kind == "prompt"]


def simulate(
    flows: Mapping[str, Flow],
    entry: str,
    script: Sequence[Step],
    world: World,
    *,
    contact: SimulatedContact,
    parameters: Mapping[str, str] | None = None,
    circumstances: Circumstances | None = None,
    strict: bool = True,
) -> CallReport:
    """One call, from the first action of the flow `entry` to the contact record.

    `flows` are all that take part, by name. `parameters` fill in their `${…}`; a flow or module is named by its key in
    `flows`, or by an ARN that ends so. With `strict`, flows that Amazon Connect would not take are refused:
    raises `FlowRefused`.
    """
    if strict and (refused := [one for flow in flows.values() for one in check(flow) if one.vendor]):
        raise FlowRefused(refused)
    met = circumstances or Circumstances()
    line = Line(script, rep_answers_at=met.rep_answers_at, longest_seconds=met.caller_waits_seconds)
    call = PhoneCall(contact=contact, line=line, world=world, circumstances=met)
    deployed = {name: flow.filled_in(parameters or {}) for name, flow in flows.items()}
    _Simulation(deployed, call).run(entry)
    return CallReport(
        contact=contact,
        timeline=tuple(line.timeline),
        said_after_beep_seconds=call.said_after_beep_seconds,
        customer=line.customer.between(0, line.now),
        system=line.system.between(0, line.now),
    )


class _Simulation:
    """Takes a call from flow to flow, into queues and to reps."""

    def __init__(self, flows: Mapping[str, Flow], call: PhoneCall) -> None:
        self._flows = flows
        self._call = call

    def run(self, entry: str) -> None:
        call = self._call
        call.world.contact_began(call.contact)
        try:
            reason = self._until_disconnected(entry)
        except CallerHungUp:
            reason = "CUSTOMER_DISCONNECT"
        call.line.in_queue = False
        call.stop_recording()
        call.stop_streaming()
        call.contact.disconnected_at = call.now
        call.contact.disconnect_reason = reason
        call.line.tell("over", reason)
        call.world.contact_ended(call.contact)

    def _until_disconnected(self, entry: str) -> str:
        ended = self._run_flow(entry)
        while ended.how is End.TRANSFERRED:
            ended = self._run_flow(ended.flow)
        if ended.how is End.QUEUED:
            return self._in_queue()
        return "CONTACT_FLOW_DISCONNECT"

    def _run_flow(self, reference: str) -> Ended:
        name = reference if reference in self._flows else reference.rpartition("/")[2]
        if name not in self._flows:
            raise NotSimulated(f"no flow {reference}: the simulation has {', '.join(sorted(self._flows))}")
        return FlowRun(flow=self._flows[name], call=self._call, run_module=self._run_flow).run()

    def _in_queue(self) -> str:
        call = self._call
        call.line.tell("queued", call.contact.queue_name)
        call.contact.enqueued_at = call.now
        call.changed()
        call.line.in_queue = True
        try:
            if "CustomerQueue" in call.hooks and self._run_flow(call.hooks["CustomerQueue"]).how is End.DISCONNECTED:
                return "CONTACT_FLOW_DISCONNECT"
            call.wait_for_ever()
        except RepAnswered:
            call.line.in_queue = False
        return self._with_rep()

    def _with_rep(self) -> str:
        call = self._call
        call.line.tell("rep answers")
        # The recording of the automated interaction ends where that with the rep begins.
        call.stop_recording()
        call.to_rep = True
        if "AgentWhisper" in call.hooks:
            self._run_flow(call.hooks["AgentWhisper"])
        call.to_rep = False
        if "CustomerWhisper" in call.hooks:
            self._run_flow(call.hooks["CustomerWhisper"])
        call.contact.agent_arn = call.circumstances.rep_arn or f"{call.contact.instance_arn}/agent/simulated"
        call.contact.agent_connected_at = call.now
        call.changed()
        call.line.tell("rep connected")
        call.line.pass_time(call.circumstances.talk_seconds)
        return "AGENT_DISCONNECT"
