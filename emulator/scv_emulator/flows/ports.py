"""What a flow needs from the world around it: records, routing, other flows, time, and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from scv_emulator.flows.definition import FlowDefinition
from scv_emulator.flows.errors import FlowLimit
from scv_emulator.flows.logic import Logic
from scv_emulator.flows.values import FlowRecord

MAX_ELEMENTS = 2_000
MAX_QUERIES = 100
MAX_WRITES = 150
MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """One filter with its value at hand."""

    field: str
    operator: str
    value: Any


class Data(Protocol):
    """The records of the org, as a flow sees them: without field-level security. May raise SalesforceError."""

    def find(
        self,
        object_name: str,
        filters: Sequence[Wanted],
        logic: Logic,
        *,
        sort_field: str = "",
        descending: bool = False,
        limit: int | None = None,
    ) -> list[FlowRecord]:
        """The records that the filters find."""
        ...

    def parent(self, record: FlowRecord, relationship: str) -> tuple[bool, FlowRecord | None]:
        """Whether the record has such a relationship, and the record it leads to."""
        ...

    def create(self, object_name: str, fields: dict[str, Any]) -> str:
        """A new record; its id."""
        ...

    def update(self, object_name: str, record_id: str, fields: dict[str, Any]) -> None:
        """Change fields of a record."""
        ...

    def delete(self, object_name: str, record_id: str) -> None:
        """Delete a record."""
        ...

    def atomic(self) -> AbstractContextManager[None]:
        """Everything that is written inside, or nothing of it if it fails."""
        ...

    def setup_id(self, kind: str, name: str) -> str:
        """The id of a setup record by developer name; raises SalesforceError."""
        ...

    def user(self) -> FlowRecord | None:
        """The user whose request started the flow."""
        ...

    def organization(self) -> FlowRecord | None:
        """The org itself."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRequest:
    """What an action of Omni-Channel was asked for; ids, or empty."""

    routing_type: str
    record_id: str
    service_channel_id: str
    queue_id: str = ""
    agent_id: str = ""
    routing_config_id: str = ""
    agent_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Who could take work now."""

    online_agents: int
    queue_size: int
    estimated_wait_seconds: int


class Omni(Protocol):
    """Omni-Channel, for one work item; both methods raise FlowFault."""

    def route(self, request: RouteRequest) -> None:
        """Remember where the work goes."""
        ...

    def availability(self, request: RouteRequest) -> Availability:
        """Who could take the work."""
        ...


@dataclass(slots=True)
class Transaction:
    """What one transaction used up; the limits are those of Apex and of the interpreter."""

    elements: int = 0
    queries: int = 0
    writes: int = 0
    depth: int = 0

    def count_element(self) -> None:
        """One more element; raises FlowLimit."""
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise FlowLimit(f"Number of iterations exceeded: more than {MAX_ELEMENTS:,} elements in one transaction")

    def count_query(self) -> None:
        """One more query; raises FlowLimit."""
        self.queries += 1
        if self.queries > MAX_QUERIES:
            raise FlowLimit(f"Too many SOQL queries: {self.queries}")

    def count_write(self) -> None:
        """One more create, update or delete; raises FlowLimit."""
        self.writes += 1
        if self.writes > MAX_WRITES:
            raise FlowLimit(f"Too many DML statements: {self.writes}")

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """A flow that was started by another one, or by what another one wrote; raises FlowLimit."""
        if self.depth >= MAX_DEPTH:
            raise FlowLimit(f"Maximum trigger depth exceeded: flows start each other more than {MAX_DEPTH} deep")
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that a running flow can reach."""

    data: Data
    now: Callable[[], datetime]
    subflow: Callable[[str], FlowDefinition | None] = lambda _name: None
    omni: Omni | None = None
    transaction: Transaction = field(default_factory=Transaction)
    fold_text: bool = False
