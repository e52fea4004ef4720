"""The gates of the targets in the DynamoDB journal, which are also the list of all lanes of its index."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection
from datetime import datetime

from scv_voicemail.errors import TryAgain, Unavailable
from scv_voicemail.journal import dynamodb_items as items
from scv_voicemail.journal import transitions
from scv_voicemail.journal.dynamodb_items import Item
from scv_voicemail.journal.dynamodb_table import Changed, Put, Table
from scv_voicemail.ports import Gate

log = logging.getLogger(__name__)

RACES = 20
"""How often a write is begun anew because somebody else was faster; each time somebody did get on."""


class Gates:
    """The part of `DynamoDbJournal` that keeps gates."""

    _table: Table

    def trip(self, target: str, *, now: datetime, threshold: int, open_seconds: float) -> Gate:
        """See `ports.Journal`."""
        self.know_targets([target])
        return self._change_gate(
            target,
            lambda gate: transitions.tripped(gate, now=now, threshold=threshold, open_seconds=open_seconds),
        )

    def gates(self) -> list[Gate]:
        """See `ports.Journal`."""
        return [gate for gate, _ in self._gates().values() if gate.open_until is not None]

    def _gates(self) -> dict[str, tuple[Gate, Item]]:
        """Every target that was ever used, with its gate and the item that says so."""
        found = list(self._table.partition(items.GATES, begins=items.GATE))
        return {one["target"]: (items.gate(one), one) for one in found}

    def know_targets(self, targets: Collection[str]) -> None:
        """See `ports.Journal`. A target is on the list before its run is written, so that no lane is overlooked.

        It is written each time, under a condition: a table that was made anew knows nothing of what was written before.
        """
        for target in frozenset(targets):
            with contextlib.suppress(Changed):  # it is there
                self._table.write(Put(items.of_gate(Gate(target=target), version=1)))

    def _change_gate(self, target: str, change: Callable[[Gate], Gate]) -> Gate:
        for _ in range(RACES):
            before = self._table.get(items.gate_key(target))
            gate = Gate(target=target) if before is None else items.gate(before)
            changed = change(gate)
            if changed == gate:
                return gate
            version = 1 if before is None else before["version"] + 1
            try:
                self._table.write(Put(items.of_gate(changed, version=version), before))
            except Changed:
                continue
            return changed
        raise too_many_races(f"the gate of {target}")

    def _after_an_answer(self, target: str, change: Callable[[Gate], Gate]) -> None:
        """The run is written already; a gate that cannot be changed now is left to the next answer."""
        try:
            self._change_gate(target, change)
        except TryAgain as error:
            log.warning("the gate of %s stays as it is until the next answer: %s", target, error.brief)


def too_many_races(what: str) -> Unavailable:
    """Somebody else was always faster."""
    return Unavailable(f"{what} was changed by others {RACES} times in a row", service="journal")
