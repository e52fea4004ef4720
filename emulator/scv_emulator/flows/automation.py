"""Writes records the way an org with flows does: the flows of the object run in the same transaction.

Source: Apex Developer Guide, "Triggers and Order of Execution": before-save flows, the checks of the object, the write,
after-save flows. Flows run without field-level security; a fault that no connector catches undoes the write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from scv_emulator.due import DueWork
from scv_emulator.flows.definition import FlowDefinition, ScheduledPath
from scv_emulator.flows.errors import FlowFault, FlowLimit
from scv_emulator.flows.interview import Interview, starts
from scv_emulator.flows.org_data import OrgData, flow_record
from scv_emulator.flows.ports import Omni, Transaction, World
from scv_emulator.flows.registry import Execution, Registry
from scv_emulator.flows.values import FlowRecord
from scv_emulator.salesforce.errors import SalesforceError
from scv_emulator.salesforce.field_values import accepted
from scv_emulator.salesforce.query import Queries
from scv_emulator.salesforce.records import Database, Record


@dataclass(frozen=True, slots=True)
class _Event:
    """A save that starts flows."""

    object_name: str
    name: str
    record_id: str = ""

    def __str__(self) -> str:
        return f"{self.object_name} {self.name}"


class Automation:
    """Creates and updates records, with the record-triggered flows of the org; and runs flows that are called.

    Example::

        automation = Automation(database=database, registry=registry, now=clock.now)
        case_id = automation.create("Case", {"Subject": "Please call back"})
    """

    def __init__(
        self,
        *,
        database: Database,
        registry: Registry,
        now: Callable[[], datetime],
        due: DueWork | None = None,
        fold_text: Callable[[], bool] = lambda: False,
    ) -> None:
        self.registry = registry
        self._due = DueWork(now=now) if due is None else due
        self._database = database
        self._queries = Queries(database=database, now=now)
        self._now = now
        self._fold_text = fold_text

    # ----------------------------------------------------------------------------------------------------- by a client

    def create(self, object_name: str, fields: Record, *, transaction: Transaction | None = None) -> str:
        """Create a record and give its id; raises `SalesforceError`."""
        before, after = self._flows(object_name, "Create")
        if not before and not after:
            return self._database.insert(object_name, fields)
        event, given = _Event(object_name, "Create"), fields
        with self._saving(transaction) as current:
            if before:
                named = self._named(object_name, fields)
                record = FlowRecord(object_name, self._blank(object_name) | self._typed(object_name, named))
                fields = named | self._before(before, event, record, None, current)
            with self._as_checked(object_name, given, creating=True):
                record_id = self._database.insert(object_name, fields)
            self._after(after, _Event(object_name, "Create", record_id), None, current)
        return record_id

    def update(
        self, object_name: str, record_id: str, fields: Record, *, transaction: Transaction | None = None
    ) -> None:
        """Change fields of a record; raises `SalesforceError`."""
        before, after = self._flows(object_name, "Update")
        if not before and not after:
            self._database.update(object_name, record_id, fields)
            return
        prior = flow_record(object_name, self._database.get(object_name, record_id))
        event, given = _Event(object_name, "Update", str(prior.values["Id"])), fields
        with self._saving(transaction) as current:
            if before:
                named = self._named(object_name, fields)
                record = FlowRecord(object_name, prior.values | self._typed(object_name, named))
                fields = named | self._before(before, event, record, prior, current)
            with self._as_checked(object_name, given, creating=False):
                self._database.update(object_name, record_id, fields)
            self._after(after, event, prior, current)

    # ------------------------------------------------------------------------------------------------ by the telephony

    def after_create(self, object_name: str, record_id: str) -> list[str]:
        """Run the flows for a record that Salesforce itself created; what failed is undone and told, the record stays.

        The telephony half calls this, for which "Salesforce bypasses the errors" (Implementation Guide, "Create a Voice
        Call Record").
        """
        return self._afterwards(_Event(object_name, "Create", record_id), None)

    def after_update(self, object_name: str, record_id: str, prior: Record) -> list[str]:
        """The same for a record that Salesforce itself changed; `prior` is how it was."""
        return self._afterwards(_Event(object_name, "Update", record_id), flow_record(object_name, prior))

    def _afterwards(self, event: _Event, prior: FlowRecord | None) -> list[str]:
        before, after = self._flows(event.object_name, event.name)
        if not before and not after:
            return []
        try:
            with self._saving(None) as current:
                if before:
                    record = self._record(event)
                    changes = self._before(before, event, record, prior, current)
                    if changes:
                        self._database.update(event.object_name, event.record_id, changes)
                self._after(after, event, prior, current)
        except SalesforceError as error:
            return [error.message]
        return []

    # ------------------------------------------------------------------------------------------------------ by its name

    def call(
        self,
        flow: FlowDefinition,
        inputs: Mapping[str, Any],
        *,
        started_by: str,
        record_id: str,
        omni: Omni | None = None,
    ) -> dict[str, Any]:
        """Run a flow that is called, with inputs that came as JSON, and give its outputs.

        Raises FlowFault; nothing of what the flow wrote is left then.
        """
        transaction = Transaction()
        with self._database.by_the_system(), self._database.transaction(), transaction.deeper():
            world = self._world(transaction, omni)
            path: list[str] = []
            with self._logged(flow, started_by, record_id, path):
                return Interview(flow, world, path=path).run(inputs, as_json=True)

    # ---------------------------------------------------------------------------------------------------------- flows

    def _flows(self, object_name: str, event: str) -> tuple[list[FlowDefinition], list[FlowDefinition]]:
        find = self.registry.started_by
        return find(object_name, event, before_save=True), find(object_name, event, before_save=False)

    def _before(
        self,
        flows: list[FlowDefinition],
        event: _Event,
        record: FlowRecord,
        prior: FlowRecord | None,
        transaction: Transaction,
    ) -> Record:
        """Run the flows before the save; the fields that they set."""
        for flow in flows:
            self._run(flow, event, record, prior, transaction)
        data = OrgData(self._database, self._queries, automation=self, transaction=transaction)
        return data.writable(event.object_name, record.assigned())

    def _after(
        self, flows: list[FlowDefinition], event: _Event, prior: FlowRecord | None, transaction: Transaction
    ) -> None:
        for flow in flows:
            self._run(flow, event, self._record(event), prior, transaction)

    def _run(
        self,
        flow: FlowDefinition,
        event: _Event,
        record: FlowRecord,
        prior: FlowRecord | None,
        transaction: Transaction,
    ) -> None:
        world = self._world(transaction, None)
        path: list[str] = []
        try:
            with self._database.by_the_system(), transaction.deeper():
                if not starts(flow, world, record=record, prior=prior):
                    return
                for scheduled in flow.start.scheduled:
                    self._schedule(flow, scheduled, event)
                if not flow.start.target:
                    return
                with self._logged(flow, str(event), event.record_id, path):
                    Interview(flow, world, record=record, prior=prior, path=path).run()
        except FlowLimit as limit:
            if transaction.depth:
                raise  # a limit ends the whole transaction, whatever the flows around this one would do
            raise _refusal(flow, limit) from limit
        except FlowFault as fault:
            raise _refusal(flow, fault) from fault

    def _schedule(self, flow: FlowDefinition, scheduled: ScheduledPath, event: _Event) -> None:
        """Run the path later, on the record as it is then, if that still meets the conditions of the flow.

        Source: Salesforce Help, "Schedule-Triggered and Scheduled-Path Considerations". Nobody waits for it, so that a
        fault is only to be seen among the executions.
        """

        def run() -> None:
            if self._database.first(event.object_name, Id=event.record_id) is None:
                return
            started_by = f"{event}, {scheduled.name}"
            with suppress(SalesforceError, FlowFault), self._saving(None) as transaction:
                world, record, path = self._world(transaction, None), self._record(event), list[str]()
                with self._database.by_the_system(), transaction.deeper():
                    if starts(flow, world, record=record, prior=None):
                        with self._logged(flow, started_by, event.record_id, path):
                            Interview(flow, world, record=record, path=path).run(begin=scheduled.target)

        self._due.after(scheduled.delay_seconds * 1000, run)

    def _world(self, transaction: Transaction, omni: Omni | None) -> World:
        return World(
            data=OrgData(self._database, self._queries, automation=self, transaction=transaction),
            now=self._now,
            subflow=self.registry.get,
            omni=omni,
            transaction=transaction,
            fold_text=self._fold_text(),
        )

    # --------------------------------------------------------------------------------------------------------- records

    @contextmanager
    def _saving(self, transaction: Transaction | None) -> Iterator[Transaction]:
        with self._database.transaction():
            yield transaction or Transaction()

    @contextmanager
    def _as_checked(self, object_name: str, given: Record, *, creating: bool) -> Iterator[None]:
        """Write as the org itself what the user gave together with what flows added, if the user may give it.

        If not, the user's own permissions stay in force, and the write refuses it.
        """
        seen = self._database.seen.sobject(object_name)
        fields = [seen.field(name) for name in given if name != "attributes"]
        if creating:
            allowed = seen.createable and all(one is not None and one.createable for one in fields)
        else:
            allowed = seen.updateable and all(one is not None and one.updateable for one in fields)
        with self._database.by_the_system() if allowed else nullcontext():
            yield

    def _record(self, event: _Event) -> FlowRecord:
        return flow_record(event.object_name, self._database.get(event.object_name, event.record_id))

    def _blank(self, object_name: str) -> Record:
        return {field.name: field.default for field in self._database.schema.sobject(object_name).fields.values()}

    def _named(self, object_name: str, fields: Record) -> Record:
        """The fields in the spelling of the schema; unknown ones as they are, to be refused by name."""
        sobject = self._database.schema.sobject(object_name)
        known = {name: sobject.field(name) for name in fields}
        return {(field.name if (field := known[name]) else name): value for name, value in fields.items()}

    def _typed(self, object_name: str, fields: Record) -> Record:
        """The values as the database will keep them; raises `SalesforceError`."""
        sobject = self._database.schema.sobject(object_name)
        typed: Record = {}
        for name, value in fields.items():
            field = sobject.field(name)
            if field is not None:
                typed[field.name] = accepted(field, value, object_of=self._object_of)
        return typed

    def _object_of(self, record_id: str) -> str | None:
        found = self._database.record_of(record_id)
        return found[0] if found else None

    @contextmanager
    def _logged(self, flow: FlowDefinition, started_by: str, record_id: str, path: list[str]) -> Iterator[None]:
        fault = ""
        try:
            yield
        except FlowFault as error:
            fault = f"{error.element}: {error.message}" if error.element else error.message
            element, message = error.element, error.message
            # What the flow wrote is undone; that it failed is kept.
            self._due.soon(lambda: self._keep_failed(flow, element, message))
            raise
        finally:
            self.registry.log(
                Execution(
                    at=self._now().isoformat(),
                    flow=flow.name,
                    started_by=started_by,
                    record_id=record_id,
                    path=tuple(path),
                    outcome="fault" if fault else "finished",
                    fault=fault,
                )
            )

    def _keep_failed(self, flow: FlowDefinition, element: str, message: str) -> None:
        """Make the record that Setup lists under "Paused and Failed Flow Interviews"."""
        if flow.is_before_save:
            return
        self._database.insert(
            "FlowInterview",
            {
                "InterviewLabel": f"{flow.label} {self._now():%d/%m/%Y, %H:%M}"[:1000],
                "InterviewStatus": "Error",
                "CurrentElement": element[:100] or None,
                "Error": message[:1000],
                "Guid": uuid4().hex,
            },
            by_system=True,
        )


def _refusal(flow: FlowDefinition, fault: FlowFault) -> SalesforceError:
    if fault.code:
        return SalesforceError(400, fault.code, fault.message)
    message = (
        f"We can't save this record because the \u201c{flow.label}\u201d process failed. "
        f"Give your Salesforce admin these details. {fault.message}"
    )
    return SalesforceError(400, "CANNOT_EXECUTE_FLOW_TRIGGER", message)
