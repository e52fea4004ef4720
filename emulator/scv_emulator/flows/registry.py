"""The flows that were deployed to the org, and what they did lately."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from scv_emulator.flows.definition import FlowDefinition

_KEPT_EXECUTIONS = 200
_FIRST_GROUP = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One run of a flow: what started it, the elements it went through, what came out. `fault` is empty if it ended."""

    at: str
    flow: str
    started_by: str
    record_id: str
    path: tuple[str, ...]
    outcome: str
    fault: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The deployed flows at one moment."""

    active: dict[str, FlowDefinition]
    latest: dict[str, FlowDefinition]
    versions: dict[str, int]


class Registry:
    """The flows of one org by API name.

    Example::

        registry.deploy(load(xml, name="Voicemail_Omni_Routing"))
        registry.get("Voicemail_Omni_Routing")
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._active: dict[str, FlowDefinition] = {}
        self._latest: dict[str, FlowDefinition] = {}
        self._versions: dict[str, int] = {}
        self.executions: deque[Execution] = deque(maxlen=_KEPT_EXECUTIONS)

    def __iter__(self) -> Iterator[FlowDefinition]:
        return iter(self._latest.values())

    def deploy(self, flow: FlowDefinition) -> int:
        """Add a version of a flow and give its number; only an active version is run."""
        if not flow.name:
            raise ValueError("a flow is deployed under a name: load(xml, name=...)")
        self._latest[flow.name] = flow
        self._versions[flow.name] = self._versions.get(flow.name, 0) + 1
        if flow.is_active:
            self._active[flow.name] = flow
        return self._versions[flow.name]

    def get(self, name: str) -> FlowDefinition | None:
        """The active version of a flow, or None."""
        return self._active.get(name)

    def latest(self, name: str) -> FlowDefinition | None:
        """The newest version of a flow, active or not, or None."""
        return self._latest.get(name)

    def remove(self, name: str) -> None:
        """Delete a flow with all its versions."""
        for kept in (self._active, self._latest, self._versions):
            kept.pop(name, None)

    def snapshot(self) -> Snapshot:
        """The flows as they are now, to come back to."""
        return Snapshot(dict(self._active), dict(self._latest), dict(self._versions))

    def restore(self, snapshot: Snapshot) -> None:
        """Undo what was deployed since the snapshot was taken."""
        self._active, self._latest = dict(snapshot.active), dict(snapshot.latest)
        self._versions = dict(snapshot.versions)

    def started_by(self, object_name: str, event: str, *, before_save: bool) -> list[FlowDefinition]:
        """The active flows that an event (`Create` or `Update`) of an object starts, in their order.

        Trigger order (Salesforce Help, "Define the Run Order of Record-Triggered Flows"): 1 to 1,000, then those
        without a number, then 1,001 to 2,000; the older activation first.
        """
        found = [
            flow
            for flow in self._active.values()
            if flow.start.object_name.lower() == object_name.lower()
            and flow.is_before_save is before_save
            and flow.start.record_trigger in (event, "CreateAndUpdate")
        ]
        return sorted(found, key=_run_order)

    def log(self, execution: Execution) -> None:
        """Keep what a flow did; the oldest is forgotten."""
        self.executions.append(execution)

    def describe(self) -> dict[str, list[dict[str, Any]]]:
        """Every flow and the latest executions, newest last; ready for JSON."""
        return {
            "flows": [_described(flow, self._active.get(flow.name), self._versions[flow.name]) for flow in self],
            "executions": [asdict(one) for one in self.executions],
        }


def _run_order(flow: FlowDefinition) -> tuple[int, int]:
    order = flow.trigger_order
    if order is None:
        return 1, 0
    return (0 if order <= _FIRST_GROUP else 2), order


def _described(flow: FlowDefinition, active: FlowDefinition | None, version: int) -> dict[str, Any]:
    start = flow.start
    return {
        "name": flow.name,
        "label": flow.label,
        "processType": flow.process_type,
        "status": flow.status,
        "version": version,
        "isActive": active is not None,
        "object": start.object_name or None,
        "triggerType": start.trigger_type or None,
        "recordTriggerType": start.record_trigger or None,
        "elements": sorted(flow.elements),
        "inputs": _names(flow, inputs=True),
        "outputs": _names(flow, inputs=False),
    }


def _names(flow: FlowDefinition, *, inputs: bool) -> list[str]:
    variables: Iterable[Any] = flow.variables.values()
    return [one.name for one in variables if (one.is_input if inputs else one.is_output)]
