"""Routing of voice calls: which flow or queue is used, and the pending routing that it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scv_emulator.salesforce.records import Database, Record
from scv_emulator.switches import Switches
from scv_emulator.telephony.calls import Calls
from scv_emulator.telephony.errors import RoutingError, TelephonyError
from scv_emulator.telephony.fields import Body
from scv_emulator.telephony.flows import FlowFailed, FlowOutcome, Flows
from scv_emulator.telephony.queues import Queues
from scv_emulator.telephony.routing_log import RoutingLog


@dataclass(frozen=True, slots=True)
class _Destination:
    """A queue or a rep, and the name by which the telephony system knows it."""

    kind: str
    record: Record
    external_id: str

    @property
    def name(self) -> str:
        """As people write it."""
        return str(self.record["DeveloperName"] if self.kind == "queue" else self.record["Username"])


class Routing:
    """Executes Omni-Channel flows and keeps PendingServiceRouting (Implementation Guide, chapter 3).

    `on_pending` is told the id of each new pending routing, so that reps who accept automatically can take it;
    `is_available` says whether a user, by id, could take work now.
    """

    def __init__(
        self,
        *,
        database: Database,
        calls: Calls,
        queues: Queues,
        flows: Flows,
        switches: Switches,
        on_pending: Callable[[str], None],
        is_available: Callable[[str], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._calls = calls
        self._queues = queues
        self._flows = flows
        self._switches = switches
        self._on_pending = on_pending
        self._is_available = is_available
        self.log = RoutingLog(now)

    def execute_omni_flow(self, call_id: str, body: Body, *, contact_center: str) -> dict[str, str]:
        """Route a call; the answer names the mapped queue or rep. Each run leaves one more pending routing."""
        call = self._calls.find(call_id, contact_center=contact_center)
        if call is None:
            raise RoutingError(404, [f"No voice call was found for {call_id[:100]}"])
        try:
            dialed = body.required_text("dialedNumber")
            inputs = body.mapping("flowInputParameters")
            requested = (body.text("flowDevName"), body.text("fallbackQueue"))
        except TelephonyError as error:
            raise self._failed([error.message]) from error
        center = self._calls.contact_center_id(contact_center)
        try:
            if self._switches.early_omni_flow == "error" and self._calls.has_pending_update(call):
                raise self._failed(["An update of this voice call is still being applied"])
            chosen = self._choose(call, inputs, self._channel(dialed, center, call), requested)
            destination = self._destination(chosen, center)
        except RoutingError as error:
            self.log.refused(call, error.reasons)
            raise
        self.log.routed(
            call,
            pending_origin=self._calls.pending_origin(call),
            delay_ms=self._switches.apply_delay_ms,
            to=destination.name,
        )
        self._put_in_line(call, destination, chosen)
        return {destination.kind: destination.external_id}

    def clear(self, call_id: str, *, contact_center: str) -> None:
        """Delete the pending routings of a call; a second time changes nothing."""
        call = self._calls.get(call_id, contact_center=contact_center)
        for pending in self._database.find("PendingServiceRouting", WorkItemId=call["Id"]):
            self._database.delete("PendingServiceRouting", pending["Id"])

    def reroute(self, call_id: str, *, contact_center: str) -> None:
        """Close the accepted work of a call and put it back in line; only with Unified Routing."""
        call = self._calls.get(call_id, contact_center=contact_center)
        if not self._switches.unified_routing:
            raise TelephonyError(400, "INVALID_INPUT", "The contact center does not use Unified Routing")
        works = self._database.find("AgentWork", WorkItemId=call["Id"])
        waiting = self._database.find("PendingServiceRouting", WorkItemId=call["Id"])
        queue = next((work["OriginalGroupId"] for work in reversed(works) if work["OriginalGroupId"]), None)
        if queue is None and not waiting:
            raise TelephonyError(400, "INVALID_INPUT", "The voice call was never routed")
        for work in works:
            if work["Status"] in {"Assigned", "Opened"}:
                self._database.update("AgentWork", work["Id"], {"Status": "Closed"}, by_system=True)
        if queue is not None and not waiting:
            self.put_in_queue(call["Id"], queue)

    # ---------------------------------------------------------------------------------------------------- choosing

    def _choose(
        self,
        call: Record,
        inputs: dict[str, Any],
        channel: tuple[str | None, str | None],
        requested: tuple[str | None, str | None],
    ) -> FlowOutcome:
        """The phone channel's flow, then its fallback queue; then the same two of the request."""
        reasons: list[str] = []
        for flow, fallback_queue in (channel, requested):
            if flow is not None:
                try:
                    return self._flows.run(flow, call, inputs)
                except FlowFailed as failure:
                    reasons.append(str(failure))
            if fallback_queue is not None:
                return FlowOutcome(queue=fallback_queue)
        raise self._failed(reasons or ["No phone channel matches the dialed number, and the request names no flow"])

    def _channel(self, number: str, center: str | None, call: Record) -> tuple[str | None, str | None]:
        """The flow and the fallback queue that the number has for this call: those of voicemails, or of live calls."""
        for channel in self._database.find("MessagingChannel", MessagingPlatformKey=number):
            linked = self._database.find("ContactCenterChannel", ChannelId=channel["Id"])
            ours = next((one for one in linked if one["ContactCenterId"] == center), None)
            if channel["MessageType"] != "Phone" or not channel["IsActive"] or (linked and ours is None):
                continue
            handler, queue = channel["SessionHandlerId"], channel["FallbackQueueId"]
            if call["CallOrigin"] == "Voicemail":
                of_voicemail = (ours or {}).get("VoicemailHandler"), (ours or {}).get("VoicemailFallbackQueueId")
                if any(of_voicemail) or self._switches.voicemail_without_handler == "request":
                    handler, queue = of_voicemail
            flow = self._database.first("FlowDefinitionView", Id=handler) if handler else None
            return (None if flow is None else flow["ApiName"]), queue
        return None, None

    def _destination(self, outcome: FlowOutcome, center: str | None) -> _Destination:
        record = None
        if outcome.agent:
            kind, name = "agent", outcome.agent
            record = self._database.first("User", Username=name) or self._database.first("User", Id=name)
        waits = outcome.agent_required or not outcome.queue
        if not outcome.agent or not (waits or record is None or self._is_available(record["Id"])):
            kind, name = "queue", outcome.queue
            record = self._queues.find(name, center)
        if record is None:
            raise self._failed([f"There is no {kind} {name[:100]}"])
        mapping = self._mapping(record["Id"], center)
        if mapping is None:
            raise self._failed([f"The {kind} {name[:100]} is not mapped to the telephony system"])
        return _Destination(kind, record, mapping["ExternalId"])

    def _mapping(self, record_id: str, center: str | None) -> Record | None:
        return self._database.first("CallCenterRoutingMap", ReferenceRecordId=record_id, CallCenterId=center)

    def _failed(self, reasons: list[str]) -> RoutingError:
        return RoutingError(self._switches.omni_flow_error_status, reasons)

    # ----------------------------------------------------------------------------------------------------- queueing

    def _put_in_line(self, call: Record, destination: _Destination, outcome: FlowOutcome) -> None:
        if destination.kind == "queue":
            routing = {"RoutingType": "SkillsBased"} if outcome.by_skills else {}
            config = self._database.first("QueueRoutingConfig", Id=outcome.routing_config or None)
            self.put_in_queue(call["Id"], destination.record["Id"], routing=routing | _priorities(config))
        else:
            queue = self._queues.find(outcome.queue, None) if outcome.queue else None
            fields = {"PreferredUserId": destination.record["Id"], "_fallbackQueueId": queue["Id"] if queue else None}
            self._insert(call["Id"], fields)

    def put_in_queue(self, call_id: str, queue_id: str, *, routing: Record | None = None) -> None:
        """Make the queue the call's owner and leave a pending routing in it."""
        queue = self._database.get("Group", queue_id)
        changes = {"OwnerId": queue["Id"], "QueueName": queue["Name"]}
        self._database.update("VoiceCall", call_id, changes, by_system=True)
        config = self._database.first("QueueRoutingConfig", Id=queue["QueueRoutingConfigId"])
        fields: Record = {"GroupId": queue["Id"], "OwnerId": queue["Id"]}
        self._insert(call_id, fields | _priorities(config) | (routing or {}))

    def _insert(self, call_id: str, fields: Record) -> None:
        channel = self._database.first("ServiceChannel", RelatedEntity="VoiceCall")
        pending = self._database.insert(
            "PendingServiceRouting",
            {
                "WorkItemId": call_id,
                "ServiceChannelId": None if channel is None else channel["Id"],
                "RoutingType": "QueueBased",
                "IsReadyForRouting": True,
            }
            | fields,
            by_system=True,
        )
        self._on_pending(pending)


def _priorities(config: Record | None) -> Record:
    """What a pending routing takes from a routing configuration."""
    names = ("RoutingModel", "RoutingPriority", "CapacityWeight")
    return {} if config is None else {name: config[name] for name in names}
