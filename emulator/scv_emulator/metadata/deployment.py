"""One deploy: every component of a package is put into the org, and all of it is undone if it must be.

Source: Metadata API Developer Guide, "deploy()", DeployOptions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from scv_emulator.flows import Registry
from scv_emulator.metadata.component import Component, Message, Problem
from scv_emulator.metadata.components import HANDLERS
from scv_emulator.metadata.components.elements import check_repetition
from scv_emulator.metadata.package import Package
from scv_emulator.metadata.removal import remove
from scv_emulator.metadata.trial import Stored, Trial
from scv_emulator.salesforce.records import Database


@dataclass(slots=True)
class Components:
    """What is in the org by type and full name; the emulator knows only what was deployed to it."""

    stored: dict[tuple[str, str], Stored] = field(default_factory=dict)

    def of_type(self, kind: str) -> list[Stored]:
        """Every component of a type."""
        return [one for (its_kind, _), one in sorted(self.stored.items()) if its_kind == kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a deploy that make a difference here."""

    check_only: bool = False
    rollback_on_error: bool = True
    ignore_warnings: bool = False


@dataclass(slots=True, kw_only=True)
class Deployment:
    """Carries packages out on one org."""

    database: Database
    components: Components
    flows: Registry
    now: Callable[[], datetime]
    new_id: Callable[[str], str]

    def run(self, package: Package, options: Options, *, user_name: str) -> list[Message]:
        """What became of each component; on failure or with `check_only` the org stays as it was."""
        with self._undoing() as undo:
            messages = list(self._messages(package, user_name))
            failed = any(not one.success for one in messages)
            if options.check_only or (failed and options.rollback_on_error):
                undo()
        return messages

    def _messages(self, package: Package, user_name: str) -> Iterator[Message]:
        trial = Trial(
            database=self.database,
            stored=self.components.stored,
            in_package={(one.type, one.full_name): one for one in package.components},
            flows=self.flows,
            new_id=self.new_id,
        )
        yield from package.failures
        for component in package.components:
            yield self._deployed(component, trial, user_name)
        for kind, full_name in package.removals:
            yield remove(kind, full_name, trial)

    def _deployed(self, component: Component, trial: Trial, user_name: str) -> Message:
        key = (component.type, component.full_name)
        before = trial.stored.get(key)
        try:
            check_repetition(component.element, component.type)
            handler = HANDLERS.get(component.type)
            record_id = handler(component, trial) if handler else ""
        except Problem as problem:
            return Message(
                type=component.type,
                full_name=component.full_name,
                file_name=component.file_name,
                problem=problem.problem,
                line=problem.line,
                column=problem.column,
            )
        now = self.now()
        component_id = before.id if before else record_id or self.new_id("0C0")
        trial.stored[key] = Stored(
            type=component.type,
            full_name=component.full_name,
            file_name=component.file_name,
            id=component_id,
            created=before.created if before else now,
            modified=now,
            modified_by=user_name,
            files=component.files,
        )
        return Message(
            type=component.type,
            full_name=component.full_name,
            file_name=component.file_name,
            component_id=component_id,
            created=before is None,
        )

    @contextmanager
    def _undoing(self) -> Iterator[Callable[[], None]]:
        """Work on a copy of the schema; gives what takes everything back, also done when the block raises."""
        records, schema = self.database.savepoint(), self.database.schema
        stored, flows = dict(self.components.stored), self.flows.snapshot()

        def undo() -> None:
            self.database.roll_back(records)
            self.database.schema = schema
            self.components.stored = stored
            self.flows.restore(flows)

        self.database.schema = schema.copy()
        try:
            yield undo
        except BaseException:
            undo()
            raise
